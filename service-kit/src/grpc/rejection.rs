//! Errors as a service sends them: a status with machine-readable details.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{collections::HashMap, time::Duration};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

/// `google.rpc.ErrorInfo.domain` of every error of ours.
pub const ERROR_DOMAIN: &str = "nutgraf";

/// Why a service refuses or fails a call ([AIP-193](https://google.aip.dev/193)).
#[derive(Debug, Clone)]
pub struct Rejection {
    /// The canonical code.
    pub code: Code,
    /// Stable name from the service's `ErrorReason`, without its prefix.
    pub reason: &'static str,
    /// One sentence for the caller; no internals.
    pub message: String,
    /// Details that a program can read.
    pub metadata: Vec<(&'static str, String)>,
    /// When to try again, where waiting helps.
    pub retry_after: Option<Duration>,
}

impl Rejection {
    /// The status that goes over the wire, with `ErrorInfo` and, where there is a delay, `RetryInfo`.
    pub fn into_status(self) -> Status {
        let metadata: HashMap<String, String> =
            self.metadata.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
        let mut details = ErrorDetails::with_error_info(self.reason, ERROR_DOMAIN, metadata);
        if self.retry_after.is_some() {
            details.set_retry_info(self.retry_after);
        }
        Status::with_error_details(self.code, self.message, details)
    }
}
