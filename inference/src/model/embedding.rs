//! Token ids to vectors.

use candle_core::Tensor;

use super::ModelError;
use crate::weights::{LoadError, Matrix, Weights};

/// A table of vectors, `[vocab_size, width]`.
#[derive(Debug, Clone)]
pub(super) struct Embedding {
    table: Matrix,
    vocab_size: usize,
}

impl Embedding {
    /// The first of the names that is there; the others, if there, are copies of it.
    pub(super) fn load(
        weights: &mut Weights,
        names: &[&str],
        dims: (usize, usize),
    ) -> Result<Self, LoadError> {
        Ok(Self { table: weights.table(names, dims)?, vocab_size: dims.0 })
    }

    pub(super) fn table(&self) -> &Matrix {
        &self.table
    }

    /// `[rows, length, width]` of ids that are given row by row.
    pub(super) fn forward(&self, ids: &[u32], rows: usize) -> Result<Tensor, ModelError> {
        if let Some(id) = ids.iter().find(|id| **id as usize >= self.vocab_size) {
            return Err(ModelError::UnknownToken(*id, self.vocab_size));
        }
        let vectors = self.table.rows(ids)?;
        let width = vectors.dim(1)?;
        Ok(vectors.reshape((rows, ids.len() / rows.max(1), width))?)
    }
}
