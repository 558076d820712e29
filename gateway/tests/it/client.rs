//! A client of the tests: requests to the gateway without a socket, and what may be asked of every answer.

use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http::{Request, Response};
use http_body_util::BodyExt as _;
use serde_json::Value;
use tower::Service as _;

use crate::upstream::Stage;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    head: Response<()>,
    pub(crate) body: Bytes,
}

impl Answer {
    pub(crate) async fn read(response: Response<Body>) -> Self {
        let (head, body) = response.into_parts();
        Self { head: Response::from_parts(head, ()), body: body.collect().await.unwrap().to_bytes() }
    }

    pub(crate) fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.head.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn text(&self) -> &str {
        str::from_utf8(&self.body).unwrap()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    /// The problem's slug, once everything that every problem has is there.
    pub(crate) fn problem(&self) -> String {
        assert_eq!(self.header("content-type"), "application/problem+json", "{}", self.text());
        let problem = self.json();
        assert_eq!(problem["status"], self.status());
        assert_eq!(problem["request_id"], self.header("x-request-id"));
        assert_eq!(
            problem["retry_after_s"].as_u64().unwrap_or_default().to_string(),
            match self.header("retry-after") {
                "" => "0",
                seconds => seconds,
            }
        );
        slug_of(&problem)
    }

    /// The server-sent events: each has a name and one JSON object.
    pub(crate) fn events(&self) -> Vec<(String, Value)> {
        assert_eq!(self.header("content-type"), "text/event-stream");
        events_of(self.text())
    }
}

/// The slug of a problem's type, once its words are there too.
pub(crate) fn slug_of(problem: &Value) -> String {
    assert!(problem["title"].as_str().is_some_and(|title| !title.is_empty()), "{problem}");
    assert!(problem["detail"].as_str().is_some_and(|detail| detail.ends_with('.')), "{problem}");
    assert!(problem["instance"].as_str().is_some_and(|path| path.starts_with('/')), "{problem}");
    assert!(!problem.to_string().contains("not for the reader"), "internals in {problem}");
    problem["type"].as_str().unwrap().strip_prefix("urn:nutgraf:problem:").unwrap().to_owned()
}

/// Takes a stream of events to pieces.
pub(crate) fn events_of(text: &str) -> Vec<(String, Value)> {
    let blocks = text.split("\n\n").filter(|block| !block.is_empty() && !block.starts_with(':'));
    let event = |block: &str| {
        let (name, data) = block.split_once('\n').unwrap();
        let data: Value = serde_json::from_str(data.strip_prefix("data: ").unwrap()).unwrap();
        assert!(data.as_object().is_some_and(|fields| !fields.is_empty()), "{block}");
        (name.strip_prefix("event: ").unwrap().to_owned(), data)
    };
    blocks.map(event).collect()
}

impl Stage {
    pub(crate) async fn ask(&self, request: Request<Body>) -> Answer {
        Answer::read(self.respond(request).await).await
    }

    /// The answer with its body still to come.
    pub(crate) async fn respond(&self, request: Request<Body>) -> Response<Body> {
        self.app.clone().call(request).await.unwrap()
    }

    pub(crate) async fn fetch(&self, path: &str) -> Answer {
        self.ask(Request::get(path).body(Body::empty()).unwrap()).await
    }

    /// What /readyz says once it has this status, which follows the services a moment later.
    pub(crate) async fn readiness(&self, status: u16) -> Value {
        let told = async {
            loop {
                let answer = self.fetch("/readyz").await;
                if answer.status() == status {
                    return answer.json();
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(10), told).await.unwrap()
    }

    pub(crate) async fn send_json(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.ask(json_request(path, body)).await
    }
}

/// A POST of JSON.
pub(crate) fn json_request(path: &str, body: impl Into<Body>) -> Request<Body> {
    Request::post(path).header("content-type", "application/json").body(body.into()).unwrap()
}
