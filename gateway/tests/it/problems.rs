//! Every problem that the gateway answers, with its type and its status.

use std::time::Duration;

use axum::body::Body;
use gateway::{config::Config, error::ProblemKind};
use http::{Method, Request};
use nutgraf_proto::{scraper::v1 as scraping, summarizer::v1 as summarizing};
use serde_json::json;

use crate::{
    client::json_request,
    material::{URL, whole},
    upstream::{Upstream, refused},
};

/// What becomes of each of the scraper's reasons.
pub(crate) const OF_THE_SCRAPER: [(scraping::ErrorReason, &str, u16); 19] = {
    use scraping::ErrorReason as Reason;
    [
        (Reason::InvalidUrl, "invalid-url", 400),
        (Reason::UnknownSource, "unknown-source", 404),
        (Reason::PrivateAddress, "private-address", 403),
        (Reason::RobotsDisallowed, "robots-disallowed", 403),
        (Reason::Unreachable, "unreachable", 502),
        (Reason::Timeout, "site-timeout", 504),
        (Reason::TooManyRedirects, "too-many-redirects", 502),
        (Reason::TooLarge, "page-too-large", 502),
        (Reason::UnsupportedContent, "unsupported-content", 422),
        (Reason::SiteError, "site-error", 502),
        (Reason::PageNotFound, "page-not-found", 404),
        (Reason::NotArticle, "not-article", 422),
        (Reason::Paywalled, "paywalled", 422),
        (Reason::Blocked, "blocked", 502),
        (Reason::MalformedPage, "malformed-page", 422),
        (Reason::NoHeadlines, "no-headlines", 502),
        (Reason::Busy, "busy", 429),
        (Reason::Internal, "internal", 500),
        (Reason::TooManyExcluded, "invalid-query", 400),
    ]
};

/// What becomes of each of the summarizer's reasons.
pub(crate) const OF_THE_SUMMARIZER: [(summarizing::ErrorReason, &str, u16); 10] = {
    use summarizing::ErrorReason as Reason;
    [
        (Reason::EmptyInput, "empty-input", 400),
        (Reason::InputTooLarge, "input-too-large", 413),
        (Reason::InvalidOption, "invalid-option", 400),
        (Reason::EngineUnavailable, "engine-unavailable", 422),
        (Reason::UnknownModel, "unknown-model", 404),
        (Reason::ModelNotReady, "model-not-ready", 503),
        (Reason::QueueFull, "queue-full", 429),
        (Reason::ShuttingDown, "summarizer-unavailable", 503),
        (Reason::Internal, "internal", 500),
        (Reason::NothingToSummarize, "nothing-to-summarize", 422),
    ]
};

pub(crate) fn bare(name: &'static str) -> &'static str {
    name.strip_prefix("ERROR_REASON_").unwrap()
}

#[tokio::test]
async fn each_reason_of_the_scraper_is_a_problem_of_its_own() {
    for (reason, slug, status) in OF_THE_SCRAPER {
        let refusal = refused(bare(reason.as_str_name()));
        let stage = Upstream { article: Err(refusal), headlines: Err(refusal), ..whole() }.start().await;
        for path in
            ["/api/v1/articles?url=https://a.example/", "/api/v1/articles/random", "/api/v1/headlines"]
        {
            let answer = stage.fetch(path).await;
            assert_eq!((answer.problem().as_str(), answer.status()), (slug, status), "{reason:?}");
        }
    }
    let next = i32::try_from(OF_THE_SCRAPER.len()).unwrap() + 1;
    assert!(scraping::ErrorReason::try_from(next).is_err(), "a reason is missing here");
}

#[tokio::test]
async fn each_reason_of_the_summarizer_is_a_problem_of_its_own() {
    for (reason, slug, status) in OF_THE_SUMMARIZER {
        let refusal = refused(bare(reason.as_str_name()));
        let stage = Upstream { summary: Err(refusal), models: Err(refusal), ..whole() }.start().await;
        let answer = stage.send_json("/api/v1/summaries", r#"{"text":"One. Two. Three."}"#).await;
        assert_eq!((answer.problem().as_str(), answer.status()), (slug, status), "{reason:?}");
        assert_eq!(stage.fetch("/api/v1/models").await.problem(), slug, "{reason:?}");
    }
    let next = i32::try_from(OF_THE_SUMMARIZER.len()).unwrap() + 1;
    assert!(summarizing::ErrorReason::try_from(next).is_err(), "a reason is missing here");
}

#[tokio::test]
async fn a_reason_that_nobody_knows_is_our_fault() {
    let refusal = refused("OUT_OF_COFFEE");
    let stage = Upstream { article: Err(refusal), summary: Err(refusal), ..whole() }.start().await;
    assert_eq!(stage.fetch("/api/v1/articles/random").await.problem(), "internal");
    assert_eq!(stage.send_json("/api/v1/summaries", r#"{"text":"One."}"#).await.problem(), "internal");
}

#[tokio::test]
async fn what_a_service_adds_to_a_refusal_comes_through() {
    let refusal = |reason, metadata: &[(&'static str, &str)]| Upstream {
        article: Err(refused(reason)),
        summary: Err(refused(reason)),
        metadata: metadata.iter().map(|(key, value)| (*key, (*value).to_owned())).collect(),
        retry_after: Some(Duration::from_millis(6200)),
        ..whole()
    };
    let article = "/api/v1/articles/random";
    let busy = refusal("BUSY", &[]).start().await.fetch(article).await;
    assert_eq!((busy.problem().as_str(), busy.header("retry-after")), ("busy", "7"));
    let tired = refusal("SITE_ERROR", &[("status", "503")]).start().await.fetch(article).await;
    assert_eq!(tired.header("retry-after"), "7");
    let failed = tired.json();
    assert_eq!(failed["site_status"], 503);
    assert!(failed["detail"].as_str().unwrap().contains("503"), "{failed}");
    let text = r#"{"text":"One."}"#;
    let large = refusal("INPUT_TOO_LARGE", &[("limit_bytes", "9")]).start().await;
    assert_eq!(large.send_json("/api/v1/summaries", text).await.json()["limit_bytes"], 9);
    let option = refusal("INVALID_OPTION", &[("field", "language")]).start().await;
    let option = option.send_json("/api/v1/summaries", text).await.json();
    assert_eq!(option["field"], "language");
    assert!(option["detail"].as_str().unwrap().contains("The field language"), "{option}");
    let broken = refusal("ENGINE_UNAVAILABLE", &[("model", "distilbart")]).start().await;
    let broken = broken.send_json("/api/v1/summaries", text).await.json();
    assert_eq!(broken["field"], "engine");
    assert!(broken["detail"].as_str().unwrap().contains("The model distilbart can't be loaded"), "{broken}");
    let full = refusal("QUEUE_FULL", &[]).start().await.send_json("/api/v1/summaries", text).await;
    assert_eq!((full.problem().as_str(), full.json()["retry_after_s"].as_u64()), ("queue-full", Some(7)));
}

#[tokio::test]
async fn a_body_that_is_of_no_use_is_refused_before_anyone_is_asked() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start_with(Config { max_text: 1000, ..Config::default() }).await;
    let long = "a".repeat(1001);
    let cases = [
        (String::new(), "invalid-json", ""),
        ("{".into(), "invalid-json", ""),
        ("\u{feff}{}".into(), "invalid-json", ""),
        ("[]".into(), "invalid-body", ""),
        ("null".into(), "invalid-body", ""),
        (json!({"text": 5}).to_string(), "invalid-body", ""),
        (json!({"text": "One.", "length": 2}).to_string(), "invalid-body", ""),
        (json!({"text": "One.", "lenght": "short"}).to_string(), "invalid-body", ""),
        (r#"{"text":"One.","text":"Two."}"#.into(), "invalid-body", ""),
        (json!({}).to_string(), "url-xor-text", ""),
        (json!({"url": null, "text": null}).to_string(), "url-xor-text", ""),
        (json!({"url": URL, "text": "One."}).to_string(), "url-xor-text", ""),
        (json!({"url": ""}).to_string(), "invalid-url", "url"),
        (json!({"url": "news"}).to_string(), "invalid-url", "url"),
        (json!({"url": "ftp://a.example/"}).to_string(), "invalid-url", "url"),
        (json!({"text": ""}).to_string(), "empty-input", "text"),
        (json!({"text": " \n\t"}).to_string(), "empty-input", "text"),
        (json!({"text": long}).to_string(), "input-too-large", "text"),
        (json!({"text": "One.", "engine": "gpt"}).to_string(), "invalid-option", "engine"),
        (json!({"text": "One.", "length": "huge"}).to_string(), "invalid-option", "length"),
        (json!({"text": "One.", "format": "poem"}).to_string(), "invalid-option", "format"),
        (json!({"text": "One.", "model": "m".repeat(200)}).to_string(), "invalid-option", "model"),
        (json!({"text": "One.", "title": "t".repeat(3000)}).to_string(), "invalid-option", "title"),
        (json!({"text": "a".repeat(4000)}).to_string(), "body-too-large", ""),
    ];
    for path in ["/api/v1/summaries", "/api/v1/summaries/stream"] {
        for (body, slug, field) in &cases {
            let answer = stage.send_json(path, body.clone()).await;
            assert_eq!(answer.problem(), *slug, "{body}");
            assert_eq!(answer.status(), if slug.ends_with("large") { 413 } else { 400 }, "{body}");
            assert_eq!(answer.json()["field"].as_str().unwrap_or_default(), *field, "{body}");
        }
    }
    assert_eq!(seen.calls().len(), 0);
}

#[tokio::test]
async fn a_limit_that_was_passed_is_named() {
    let stage = whole().start_with(Config { max_text: 1000, ..Config::default() }).await;
    let text = stage.send_json("/api/v1/summaries", json!({"text": "a".repeat(1001)}).to_string()).await;
    assert_eq!(text.json()["limit_bytes"], 1000);
    let body = stage.send_json("/api/v1/summaries", " ".repeat(3501)).await;
    assert_eq!(body.json()["limit_bytes"], 3500);
    let fits = stage.send_json("/api/v1/summaries", json!({"text": "a".repeat(1000)}).to_string()).await;
    assert_eq!(fits.status(), 200);
}

#[tokio::test]
async fn a_text_of_a_megabyte_fits_however_its_json_is_written() {
    let stage = whole().start().await;
    let escaped = format!(r#"{{"text":"{}"}}"#, r"\u00e9".repeat(500_000));
    assert_eq!(stage.send_json("/api/v1/summaries", escaped).await.status(), 200);
}

#[tokio::test]
async fn a_query_that_is_of_no_use_is_refused() {
    let stage = whole().start().await;
    for (path, slug) in [
        ("/api/v1/articles", "invalid-url"),
        ("/api/v1/articles?url=", "invalid-url"),
        ("/api/v1/articles?url=news", "invalid-url"),
        ("/api/v1/articles?url=https://a.example/&url=https://b.example/", "invalid-query"),
        ("/api/v1/articles?link=https://a.example/", "invalid-query"),
        ("/api/v1/articles/random?seed=-1", "invalid-query"),
        ("/api/v1/headlines?limit=many", "invalid-query"),
        ("/api/v1/articles/random?source=a&source=b", "invalid-query"),
        ("/api/v1/articles/random?except=https://a.example/", "invalid-query"),
        ("/api/v1/articles/random?exclude=https://a.example/&exclude=nowhere", "invalid-url"),
        ("/api/v1/summaries/stream", "invalid-url"),
        ("/api/v1/summaries/stream?url=https://a.example/&length=huge", "invalid-option"),
        ("/api/v1/summaries/stream?url=https://a.example/&text=One.", "invalid-query"),
    ] {
        let answer = stage.fetch(path).await;
        assert_eq!((answer.problem().as_str(), answer.status()), (slug, 400), "{path}");
        assert!(!answer.text().contains("deserialize"), "{}", answer.text());
    }
}

#[tokio::test]
async fn a_body_must_say_that_it_is_json() {
    let stage = whole().start().await;
    for (kind, status) in [
        (None, 415),
        (Some("text/plain"), 415),
        (Some("application/x-www-form-urlencoded"), 415),
        (Some("application/json; charset=utf-8"), 200),
        (Some("Application/JSON"), 200),
        (Some("application/ld+json"), 200),
    ] {
        let mut request = json_request("/api/v1/summaries", r#"{"text":"One."}"#);
        request.headers_mut().remove("content-type");
        if let Some(kind) = kind {
            request.headers_mut().insert("content-type", kind.parse().unwrap());
        }
        let answer = stage.ask(request).await;
        assert_eq!(answer.status(), status, "{kind:?}");
        assert!(status == 200 || answer.problem() == "unsupported-media-type", "{kind:?}");
    }
}

#[tokio::test]
async fn a_place_that_there_is_not_and_a_method_that_it_does_not_take_are_problems() {
    let stage = whole().start().await;
    for path in ["/api", "/api/v1/nothing", "/nothing", "/api/v1/articles/"] {
        let answer = stage.fetch(path).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("not-found", 404), "{path}");
        assert_eq!(answer.json()["instance"], path);
    }
    for (method, path, allow) in [
        (Method::DELETE, "/api/v1/articles", "GET,HEAD"),
        (Method::GET, "/api/v1/summaries", "POST"),
        (Method::PUT, "/api/v1/summaries/stream", "POST,GET,HEAD"),
        (Method::POST, "/livez", "GET,HEAD"),
    ] {
        let request = Request::builder().method(method).uri(path).body(Body::empty()).unwrap();
        let answer = stage.ask(request).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("method-not-allowed", 405), "{path}");
        assert_eq!(answer.header("allow"), allow);
    }
}

#[test]
fn every_kind_of_problem_has_a_test() {
    let of_services =
        OF_THE_SCRAPER.iter().map(|case| case.1).chain(OF_THE_SUMMARIZER.iter().map(|case| case.1));
    let of_requests = [
        "invalid-query",
        "invalid-json",
        "invalid-body",
        "url-xor-text",
        "body-too-large",
        "unsupported-media-type",
        "not-found",
        "method-not-allowed",
    ];
    // In `unavailable`, `stream` and `server`.
    let elsewhere =
        ["slow-request", "scraper-unavailable", "deadline-exceeded", "summary-interrupted", "shutting-down"];
    let tested: Vec<&str> = of_services.chain(of_requests).chain(elsewhere).collect();
    for kind in ProblemKind::ALL {
        assert!(tested.contains(&kind.slug()), "{kind:?}");
    }
}
