//! Health that means something.

use std::{
    sync::{Mutex, mpsc},
    time::Duration,
};

use nutgraf_proto::summarizer::v1 as pb;
use summarizer_svc::{
    config::Config,
    engine::{Engine, EngineError, Output, extractive::Extractive},
    summary::{Draft, ModelId, Request},
};
use tokio::time::timeout;
use tonic::Streaming;
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use crate::{
    engines::Gated,
    server::{LONG, Server, start_with, text},
};

/// An engine that is warm when it is told to be.
struct Cold(Mutex<mpsc::Receiver<()>>);

impl Engine for Cold {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn warm_up(&self) {
        self.0.lock().unwrap().recv_timeout(LONG).unwrap();
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        Extractive.summarize(request, output)
    }
}

async fn watch(server: &Server) -> Streaming<HealthCheckResponse> {
    let whole = HealthCheckRequest { service: String::new() };
    HealthClient::new(server.channel.clone()).watch(whole).await.unwrap().into_inner()
}

/// What it says next.
async fn said(health: &mut Streaming<HealthCheckResponse>) -> ServingStatus {
    timeout(LONG, health.message()).await.unwrap().unwrap().unwrap().status()
}

/// Waits until it says this.
async fn until(health: &mut Streaming<HealthCheckResponse>, status: ServingStatus) {
    while said(health).await != status {}
}

#[tokio::test]
async fn it_does_not_serve_until_its_engine_is_warm() {
    let (open, gate) = mpsc::channel();
    let server = start_with(Config::default(), Cold(Mutex::new(gate))).await;
    let mut health = watch(&server).await;
    assert_eq!(said(&mut health).await, ServingStatus::NotServing);
    let waited = timeout(Duration::from_millis(200), health.message()).await;
    assert!(waited.is_err(), "{waited:?}");
    open.send(()).unwrap();
    assert_eq!(said(&mut health).await, ServingStatus::Serving);
}

#[tokio::test]
async fn it_does_not_serve_while_a_summary_shows_no_sign_of_life() {
    let (engine, mut heard, open) = Gated::new();
    let config =
        Config { summarizer_workers: 2, stuck_after: Duration::from_millis(200), ..Config::default() };
    let mut server = start_with(config, engine).await;
    let mut health = watch(&server).await;
    until(&mut health, ServingStatus::Serving).await;
    let request =
        pb::StreamSummaryRequest { input: Some(text("One came. Two came. Three came. Four came.")) };
    let mut stream = server.client.stream_summary(request).await.unwrap().into_inner();
    assert_eq!(heard.recv().await, Some("begun"));
    assert_eq!(said(&mut health).await, ServingStatus::NotServing);
    open.send(()).unwrap();
    assert_eq!(said(&mut health).await, ServingStatus::Serving);
    while stream.message().await.unwrap().is_some() {}
}

#[tokio::test]
async fn it_does_not_serve_once_its_engine_has_failed_to_warm_up() {
    // The gate is gone, and the engine panics over it.
    let (open, gate) = mpsc::channel();
    drop(open);
    let server = start_with(Config::default(), Cold(Mutex::new(gate))).await;
    let mut health = watch(&server).await;
    assert_eq!(said(&mut health).await, ServingStatus::NotServing);
    let waited = timeout(Duration::from_millis(200), health.message()).await;
    assert!(waited.is_err(), "{waited:?}");
}
