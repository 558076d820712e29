//! A problem as it goes over the wire.

use std::borrow::Cow;

use serde::Serialize;
use service_kit::request_id::RequestId;
use utoipa::ToSchema;

use crate::{error::Problem, model::ModelState};

/// A problem as RFC 9457 sets it down (`application/problem+json`).
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemDocument {
    /// Stable name of the kind of problem, as a URN.
    #[serde(rename = "type")]
    #[schema(example = "urn:nutgraf:problem:not-article")]
    kind: String,
    /// What happened, in a few words.
    title: &'static str,
    /// The HTTP status.
    status: u16,
    /// What happened and what to do next.
    #[schema(value_type = String)]
    detail: Cow<'static, str>,
    /// Path of the request.
    instance: String,
    /// Name of the request in the logs.
    request_id: String,
    /// Whether the same request may succeed later.
    retryable: bool,
    /// The field of the request that has the mistake.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String)]
    field: Option<Cow<'static, str>>,
    /// Seconds to wait before trying again.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    retry_after_s: Option<u64>,
    /// The limit that was passed, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    limit_bytes: Option<usize>,
    /// The status that the news site answered with.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u16, required = false)]
    site_status: Option<u16>,
    /// The model that is not ready.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    model: Option<String>,
    /// What that model is doing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = ModelState, required = false)]
    model_state: Option<ModelState>,
    /// Bytes of that model that are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    downloaded_bytes: Option<u64>,
    /// Bytes of that model in all.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = u64, required = false)]
    download_bytes: Option<u64>,
}

impl ProblemDocument {
    /// The problem that the request of this name, for this path, ended with.
    pub fn new(problem: &Problem, request_id: &RequestId, path: &str) -> Self {
        let awaited = problem.awaited.as_deref();
        Self {
            kind: format!("urn:nutgraf:problem:{}", problem.kind.slug()),
            title: problem.kind.title(),
            status: problem.kind.status().as_u16(),
            detail: problem.detail.clone(),
            instance: path.to_owned(),
            request_id: request_id.to_string(),
            retryable: problem.is_retryable(),
            field: problem.field.clone(),
            retry_after_s: problem.retry_after_s(),
            limit_bytes: problem.limit_bytes,
            site_status: problem.site_status,
            model: awaited.and_then(|model| model.id.clone()),
            model_state: awaited.and_then(|model| model.state),
            downloaded_bytes: awaited.and_then(|model| model.downloaded_bytes),
            download_bytes: awaited.and_then(|model| model.download_bytes),
        }
    }
}
