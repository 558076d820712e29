//! One log line per call, in a span that has the caller's request id; its figures; and a panic becomes INTERNAL.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{panic::AssertUnwindSafe, sync::LazyLock, time::Instant};

use axum::{extract::Request, middleware::Next, response::Response};
use futures::FutureExt as _;
use tonic::{Code, Status, body::Body};
use tracing::Instrument as _;

use super::ended::{End, on_end};
use crate::{
    metrics::Answers,
    request_id::{self, RequestId},
};

static CALLS: LazyLock<Answers> =
    LazyLock::new(|| Answers::register("grpc_calls", "Calls that were answered", ("method", "code")));

/// Middleware around every call.
pub(super) async fn observe(request: Request, next: Next) -> Response {
    let method = request.uri().path().trim_start_matches('/').to_owned();
    let id = request.headers().get(request_id::HEADER).and_then(|value| value.to_str().ok());
    let id = id.and_then(RequestId::parse);
    let span = tracing::info_span!(
        "call",
        method = method.as_str(),
        request_id = id.as_ref().map(RequestId::as_str)
    );
    async {
        let mut call = Call { began: Instant::now(), ended: false };
        let figure = Figure { method, began: Instant::now(), code: Code::Cancelled };
        let answer = AssertUnwindSafe(next.run(request)).catch_unwind().await;
        let response = answer.unwrap_or_else(|_| {
            tracing::error!("the handler panicked");
            Status::internal("The service failed on this request. Please report it.").into_http()
        });
        call.end(&response);
        figure.follow(response)
    }
    .instrument(span)
    .await
}

/// Counts a call when its answer has ended, a stream with its last message; as cancelled if nobody waited for that.
struct Figure {
    method: String,
    began: Instant,
    code: Code,
}

impl Figure {
    fn follow(mut self, response: Response) -> Response {
        if let Some(status) = Status::from_header_map(response.headers()) {
            self.code = status.code();
            return response;
        }
        response.map(|body| axum::body::Body::new(on_end(Body::new(body), move |end| self.ended(end))))
    }

    fn ended(mut self, end: End) {
        self.code = match end {
            End::Whole(code) => code,
            End::Broken => Code::Unknown,
            End::Left => Code::Cancelled,
        };
    }
}

impl Drop for Figure {
    fn drop(&mut self) {
        // Callers make up names for what is not there.
        let method = if self.code == Code::Unimplemented { "unknown" } else { &self.method };
        CALLS.add(method, &format!("{:?}", self.code), self.began.elapsed());
    }
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
