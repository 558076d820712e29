//! Why a model gives nothing.

/// Why a model gave nothing.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// A token that isn't in the vocabulary.
    #[error("token {0} is not in the model's vocabulary of {1}")]
    UnknownToken(u32, usize),
    /// More tokens than the model has positions for.
    #[error("{length} tokens are more than the {limit} positions that the model has")]
    TooLong {
        /// Tokens.
        length: usize,
        /// Positions.
        limit: usize,
    },
    /// The thread that does the work gave this up; a fault of ours.
    #[error("the model gave the request up")]
    Stopped,
    /// Whoever asked for it has left.
    #[error("the result is not wanted any more")]
    Unwanted,
    /// What was kept is of another model.
    #[error("what was kept between two steps is of another model")]
    OtherState,
    /// A token's vector can't be read from the file of the weights.
    #[error("the weights can't be read: {0}")]
    Embedding(std::io::Error),
    /// The arithmetic failed; a fault of ours, or no memory on the device.
    #[error("the model failed: {0}")]
    Tensor(#[from] candle_core::Error),
}
