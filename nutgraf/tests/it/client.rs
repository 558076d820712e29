//! A client that needs no TLS.

use http::Request;
use http_body_util::{BodyExt as _, Full};
use hyper_util::{
    client::legacy::{Client, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde_json::Value;

/// An answer, read to its end.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap()
    }
}

/// A request on a connection of its own.
pub(crate) async fn ask(method: &str, url: &str, json: Option<&Value>) -> Answer {
    let body = json.map(Value::to_string).unwrap_or_default();
    let mut request = Request::builder().method(method).uri(url);
    if json.is_some() {
        request = request.header("content-type", "application/json");
    }
    let client: Client<_, Full<std::io::Cursor<String>>> =
        Client::builder(TokioExecutor::new()).build(HttpConnector::new());
    let (head, body) = client
        .request(request.body(Full::new(std::io::Cursor::new(body))).unwrap())
        .await
        .unwrap()
        .into_parts();
    let bytes = body.collect().await.unwrap().to_bytes();
    Answer { status: head.status.as_u16(), text: String::from_utf8(bytes.to_vec()).unwrap() }
}
