//! Language models behind the wire.

use std::{sync::Arc, time::Duration};

use inference::testing::random_model;
use model_hub::{Config as HubConfig, Hub, ModelRef};
use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event};
use serde_json::json;
use service_kit::{grpc::Fault, shutdown::DrainArgs};
use summarizer_svc::{
    Summarizer,
    config::Config,
    engine::{abstractive::Dtype, extractive::Extractive},
    models::Models,
};
use tempfile::TempDir;
use tokio::{net::TcpListener, time::timeout};
use tonic::{Code, Status};

use crate::server::{LONG, Server, start_summarizer};

const NEWS: &str = "The council closed the old bridge on Monday. Engineers had found cracks in four of its piers. \
    A ferry will take people across the river until the spring. The repair will cost five million euros.";

/// A folder with a small model of random weights.
fn folder() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    random_model(folder.path(), 256, &json!({})).unwrap();
    folder
}

/// A server with one model, which comes from a folder or from a hub.
async fn start(model: &str, hub: &str) -> (Server, TempDir) {
    let cache = tempfile::tempdir().unwrap();
    let config = Config { replica: "test".to_owned(), ..Config::default() };
    let hub = Hub::new(&HubConfig::new(hub.parse().unwrap(), cache.path().to_owned()));
    let models = Models::start(&[model.parse::<ModelRef>().unwrap()], hub, u64::MAX, Dtype::Auto);
    let summarizer = Summarizer::with(&config, Arc::new(Extractive), models);
    (start_summarizer(summarizer, DrainArgs::at_once(LONG)).await, cache)
}

fn input(engine: pb::Engine, model: &str) -> pb::SummaryInput {
    pb::SummaryInput {
        content: Some(pb::summary_input::Content::Text(NEWS.to_owned())),
        engine: engine.into(),
        model: model.to_owned(),
        generation: Some(pb::GenerationOptions { num_beams: Some(1), ..pb::GenerationOptions::default() }),
        ..pb::SummaryInput::default()
    }
}

async fn ask(server: &Server, input: pb::SummaryInput) -> Result<pb::Summary, Status> {
    let mut client = server.client.clone();
    let answer = client.summarize(pb::SummarizeRequest { input: Some(input) }).await?;
    Ok(answer.into_inner().summary.unwrap())
}

/// What the model writes, once it is there.
async fn ask_when_ready(server: &Server) -> pb::Summary {
    timeout(Duration::from_mins(1), server.summarizer.settled()).await.unwrap().unwrap();
    ask(server, input(pb::Engine::Abstractive, "")).await.unwrap()
}

#[tokio::test]
async fn a_model_that_is_ready_writes_and_is_named() {
    let folder = folder();
    let (server, _cache) = start(folder.path().to_str().unwrap(), "http://127.0.0.1:9").await;
    let name = folder.path().file_name().unwrap().to_str().unwrap();
    let made = ask_when_ready(&server).await;
    assert_eq!((made.engine(), made.model.as_ref().unwrap().id.as_str()), (pb::Engine::Abstractive, name));
    let auto = ask(&server, input(pb::Engine::Auto, "")).await.unwrap();
    assert_eq!((auto.engine(), auto.sentences), (pb::Engine::Abstractive, made.sentences));
    let named = ask(&server, input(pb::Engine::Auto, name)).await.unwrap();
    assert_eq!(named.engine(), pb::Engine::Abstractive);
    for extractive in [input(pb::Engine::Extractive, ""), input(pb::Engine::Auto, "extractive")] {
        assert_eq!(ask(&server, extractive).await.unwrap().engine(), pb::Engine::Extractive);
    }
    let models =
        server.client.clone().list_models(pb::ListModelsRequest {}).await.unwrap().into_inner().models;
    let shown: Vec<_> = models.iter().map(|model| (model.id.as_str(), model.state())).collect();
    assert_eq!(shown, [("extractive", pb::ModelState::Ready), (name, pb::ModelState::Ready)]);
}

#[tokio::test]
async fn a_stream_tells_the_text_of_the_summary() {
    let folder = folder();
    let (server, _cache) = start(folder.path().to_str().unwrap(), "http://127.0.0.1:9").await;
    ask_when_ready(&server).await;
    let request = pb::StreamSummaryRequest { input: Some(input(pb::Engine::Abstractive, "")) };
    let mut stream = server.client.clone().stream_summary(request).await.unwrap().into_inner();
    let (mut told, mut phases) = (String::new(), Vec::new());
    let summary = loop {
        match stream.message().await.unwrap().unwrap().event.unwrap() {
            Event::Accepted(accepted) => assert_eq!(accepted.engine(), pb::Engine::Abstractive),
            Event::Progress(progress) => phases.push(progress.phase()),
            Event::Delta(delta) => told += &delta.text,
            Event::Done(done) => break done.summary.unwrap(),
        }
    };
    let texts: Vec<&str> = summary.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    assert_eq!(told, texts.join(" "));
    assert!(!phases.is_empty());
}

#[tokio::test]
async fn who_asks_for_a_model_on_its_way_is_told_how_far_it_is() {
    // A hub that takes the call and says nothing.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (server, _cache) = start("distilbart", &format!("http://{}", silent.local_addr().unwrap())).await;
    for wanted in [input(pb::Engine::Abstractive, ""), input(pb::Engine::Auto, "distilbart")] {
        let status = ask(&server, wanted).await.unwrap_err();
        let fault = Fault::from_status(&status);
        assert_eq!((status.code(), fault.reason.as_deref()), (Code::Unavailable, Some("MODEL_NOT_READY")));
        assert!(fault.retry_after.is_some());
        let metadata = |name: &str| fault.metadata.get(name).map(String::as_str);
        assert_eq!((metadata("model"), metadata("state")), (Some("distilbart"), Some("downloading")));
    }
    let auto = ask(&server, input(pb::Engine::Auto, "")).await.unwrap();
    assert_eq!(auto.engine(), pb::Engine::Extractive);
}

#[tokio::test]
async fn who_allows_it_gets_the_extractive_engine_in_place_of_a_model_on_its_way_and_is_told() {
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (server, _cache) = start("distilbart", &format!("http://{}", silent.local_addr().unwrap())).await;
    let allowed = pb::SummaryInput { allow_degraded: true, ..input(pb::Engine::Abstractive, "") };
    let made = ask(&server, allowed).await.unwrap();
    assert_eq!(
        (made.engine(), made.notices.as_slice()),
        (pb::Engine::Extractive, &[pb::Notice::Degraded.into()][..])
    );
    let degraded = made.degraded.unwrap();
    assert_eq!(
        (degraded.reason(), degraded.model.as_str()),
        (pb::DegradedReason::ModelNotReady, "distilbart")
    );
}

#[tokio::test]
async fn a_model_that_cannot_be_had_is_not_waited_for() {
    let (server, _cache) = start("./no-such-folder", "http://127.0.0.1:9").await;
    timeout(Duration::from_mins(1), server.summarizer.settled()).await.unwrap().unwrap_err();
    let status = ask(&server, input(pb::Engine::Abstractive, "")).await.unwrap_err();
    let reason = Fault::from_status(&status).reason;
    assert_eq!((status.code(), reason.as_deref()), (Code::FailedPrecondition, Some("ENGINE_UNAVAILABLE")));
    assert_eq!(ask(&server, input(pb::Engine::Auto, "")).await.unwrap().engine(), pb::Engine::Extractive);
}

#[tokio::test]
async fn parameters_that_no_model_can_have_are_named() {
    let (server, _cache) = start("./no-such-folder", "http://127.0.0.1:9").await;
    let generation = pb::GenerationOptions { num_beams: Some(99), ..pb::GenerationOptions::default() };
    let wanted = pb::SummaryInput { generation: Some(generation), ..input(pb::Engine::Auto, "") };
    let fault = Fault::from_status(&ask(&server, wanted).await.unwrap_err());
    assert_eq!(fault.reason.as_deref(), Some("INVALID_OPTION"));
    assert_eq!(fault.metadata.get("field").map(String::as_str), Some("num_beams"));
}
