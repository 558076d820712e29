//! Replicas that die, hang and come back.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::time::Duration;

use service_kit::grpc::{Attempt, Fault, FaultKind, ReplicaHealth};
use tokio::time::Instant;
use tonic::Code;
use tower::ServiceExt as _;

use super::stage::{Manner, Stage, request_to, usable};

#[tokio::test]
async fn a_replica_that_dies_takes_the_calls_in_flight_along_and_no_others() {
    let stage = Stage::of(2).await;
    stage.replicas[0].manner.send_replace(Manner::Hang);
    stage.replicas[1].manner.send_replace(Manner::AnswerAfter(Duration::from_millis(100)));
    let (first, second, ()) = tokio::join!(stage.call(), stage.call(), async {
        stage.until("both are at work", |states| states.iter().all(|state| state.in_flight == 1)).await;
        stage.replicas[0].wire.cut();
    });
    assert!(first.is_ok() != second.is_ok());
    assert_eq!(stage.state_of(&stage.replicas[0]).failures, 1);
    for _ in 0..5 {
        stage.call().await.unwrap();
    }
    stage.until("it is gone", |states| states.iter().any(|s| s.health == ReplicaHealth::Unreachable)).await;
    stage.replicas[0].wire.mend();
    stage.until("it is back", |states| states.iter().all(usable)).await;
}

#[tokio::test]
async fn a_peer_that_hangs_is_found_by_its_silence() {
    let stage = Stage::of(2).await;
    stage.replicas[0].wire.stall();
    let began = Instant::now();
    stage.until("it is out", |states| states.iter().any(|state| !usable(state))).await;
    assert!(began.elapsed() < Duration::from_millis(3500), "{:?}", began.elapsed());
    for _ in 0..10 {
        stage.call().await.unwrap();
    }
    stage.replicas[0].wire.mend();
    stage.until("it is back", |states| states.iter().all(usable)).await;
}

#[tokio::test]
async fn a_stream_that_breaks_ejects_its_replica() {
    let stage = Stage::of(1).await;
    stage.replicas[0].manner.send_replace(Manner::Stream);
    let mut answer = stage.call().await.unwrap();
    stage.replicas[0].wire.cut();
    let frame = std::future::poll_fn(|context| {
        http_body::Body::poll_frame(std::pin::Pin::new(answer.body_mut()), context)
    });
    assert!(matches!(frame.await, Some(Err(_))));
    let seen = stage.state_of(&stage.replicas[0]);
    assert_eq!((seen.ejections, seen.failures, seen.in_flight), (1, 1, 0));
}

#[tokio::test]
async fn a_try_never_goes_to_a_replica_that_it_avoids() {
    let stage = Stage::of(3).await;
    let tried = [stage.replicas[0].address(), stage.replicas[2].address()];
    for _ in 0..10 {
        let attempt = Attempt::avoiding(&tried);
        stage.try_to(&attempt).await.unwrap();
        assert_eq!(attempt.picked(), Some(stage.replicas[1].address()));
    }
    assert_eq!(stage.channel.others_than(&tried), 1);
    let all = [tried[0], tried[1], stage.replicas[1].address()];
    assert_eq!(stage.channel.others_than(&all), 0);
    let attempt = Attempt::avoiding(&all);
    assert_eq!(stage.try_to(&attempt).await.err(), Some(Code::Unavailable));
    assert_eq!(attempt.picked(), None);
}

#[tokio::test]
async fn a_deadline_that_passes_is_a_timeout_and_no_reason_to_leave_the_replica_alone() {
    let stage = Stage::of(1).await;
    stage.replicas[0].manner.send_replace(Manner::Hang);
    let timed = |timeout: &str| {
        let mut request = request_to("/test.Stub/Call", &Attempt::default());
        request.headers_mut().insert("grpc-timeout", timeout.parse().unwrap());
        stage.channel.clone().oneshot(request)
    };
    let hung = timed("100m").await.unwrap_err();
    assert_eq!(Fault::from_status(&hung).kind, FaultKind::Timeout, "{hung:?}");
    let seen = stage.state_of(&stage.replicas[0]);
    assert_eq!((seen.ejections, seen.failures, seen.in_flight), (0, 0, 0));
    assert!(seen.ejected_for.is_none());
    // With nobody there, the deadline ends the wait as well.
    stage.replicas[0].serving.send_replace(false);
    stage.until("it is out", |states| !usable(&states[0])).await;
    let (began, nobody) = (Instant::now(), timed("200m").await.unwrap_err());
    assert_eq!(Fault::from_status(&nobody).kind, FaultKind::Timeout, "{nobody:?}");
    assert!(began.elapsed() < Duration::from_millis(900), "{:?}", began.elapsed());
}
