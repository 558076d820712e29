//! What the API answers when all is well.

use serde_json::{Value, json};
use service_kit::testing::Wire;

use crate::material::{URL, article_json, summary_json, whole};

async fn answer_to(path: &str) -> Value {
    let answer = whole().start().await.fetch(path).await;
    assert_eq!((answer.status(), answer.header("content-type")), (200, "application/json"));
    answer.json()
}

#[tokio::test]
async fn sources_are_listed_with_their_health() {
    let health = json!({"last_success_at": null, "last_failure_at": null, "last_error": null});
    let source = |id: &str, name: &str, first: bool| {
        json!({"id": id, "name": name, "homepage_url": "https://news.example/", "language": null,
            "is_default": first, "is_demo": first, "health": health})
    };
    let sources = json!({"sources": [source("courier", "The <b>Courier</b>", true), source("gazette", "Gazette", false)]});
    assert_eq!(answer_to("/api/v1/sources").await, sources);
}

#[tokio::test]
async fn headlines_are_those_of_the_source_that_was_asked_for() {
    let headline = json!({"url": URL, "title": "A bridge", "summary": null, "published_at": "2026-11-04",
        "source_id": "courier"});
    let upstream = whole();
    let seen = upstream.seen.clone();
    let answer = upstream.start().await.fetch("/api/v1/headlines?source=courier&limit=7").await;
    assert_eq!(answer.json(), json!({"source_id": "courier", "headlines": [headline], "skipped": 0}));
    assert!(seen.calls()[0].message.contains(r#"source_id: "courier", limit: 7"#), "{seen:?}");
}

#[tokio::test]
async fn an_article_has_everything_that_its_page_told() {
    assert_eq!(answer_to(&format!("/api/v1/articles?url={URL}")).await, article_json());
}

#[tokio::test]
async fn a_random_article_is_picked_by_source_and_seed() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let answer = upstream
        .start()
        .await
        .fetch("/api/v1/articles/random?source=courier&seed=18446744073709551615")
        .await;
    assert_eq!(answer.json(), article_json());
    assert!(
        seen.calls()[0].message.contains(r#"source_id: "courier", seed: Some(18446744073709551615)"#),
        "{seen:?}"
    );
}

#[tokio::test]
async fn a_random_article_is_picked_from_what_is_not_excluded() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let excluded = |count: usize| {
        let one = |index| format!("&exclude=https://news.example/{index}%23top");
        (0..count).map(one).collect::<Vec<_>>().concat()
    };
    let answer = stage.fetch(&format!("/api/v1/articles/random?source=courier{}", excluded(2))).await;
    assert_eq!(answer.json(), article_json());
    let urls = r#"exclude_urls: ["https://news.example/0", "https://news.example/1"]"#;
    assert!(seen.calls()[0].message.contains(urls), "{seen:?}");

    assert_eq!(stage.fetch(&format!("/api/v1/articles/random?{}", excluded(128))).await.status(), 200);
    let refused = stage.fetch(&format!("/api/v1/articles/random?{}", excluded(129))).await;
    assert_eq!((refused.problem().as_str(), refused.status()), ("invalid-query", 400));
    assert_eq!(refused.json()["field"], "exclude");
    assert_eq!(seen.count("get_random_article"), 2);
}

#[tokio::test]
async fn a_summary_of_an_address_comes_with_its_article() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let body = json!({"url": URL, "engine": "extractive", "length": "short", "language": "de"});
    let answer = upstream.start().await.send_json("/api/v1/summaries", body.to_string()).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    assert_eq!(answer.json(), json!({"article": article_json(), "summary": summary_json()}));
    let message = &seen.of("summarize")[0].message;
    for part in [
        r#"title: "A \"bridge\" opens""#,
        "engine: Extractive",
        "length: Short",
        r#"language: "de""#,
        "kind: Heading",
    ] {
        assert!(message.contains(part), "{part} is not in {message}");
    }
}

#[tokio::test]
async fn a_summary_of_a_text_counts_its_lines_that_are_not_blank() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let body = json!({"text": "One.\n\n  \nTwo.", "title": "T", "format": "bullets", "url": null});
    let answer = upstream.start().await.send_json("/api/v1/summaries", body.to_string()).await;
    let answer = answer.json();
    assert_eq!((&answer["article"], &answer["summary"]["text"]), (&Value::Null, &json!("One.\nTwo.")));
    let message = &seen.of("summarize")[0].message;
    let lines = r#"[Paragraph { text: "One.", kind: Text }, Paragraph { text: "Two.", kind: Text }]"#;
    assert!(message.contains(lines) && message.contains(r#"title: "T""#), "{message}");
}

#[tokio::test]
async fn a_title_of_the_callers_own_stands_in_for_the_articles() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let body = json!({"url": URL, "title": "Mine"});
    upstream.start().await.send_json("/api/v1/summaries", body.to_string()).await;
    assert!(seen.of("summarize")[0].message.contains(r#"title: "Mine""#), "{seen:?}");
}

#[tokio::test]
async fn the_probes_tell_of_the_gateway_and_of_what_it_needs() {
    assert_eq!(answer_to("/livez").await, json!({"status": "ok"}));
    let serving = json!({"scraper": "serving", "summarizer": "serving"});
    let models = json!([{"id": "extractive", "engine": "extractive", "state": "ready"}]);
    let stage = whole().start().await;
    let replica = |at: &Wire, health: &str| {
        json!([{"address": at.address.to_string(), "health": health, "in_flight": 0, "latency_ms": null,
            "ejections": 0, "ejected_for_ms": null}])
    };
    let replicas = json!({"scraper": replica(&stage.scraper, "serving"),
        "summarizer": replica(&stage.summarizer, "serving")});
    let ready = json!({"status": "ready", "upstreams": serving, "models": models, "replicas": replicas});
    let mut answer = stage.fetch("/readyz").await.json();
    // The probe itself asks for the models, which may be under way when the replicas are looked at.
    answer["replicas"]["summarizer"][0]["in_flight"] = json!(0);
    answer["replicas"]["summarizer"][0]["latency_ms"] = Value::Null;
    assert_eq!(answer, ready);

    stage.summarizer.cut();
    let answer = stage.readiness(503).await;
    assert_eq!(answer["status"], "not_ready");
    assert_eq!(answer["upstreams"], json!({"scraper": "serving", "summarizer": "unreachable"}));
    assert_eq!(answer["models"], Value::Null);
    assert_eq!(answer["replicas"]["summarizer"][0]["health"], "unreachable");
    assert_eq!(stage.fetch("/livez").await.status(), 200);
}
