//! Articles that are kept, so that what a page shows is what gets summarized.

use std::time::Duration;

use gateway::{clients::scraper::ScraperError, config::Config};
use serde_json::json;
use service_kit::request_id::RequestId;

use crate::{
    material::{URL, whole},
    upstream::refused,
};

#[tokio::test]
async fn an_article_that_was_shown_is_the_one_that_gets_summarized() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    stage.fetch(&format!("/api/v1/articles?url={URL}%23comments")).await;
    stage.send_json("/api/v1/summaries", json!({"url": URL}).to_string()).await;
    assert_eq!((seen.count("get_article"), seen.count("summarize")), (1, 1));
}

#[tokio::test]
async fn an_article_is_kept_by_the_address_that_it_was_asked_for_and_by_its_own() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for url in ["https://short.example/x", "https://short.example/x", URL] {
        stage.fetch(&format!("/api/v1/articles?url={url}")).await;
    }
    assert_eq!(seen.count("get_article"), 1);
}

#[tokio::test]
async fn a_random_article_is_kept() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    stage.fetch("/api/v1/articles/random").await;
    stage.fetch("/api/v1/articles/random").await;
    stage.fetch(&format!("/api/v1/articles?url={URL}")).await;
    assert_eq!((seen.count("get_random_article"), seen.count("get_article")), (2, 0));
}

#[tokio::test]
async fn callers_for_one_article_share_one_fetch() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let path = format!("/api/v1/articles?url={URL}");
    let answers = futures::future::join_all((0..16).map(|_| stage.fetch(&path))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(seen.count("get_article"), 1);
}

#[tokio::test]
async fn nothing_is_kept_of_an_error_or_without_room() {
    let mut upstream = whole();
    upstream.article = Err(refused("BUSY"));
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let path = format!("/api/v1/articles?url={URL}");
    for _ in 0..2 {
        stage.fetch(&path).await;
    }
    assert_eq!(seen.count("get_article"), 2);

    let upstream = whole();
    let seen = upstream.seen.clone();
    let config = Config { article_cache: 0, article_age: Duration::from_secs(1), ..Config::default() };
    let stage = upstream.start_with(config).await;
    for _ in 0..2 {
        stage.fetch(&path).await;
    }
    assert_eq!(seen.count("get_article"), 2);
}

#[tokio::test]
async fn whoever_shares_a_fetch_is_not_bound_by_anothers_deadline() {
    let stage = whole().start().await;
    let call = |millis| stage.state.call(&RequestId::generate(), Duration::from_millis(millis));
    let url = URL.parse().unwrap();
    stage.scraper.stall();
    let hurried = async {
        let hurried = stage.state.digests.article(&url, &call(200)).await;
        stage.scraper.mend();
        hurried
    };
    let (hurried, patient) =
        tokio::join!(hurried, async { stage.state.digests.article(&url, &call(9000)).await });
    assert_eq!(hurried, Err(ScraperError::DeadlineExceeded.into()));
    assert_eq!(patient.unwrap().url, URL);
}
