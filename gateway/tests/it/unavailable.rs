//! Services that are down, hung or slow.

use std::time::{Duration, Instant};

use gateway::config::Config;
use nutgraf_proto::scraper::v1::Article;
use serde_json::json;

use crate::{
    material::{URL, whole},
    upstream::{Upstream, alone},
};

fn hurried() -> Config {
    let limit = Duration::from_millis(300);
    Config { article_timeout: limit, summary_timeout: limit, ready_timeout: limit, ..Config::default() }
}

#[tokio::test]
async fn a_service_that_is_down_is_named_with_a_time_to_come_back() {
    let stage = alone().await;
    for path in ["/api/v1/sources", "/api/v1/headlines", "/api/v1/articles/random", "/api/v1/get/news"] {
        let answer = stage.fetch(path).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("scraper-unavailable", 503), "{path}");
        assert!(!answer.header("retry-after").is_empty());
    }
    for body in [json!({"text": "One."}), json!({"url": URL})] {
        let answer = stage.send_json("/api/v1/summaries", body.to_string()).await;
        let slug = if body["url"].is_null() { "summarizer-unavailable" } else { "scraper-unavailable" };
        assert_eq!((answer.problem().as_str(), answer.status()), (slug, 503));
    }
    assert_eq!(stage.fetch("/api/v1/models").await.problem(), "summarizer-unavailable");
    assert_eq!(stage.fetch("/readyz").await.status(), 503);
}

#[tokio::test]
async fn a_service_that_comes_back_is_found_again() {
    let stage = whole().start().await;
    assert_eq!(stage.fetch("/api/v1/sources").await.status(), 200);
    stage.scraper.cut();
    assert_eq!(stage.fetch("/api/v1/sources").await.status(), 503);
    stage.scraper.mend();
    let back = async {
        while stage.fetch("/api/v1/sources").await.status() != 200 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(5), back).await.expect("it was not found again");
}

#[tokio::test]
async fn a_service_that_does_not_answer_in_time_is_a_gateway_timeout() {
    let hangs = &["list_sources", "get_article", "get_random_article", "summarize", "list_models"];
    let stage = Upstream { hangs, ..whole() }.start_with(hurried()).await;
    for path in [
        "/api/v1/sources",
        "/api/v1/articles/random",
        "/api/v1/articles?url=https://a.example/",
        "/api/v1/models",
    ] {
        let began = Instant::now();
        let answer = stage.fetch(path).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("deadline-exceeded", 504), "{path}");
        assert!(began.elapsed() < Duration::from_secs(3), "{path} took {:?}", began.elapsed());
    }
    let answer = stage.send_json("/api/v1/summaries", r#"{"text":"One."}"#).await;
    assert_eq!((answer.problem().as_str(), answer.status()), ("deadline-exceeded", 504));
}

#[tokio::test]
async fn a_hung_connection_is_a_gateway_timeout() {
    let stage = whole().start_with(hurried()).await;
    assert_eq!(stage.fetch("/api/v1/sources").await.status(), 200);
    stage.scraper.stall();
    stage.summarizer.stall();
    assert_eq!(stage.fetch("/api/v1/sources").await.problem(), "deadline-exceeded");
    let gone = json!({"scraper": "unreachable", "summarizer": "unreachable"});
    let told = async { while stage.readiness(503).await["upstreams"] != gone {} };
    tokio::time::timeout(Duration::from_secs(10), told).await.expect("it was not found out");
}

#[tokio::test]
async fn one_deadline_travels_to_every_service() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let config = Config { summary_timeout: Duration::from_secs(9), ..Config::default() };
    let stage = upstream.start_with(config).await;
    stage.send_json("/api/v1/summaries", json!({"url": URL}).to_string()).await;
    let calls = [seen.of("get_article"), seen.of("summarize")].concat();
    let timeouts: Vec<Duration> = calls.iter().filter_map(|call| call.timeout).collect();
    assert_eq!(timeouts.len(), 2);
    assert!(timeouts[0] <= Duration::from_secs(9) && timeouts[1] < timeouts[0], "{timeouts:?}");
}

#[tokio::test]
async fn an_answer_that_no_service_should_give_is_our_fault() {
    let nowhere = Article { url: "javascript:alert(1)".into(), ..Article::default() };
    let mut upstream = Upstream { article: Ok(nowhere), ..whole() };
    upstream.summary.as_mut().unwrap().engine = 0;
    upstream.models.as_mut().unwrap()[0].engine = 99;
    let stage = upstream.start().await;
    for path in ["/api/v1/articles/random", "/api/v1/models"] {
        assert_eq!(stage.fetch(path).await.problem(), "internal", "{path}");
    }
    assert_eq!(stage.send_json("/api/v1/summaries", r#"{"text":"One."}"#).await.problem(), "internal");
}

#[tokio::test]
async fn a_caller_that_hangs_up_stops_the_work() {
    for (hangs, path) in [
        (&["get_random_article"], "/api/v1/articles/random"),
        (&["get_article"], "/api/v1/articles?url=https://a.example/"),
    ] {
        let upstream = Upstream { hangs, ..whole() };
        let seen = upstream.seen.clone();
        let stage = upstream.start().await;
        tokio::select! {
            answer = stage.fetch(path) => panic!("{answer:?}"),
            () = seen.a_call_hangs() => {}
        }
        seen.a_caller_left().await;
    }
}
