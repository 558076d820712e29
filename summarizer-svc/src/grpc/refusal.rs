//! Errors on their way out.

use http::HeaderMap;
use service_kit::grpc::Rejection;
use tonic::{Code, Status, body::Body};

use crate::{
    models::ModelStatus,
    summarize::{Limit, SummarizeError},
};

/// An error of the domain as the wire says it.
pub(super) fn status(error: &SummarizeError) -> Status {
    let message = error.to_string();
    let (code, reason, metadata, retry_after) = match error {
        SummarizeError::EmptyInput => (Code::InvalidArgument, "EMPTY_INPUT", vec![], None),
        SummarizeError::InputTooLarge { limit } => {
            (Code::InvalidArgument, "INPUT_TOO_LARGE", vec![exceeded(*limit)], None)
        }
        SummarizeError::EngineUnavailable => (Code::FailedPrecondition, "ENGINE_UNAVAILABLE", vec![], None),
        SummarizeError::UnknownModel => (Code::NotFound, "UNKNOWN_MODEL", vec![], None),
        SummarizeError::ModelFailed(name) => {
            (Code::FailedPrecondition, "ENGINE_UNAVAILABLE", vec![("model", name.clone())], None)
        }
        SummarizeError::ModelNotReady { status, retry_after } => {
            (Code::Unavailable, "MODEL_NOT_READY", how_far(status), Some(*retry_after))
        }
        SummarizeError::InvalidOption(_) => {
            (Code::InvalidArgument, "INVALID_OPTION", vec![("field", "generation".to_owned())], None)
        }
        SummarizeError::NothingToSummarize => {
            (Code::FailedPrecondition, "NOTHING_TO_SUMMARIZE", vec![], None)
        }
        SummarizeError::QueueFull { retry_after } => {
            (Code::ResourceExhausted, "QUEUE_FULL", vec![], Some(*retry_after))
        }
        SummarizeError::ShuttingDown => (Code::Unavailable, "SHUTTING_DOWN", vec![], None),
        SummarizeError::TimedOut => return Status::deadline_exceeded(message),
        SummarizeError::Internal => (Code::Internal, "INTERNAL", vec![], None),
    };
    Rejection { code, reason, message, metadata, retry_after }.into_status()
}

/// A field has a value that it can't have.
pub(super) fn invalid(field: &'static str) -> Status {
    Rejection {
        code: Code::InvalidArgument,
        reason: "INVALID_OPTION",
        message: format!("The field `{field}` has a value that it can't have."),
        metadata: vec![("field", field.to_owned())],
        retry_after: None,
    }
    .into_status()
}

/// tonic refuses a message above the decoding limit before the service sees it, with a bare OUT_OF_RANGE, which nothing
/// else here answers with; this says it in our own words.
pub(super) fn oversized(answer: http::Response<Body>, max_input: usize) -> http::Response<Body> {
    if code(answer.headers()) == Some(Code::OutOfRange) {
        status(&SummarizeError::InputTooLarge { limit: Limit::Bytes(max_input) }).into_http()
    } else {
        answer
    }
}

fn code(headers: &HeaderMap) -> Option<Code> {
    headers.get("grpc-status").map(|value| Code::from_bytes(value.as_bytes()))
}

fn how_far(status: &ModelStatus) -> Vec<(&'static str, String)> {
    let (done, total) = status.downloaded;
    vec![
        ("model", status.name.clone()),
        ("state", status.state.as_str().to_owned()),
        ("downloaded_bytes", done.to_string()),
        ("download_bytes", total.to_string()),
    ]
}

fn exceeded(limit: Limit) -> (&'static str, String) {
    match limit {
        Limit::Bytes(limit) => ("limit_bytes", limit.to_string()),
        Limit::Paragraphs(limit) => ("limit_paragraphs", limit.to_string()),
    }
}
