//! Errors as a client receives them: one of five kinds, whatever way tonic chose to say it.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{collections::HashMap, error::Error as _, time::Duration};

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use super::rejection::ERROR_DOMAIN;

/// What kind of failure it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FaultKind {
    /// The service answered, and said why it refuses.
    Rejected,
    /// The time was up, on either side.
    Timeout,
    /// No service there, or the connection broke.
    Unreachable,
    /// The call was cancelled.
    Cancelled,
    /// The service failed without a reason of its own.
    Internal,
}

/// A failed call.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{kind:?}: {message}")]
pub struct Fault {
    /// What kind of failure it is.
    pub kind: FaultKind,
    /// The service's `ErrorReason`, for [`FaultKind::Rejected`].
    pub reason: Option<String>,
    /// What the service, or the transport, said.
    pub message: String,
    /// `ErrorInfo.metadata`.
    pub metadata: HashMap<String, String>,
    /// `RetryInfo.retry_delay`.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// Reads a status.
    pub fn from_status(status: &Status) -> Self {
        let info = status.get_details_error_info().filter(|info| info.domain == ERROR_DOMAIN);
        let retry_after = status.get_details_retry_info().and_then(|info| info.retry_delay);
        let (reason, metadata) = info.map(|info| (info.reason, info.metadata)).unzip();
        Self {
            kind: if reason.is_some() { FaultKind::Rejected } else { kind(status) },
            reason,
            message: status.message().to_owned(),
            metadata: metadata.unwrap_or_default(),
            retry_after,
        }
    }

    /// A call that got no answer in time.
    pub fn timeout(message: &str) -> Self {
        Self::plain(FaultKind::Timeout, message)
    }

    /// A stream that ended before its last message.
    pub fn broken(message: &str) -> Self {
        Self::plain(FaultKind::Unreachable, message)
    }

    fn plain(kind: FaultKind, message: &str) -> Self {
        Self { kind, reason: None, message: message.to_owned(), metadata: HashMap::new(), retry_after: None }
    }
}

/// tonic reports its own timeout as `Cancelled`, a killed peer as `Unknown` and a reset as `ResourceExhausted`; what
/// comes from the transport has a source, what a peer sent has none.
fn kind(status: &Status) -> FaultKind {
    match status.code() {
        Code::DeadlineExceeded => FaultKind::Timeout,
        Code::Cancelled if status.message() == "Timeout expired" => FaultKind::Timeout,
        Code::Unavailable => FaultKind::Unreachable,
        _ if status.source().is_some() => FaultKind::Unreachable,
        Code::Cancelled => FaultKind::Cancelled,
        _ => FaultKind::Internal,
    }
}

#[cfg(test)]
mod tests {
    use super::super::rejection::Rejection;
    use super::*;

    #[test]
    fn a_rejection_arrives_as_it_was_sent() {
        let rejection = Rejection {
            code: Code::ResourceExhausted,
            reason: "QUEUE_FULL",
            message: "The queue is full.".to_owned(),
            metadata: vec![("limit", "64".to_owned())],
            retry_after: Some(Duration::from_secs(3)),
        };
        let fault = Fault::from_status(&rejection.into_status());
        assert_eq!((fault.kind, fault.reason.as_deref()), (FaultKind::Rejected, Some("QUEUE_FULL")));
        assert_eq!(fault.retry_after, Some(Duration::from_secs(3)));
        assert_eq!(fault.metadata.get("limit").map(String::as_str), Some("64"));
    }

    #[test]
    fn both_ways_to_say_timeout_are_timeouts() {
        for status in [Status::cancelled("Timeout expired"), Status::deadline_exceeded("late")] {
            assert_eq!(Fault::from_status(&status).kind, FaultKind::Timeout);
        }
        assert_eq!(Fault::from_status(&Status::cancelled("gone")).kind, FaultKind::Cancelled);
    }

    #[test]
    fn a_status_of_another_domain_is_no_rejection_of_ours() {
        assert_eq!(Fault::from_status(&Status::internal("boom")).kind, FaultKind::Internal);
        assert_eq!(Fault::from_status(&Status::unavailable("down")).kind, FaultKind::Unreachable);
    }
}
