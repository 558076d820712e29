//! The two routes that older clients know, to the byte.

use axum::body::Body;
use http::Request;

use crate::{client::Answer, material::whole, upstream::Stage};

async fn get_with_body(stage: &Stage, body: &'static str) -> Answer {
    stage.ask(Request::get("/api/v1/get/summary").body(Body::from(body)).unwrap()).await
}

#[tokio::test]
async fn news_has_a_title_and_a_content_and_nothing_else() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let answer = upstream.start().await.fetch("/api/v1/get/news").await;
    let body = r#"{"title":"A \"bridge\" opens","content":"The bridge opened — at last.\nWhy so late"}"#;
    assert_eq!((answer.status(), answer.text()), (200, body));
    assert_eq!(answer.header("content-type"), "application/json");
    assert!(seen.calls()[0].message.contains(r#"source_id: "", seed: None"#), "{seen:?}");
}

#[tokio::test]
async fn a_get_with_a_body_has_a_summary_and_nothing_else() {
    let stage = whole().start().await;
    for body in [r#"{"content":"One. Two."}"#, r#"{"content":"One. Two.","more":1}"#] {
        let answer = get_with_body(&stage, body).await;
        assert_eq!((answer.status(), answer.text()), (200, r#"{"summary":"One. Two."}"#));
        assert_eq!(answer.header("content-type"), "application/json");
    }
}

#[tokio::test]
async fn a_get_whose_body_is_of_no_use_is_a_problem() {
    let stage = whole().start().await;
    for (body, slug) in [
        ("", "invalid-json"),
        ("content", "invalid-json"),
        ("{}", "invalid-body"),
        (r#"{"content":5}"#, "invalid-body"),
        (r#"{"content":" "}"#, "empty-input"),
    ] {
        let answer = get_with_body(&stage, body).await;
        assert_eq!((answer.status(), answer.problem().as_str()), (400, slug), "{body}");
    }
}
