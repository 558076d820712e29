//! What counts as in flight, and until when.

use std::{future::poll_fn, pin::Pin, time::Duration};

use futures::future::join_all;
use http_body::Body as _;
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};

use super::stage::{LONG, Manner, Stage};

fn in_flight(stage: &Stage) -> usize {
    stage.channel.replicas().iter().map(|state| state.in_flight).sum()
}

#[tokio::test]
async fn a_stream_counts_until_its_end_and_not_its_headers() {
    let stage = Stage::of(1).await;
    stage.replicas[0].manner.send_replace(Manner::Stream);
    let stream = stage.call().await.unwrap();
    assert_eq!(in_flight(&stage), 1);
    drop(stream);
    assert_eq!(in_flight(&stage), 0);
}

#[tokio::test]
async fn an_answer_that_is_read_to_its_end_counts_no_more() {
    let stage = Stage::of(1).await;
    let mut answer = stage.call().await.unwrap();
    let end = poll_fn(|context| Pin::new(answer.body_mut()).poll_frame(context)).await;
    assert!(end.is_none());
    assert_eq!(in_flight(&stage), 0);
}

#[tokio::test]
async fn a_caller_who_gives_up_gives_the_place_back() {
    let stage = Stage::of(1).await;
    stage.replicas[0].manner.send_replace(Manner::Hang);
    let call = stage.call();
    assert!(tokio::time::timeout(Duration::from_millis(50), call).await.is_err());
    assert_eq!((stage.replicas[0].calls(), in_flight(&stage)), (1, 0));
}

#[tokio::test]
async fn streams_that_nobody_reads_hold_nobody_up() {
    let stage = Stage::of(1).await;
    stage.replicas[0].manner.send_replace(Manner::Flood);
    let streams = join_all((0..100).map(|_| stage.call())).await;
    assert_eq!(in_flight(&stage), 100);
    let mut read = stage.call().await.unwrap();
    let reader = async {
        let mut bytes = 0;
        while bytes < 4 << 20 {
            let frame = poll_fn(|context| Pin::new(read.body_mut()).poll_frame(context)).await;
            bytes += frame.unwrap().unwrap().into_data().unwrap().len();
        }
    };
    tokio::time::timeout(LONG, reader).await.unwrap();
    drop((streams, read));
    assert_eq!(in_flight(&stage), 0);
}

#[test]
fn whatever_the_order_in_which_calls_end_nothing_stays_in_flight() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let stage = runtime.block_on(Stage::of(3));
    for replica in &stage.replicas {
        replica.manner.send_replace(Manner::Stream);
    }
    // Each step opens a stream, or ends one of those that are open.
    let steps = proptest::collection::vec((any::<bool>(), any::<prop::sample::Index>()), 1..24);
    let mut runner = TestRunner::new(Config { cases: 24, failure_persistence: None, ..Config::default() });
    let result = runner.run(&steps, |steps| {
        runtime.block_on(async {
            let mut open = Vec::new();
            for (opens, index) in steps {
                if opens || open.is_empty() {
                    open.push(stage.call().await.unwrap());
                } else {
                    drop(open.swap_remove(index.index(open.len())));
                }
                assert_eq!(in_flight(&stage), open.len());
            }
            drop(open);
            assert_eq!(in_flight(&stage), 0);
        });
        Ok(())
    });
    assert!(result.is_ok(), "{result:?}");
}
