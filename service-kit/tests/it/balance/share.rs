//! Who gets how much.

use std::{sync::Arc, time::Duration};

use service_kit::grpc::Attempt;
use tokio::{
    task::JoinSet,
    time::{Instant, interval},
};

use super::stage::{Manner, Replica, Stage, send};

const QUICK: Duration = Duration::from_millis(20);

/// 80 calls a second.
async fn load(stage: &Arc<Stage>, count: usize) {
    let mut calls = JoinSet::new();
    let mut ticks = interval(Duration::from_micros(12_500));
    for _ in 0..count {
        ticks.tick().await;
        let stage = Arc::clone(stage);
        calls.spawn(async move { stage.call().await.map(drop) });
    }
    while let Some(answer) = calls.join_next().await {
        assert_eq!(answer.unwrap(), Ok(()));
    }
}

#[tokio::test]
async fn every_one_of_equal_replicas_gets_a_share() {
    let stage = Arc::new(Stage::of(3).await);
    for replica in &stage.replicas {
        replica.manner.send_replace(Manner::AnswerAfter(QUICK));
    }
    load(&stage, 240).await;
    for replica in &stage.replicas {
        // A single slow answer, on a machine that does other things too, counts for a while.
        assert!((8..=160).contains(&replica.calls()), "{:?}", stage.channel);
    }
}

#[tokio::test]
async fn a_replica_that_is_ten_times_slower_gets_few_calls() {
    let stage = Arc::new(Stage::of(4).await);
    for (replica, factor) in stage.replicas.iter().zip([1, 1, 1, 10]) {
        replica.manner.send_replace(Manner::AnswerAfter(QUICK * factor));
    }
    load(&stage, 400).await;
    let slow = stage.replicas[3].calls();
    assert!((1..=12).contains(&slow), "{slow} of 400");
}

#[tokio::test]
async fn a_streams_latency_is_the_time_until_its_caller_sees_work() {
    let stage = Stage::of(2).await;
    for replica in &stage.replicas {
        replica.manner.send_replace(Manner::Stream);
    }
    let (quick, slow) = (Attempt::default().telling(), Attempt::default().telling());
    let began = Instant::now();
    let _streams = (stage.try_to(&quick).await.unwrap(), stage.try_to(&slow).await.unwrap());
    let latency = |attempt: &Attempt| {
        let states = stage.channel.replicas();
        states.into_iter().find(|state| Some(state.address) == attempt.picked()).unwrap().latency
    };
    // Headers are there, and no more.
    assert_eq!((latency(&quick), latency(&slow)), (None, None));
    quick.worked();
    stage.wait("some time passes", || began.elapsed() > 10 * QUICK).await;
    slow.worked();
    assert!(latency(&slow) > Some(5 * QUICK), "{:?}", stage.channel);
    assert!(latency(&quick) < latency(&slow), "{:?}", stage.channel);
}

#[tokio::test]
async fn a_replica_that_hangs_loses_its_share_by_what_it_holds() {
    let stage = Stage::of(2).await;
    stage.replicas[0].manner.send_replace(Manner::Hang);
    let mut hung = Vec::new();
    for _ in 0..20 {
        let mut call = Box::pin(stage.call());
        let patience = Duration::from_millis(200);
        if tokio::time::timeout(patience, &mut call).await.is_err() {
            hung.push(call);
        }
    }
    assert!((1..3).contains(&hung.len()), "{}", hung.len());
    // Who gave up waiting has shown how slow it is.
    drop(hung);
    assert!(stage.state_of(&stage.replicas[0]).latency > Some(Duration::from_millis(150)));
    let before = stage.replicas[0].calls();
    for _ in 0..20 {
        stage.call().await.unwrap();
    }
    assert_eq!(stage.replicas[0].calls(), before);
}

#[tokio::test]
async fn a_replica_that_refuses_quickly_does_not_look_fast() {
    let stage = Stage::of(2).await;
    stage.replicas[0].manner.send_replace(Manner::Refuse);
    stage.replicas[1].manner.send_replace(Manner::AnswerAfter(QUICK));
    let mut refused = 0;
    for _ in 0..30 {
        refused += usize::from(stage.call().await.is_err());
    }
    assert!((1..=3).contains(&refused), "{refused}");
}

#[tokio::test]
async fn a_new_replica_gets_its_first_call_soon() {
    let mut stage = Stage::of(2).await;
    for replica in &stage.replicas {
        replica.manner.send_replace(Manner::AnswerAfter(QUICK));
    }
    let new = Replica::start().await;
    stage.names.are(stage.replicas.iter().chain([&new]).map(Replica::address));
    let began = Instant::now();
    while new.calls() == 0 {
        send(&stage.channel, &Attempt::default()).await.unwrap();
        assert!(began.elapsed() < Duration::from_millis(1500), "{:?}", stage.channel);
    }
    stage.replicas.push(new);
}
