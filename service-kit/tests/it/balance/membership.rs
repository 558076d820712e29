//! Who is there: names, health, and the end of the channel.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::time::Duration;

use service_kit::{
    deadline::Deadline,
    grpc::{Attempt, Balanced, ReplicaHealth},
};
use tokio::time::Instant;
use tonic::Code;

use super::stage::{LONG, Manner, Names, Replica, Stage, send, usable};

#[tokio::test]
async fn a_replica_that_says_it_does_not_serve_gets_no_calls_until_it_says_it_does() {
    let stage = Stage::of(2).await;
    stage.replicas[0].serving.send_replace(false);
    stage
        .until("one is out", |states| states.iter().any(|state| state.health == ReplicaHealth::NotServing))
        .await;
    for _ in 0..10 {
        stage.call().await.unwrap();
    }
    assert_eq!((stage.replicas[0].calls(), stage.replicas[1].calls()), (0, 10));
    stage.replicas[0].serving.send_replace(true);
    stage.until("both are in", |states| states.iter().all(usable)).await;
}

#[tokio::test]
async fn a_replica_that_is_named_no_more_is_drained_and_not_cut() {
    let stage = Stage::of(2).await;
    stage.replicas[0].manner.send_replace(Manner::AnswerAfter(Duration::from_millis(2500)));
    stage.replicas[1].manner.send_replace(Manner::AnswerAfter(Duration::from_millis(2500)));
    let calls = async { tokio::join!(stage.call(), stage.call()) };
    let leave = async {
        stage.until("both are at work", |states| states.iter().all(|state| state.in_flight == 1)).await;
        stage.names.are([stage.replicas[1].address()]);
        stage.until("one is gone", |states| states.len() == 1).await;
    };
    let ((first, second), ()) = tokio::join!(calls, leave);
    assert!(first.is_ok() && second.is_ok());
}

#[tokio::test]
async fn the_last_names_are_kept_while_there_is_no_name_server() {
    let stage = Stage::of(2).await;
    stage.names.fail();
    let began = Instant::now();
    while began.elapsed() < Duration::from_millis(2500) {
        stage.call().await.unwrap();
    }
    stage.names.are([]);
    stage.call().await.unwrap();
    let other = Replica::start().await;
    stage.names.are([other.address()]);
    stage.until("the new one", |states| matches!(states, [one] if one.address == other.address())).await;
}

#[tokio::test]
async fn a_call_waits_a_second_for_a_replica_and_no_longer() {
    let names = Names::default();
    let channel = Balanced::over("stub", names.clone());
    let began = Instant::now();
    assert_eq!(send(&channel, &Attempt::default()).await.err(), Some(Code::Unavailable));
    assert!((900..1900).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    let replica = Replica::start().await;
    names.are([replica.address()]);
    assert!(channel.serves(Deadline::after(LONG)).await);
    send(&channel, &Attempt::default()).await.unwrap();
}

#[tokio::test]
async fn a_call_that_waits_goes_to_the_first_replica_that_serves() {
    let stage = Stage::of(1).await;
    stage.replicas[0].serving.send_replace(false);
    stage.until("it is out", |states| !usable(&states[0])).await;
    let (answer, ()) = tokio::join!(stage.call(), async {
        tokio::task::yield_now().await;
        stage.replicas[0].serving.send_replace(true);
    });
    answer.unwrap();
}

#[tokio::test]
async fn all_that_runs_for_a_channel_ends_with_its_last_clone() {
    let Stage { replicas, names, channel } = Stage::of(1).await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    let with_channel = tasks();
    let clone = channel.clone();
    drop(channel);
    send(&clone, &Attempt::default()).await.unwrap();
    drop(clone);
    let ended = async {
        // The two that follow names and health, the channel's own, and the connection's ends.
        while tasks() + 3 > with_channel {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    assert!(tokio::time::timeout(LONG, ended).await.is_ok(), "{with_channel} tasks, {} now", tasks());
    drop((replicas, names));
}
