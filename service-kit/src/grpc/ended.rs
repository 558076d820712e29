//! A body that tells how it ended, once: also when nobody reads it to its end.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{
    pin::Pin,
    task::{Context, Poll, ready},
};

use axum::body::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tonic::{Code, Status, body::Body};

/// How an answer's body ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum End {
    /// It came whole, with this status in its trailers.
    Whole(Code),
    /// The transport broke.
    Broken,
    /// Its reader left before the end, or needed no more than the headers.
    Left,
}

struct Observed<F: FnOnce(End)> {
    inner: Body,
    tell: Option<F>,
}

/// The same body; `tell` hears how it ended.
pub(super) fn on_end(body: Body, tell: impl FnOnce(End) + Send + Unpin + 'static) -> Body {
    Body::new(Observed { inner: body, tell: Some(tell) })
}

impl<F: FnOnce(End)> Observed<F> {
    fn end(&mut self, end: End) {
        if let Some(tell) = self.tell.take() {
            tell(end);
        }
    }
}

impl<F: FnOnce(End) + Unpin> HttpBody for Observed<F> {
    type Data = Bytes;
    type Error = Status;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Status>>> {
        let frame = ready!(Pin::new(&mut self.inner).poll_frame(context));
        match &frame {
            Some(Ok(frame)) => {
                if let Some(trailers) = frame.trailers_ref() {
                    let status = Status::from_header_map(trailers);
                    self.end(End::Whole(status.map_or(Code::Unknown, |status| status.code())));
                }
            }
            Some(Err(_)) => self.end(End::Broken),
            None => self.end(End::Whole(Code::Unknown)),
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

impl<F: FnOnce(End)> Drop for Observed<F> {
    fn drop(&mut self) {
        self.end(End::Left);
    }
}
