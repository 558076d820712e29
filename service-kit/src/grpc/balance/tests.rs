//! Picks, waits and shares, on a clock that stands still between events.

use std::{collections::BTreeSet, net::SocketAddr, sync::Arc, time::Duration};

use http::uri::PathAndQuery;
use proptest::{prelude::*, sample::Index};
use tokio::{
    sync::Semaphore,
    task::JoinSet,
    time::{Instant, advance, sleep},
};

use super::{
    PATIENCE, attempt::Attempt, replica::Replica, replica::ReplicaHealth, replicas::Replicas, turn::Place,
};

const MS: Duration = Duration::from_millis(1);

fn method() -> PathAndQuery {
    PathAndQuery::from_static("/a.B/C")
}

/// Replicas that all serve; nobody listens there.
fn serving(count: u16) -> (Arc<Replicas>, Vec<Arc<Replica>>) {
    let replicas = Arc::new(Replicas::new());
    let addresses: BTreeSet<SocketAddr> =
        (1..=count).map(|port| SocketAddr::from(([127, 0, 0, 1], port))).collect();
    let list = replicas.set(&addresses);
    for replica in &list {
        replica.is(ReplicaHealth::Serving);
    }
    (replicas, list)
}

async fn place(replicas: &Replicas, patience: Duration) -> Option<Place> {
    replicas.place(&method(), &Attempt::default(), patience).await
}

#[tokio::test(start_paused = true)]
async fn where_nobody_serves_a_call_waits_exactly_as_long_as_it_may() {
    let (replicas, list) = serving(1);
    list[0].is(ReplicaHealth::NotServing);
    for patience in [PATIENCE, 10 * MS, Duration::ZERO] {
        let began = Instant::now();
        assert!(place(&replicas, patience).await.is_none());
        assert!((patience..=patience + MS).contains(&began.elapsed()), "{:?}", began.elapsed());
    }
}

#[tokio::test(start_paused = true)]
async fn whoever_breaks_calls_is_left_alone_for_a_second_and_then_for_two() {
    let (replicas, _list) = serving(1);
    for seconds in [1, 2, 4] {
        place(&replicas, PATIENCE).await.unwrap().broke();
        let began = Instant::now();
        let back = place(&replicas, 100 * PATIENCE).await.unwrap();
        assert_eq!(began.elapsed().as_secs(), seconds);
        drop(back);
    }
}

#[tokio::test(start_paused = true)]
async fn one_that_holds_a_call_for_long_is_passed_over_for_one_that_took_long_before() {
    let (replicas, list) = serving(2);
    let slow = place(&replicas, PATIENCE).await.unwrap();
    let other = place(&replicas, PATIENCE).await.unwrap();
    advance(Duration::from_secs(10)).await;
    slow.turn().answered(None);
    other.turn().answered(None);
    let (idle, busy) = (slow.turn().address(), other.turn().address());
    drop((slow, other));
    // Both took ten seconds. One of them is at work again for the next ten.
    let at_work = replicas.place(&method(), &Attempt::avoiding(&[idle]), PATIENCE).await.unwrap();
    assert_eq!(at_work.turn().address(), busy);
    advance(Duration::from_secs(9)).await;
    assert_eq!(place(&replicas, PATIENCE).await.unwrap().turn().address(), idle);
    drop((at_work, list));
}

/// 80 calls a second for a minute; replicas do two at once. Who got how many, and the longest wait for an answer.
async fn minute(services: &[Duration]) -> (Vec<usize>, Duration) {
    let (replicas, list) = serving(services.len() as u16);
    let places: Vec<_> = services.iter().map(|time| (*time, Arc::new(Semaphore::new(2)))).collect();
    let mut calls = JoinSet::new();
    for number in 0..4800_u32 {
        // Gaps as irregular as those of chance, and the same each time.
        sleep(Duration::from_micros(u64::from(number.wrapping_mul(2_654_435_761) >> 17) * 25_000 / 32_768))
            .await;
        let (replicas, places) = (Arc::clone(&replicas), places.clone());
        calls.spawn(async move {
            let began = Instant::now();
            let place = place(&replicas, PATIENCE).await.unwrap();
            let at = usize::from(place.turn().address().port() - 1);
            let _turn = places[at].1.acquire().await.unwrap();
            sleep(places[at].0).await;
            place.turn().answered(None);
            (at, began.elapsed())
        });
    }
    let answered = calls.join_all().await;
    assert!(list.iter().all(|replica| replica.snapshot(Instant::now()).in_flight == 0));
    let count = |at| answered.iter().filter(|(replica, _)| *replica == at).count();
    let longest = answered.iter().map(|(_, took)| *took).max().unwrap();
    ((0..services.len()).map(count).collect(), longest)
}

#[tokio::test(start_paused = true)]
async fn equal_replicas_get_equal_shares() {
    let (shares, longest) = minute(&[20 * MS; 3]).await;
    assert!(shares.iter().all(|share| (1400..1800).contains(share)), "{shares:?}");
    assert!(longest < 100 * MS, "{longest:?}");
}

#[tokio::test(start_paused = true)]
async fn one_that_is_ten_times_slower_gets_one_percent_at_most() {
    let (shares, _) = minute(&[20 * MS, 20 * MS, 20 * MS, 200 * MS]).await;
    assert!((3..=48).contains(&shares[3]), "{shares:?}");
}

proptest! {
    #[test]
    fn who_is_picked_serves_and_is_not_out_and_all_places_are_given_back(
        steps in proptest::collection::vec((0_u8..7, any::<Index>()), 1..60)
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().start_paused(true).build();
        runtime.unwrap().block_on(async {
            let (replicas, list) = serving(4);
            let mut places: Vec<Place> = Vec::new();
            for (step, index) in steps {
                let replica = &list[index.index(list.len())];
                let held = (!places.is_empty()).then(|| index.index(places.len()));
                match (step, held) {
                    (0, _) => replica.is(ReplicaHealth::Serving),
                    (1, _) => replica.is(ReplicaHealth::NotServing),
                    (2, Some(held)) => places.swap_remove(held).turn().answered(None),
                    (3, Some(held)) => places.swap_remove(held).broke(),
                    (4, Some(held)) => drop(places.swap_remove(held)),
                    (5, _) => advance(700 * MS).await,
                    _ => {
                        let states = replicas.snapshot();
                        let usable = |state: &&super::ReplicaState| {
                            state.health == ReplicaHealth::Serving && state.ejected_for.is_none()
                        };
                        let picked = place(&replicas, Duration::ZERO).await;
                        assert_eq!(picked.is_some(), states.iter().any(|state| usable(&state)));
                        if let Some(place) = picked {
                            assert!(states.iter().filter(usable).any(|state| state.address == place.turn().address()));
                            places.push(place);
                        }
                    }
                }
                let in_flight: usize = replicas.snapshot().iter().map(|state| state.in_flight).sum();
                assert_eq!(in_flight, places.len());
            }
        });
    }
}
