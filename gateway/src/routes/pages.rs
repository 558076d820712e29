//! The page.

use axum::{
    Json, Router,
    response::{IntoResponse as _, Response},
};
use service_kit::request_id::RequestId;

use crate::{error::Problem, state::AppState};

/// The routes that answer HTML.
pub(crate) fn router() -> Router<AppState> {
    Router::new()
}

/// A problem as a page, for callers that asked for HTML; `path` is the request's. The caller sets the headers that go with it.
pub(crate) fn problem_page(problem: &Problem, request_id: &RequestId, path: &str) -> Response {
    (problem.kind.status(), Json(problem.document(request_id, path))).into_response()
}
