//! What every answer has.

use std::io::Read as _;

use axum::body::Body;
use flate2::read::GzDecoder;
use http::Request;
use serde_json::Value;

use crate::material::{article_json, whole};

#[tokio::test]
async fn a_sane_request_id_is_kept_and_travels_to_the_services() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let with_id = |id: &str| {
        let request = Request::get("/api/v1/sources").header("x-request-id", id);
        request.body(Body::empty()).unwrap()
    };
    let kept = stage.ask(with_id("mine-1")).await;
    assert_eq!(kept.header("x-request-id"), "mine-1");
    let replaced = stage.ask(with_id("no good")).await;
    let made = stage.fetch("/api/v1/sources").await;
    let told: Vec<String> = seen.calls().into_iter().filter_map(|call| call.request_id).collect();
    assert_eq!(told, ["mine-1", replaced.header("x-request-id"), made.header("x-request-id")]);
    assert!(told[1] != "no good" && told[1] != told[2]);
}

#[tokio::test]
async fn every_answer_has_the_headers_that_keep_strangers_out() {
    let stage = whole().start().await;
    for path in ["/", "/livez", "/api/v1/sources", "/api/v1/openapi.json", "/nothing", "/api/v1/articles"] {
        let answer = stage.fetch(path).await;
        let policy = answer.header("content-security-policy");
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"),
            "{path}: {policy}"
        );
        assert!(!policy.contains("unsafe"), "{path}");
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
        ] {
            assert_eq!(answer.header(name), value, "{path}");
        }
        assert_eq!(answer.header("access-control-allow-origin"), "");
        assert_eq!(answer.header("cache-control") == "no-store", path != "/" && path != "/nothing", "{path}");
    }
}

#[tokio::test]
async fn answers_are_compressed_for_those_who_ask() {
    let mut upstream = whole();
    let paragraphs = &mut upstream.article.as_mut().unwrap().paragraphs;
    *paragraphs = std::iter::repeat_n(paragraphs[0].clone(), 200).collect();
    let stage = upstream.start().await;
    let path = "/api/v1/articles/random";
    let plain = stage.fetch(path).await;
    let packed =
        stage.ask(Request::get(path).header("accept-encoding", "gzip").body(Body::empty()).unwrap()).await;
    assert_eq!((plain.header("content-encoding"), packed.header("content-encoding")), ("", "gzip"));
    assert!(packed.body.len() < plain.body.len() / 4);
    let mut text = String::new();
    GzDecoder::new(packed.body.as_ref()).read_to_string(&mut text).unwrap();
    let article: Value = serde_json::from_str(&text).unwrap();
    assert_eq!((article["url"].clone(), text.as_str()), (article_json()["url"].clone(), plain.text()));
}

#[tokio::test]
async fn a_problem_is_a_page_only_for_those_who_ask_for_one() {
    let stage = whole().start().await;
    for (path, accept, kind) in [
        ("/nothing", "text/html,*/*;q=0.8", "text/html; charset=utf-8"),
        ("/nothing", "*/*", "application/problem+json"),
        ("/api/v1/nothing", "text/html", "application/problem+json"),
    ] {
        let answer =
            stage.ask(Request::get(path).header("accept", accept).body(Body::empty()).unwrap()).await;
        assert_eq!((answer.status(), answer.header("content-type")), (404, kind), "{path} {accept}");
    }
}
