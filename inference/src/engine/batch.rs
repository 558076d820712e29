//! The engine as a model that decodes a batch in step.

use std::sync::Arc;

use super::{Encoding, Engine, Row, Source};
use crate::model::{Logits, ModelError, Seq2Seq, TokenBatch};

/// A batch that is being decoded: `beams` rows for each input.
#[derive(Debug)]
pub struct BatchState {
    rows: Vec<Row>,
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

    /// What is filling at the end is left out, so that nothing has to be masked.
    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<BatchState, ModelError> {
        let mut rows = Vec::with_capacity(inputs.rows() * beams);
        for (row, mask) in inputs.mask().chunks_exact(inputs.length().max(1)).enumerate() {
            let length = mask.iter().rposition(|kept| *kept == 1).map_or(1, |last| last + 1);
            let tokens = inputs.row(row).get(..length).unwrap_or_default();
            let source = self.finish(self.begin_masked(tokens, mask)?);
            rows.extend(std::iter::repeat_with(|| self.row(Arc::clone(&source))).take(beams));
        }
        Ok(BatchState { rows })
    }

    fn decode(&self, tokens: &[u32], state: &mut BatchState) -> Result<Logits, ModelError> {
        let mut logits = Logits::new(Vec::new(), Engine::vocab_size(self));
        self.step(&mut state.rows.iter_mut().collect::<Vec<_>>(), tokens, &mut logits)?;
        Ok(logits)
    }

    fn reorder(&self, state: &mut BatchState, parents: &[usize]) -> Result<(), ModelError> {
        if parents.iter().enumerate().any(|(row, parent)| row != *parent) {
            state.rows = parents.iter().filter_map(|parent| state.rows.get(*parent).cloned()).collect();
        }
        Ok(())
    }
}
