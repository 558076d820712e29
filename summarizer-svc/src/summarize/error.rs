//! Why there is no summary.

use std::{fmt, time::Duration};

use crate::{
    engine::EngineError,
    models::{ModelStatus, ModelsError},
};

/// Why there is no summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummarizeError {
    /// Neither text nor paragraphs, or nothing but white space.
    #[error("There is no text to summarize. Give the article's text.")]
    EmptyInput,
    /// More text than is taken.
    #[error("The text {limit}. Give a shorter one.")]
    InputTooLarge {
        /// The limit that it exceeds.
        limit: Limit,
    },
    /// No such engine here.
    #[error("This server has no abstractive engine. Ask for the extractive one, or for auto.")]
    EngineUnavailable,
    /// No model has this name.
    #[error("No model has this name. Ask for the list of models, or leave the name out.")]
    UnknownModel,
    /// A model is being fetched or loaded.
    #[error("The model {} is not ready yet: {}. Try again in a moment, or take the extractive engine.", status.name, far(status))]
    ModelNotReady {
        /// How it is.
        status: Box<ModelStatus>,
        /// When to ask again.
        retry_after: Duration,
    },
    /// A model that was configured can't be loaded.
    #[error("The model {0} can't be loaded on this server. Take the extractive engine, or another model.")]
    ModelFailed(String),
    /// A generation parameter that the model can't take.
    #[error("{0}")]
    InvalidOption(String),
    /// All of the text is boilerplate.
    #[error("{}", EngineError::NothingToSummarize)]
    NothingToSummarize,
    /// As many requests wait as may.
    #[error("Too many summaries are being made. Try again in a moment.")]
    QueueFull {
        /// When there should be room again.
        retry_after: Duration,
    },
    /// This replica is going down.
    #[error("The server is stopping. Try again.")]
    ShuttingDown,
    /// The caller's time was up before the work was done.
    #[error("The summary was not done in time. Try again, or give it more time.")]
    TimedOut,
    /// A fault of ours.
    #[error("The summary failed. Please report it.")]
    Internal,
}

impl From<ModelsError> for SummarizeError {
    fn from(error: ModelsError) -> Self {
        match error {
            ModelsError::None => Self::EngineUnavailable,
            ModelsError::Unknown => Self::UnknownModel,
            ModelsError::NotReady { status, retry_after } => Self::ModelNotReady { status, retry_after },
            ModelsError::Failed { name, .. } => Self::ModelFailed(name),
        }
    }
}

/// How far a model is on its way.
fn far(status: &ModelStatus) -> String {
    match status.downloaded {
        (_, 0) => format!("it is {}", status.state.as_str()),
        (done, total) => format!("{} of {} MB are here", done / 1_000_000, total.div_ceil(1_000_000)),
    }
}

/// The most that an article may have of something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limit {
    /// Bytes of UTF-8, the headline's included.
    Bytes(usize),
    /// Paragraphs, of whatever kind.
    Paragraphs(usize),
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bytes(limit) => write!(f, "is larger than {limit} bytes"),
            Self::Paragraphs(limit) => write!(f, "has more than {limit} paragraphs"),
        }
    }
}
