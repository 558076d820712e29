//! The border behind which summaries are made.

pub mod extractive;

use crate::summary::{Draft, ModelId, Phase, Request};

/// Makes summaries. One copy serves every worker at once.
pub trait Engine: Send + Sync + 'static {
    /// Who it is.
    fn model(&self) -> ModelId;

    /// Does ahead what the first summary would have to do; called once, beside the start.
    fn warm_up(&self) {}

    /// Summarizes an article, telling `output` how it goes. Blocks; asks [`Output::check`] between steps.
    ///
    /// # Errors
    ///
    /// [`EngineError`].
    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError>;
}

/// Whoever waits for a summary. None of these blocks, however slowly that one reads.
pub trait Output {
    /// Whether somebody still waits.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] when nobody does.
    fn check(&self) -> Result<(), EngineError>;
    /// Where the work stands.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] when nobody waits.
    fn progress(&mut self, phase: Phase, done: usize, total: usize) -> Result<(), EngineError>;
    /// More of the text.
    ///
    /// # Errors
    ///
    /// [`EngineError::Cancelled`] when nobody waits.
    fn delta(&mut self, text: &str) -> Result<(), EngineError>;
}

/// An output to nobody, who never hangs up.
#[derive(Debug, Default)]
pub struct Nobody;

impl Output for Nobody {
    fn check(&self) -> Result<(), EngineError> {
        Ok(())
    }

    fn progress(&mut self, _: Phase, _: usize, _: usize) -> Result<(), EngineError> {
        Ok(())
    }

    fn delta(&mut self, _: &str) -> Result<(), EngineError> {
        Ok(())
    }
}

/// Why there is no draft.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Nobody waits any more.
    #[error("nobody waits for the summary any more")]
    Cancelled,
    /// All of the text is boilerplate.
    #[error("The text holds nothing but headings, captions and page furniture. Give the article's own text.")]
    NothingToSummarize,
}
