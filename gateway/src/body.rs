//! Reads request bodies, within a size and a time.

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use bytes::BytesMut;
use http::header::{CONTENT_LENGTH, EXPECT};
use http_body_util::BodyExt as _;
use tokio::time::timeout;

use crate::{
    error::{Problem, ProblemKind},
    state::AppState,
};

/// Reads the whole body before the handler runs, so that one that is too large or too slow is one problem everywhere.
pub(crate) async fn buffer(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let limit = state.config.max_body();
    if refuses_upload(&request, limit) {
        return Problem::too_large(ProblemKind::BodyTooLarge, limit).into_response();
    }
    let (parts, body) = request.into_parts();
    match timeout(state.config.read_timeout, read(body, limit)).await {
        Ok(Ok(body)) => next.run(Request::from_parts(parts, body)).await,
        Ok(Err(problem)) => problem.into_response(),
        Err(_) => Problem::new(ProblemKind::SlowRequest).into_response(),
    }
}

/// Whether the client asks first (RFC 9110, 10.1.1), and says that the body is larger than `limit`.
fn refuses_upload(request: &Request, limit: usize) -> bool {
    let headers = request.headers();
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok());
    headers.contains_key(EXPECT)
        && length.and_then(|length| length.parse::<u64>().ok()).is_some_and(|length| length > limit as u64)
}

async fn read(mut body: Body, limit: usize) -> Result<Body, Problem> {
    let mut read = BytesMut::new();
    let mut length: usize = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            Problem::new(ProblemKind::InvalidBody)
                .with_detail("The request's body broke off; send it again.")
                .with_cause(error.to_string())
        })?;
        let Ok(data) = frame.into_data() else { continue };
        length = length.saturating_add(data.len());
        if length <= limit {
            read.extend_from_slice(&data);
        } else if length > limit.saturating_mul(4) {
            break;
        }
        // A little more is read and dropped: most clients look for the answer only when they have sent everything.
    }
    if length > limit {
        Err(Problem::too_large(ProblemKind::BodyTooLarge, limit))
    } else {
        Ok(Body::from(read.freeze()))
    }
}
