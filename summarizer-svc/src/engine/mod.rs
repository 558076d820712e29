//! The border behind which summaries are made.

pub mod abstractive;
pub mod extractive;

use std::time::Duration;

use crate::{
    document::{Document, Words},
    summary::{Coverage, Draft, ModelId, Notice, Phase, Request, SourceSpan, SummarySentence},
};

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
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EngineError {
    /// Nobody waits any more.
    #[error("nobody waits for the summary any more")]
    Cancelled,
    /// All of the text is boilerplate.
    #[error("The text holds nothing but headings, captions and page furniture. Give the article's own text.")]
    NothingToSummarize,
    /// A generation parameter that the model can't take.
    #[error("{0}")]
    InvalidOption(String),
    /// A fault of ours, or of the model's files.
    #[error("the model failed: {0}")]
    Failed(String),
}

/// A text that is too short to be summarized, as it is.
fn returned_whole(
    document: &Document,
    request: &Request,
    output: &mut dyn Output,
) -> Result<Draft, EngineError> {
    let sentences = quote(document, 0..document.sentences.len(), request.format.separator(), output)?;
    let words = document.sentences.iter().map(|sentence| Words::of(&sentence.text).count).sum();
    let mut notices = vec![Notice::ReturnedWhole];
    if !document.language.is_supported() {
        notices.push(Notice::LanguageNotSupported);
    }
    Ok(Draft {
        sentences,
        tokens_in: words,
        tokens_out: words,
        coverage: read_in_one(document),
        language: document.language.tag().to_owned(),
        notices,
        encode: Duration::ZERO,
        drawn: false,
    })
}

/// All of the article was read in one part.
fn read_in_one(document: &Document) -> Coverage {
    Coverage {
        parts_total: 1,
        parts_read: 1,
        sentences_total: document.sentences.len() + document.skipped,
        sentences_skipped: document.skipped,
    }
}

/// Sentences of the article, word for word.
fn quote(
    document: &Document,
    chosen: impl ExactSizeIterator<Item = usize>,
    separator: &str,
    output: &mut dyn Output,
) -> Result<Vec<SummarySentence>, EngineError> {
    let mut written = Vec::with_capacity(chosen.len());
    output.progress(Phase::Writing, 0, chosen.len())?;
    for sentence in chosen.filter_map(|index| document.sentences.get(index)) {
        if !written.is_empty() {
            output.delta(separator)?;
        }
        output.delta(&sentence.text)?;
        let span = SourceSpan {
            paragraph: sentence.paragraph,
            start: sentence.start,
            end: sentence.end,
            score: 1.0,
        };
        written.push(SummarySentence {
            text: sentence.text.clone(),
            spans: vec![span],
            unsupported: Vec::new(),
        });
    }
    Ok(written)
}
