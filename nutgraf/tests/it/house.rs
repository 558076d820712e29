//! The three services together, each on a port of its own, with wires between them that can be broken.

use std::time::Duration;

use gateway::config::{Config, ServiceAddresses};
use serde_json::{Value, json};
use service_kit::{
    shutdown::DrainArgs,
    testing::{Wire, listener},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::client::{Answer, ask};

const DRAIN: DrainArgs = DrainArgs::at_once(Duration::from_secs(5));

/// The services and the gateway, until it is dropped.
pub(crate) struct House {
    base: String,
    scraper: Wire,
    summarizer: Wire,
    _stop: DropGuard,
}

impl House {
    pub(crate) async fn open() -> Self {
        let stop = CancellationToken::new();
        let at = listener().await.unwrap();
        let scraper = Wire::to(at.local_addr().unwrap()).await.unwrap();
        let newsroom = "127.0.0.1:0".parse().unwrap();
        let (config, token) = (scraper_svc::config::Config { newsroom, ..Default::default() }, stop.clone());
        tokio::spawn(async move { scraper_svc::serve(at, config, &DRAIN, token).await.unwrap() });
        let at = listener().await.unwrap();
        let summarizer = Wire::to(at.local_addr().unwrap()).await.unwrap();
        let token = stop.clone();
        tokio::spawn(async move {
            let config = summarizer_svc::config::Config::default();
            summarizer_svc::serve(at, config, &DRAIN, token).await.unwrap();
        });
        let at = listener().await.unwrap();
        let base = format!("http://{}", at.local_addr().unwrap());
        let services =
            ServiceAddresses { scraper: scraper.address.into(), summarizer: summarizer.address.into() };
        let token = stop.clone();
        tokio::spawn(async move { gateway::serve(at, &services, Config::default(), &DRAIN, token).await });
        let house = Self { base, scraper, summarizer, _stop: stop.drop_guard() };
        house.until_ready().await;
        house
    }

    /// Waits until the gateway has found both services.
    async fn until_ready(&self) {
        let ready = async { while self.get("/readyz").await.status != 200 {} };
        let found = tokio::time::timeout(Duration::from_secs(30), ready).await;
        assert!(found.is_ok(), "a service is not found");
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        ask("GET", &format!("{}{path}", self.base), None).await
    }

    async fn post(&self, path: &str, body: &Value) -> Answer {
        ask("POST", &format!("{}{path}", self.base), Some(body)).await
    }
}

/// The status and the slug of a problem.
fn problem(answer: &Answer) -> (u16, String) {
    assert_ne!(answer.status, 200, "{}", answer.text);
    (answer.status, answer.json()["type"].as_str().unwrap().replace("urn:nutgraf:problem:", ""))
}

/// Asserts that every sentence is, word for word, what stands in its passages.
fn assert_grounded(summary: &Value, paragraphs: &[&str]) {
    let sentences = summary["sentences"].as_array().unwrap();
    assert!(!sentences.is_empty());
    for sentence in sentences {
        let passages = sentence["spans"].as_array().unwrap().iter().map(|span| {
            let number = |name: &str| usize::try_from(span[name].as_u64().unwrap()).unwrap();
            let text = paragraphs[number("paragraph")].chars().skip(number("start"));
            text.take(number("end") - number("start")).collect::<String>()
        });
        assert_eq!(sentence["text"], passages.collect::<Vec<_>>().join(" "));
    }
}

fn texts(article: &Value) -> Vec<&str> {
    let paragraphs = article["paragraphs"].as_array().unwrap();
    paragraphs.iter().map(|paragraph| paragraph["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_sentence_of_a_summary_stands_where_its_spans_say() {
    let house = House::open().await;
    for (seed, format) in [(1, "paragraph"), (2, "bullets"), (3, "paragraph")] {
        let article = house.get(&format!("/api/v1/articles/random?seed={seed}")).await.json();
        let request = json!({"url": article["url"], "length": "long", "format": format});
        let answer = house.post("/api/v1/summaries", &request).await.json();
        assert_eq!(answer["article"], article);
        assert_grounded(&answer["summary"], &texts(&article));
    }
    let lines = ["Snow fell on Monday in Fennick.", "Schools stayed shut.", "The ferry sailed on time."];
    let request = json!({"text": lines.join("\n\n"), "length": "short"});
    let answer = house.post("/api/v1/summaries", &request).await.json();
    assert_grounded(&answer["summary"], &lines);
}

#[tokio::test]
async fn an_older_client_gets_news_and_its_summary() {
    let house = House::open().await;
    let news = house.get("/api/v1/get/news").await.json();
    assert_eq!(news.as_object().unwrap().keys().collect::<Vec<_>>(), ["content", "title"]);
    let content = json!({"content": news["content"]});
    let answer = ask("GET", &format!("{}/api/v1/get/summary", house.base), Some(&content)).await.json();
    assert_eq!(answer.as_object().unwrap().keys().collect::<Vec<_>>(), ["summary"]);
    let summary = answer["summary"].as_str().unwrap();
    let (content, first) = (news["content"].as_str().unwrap(), summary.split_inclusive('.').next().unwrap());
    assert!(content.contains(first) && summary.len() < content.len() / 2, "{summary}");
}

#[tokio::test]
async fn a_stream_tells_each_step_and_ends_with_what_the_whole_answer_says() {
    let house = House::open().await;
    let url = house.get("/api/v1/articles/random?seed=1").await.json()["url"].clone();
    let stream = house.post("/api/v1/summaries/stream", &json!({"url": url})).await.text;
    let events: Vec<(&str, Value)> = stream
        .split("\n\n")
        .filter_map(|event| event.strip_prefix("event: ")?.split_once("\ndata: "))
        .map(|(name, data)| (name, serde_json::from_str(data).unwrap()))
        .collect();
    let first = |name: &str| events.iter().position(|(found, _)| *found == name).unwrap();
    assert!(first("article") < first("accepted") && first("accepted") < first("delta"), "{stream}");
    let written: String = events
        .iter()
        .filter(|(name, _)| *name == "delta")
        .filter_map(|(_, data)| data["text"].as_str())
        .collect();
    let (last, summary) = events.last().unwrap();
    assert_eq!((*last, summary["text"].as_str()), ("done", Some(written.as_str())));
    let whole = house.post("/api/v1/summaries", &json!({"url": url})).await.json();
    assert_eq!(whole["summary"]["sentences"], summary["sentences"]);
}

#[tokio::test]
async fn a_service_that_is_gone_is_named_and_the_other_goes_on() {
    let house = House::open().await;
    let text = json!({"text": "One. Two. Three. Four."});
    house.summarizer.cut();
    let gone = problem(&house.post("/api/v1/summaries", &text).await);
    assert_eq!(gone, (503, "summarizer-unavailable".to_owned()));
    assert_eq!(house.get("/readyz").await.status, 503);
    assert_eq!(house.get("/api/v1/headlines").await.status, 200);
    house.summarizer.mend();
    house.until_ready().await;
    house.scraper.cut();
    let gone = problem(&house.get("/api/v1/headlines").await);
    assert_eq!(gone, (503, "scraper-unavailable".to_owned()));
    assert_eq!(house.post("/api/v1/summaries", &text).await.status, 200);
    house.scraper.mend();
    house.until_ready().await;
    assert_eq!(house.get("/api/v1/headlines").await.status, 200);
}

#[tokio::test]
async fn what_leads_nowhere_is_refused_by_the_service_that_knows() {
    let house = House::open().await;
    for (path, status, slug) in [
        ("/api/v1/articles?url=http://127.0.0.1:1/", 403, "private-address"),
        ("/api/v1/articles?url=http://[::ffff:10.0.0.1]/", 403, "private-address"),
        ("/api/v1/headlines?source=nobody", 404, "unknown-source"),
    ] {
        assert_eq!(problem(&house.get(path).await), (status, slug.to_owned()));
    }
    let headlines = house.get("/api/v1/headlines").await.json();
    let site = headlines["headlines"][0]["url"].as_str().unwrap().split("/news/").next().unwrap();
    for (page, slug) in
        [("/news/none", "page-not-found"), ("/", "not-article"), ("/account/x", "robots-disallowed")]
    {
        let answer = house.get(&format!("/api/v1/articles?url={site}{page}")).await;
        assert_eq!(problem(&answer).1, slug, "{page}");
    }
    let request = json!({"text": "One. Two. Three.", "engine": "abstractive"});
    assert_eq!(problem(&house.post("/api/v1/summaries", &request).await).1, "engine-unavailable");
}
