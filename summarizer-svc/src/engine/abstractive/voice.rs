//! Tokens to text, told to whoever waits.

use std::time::Instant;

use inference::{
    generation::{Next, Rows, Watch},
    tokenizer::{Detokenizer, Tokenizer},
};

use super::{plan::Plan, sentences::Sentences};
use crate::{
    engine::{EngineError, Output},
    summary::Phase,
};

/// Tells a text as it is generated: token by token where tokens are final, sentence by sentence at the end where beams are
/// still weighed.
pub(super) struct Voice<'a> {
    tokenizer: &'a Tokenizer,
    output: &'a mut dyn Output,
    sentences: Sentences,
    detokenizer: Option<Detokenizer<'a>>,
    plan: Plan,
    /// Tokens that went into the text.
    taken: usize,
    first_step: Option<Instant>,
}

impl<'a> Voice<'a> {
    pub(super) fn new(
        tokenizer: &'a Tokenizer,
        sentences: Sentences,
        output: &'a mut dyn Output,
        plan: Plan,
    ) -> Self {
        let detokenizer = plan.streams.then(|| tokenizer.detokenizer(true));
        Self { tokenizer, output, sentences, detokenizer, plan, taken: 0, first_step: None }
    }

    /// When the first token was there.
    pub(super) fn first_step(&self) -> Option<Instant> {
        self.first_step
    }

    fn take(&mut self, tokens: &[u32]) -> Result<Next, EngineError> {
        let Some(detokenizer) = &mut self.detokenizer else { return Ok(Next::Continue) };
        let new = tokens.get(self.taken..).unwrap_or_default();
        let text: String = new.iter().map(|token| detokenizer.push(*token)).collect();
        self.taken = tokens.len();
        let news = self.sentences.push(&text, self.plan.is_reached(self.taken));
        if !news.is_empty() {
            self.output.delta(&news)?;
        }
        Ok(if self.sentences.is_over() { Next::Stop } else { Next::Continue })
    }

    /// Tells the rest, and gives the sentences.
    pub(super) fn finish(mut self, written: &[Vec<u32>]) -> Result<Vec<String>, EngineError> {
        let rest = match self.detokenizer.take() {
            Some(detokenizer) => detokenizer.finish(),
            None => self.tokenizer.decode(written.first().map(Vec::as_slice).unwrap_or_default(), true)?,
        };
        let news = self.sentences.push(&rest, false) + &self.sentences.finish();
        if !news.is_empty() {
            self.output.delta(&news)?;
        }
        Ok(self.sentences.into_whole())
    }
}

impl Watch for Voice<'_> {
    fn is_waiting(&mut self) -> bool {
        self.output.check().is_ok()
    }

    fn step(&mut self, rows: &Rows<'_>) -> Next {
        self.first_step.get_or_insert_with(Instant::now);
        let tokens = rows.tokens.first().and_then(|row| row.get(1..)).unwrap_or_default();
        let progress =
            self.output.progress(Phase::Writing, tokens.len(), self.plan.longest.max(tokens.len()));
        match progress.and_then(|()| if rows.is_final { self.take(tokens) } else { Ok(Next::Continue) }) {
            Ok(next) => next,
            Err(_) => Next::Cancel,
        }
    }
}
