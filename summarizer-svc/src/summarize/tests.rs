//! Requests that allow the built-in engine to stand in for a model.

use std::sync::mpsc::{Sender, channel};

use inference::testing::random_model;
use model_hub::{Config as HubConfig, Hub, ModelRef};
use serde_json::json;
use tempfile::TempDir;
use tokio::net::TcpListener;

use super::*;
use crate::{
    document::Article,
    engine::abstractive::Dtype,
    queue::{Ended, Ticket},
    summary::{Degraded, DegradedReason, EngineChoice, EngineKind, GenerationOptions},
};

const NEWS: &str = "The council closed the old bridge on Monday. Engineers had found cracks in four of its piers. \
    A ferry will take people across the river until the spring. The repair will cost five million euros.";
const MINUTE: Duration = Duration::from_mins(1);

fn request(allow_degraded: bool) -> Request {
    let generation = GenerationOptions { num_beams: Some(1), ..GenerationOptions::default() };
    let article = Article::from_text("", NEWS);
    Request { article, engine: EngineChoice::Abstractive, allow_degraded, generation, ..Request::default() }
}

fn start(config: &Config, model: &str, hub: &str, cache: &TempDir) -> Summarizer {
    let hub = Hub::new(&HubConfig::new(hub.parse().unwrap(), cache.path().to_owned()));
    let models = Models::start(&[model.parse::<ModelRef>().unwrap()], hub, u64::MAX, Dtype::Auto);
    Summarizer::with(config, Arc::new(Extractive), models)
}

/// A summarizer with a model that is ready; the folder holds it.
async fn with_model(config: &Config) -> (Summarizer, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    random_model(folder.path(), 256, &json!({})).unwrap();
    let summarizer = start(config, folder.path().to_str().unwrap(), "http://127.0.0.1:9", &folder);
    tokio::time::timeout(MINUTE, summarizer.settled()).await.unwrap().unwrap();
    (summarizer, folder)
}

/// Why the built-in engine made it; None where a model did.
async fn stood_in(summarizer: &Summarizer, request: Request, budget: Duration) -> Option<DegradedReason> {
    let made = summarizer.summarize(request, Some(Deadline::after(budget))).await.unwrap();
    assert_eq!(made.degraded.is_some(), made.model.engine == EngineKind::Extractive);
    if let Some(Degraded { model, .. }) = &made.degraded {
        assert!(!model.is_empty());
    }
    made.degraded.map(|degraded| degraded.reason)
}

#[tokio::test]
async fn a_model_that_has_time_writes_itself() {
    let (summarizer, _folder) = with_model(&Config::default()).await;
    assert_eq!(stood_in(&summarizer, request(true), MINUTE).await, None);
}

#[tokio::test]
async fn the_engine_stands_in_where_the_deadline_leaves_the_model_no_time() {
    let (summarizer, _folder) = with_model(&Config::default()).await;
    let little = MODEL_GUESS / 2;
    assert_eq!(stood_in(&summarizer, request(true), little).await, Some(DegradedReason::WaitTooLong));
    // Nobody gets it who didn't allow it.
    assert_eq!(stood_in(&summarizer, request(false), MINUTE).await, None);
}

/// Keeps the model's worker busy until it is let go.
fn occupied(summarizer: &Summarizer) -> (Ticket, Sender<()>) {
    let (open, gate) = channel::<()>();
    let (begun, has_begun) = channel();
    let work: Work = Box::new(move || {
        begun.send(()).unwrap();
        gate.recv_timeout(MINUTE).map_or(Ended::Stopped, |()| Ended::Done)
    });
    let ticket = summarizer.inner.model_queue.push("", work).ok().unwrap();
    has_begun.recv_timeout(MINUTE).unwrap();
    (ticket, open)
}

#[tokio::test]
async fn the_engine_stands_in_where_the_wait_is_longer_than_the_operator_allows() {
    let config = Config { degrade_after: MODEL_GUESS / 2, model_workers: 1, ..Config::default() };
    let (summarizer, _folder) = with_model(&config).await;
    assert_eq!(stood_in(&summarizer, request(true), MINUTE).await, None);
    let (_held, _open) = occupied(&summarizer);
    // What the model took just now says that there is hardly any wait.
    assert_eq!(summarizer.longest_wait(), summarizer.inner.model_queue.outlook("").work);
    let busy = Summarizer::with(&config, Arc::new(Extractive), summarizer.inner.models.clone());
    let (_held, _open) = occupied(&busy);
    assert_eq!(stood_in(&busy, request(true), MINUTE).await, Some(DegradedReason::WaitTooLong));
}

#[tokio::test]
async fn the_engine_stands_in_where_the_queue_is_full() {
    let config = Config { queue_limit: 1, model_workers: 1, ..Config::default() };
    let (summarizer, _folder) = with_model(&config).await;
    let (_held, _open) = occupied(&summarizer);
    let _waiting = summarizer.inner.model_queue.push("", Box::new(|| Ended::Stopped)).ok().unwrap();
    assert_eq!(stood_in(&summarizer, request(true), MINUTE).await, Some(DegradedReason::QueueFull));
    let refused = summarizer.stream(request(false), None).err();
    assert!(matches!(refused, Some(SummarizeError::QueueFull { .. })), "{refused:?}");
}

#[tokio::test]
async fn the_engine_stands_in_for_a_model_that_is_still_on_its_way() {
    // A hub that takes connections and says nothing.
    let hub = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let cache = tempfile::tempdir().unwrap();
    let address = format!("http://{}", hub.local_addr().unwrap());
    let summarizer = start(&Config::default(), "distilbart", &address, &cache);
    assert_eq!(stood_in(&summarizer, request(true), MINUTE).await, Some(DegradedReason::ModelNotReady));
    let refused = summarizer.stream(request(false), None).err();
    assert!(matches!(refused, Some(SummarizeError::ModelNotReady { .. })), "{refused:?}");
}
