//! What a request keeps between two steps.

use candle_core::Tensor;

use super::ModelError;

/// Keys and values of the tokens so far, of one layer: `[rows, heads, tokens, width]`.
#[derive(Debug, Clone, Default)]
pub(super) struct KvCache(Option<(Tensor, Tensor)>);

impl KvCache {
    /// Adds one token's, and gives all.
    pub(super) fn append(&mut self, keys: Tensor, values: Tensor) -> candle_core::Result<(Tensor, Tensor)> {
        let all = match self.0.take() {
            Some((before, values_before)) => {
                (Tensor::cat(&[&before, &keys], 2)?, Tensor::cat(&[&values_before, &values], 2)?)
            }
            None => (keys, values),
        };
        self.0 = Some(all.clone());
        Ok(all)
    }
}

/// The encoder's output as a decoder layer sees it.
#[derive(Debug, Clone)]
pub(super) struct Source {
    /// `[batch, heads, length, width]`.
    pub(super) keys: Tensor,
    /// `[batch, heads, length, width]`.
    pub(super) values: Tensor,
}

/// A batch that is being decoded.
#[derive(Debug, Clone)]
pub struct DecoderState {
    /// Of each layer.
    pub(super) tokens: Vec<KvCache>,
    /// Of each layer; the rows of one input share it.
    pub(super) sources: Vec<Source>,
    /// Added to the scores over the source, `[batch, 1, 1, length]`; None where nothing is filling.
    pub(super) mask: Option<Tensor>,
    /// Tokens so far.
    pub(super) position: usize,
}

impl DecoderState {
    pub(super) fn new(sources: Vec<Source>, mask: Option<Tensor>) -> Self {
        Self { tokens: vec![KvCache::default(); sources.len()], sources, mask, position: 0 }
    }

    /// Makes each row go on from where the row `parents[row]` is.
    pub(super) fn reorder(&mut self, parents: &[usize]) -> Result<(), ModelError> {
        if parents.iter().enumerate().all(|(row, parent)| row == *parent) {
            return Ok(());
        }
        let parents: Vec<u32> = parents.iter().map(|parent| *parent as u32).collect();
        for KvCache(layer) in &mut self.tokens {
            if let Some((keys, values)) = layer {
                let rows = Tensor::new(parents.as_slice(), keys.device())?;
                *layer = Some((keys.index_select(&rows, 0)?, values.index_select(&rows, 0)?));
            }
        }
        Ok(())
    }
}
