//! Engines and models: their state, what a caller may ask of them, and what is said of one that is not ready.

use std::time::Duration;

use nutgraf_proto::summarizer::v1::ModelState;
use serde_json::{Value, json};

use crate::{
    client::slug_of,
    material::{URL, extractive, whole, writer},
    upstream::{Step, Upstream, refused},
};

const STATES: [(ModelState, &str); 5] = [
    (ModelState::Absent, "absent"),
    (ModelState::Downloading, "downloading"),
    (ModelState::Loading, "loading"),
    (ModelState::Ready, "ready"),
    (ModelState::Failed, "failed"),
];

fn with_writer(state: ModelState) -> Upstream {
    Upstream { models: Ok(vec![extractive(), writer("distilbart", state)]), ..whole() }
}

#[tokio::test]
async fn models_are_listed_with_their_state_and_how_far_they_are() {
    let built_in = json!({"id": "extractive", "revision": "1", "engine": "extractive", "state": "ready",
        "languages": [], "memory_bytes": 0, "downloaded_bytes": 0, "download_bytes": 0, "error": null});
    for (state, name) in STATES {
        let answer = with_writer(state).start().await.fetch("/api/v1/models").await;
        let error = if state == ModelState::Failed { json!("the disk is full") } else { Value::Null };
        let writer = json!({"id": "distilbart", "revision": "a4f8f3ea906ed274767e9906dbaede7531d660ff",
            "engine": "abstractive", "state": name, "languages": ["en"], "memory_bytes": 1_400_000_000,
            "downloaded_bytes": 311_900_000, "download_bytes": 1_222_320_000, "error": error});
        let expected = json!({"models": [built_in, writer], "replica": "replica-1"});
        assert_eq!((answer.status(), answer.json()), (200, expected));
    }
}

#[tokio::test]
async fn the_gateway_is_ready_whatever_its_models_do() {
    for (state, name) in STATES {
        let answer = with_writer(state).start().await.fetch("/readyz").await;
        let models = json!([
            {"id": "extractive", "engine": "extractive", "state": "ready"},
            {"id": "distilbart", "engine": "abstractive", "state": name},
        ]);
        assert_eq!((answer.status(), &answer.json()["models"]), (200, &models));
    }
    let hung = Upstream { hangs: &["list_models"], ..whole() };
    let failing = Upstream { models: Err(refused("INTERNAL")), ..whole() };
    for upstream in [hung, failing] {
        let answer = upstream.start().await.fetch("/readyz").await;
        assert_eq!((answer.status(), &answer.json()["models"]), (200, &Value::Null));
    }
}

#[tokio::test]
async fn every_choice_of_engine_model_and_generation_is_passed_on() {
    let upstream = with_writer(ModelState::Ready);
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let generation = json!({"num_beams": 4, "min_new_tokens": 10, "max_new_tokens": 142, "length_penalty": 2.0,
        "no_repeat_ngram_size": 3, "repetition_penalty": 1.5, "do_sample": true, "temperature": 0.25, "top_k": 50,
        "top_p": 0.5, "seed": u64::MAX});
    let body = json!({"url": URL, "engine": "abstractive", "model": "distilbart", "generation": generation});
    for path in ["/api/v1/summaries", "/api/v1/summaries/stream"] {
        assert_eq!(stage.send_json(path, body.to_string()).await.status(), 200);
    }
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("url", URL), ("engine", "abstractive"), ("model", "distilbart")])
        .append_pair("generation", &generation.to_string())
        .finish();
    assert_eq!(stage.fetch(&format!("/api/v1/summaries/stream?{query}")).await.status(), 200);
    let calls = [seen.of("summarize"), seen.of("stream_summary")].concat();
    assert_eq!(calls.len(), 3);
    for call in calls {
        for part in [
            "engine: Abstractive",
            r#"model: "distilbart""#,
            "num_beams: Some(4), min_new_tokens: Some(10), max_new_tokens: Some(142), length_penalty: Some(2.0)",
            "no_repeat_ngram_size: Some(3), repetition_penalty: Some(1.5), do_sample: Some(true)",
            "temperature: Some(0.25), top_k: Some(50), top_p: Some(0.5), seed: Some(18446744073709551615)",
        ] {
            assert!(call.message.contains(part), "{part} is not in {}", call.message);
        }
    }
}

#[tokio::test]
async fn what_is_not_overridden_is_left_to_the_model() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for body in [json!({"text": "One."}), json!({"text": "Two.", "generation": {}})] {
        stage.send_json("/api/v1/summaries", body.to_string()).await;
    }
    stage.send_json("/api/v1/summaries", r#"{"text":"One.","generation":{"seed":0}}"#).await;
    let calls = seen.of("summarize");
    assert!(calls[..2].iter().all(|call| call.message.contains("generation: None")), "{calls:?}");
    assert!(calls[2].message.contains("num_beams: None") && calls[2].message.contains("seed: Some(0)"));
}

#[tokio::test]
async fn an_override_that_is_of_no_use_is_refused_before_anyone_is_asked() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for (generation, slug, field) in [
        (json!([]), "invalid-body", ""),
        (json!({"beams": 4}), "invalid-body", ""),
        (json!({"num_beams": "4"}), "invalid-body", ""),
        (json!({"num_beams": 0}), "invalid-option", "generation.num_beams"),
        (json!({"top_p": 1.5}), "invalid-option", "generation.top_p"),
        (json!({"seed": -1}), "invalid-option", "generation.seed"),
    ] {
        let body = json!({"text": "One.", "generation": generation}).to_string();
        for path in ["/api/v1/summaries", "/api/v1/summaries/stream"] {
            let answer = stage.send_json(path, body.clone()).await;
            assert_eq!((answer.problem().as_str(), answer.status()), (slug, 400), "{body}");
            assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), field, "{body}");
        }
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("url", URL), ("generation", &generation.to_string())])
            .finish();
        let answer = stage.fetch(&format!("/api/v1/summaries/stream?{query}")).await;
        let (slug, field) = match slug {
            "invalid-body" => ("invalid-query", "generation"),
            _ => (slug, field),
        };
        assert_eq!((answer.problem().as_str(), &answer.json()["field"]), (slug, &json!(field)), "{query}");
    }
    assert_eq!(seen.calls().len(), 0);
}

#[tokio::test]
async fn a_model_that_is_not_ready_is_named_with_how_far_it_is() {
    for (state, name) in STATES {
        let metadata = [("model", "distilbart"), ("state", name), ("downloaded_bytes", "311900000")];
        let mut metadata: Vec<_> = metadata.map(|(key, value)| (key, value.to_owned())).into();
        metadata.push(("download_bytes", "1222320000".into()));
        let refusal = refused("MODEL_NOT_READY");
        let upstream = Upstream {
            summary: Err(refusal),
            steps: vec![Step::Refuse(refusal)],
            metadata,
            retry_after: Some(Duration::from_millis(4100)),
            ..with_writer(state)
        };
        let stage = upstream.start().await;
        let body = r#"{"text":"One.","model":"distilbart"}"#;
        let answer = stage.send_json("/api/v1/summaries", body).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("model-not-ready", 503));
        assert_eq!(answer.header("retry-after"), "5");
        let streamed = stage.send_json("/api/v1/summaries/stream", body).await.events();
        let (last, streamed) = streamed.last().unwrap();
        assert_eq!((last.as_str(), slug_of(streamed).as_str()), ("error", "model-not-ready"));
        for problem in [&answer.json(), streamed] {
            assert_eq!((&problem["model"], &problem["model_state"]), (&json!("distilbart"), &json!(name)));
            assert_eq!(problem["downloaded_bytes"], 311_900_000);
            assert_eq!(problem["download_bytes"], 1_222_320_000);
            let failed = problem["detail"].as_str().unwrap().contains("could not be loaded");
            assert_eq!(failed, state == ModelState::Failed, "{problem}");
        }
    }
}

#[tokio::test]
async fn what_a_summarizer_leaves_out_or_garbles_about_a_model_is_left_out() {
    let metadata = vec![("state", "READY".into()), ("downloaded_bytes", "many".into())];
    let upstream = Upstream { summary: Err(refused("MODEL_NOT_READY")), metadata, ..whole() };
    let answer = upstream.start().await.send_json("/api/v1/summaries", r#"{"text":"One."}"#).await;
    assert_eq!(answer.problem(), "model-not-ready");
    for member in ["model", "model_state", "downloaded_bytes", "download_bytes"] {
        assert!(answer.json().get(member).is_none(), "{}", answer.text());
    }
}
