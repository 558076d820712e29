//! Callers that leave, deadlines that pass, queues that are full, work that panics.

use std::{sync::mpsc, time::Duration};

use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event};
use service_kit::grpc::Fault;
use summarizer_svc::config::Config;
use tokio::{
    sync::mpsc::{UnboundedReceiver, unbounded_channel},
    time::timeout,
};
use tonic::Code;

use crate::{
    engines::{Endless, Gated, Panicking},
    server::{LONG, Server, reason, start_with, text},
};

const STORY: &str = "One came first. Two came second. Three came third. Four came last.";

fn one_worker(queue_limit: usize) -> Config {
    Config { summarizer_workers: 1, queue_limit, ..Config::default() }
}

async fn gated(queue_limit: usize) -> (Server, UnboundedReceiver<&'static str>, mpsc::Sender<()>) {
    let (engine, heard, open) = Gated::new();
    (start_with(one_worker(queue_limit), engine).await, heard, open)
}

fn request() -> pb::StreamSummaryRequest {
    pb::StreamSummaryRequest { input: Some(text(STORY)) }
}

#[tokio::test]
async fn a_caller_that_hangs_up_stops_the_work() {
    let (said, mut heard) = unbounded_channel();
    let mut server = start_with(one_worker(4), Endless(said)).await;
    let stream = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    drop(stream);
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), Some("stopped"));
}

#[tokio::test]
async fn a_deadline_stops_the_work() {
    let (said, mut heard) = unbounded_channel();
    let mut server = start_with(one_worker(4), Endless(said)).await;
    let mut asked = tonic::Request::new(request());
    asked.set_timeout(Duration::from_millis(200));
    let mut stream = server.client.stream_summary(asked).await.unwrap().into_inner();
    assert!(matches!(stream.message().await.unwrap().unwrap().event, Some(Event::Accepted(_))));
    assert_eq!(stream.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    assert_eq!(heard.recv().await, Some("begun"));
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), Some("stopped"));
}

#[tokio::test]
async fn a_deadline_that_passes_in_the_queue_is_answered_while_the_worker_is_busy() {
    let (mut server, mut heard, open) = gated(4).await;
    let _running = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    let mut asked = tonic::Request::new(request());
    asked.set_timeout(Duration::from_millis(200));
    let mut waiting = server.client.stream_summary(asked).await.unwrap().into_inner();
    assert!(matches!(waiting.message().await.unwrap().unwrap().event, Some(Event::Accepted(_))));
    assert_eq!(waiting.message().await.unwrap_err().code(), Code::DeadlineExceeded);
    open.send(()).unwrap();
    // It never ran.
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), Some("done"));
    assert!(heard.try_recv().is_err());
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let (mut server, mut heard, open) = gated(1).await;
    let _running = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    let _waiting = server.client.stream_summary(request()).await.unwrap();
    let status = server.client.stream_summary(request()).await.unwrap_err();
    assert_eq!(reason(&status), "QUEUE_FULL");
    assert!(Fault::from_status(&status).retry_after.is_some());
    open.send(()).unwrap();
    open.send(()).unwrap();
}

#[tokio::test]
async fn a_caller_that_hangs_up_in_the_queue_makes_room() {
    let (mut server, mut heard, open) = gated(1).await;
    let _running = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    let waiting = server.client.stream_summary(request()).await.unwrap();
    drop(waiting);
    let next = async {
        loop {
            match server.client.stream_summary(request()).await {
                Ok(stream) => break stream.into_inner(),
                Err(status) => assert_eq!(reason(&status), "QUEUE_FULL"),
            }
        }
    };
    let mut next = timeout(LONG, next).await.unwrap();
    let Some(Event::Accepted(accepted)) = next.message().await.unwrap().unwrap().event else { panic!() };
    assert_eq!(accepted.queue_position, 1);
    open.send(()).unwrap();
    open.send(()).unwrap();
}

#[tokio::test]
async fn a_panic_fails_one_request_and_no_other() {
    let mut server = start_with(one_worker(4), Panicking).await;
    for _ in 0..3 {
        let status = server.summarize(text("Please panic. Now. At once.")).await.unwrap_err();
        assert_eq!((status.code(), reason(&status).as_str()), (Code::Internal, "INTERNAL"));
    }
    let summary = timeout(LONG, server.summarize(text(STORY))).await.unwrap().unwrap();
    assert_eq!(summary.sentences.len(), 3);
}
