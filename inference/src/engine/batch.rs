//! The engine as a model that decodes a batch in step.

use std::{mem, sync::Arc};

use super::{Encoding, Engine, Row, Source};
use crate::{
    generation::MOST_GUESSES,
    model::{Logits, ModelError, Seq2Seq, TokenBatch},
};

/// A batch that is being decoded: `beams` rows for each input.
#[derive(Debug)]
pub struct BatchState {
    rows: Vec<Row>,
    /// Where the next scores go.
    logits: Logits,
}

impl Engine {
    /// Takes a source through the whole encoder.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn encode_source(&self, source: &[u32]) -> Result<Arc<Source>, ModelError> {
        Ok(self.finish(self.begin(source)?))
    }

    /// Takes in each input of a batch. What is filling at the end is left out, so that nothing has to be masked.
    pub(crate) fn begin_batch(&self, inputs: &TokenBatch) -> Result<Vec<Encoding>, ModelError> {
        let masks = inputs.mask().chunks_exact(inputs.length().max(1)).enumerate();
        let begin = |(row, mask): (usize, &[u8])| {
            let length = mask.iter().rposition(|kept| *kept == 1).map_or(1, |last| last + 1);
            self.begin_masked(inputs.row(row).get(..length).unwrap_or_default(), mask)
        };
        masks.map(begin).collect()
    }

    fn finish(&self, mut encoding: Encoding) -> Arc<Source> {
        loop {
            if let Some(source) = self.advance(&mut encoding) {
                return Arc::new(source);
            }
        }
    }
}

impl Seq2Seq for Engine {
    type State = BatchState;

    fn vocab_size(&self) -> usize {
        Engine::vocab_size(self)
    }

    fn max_positions(&self) -> Option<usize> {
        Engine::max_positions(self)
    }

    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<BatchState, ModelError> {
        let encodings = self.begin_batch(inputs)?;
        let sources = encodings.into_iter().map(|encoding| self.finish(encoding));
        let rows = sources.flat_map(|source| vec![self.row(source); beams]).collect();
        Ok(BatchState { rows, logits: Logits::default() })
    }

    fn decode(&self, tokens: &[u32], state: &mut BatchState) -> Result<Logits, ModelError> {
        let mut logits = mem::take(&mut state.logits);
        self.step(&mut state.rows.iter_mut().collect::<Vec<_>>(), tokens, &mut logits)?;
        Ok(logits)
    }

    fn guesses(&self) -> usize {
        if self.cpu.multiplies_at_once() { MOST_GUESSES } else { 0 }
    }

    fn decode_guesses(&self, tokens: &[u32], state: &mut BatchState) -> Result<Logits, ModelError> {
        let mut logits = mem::take(&mut state.logits);
        let [row] = state.rows.as_mut_slice() else { return Err(ModelError::OtherState) };
        self.step_ahead(&mut [row], &[tokens], &mut logits)?;
        Ok(logits)
    }

    fn take_back(&self, state: &mut BatchState, count: usize) -> Result<(), ModelError> {
        state.rows.iter_mut().for_each(|row| row.take_back(count));
        Ok(())
    }

    fn reuse(&self, state: &mut BatchState, logits: Logits) {
        state.logits = logits;
    }

    fn each_row(&self, logits: &mut Logits, act: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        self.team.each(logits.rows_mut().enumerate(), |(row, scores)| act(row, scores));
    }

    fn reorder(&self, state: &mut BatchState, parents: &[usize]) -> Result<(), ModelError> {
        if parents.iter().enumerate().any(|(row, parent)| row != *parent) {
            state.rows = parents.iter().filter_map(|parent| state.rows.get(*parent).cloned()).collect();
        }
        Ok(())
    }
}
