//! One log line per call, in a span that has the caller's request id; and a panic becomes INTERNAL.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{panic::AssertUnwindSafe, time::Instant};

use axum::{extract::Request, middleware::Next, response::Response};
use futures::FutureExt as _;
use tonic::{Code, Status};
use tracing::Instrument as _;

use crate::request_id::{self, RequestId};

/// Middleware around every call.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let id = request.headers().get(request_id::HEADER).and_then(|value| value.to_str().ok());
    let id = id.and_then(RequestId::parse);
    let span = tracing::info_span!("call", method, request_id = id.as_ref().map(RequestId::as_str));
    async {
        let mut call = Call { began: Instant::now(), ended: false };
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answer.unwrap_or_else(|_| {
            tracing::error!("the handler panicked");
            Status::internal("The service failed on this request. Please report it.").into_http()
        });
        call.end(&response);
        response
    }
    .instrument(span)
    .await
}

/// Logs how a call ended, also when nobody waited for it.
struct Call {
    began: Instant,
    ended: bool,
}

impl Call {
    fn end(&mut self, response: &Response) {
        self.ended = true;
        let code = Status::from_header_map(response.headers()).map_or(Code::Ok, |status| status.code());
        let elapsed_ms = self.began.elapsed().as_secs_f64() * 1e3;
        // The level follows the fault: ours is an error, a caller's is not.
        match code {
            Code::Ok => tracing::debug!(elapsed_ms, "answered"),
            Code::Internal | Code::Unknown | Code::DataLoss | Code::Unimplemented => {
                tracing::error!(elapsed_ms, ?code, "failed");
            }
            _ => tracing::info!(elapsed_ms, ?code, "refused"),
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if !self.ended {
            tracing::info!(
                elapsed_ms = self.began.elapsed().as_secs_f64() * 1e3,
                "the caller left, or its time was up"
            );
        }
    }
}
