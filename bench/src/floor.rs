//! The least that a gateway can do: a bare axum server that sends the text on over tonic, and the answer back as JSON.

use axum::{Json, Router, extract::State, http::StatusCode, routing::post};
use nutgraf_proto::summarizer::v1::{self as pb, summarizer_service_client::SummarizerServiceClient};
use serde_json::{Value, json};
use service_kit::grpc::{GrpcAddress, channel};
use tokio::net::TcpListener;

use crate::BenchError;

#[expect(clippy::disallowed_types, reason = "a bare channel is what it is about")]
type Client = SummarizerServiceClient<tonic::transport::Channel>;

pub(crate) async fn serve(listener: TcpListener, summarizer: &GrpcAddress) -> Result<(), BenchError> {
    let client = SummarizerServiceClient::new(channel(summarizer));
    let app = Router::new().route("/api/v1/summaries", post(summarize)).with_state(client);
    Ok(axum::serve(listener, app).await?)
}

async fn summarize(
    State(mut client): State<Client>,
    Json(request): Json<Value>,
) -> Result<Json<Value>, StatusCode> {
    let text = request.get("text").and_then(Value::as_str).unwrap_or_default().to_owned();
    let input = pb::SummaryInput {
        content: Some(pb::summary_input::Content::Text(text)),
        ..pb::SummaryInput::default()
    };
    let answer = client.summarize(pb::SummarizeRequest { input: Some(input) }).await;
    let summary = answer.map_err(|_| StatusCode::BAD_GATEWAY)?.into_inner().summary.unwrap_or_default();
    let sentences: Vec<Value> =
        summary.sentences.into_iter().map(|sentence| json!({ "text": sentence.text })).collect();
    Ok(Json(json!({ "summary": { "sentences": sentences, "replica": summary.replica } })))
}
