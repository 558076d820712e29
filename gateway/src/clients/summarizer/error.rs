//! Why the summarizer gave no answer.

use std::{collections::HashMap, time::Duration};

use nutgraf_proto::summarizer::v1::ErrorReason;
use service_kit::grpc::{Fault, FaultKind};

use crate::model::{AwaitedModel, ModelState};

/// Why the summarizer gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummarizerError {
    /// Nothing but white space.
    #[error("the text is empty")]
    EmptyInput,
    /// More text than the summarizer takes.
    #[error("the text is too large")]
    InputTooLarge {
        /// The limit in bytes.
        limit_bytes: Option<usize>,
    },
    /// A field has a value that it can't have.
    #[error("an option is not valid: {field:?}")]
    InvalidOption {
        /// The field.
        field: Option<String>,
    },
    /// There is no such engine, or its model can't be loaded.
    #[error("the engine is not there: {model:?}")]
    EngineUnavailable {
        /// The model that can't be loaded.
        model: Option<String>,
    },
    /// No model has this name.
    #[error("the model is not known")]
    UnknownModel,
    /// The model is being downloaded or loaded.
    #[error("the model is not ready: {model:?}")]
    ModelNotReady {
        /// When to try again.
        retry_after: Option<Duration>,
        /// Which one, and how far it is.
        model: AwaitedModel,
    },
    /// The queue is full.
    #[error("the queue is full")]
    QueueFull {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// Nothing is left without boilerplate.
    #[error("there is nothing to summarize")]
    NothingToSummarize,
    /// The stream ended before the summary was done.
    #[error("the stream broke: {cause}")]
    Interrupted {
        /// What the transport said.
        cause: String,
    },
    /// The summarizer is not there.
    #[error("the summarizer is unavailable: {cause}")]
    Unavailable {
        /// What the transport said.
        cause: String,
    },
    /// There was no answer in time.
    #[error("the summarizer did not answer in time")]
    DeadlineExceeded,
    /// The summarizer failed, or answered what it must not.
    #[error("the summarizer failed: {cause}")]
    Internal {
        /// What it said.
        cause: String,
    },
}

impl SummarizerError {
    /// The same for a stream that was under way: a summarizer that is gone has interrupted it.
    pub(super) fn midway(self) -> Self {
        match self {
            Self::Unavailable { cause } => Self::Interrupted { cause },
            other => other,
        }
    }
}

impl From<Fault> for SummarizerError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Rejected => rejected(fault),
            FaultKind::Timeout => Self::DeadlineExceeded,
            FaultKind::Unreachable | FaultKind::Cancelled => Self::Unavailable { cause: fault.message },
            FaultKind::Internal => Self::Internal { cause: fault.message },
        }
    }
}

/// The reason that the summarizer gave.
fn rejected(mut fault: Fault) -> SummarizerError {
    let reason = fault.reason.as_deref().unwrap_or_default();
    let Some(reason) = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")) else {
        return SummarizerError::Internal { cause: format!("unknown reason {reason}: {}", fault.message) };
    };
    let retry_after = fault.retry_after;
    match reason {
        ErrorReason::EmptyInput => SummarizerError::EmptyInput,
        ErrorReason::InputTooLarge => SummarizerError::InputTooLarge {
            limit_bytes: fault.metadata.get("limit_bytes").and_then(|limit| limit.parse().ok()),
        },
        ErrorReason::InvalidOption => {
            SummarizerError::InvalidOption { field: fault.metadata.remove("field") }
        }
        ErrorReason::EngineUnavailable => {
            SummarizerError::EngineUnavailable { model: fault.metadata.remove("model") }
        }
        ErrorReason::UnknownModel => SummarizerError::UnknownModel,
        ErrorReason::ModelNotReady => {
            SummarizerError::ModelNotReady { retry_after, model: awaited(fault.metadata) }
        }
        ErrorReason::QueueFull => SummarizerError::QueueFull { retry_after },
        ErrorReason::NothingToSummarize => SummarizerError::NothingToSummarize,
        ErrorReason::ShuttingDown => SummarizerError::Unavailable { cause: fault.message },
        ErrorReason::Unspecified | ErrorReason::Internal => {
            SummarizerError::Internal { cause: fault.message }
        }
    }
}

/// The model that is not ready, as far as the metadata tells.
fn awaited(mut metadata: HashMap<String, String>) -> AwaitedModel {
    let number = |name| metadata.get(name).and_then(|number| number.parse().ok());
    AwaitedModel {
        downloaded_bytes: number("downloaded_bytes"),
        download_bytes: number("download_bytes"),
        state: metadata.get("state").and_then(|name| ModelState::from_name(name)),
        id: metadata.remove("model"),
    }
}
