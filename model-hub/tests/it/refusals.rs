//! What a hub refuses, and what is said about it.

use std::time::{Duration, Instant};

use bytes::Bytes;
use model_hub::{
    Config, HubError, Size,
    config::Token,
    testing::{Fault, TestHub},
};

use crate::stage::{REPO, Stage};

/// What the user is told.
async fn told(stage: &Stage, model: &str) -> (HubError, String) {
    let error = stage.pull(model).await.unwrap_err();
    let text = error.to_string();
    (error, text)
}

#[tokio::test]
async fn repository_revision_and_file_are_told_apart() {
    let stage = Stage::set().await;
    let (error, text) = told(&stage, "acme/nothing").await;
    assert!(matches!(error, HubError::RepoNotFound { .. }) && text.contains("HF_TOKEN"), "{text}");
    let (error, text) = told(&stage, "acme/news@v9").await;
    assert!(matches!(error, HubError::RevisionNotFound { .. }), "{text}");
    assert!(text.starts_with("acme/news has no revision v9"), "{text}");
    stage.hub.fail("config.json", Fault::Status(404, None));
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::FileNotFound { .. }), "{text}");
    assert_eq!(text, "acme/news has no file config.json");
}

#[tokio::test]
async fn a_gated_model_asks_for_acceptance_and_a_token() {
    let mut stage = Stage::set().await;
    stage.hub.gate(REPO, "hf_right");
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::Gated { .. }) && text.contains("accept its conditions"), "{text}");
    stage.config.token = Token::new("hf_wrong");
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::Unauthorized { .. }) && !text.contains("hf_wrong"), "{text}");
    stage.config.token = Token::new("hf_right");
    stage.pull(REPO).await.unwrap();
}

#[tokio::test]
async fn the_token_goes_to_the_hub_and_not_to_its_storage() {
    let mut stage = Stage::set().await;
    stage.config.token = Token::new("hf_secret");
    stage.pull(REPO).await.unwrap();
    let seen = stage.hub.take_seen();
    assert!(seen.iter().any(|request| request.storage));
    for request in seen {
        let expected = if request.storage { None } else { Some("Bearer hf_secret".to_owned()) };
        assert_eq!(request.authorization, expected, "{}", request.path);
    }
}

#[tokio::test]
async fn a_repository_that_was_renamed_is_found_by_its_old_name() {
    let mut stage = Stage::set().await;
    stage.config.token = Token::new("hf_secret");
    stage.hub.rename("acme/olds", REPO);
    let model = stage.pull("acme/olds").await.unwrap();
    assert_eq!(model.revision.as_ref().unwrap().as_str(), stage.commit);
    let seen = stage.hub.take_seen();
    assert!(seen.iter().all(|request| request.storage == request.authorization.is_none()), "{seen:?}");
    assert_eq!(stage.offline("acme/olds").unwrap(), model);
}

#[tokio::test]
async fn a_hub_that_fails_twice_is_asked_a_third_time() {
    let stage = Stage::set().await;
    for file in ["", "config.json", "model.safetensors"] {
        stage.hub.fail(file, Fault::Status(503, None));
        stage.hub.fail(file, Fault::Status(502, None));
    }
    stage.pull(REPO).await.unwrap();
}

#[tokio::test]
async fn one_that_goes_on_failing_is_given_up() {
    let stage = Stage::set().await;
    for _ in 0..3 {
        stage.hub.fail("", Fault::Status(500, None));
    }
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::Server { status: 500, .. }), "{text}");
    assert_eq!(stage.hub.take_seen().len(), 3);
    stage.pull(REPO).await.unwrap();
}

#[tokio::test]
async fn a_rest_that_the_hub_asks_for_is_kept() {
    let stage = Stage::set().await;
    stage.hub.fail("model.safetensors", Fault::Status(429, Some(1)));
    let start = Instant::now();
    stage.pull(REPO).await.unwrap();
    assert!(start.elapsed() >= Duration::from_secs(1), "{:?}", start.elapsed());
}

#[tokio::test]
async fn a_rest_that_is_too_long_is_told_at_once() {
    let stage = Stage::set().await;
    stage.hub.fail("", Fault::Status(429, Some(3_600)));
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::RateLimited { .. }), "{text}");
    assert!(text.contains("asks for a rest of 3600 s"), "{text}");
    assert_eq!(stage.hub.take_seen().len(), 1);
}

#[tokio::test]
async fn a_hub_that_is_not_there_can_not_be_reached() {
    let mut stage = Stage::set().await;
    // A port that nobody listens on any more.
    stage.config.endpoint = TestHub::start().await.unwrap().endpoint().unwrap();
    tokio::task::yield_now().await;
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::Unreachable { .. }) && text.contains("HF_ENDPOINT"), "{text}");
}

#[tokio::test]
async fn offline_nobody_is_asked() {
    let mut stage = Stage::set().await;
    stage.config.offline = true;
    let (error, text) = told(&stage, REPO).await;
    assert!(
        matches!(error, HubError::Offline { .. }) && text.contains("nutgraf model pull acme/news"),
        "{text}"
    );
    assert_eq!(stage.hub.take_seen(), []);
    stage.config.offline = false;
    let pulled = stage.pull(REPO).await.unwrap();
    stage.hub.take_seen();
    stage.config.offline = true;
    assert_eq!(stage.pull(REPO).await.unwrap(), pulled);
    assert_eq!(stage.hub.take_seen(), []);
}

#[tokio::test]
async fn what_is_too_large_is_not_even_begun() {
    let mut stage = Stage::set().await;
    stage.config.limits.weights = 200_000;
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::TooLarge { limit: Size(200_000), .. }), "{text}");
    assert_eq!(stage.ranges(), []);
    stage.config.limits.answer = 10;
    let (_, text) = told(&stage, REPO).await;
    assert_eq!(text, "the list of its files is larger than 10 B: it was not kept");
}

#[tokio::test]
async fn names_that_lead_elsewhere_are_not_followed() {
    let stage = Stage::set().await;
    let mut files = stage.files.clone();
    files.push(("../../../../escaped.json", Bytes::from_static(b"{}")));
    files.push(("/etc/escaped.json", Bytes::from_static(b"{}")));
    stage.hub.publish(REPO, "main", &files);
    let model = stage.pull(REPO).await.unwrap();
    assert_eq!(model.files.iter().count(), 3);
    let index = Bytes::from_static(br#"{"weight_map": {"a": "../../../escaped.safetensors"}}"#);
    files.retain(|(name, _)| *name != "model.safetensors");
    files.push(("model.safetensors.index.json", index));
    stage.hub.publish(REPO, "main", &files);
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::NotAModel { .. }) && text.contains("no index of shards"), "{text}");
}

#[tokio::test]
async fn a_mirror_without_checksums_is_taken_by_its_sizes() {
    let stage = Stage::set().await;
    stage.hub.hide_checksums();
    let model = stage.pull(REPO).await.unwrap();
    assert_eq!(
        model.size().0,
        (300_000 + stage.file("config.json").len() + stage.file("tokenizer.json").len()) as u64
    );
}

#[tokio::test]
async fn a_site_that_is_no_hub_says_so() {
    let stage = Stage::set().await;
    // Below a path where this hub has nothing: what a wrong HF_ENDPOINT looks like.
    let endpoint = format!("{}/mirror", stage.hub.address()).parse().unwrap();
    let stage = Stage { config: Config { endpoint, ..stage.config.clone() }, ..stage };
    let (error, text) = told(&stage, REPO).await;
    assert!(matches!(error, HubError::RepoNotFound { .. }), "{text}");
    assert_eq!(stage.hub.take_seen()[0].path, "/mirror/api/models/acme/news/revision/main");
}
