//! What stands before and after the blocks of an encoder or a decoder.

use std::{io, sync::Arc};

use kernels::{Cpu, attention::HeadShape, ops};

use super::layers::{Norm, Scratch};
use crate::{model::ModelError, weights::MappedMatrix};

/// Vectors of tokens, `[vocab_size, width]`.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) numbers: Numbers,
    pub(super) width: usize,
    pub(super) vocab_size: usize,
}

/// Numbers of 32 bits.
pub(super) enum Numbers {
    Read(Vec<f32>),
    Mapped(MappedMatrix),
}

impl std::fmt::Debug for Numbers {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "{} numbers", self.values().len())
    }
}

impl Numbers {
    pub(super) fn values(&self) -> &[f32] {
        match self {
            Self::Read(values) => values,
            Self::Mapped(matrix) => matrix.values(),
        }
    }
}

impl Table {
    /// Reads the vector of a token of the vocabulary into `place`, which is as wide.
    fn read(&self, token: u32, place: &mut [f32]) -> io::Result<()> {
        let row = token as usize;
        match &self.numbers {
            Numbers::Read(values) => {
                let values = values.get(row * self.width..(row + 1) * self.width);
                let values = values.filter(|values| values.len() == place.len());
                place.copy_from_slice(values.ok_or(io::ErrorKind::InvalidInput)?);
                Ok(())
            }
            Numbers::Mapped(matrix) => matrix.read_row(row, place),
        }
    }
}

/// Embeddings, positions and last norm.
#[derive(Debug)]
pub(super) struct Stack {
    pub(super) table: Arc<Table>,
    pub(super) scale: Option<f32>,
    /// Added to the embeddings, `[max_positions, width]`.
    pub(super) positions: Option<Vec<f32>>,
    /// Added to the scores of attention.
    pub(super) relative: Option<Relative>,
    pub(super) embedding_norm: Option<Norm>,
    pub(super) last_norm: Option<Norm>,
    pub(super) shape: HeadShape,
    /// What the scores of attention are multiplied by.
    pub(super) score_scale: f32,
}

/// T5's relative positions.
#[derive(Debug)]
pub(super) struct Relative {
    pub(super) positions: crate::model::t5::RelativePositions,
    /// The decoder's biases from the farthest key to the query's own, `[heads, MOST_POSITIONS]`; empty for the encoder.
    pub(super) before: Vec<f32>,
}

/// Most tokens of an output whose positions are relative: what may be generated, and the one that the decoder begins with.
pub(super) const MOST_POSITIONS: usize = 16_385;

impl Stack {
    pub(super) fn width(&self) -> usize {
        self.table.width
    }

    /// Most tokens of a sequence.
    pub(super) fn limit(&self, relative: usize) -> usize {
        self.positions.as_ref().map_or(relative, |table| table.len() / self.width().max(1))
    }

    /// Checks tokens, of which the last is at position `last`.
    pub(super) fn check(&self, tokens: &[u32], last: usize, relative: usize) -> Result<(), ModelError> {
        let (length, limit) = (last + 1, self.limit(relative));
        if length > limit {
            return Err(ModelError::TooLong { length, limit });
        }
        match tokens.iter().find(|token| **token as usize >= self.table.vocab_size) {
            Some(token) => Err(ModelError::UnknownToken(*token, self.table.vocab_size)),
            None => Ok(()),
        }
    }

    /// Makes `vector` the input of the first block for a token, which was checked.
    pub(super) fn embed(
        &self,
        cpu: Cpu,
        token: u32,
        position: usize,
        vector: &mut [f32],
    ) -> Result<(), ModelError> {
        let width = self.width();
        self.table.read(token, vector).map_err(ModelError::Embedding)?;
        if let Some(factor) = self.scale {
            ops::scale(cpu, vector, factor);
        }
        let positions = self.positions.as_ref();
        if let Some(position) =
            positions.and_then(|table| table.get(position * width..(position + 1) * width))
        {
            ops::add(cpu, vector, position);
        }
        if let Some(norm) = &self.embedding_norm {
            norm.in_place(cpu, vector, &mut Vec::new());
        }
        Ok(())
    }

    /// After the last block, quantized for what comes then; `scale` is multiplied in.
    pub(super) fn finish(&self, cpu: Cpu, hidden: &mut [f32], scale: Option<f32>, scratch: &mut Scratch) {
        if let Some(norm) = &self.last_norm {
            norm.in_place(cpu, hidden, &mut scratch.normed);
        }
        if let Some(factor) = scale {
            ops::scale(cpu, hidden, factor);
        }
        scratch.rows.quantize(cpu, hidden, self.width());
    }
}
