//! What can be wrong with a tokenizer's files, or with a request to it.

use thiserror::Error;

/// Why a tokenizer can't be loaded, or can't do what it was asked.
#[derive(Debug, Error)]
pub enum TokenizerError {
    /// The directory holds no vocabulary that can be read.
    #[error("no tokenizer in {place}: {expected}")]
    Missing {
        /// Where it was looked for.
        place: String,
        /// The files that would do.
        expected: String,
    },
    /// The file is there, but the system doesn't let it be read.
    #[error("can't read {file}: {source}")]
    Read {
        /// The file's path.
        file: String,
        /// What the system says.
        source: std::io::Error,
    },
    /// The file is larger than any real one.
    #[error("{file} is larger than {limit} bytes")]
    TooLarge {
        /// The file's path.
        file: String,
        /// The limit, in bytes.
        limit: u64,
    },
    /// The file isn't what its name says, or contradicts itself.
    #[error("{file}: {reason}")]
    Invalid {
        /// The file's name.
        file: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// The file is sound, but of a kind that isn't supported.
    #[error("{file}: {what} is not supported")]
    Unsupported {
        /// The file's name.
        file: &'static str,
        /// What isn't supported.
        what: String,
    },
    /// The text can't be turned into tokens, or the tokens into text.
    #[error("the tokenizer failed: {0}")]
    Failed(String),
    /// The special tokens alone are longer than the length asked for.
    #[error("{max_len} tokens can't hold the {special} special tokens of each sequence")]
    NoRoom {
        /// The length asked for, in tokens.
        max_len: usize,
        /// The special tokens of a sequence.
        special: usize,
    },
}

impl TokenizerError {
    /// A file that isn't what its name says.
    pub(super) fn invalid(file: &'static str, reason: impl std::fmt::Display) -> Self {
        Self::Invalid { file, reason: reason.to_string() }
    }

    /// A sound file of a kind that isn't supported.
    pub(super) fn unsupported(file: &'static str, what: impl Into<String>) -> Self {
        Self::Unsupported { file, what: what.into() }
    }
}
