//! Scores of the next token.

use candle_core::{DType, Tensor};

use super::ModelError;

/// `[rows, vocab_size]`, in 32 bits, on the host.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Logits {
    scores: Vec<f32>,
    vocab_size: usize,
}

impl Logits {
    /// Of scores, row by row.
    pub fn new(scores: Vec<f32>, vocab_size: usize) -> Self {
        Self { scores, vocab_size }
    }

    /// Copies a tensor `[rows, vocab_size]` to the host.
    pub(super) fn read(tensor: &Tensor) -> Result<Self, ModelError> {
        let (_, vocab_size) = tensor.dims2()?;
        Ok(Self { scores: tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?, vocab_size })
    }

    /// Makes room for other scores, row by row.
    pub(crate) fn reset(&mut self, rows: usize, vocab_size: usize) -> &mut [f32] {
        self.vocab_size = vocab_size;
        self.scores.resize(rows * vocab_size, 0.0);
        &mut self.scores
    }

    /// Size of the vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// One row; empty where there is none.
    pub fn row(&self, row: usize) -> &[f32] {
        self.scores.get(row * self.vocab_size..(row + 1) * self.vocab_size).unwrap_or_default()
    }

    /// All rows.
    pub fn rows(&self) -> impl Iterator<Item = &[f32]> {
        self.scores.chunks_exact(self.vocab_size.max(1))
    }

    /// All rows, to be changed.
    pub fn rows_mut(&mut self) -> impl Iterator<Item = &mut [f32]> + Send {
        self.scores.chunks_exact_mut(self.vocab_size.max(1))
    }

    /// One row, to be changed.
    pub fn row_mut(&mut self, row: usize) -> &mut [f32] {
        self.scores.get_mut(row * self.vocab_size..(row + 1) * self.vocab_size).unwrap_or_default()
    }
}
