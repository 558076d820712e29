//! Callers that leave, queues that are full, and a server that goes down: with an engine that waits to be let go.

use std::sync::{Arc, Mutex, mpsc};

use nutgraf_proto::summarizer::v1 as pb;
use summarizer_svc::{
    config::Config,
    engine::{Engine, EngineError, Output, extractive::Extractive},
    summary::{Draft, ModelId, Request},
};
use tokio::{
    sync::mpsc::UnboundedReceiver, sync::mpsc::UnboundedSender, sync::mpsc::unbounded_channel, time::timeout,
};

use crate::server::{LONG, Server, reason, start_with, text};

const STORY: &str = "One came first. Two came second. Three came third. Four came last.";

/// Says when it begins; goes on when it is let go; says how it ended.
struct Gated {
    said: UnboundedSender<&'static str>,
    gate: Mutex<mpsc::Receiver<()>>,
}

impl Engine for Gated {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        self.said.send("begun").unwrap();
        self.gate.lock().unwrap().recv_timeout(LONG).unwrap();
        let drafted = output.check().and_then(|()| Extractive.summarize(request, output));
        self.said.send(if drafted.is_err() { "stopped" } else { "done" }).unwrap();
        drafted
    }
}

async fn gated(queue_limit: usize) -> (Server, UnboundedReceiver<&'static str>, mpsc::Sender<()>) {
    let (said, heard) = unbounded_channel();
    let (open, gate) = mpsc::channel();
    let config = Config { summarizer_workers: 1, queue_limit, ..Config::default() };
    let server = start_with(config, Arc::new(Gated { said, gate: Mutex::new(gate) })).await;
    (server, heard, open)
}

fn request() -> pb::StreamSummaryRequest {
    pb::StreamSummaryRequest { input: Some(text(STORY)) }
}

#[tokio::test]
async fn a_caller_that_hangs_up_stops_the_work() {
    let (mut server, mut heard, open) = gated(4).await;
    let stream = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    drop(stream);
    // A second request waits behind the first; once it runs, the server has seen the first one's end.
    let mut client = server.client.clone();
    let second =
        tokio::spawn(
            async move { client.summarize(pb::SummarizeRequest { input: Some(text(STORY)) }).await },
        );
    while server.client.list_models(pb::ListModelsRequest {}).await.is_err() {}
    open.send(()).unwrap();
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), Some("stopped"));
    assert_eq!(timeout(LONG, heard.recv()).await.unwrap(), Some("begun"));
    open.send(()).unwrap();
    assert!(second.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_full_queue_says_when_to_come_back() {
    let (mut server, mut heard, open) = gated(1).await;
    let _running = server.client.stream_summary(request()).await.unwrap();
    assert_eq!(heard.recv().await, Some("begun"));
    let _waiting = server.client.stream_summary(request()).await.unwrap();
    let status = server.client.stream_summary(request()).await.unwrap_err();
    assert_eq!(reason(&status), "QUEUE_FULL");
    assert!(service_kit::grpc::Fault::from_status(&status).retry_after.is_some());
    open.send(()).unwrap();
    open.send(()).unwrap();
}

#[tokio::test]
async fn a_shutdown_finishes_what_was_accepted() {
    let (mut server, mut heard, open) = gated(4).await;
    let mut stream = server.client.stream_summary(request()).await.unwrap().into_inner();
    assert_eq!(heard.recv().await, Some("begun"));
    server.shutdown.cancel();
    open.send(()).unwrap();
    let mut last = None;
    while let Some(message) = stream.message().await.unwrap() {
        last = message.event;
    }
    assert!(matches!(last, Some(pb::stream_summary_response::Event::Done(_))), "{last:?}");
    timeout(LONG, server.task).await.unwrap().unwrap().unwrap();
}
