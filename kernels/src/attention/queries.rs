//! Queries of a source's tokens, in the numbers that are multiplied with the keys.

use std::sync::Arc;

use super::{HeadShape, KvBlocks, strip::Words};
use crate::{BufferPool, Cpu, buffer::Buffer};

/// A query of one head.
#[derive(Debug, Clone, Copy)]
pub enum QueryVector<'a> {
    /// `[width]`.
    Floats(&'a [f32]),
    /// What [`SourceQueries`] made of one.
    Quantized {
        /// Pairs of dimensions, filled up.
        pairs: &'a [[i16; 2]],
        /// What an integer is multiplied by to get the number again.
        scale: f32,
    },
}

/// All heads' queries of some tokens, quantized while they are still in a core's own cache.
#[derive(Debug)]
pub struct SourceQueries {
    shape: HeadShape,
    limit: Option<f32>,
    /// `[tokens, heads, pairs of dimensions]`.
    pairs: Buffer,
    /// `[tokens, heads]`.
    scales: Vec<f32>,
}

/// Queries of some of the tokens, to be written.
#[derive(Debug)]
pub struct SourceQueriesMut<'a> {
    shape: HeadShape,
    limit: Option<f32>,
    pairs: &'a mut [[i16; 2]],
    scales: &'a mut [f32],
}

impl SourceQueries {
    /// Of so many tokens, for the keys in `keys`. They are anything until they are filled.
    pub fn new(pool: &Arc<BufferPool>, tokens: usize, keys: &KvBlocks) -> Self {
        let (shape, count) = (keys.shape(), tokens * keys.shape().heads);
        let [limit, _] = keys.precision().limits(shape);
        let pairs = Buffer::new(pool, count * shape.pairs() * size_of::<[i16; 2]>());
        Self { shape, limit, pairs, scales: vec![0.0; count] }
    }

    /// All of them, to be written, and to be split into parts that are written at once.
    pub fn all_mut(&mut self) -> SourceQueriesMut<'_> {
        SourceQueriesMut {
            shape: self.shape,
            limit: self.limit,
            pairs: bytemuck::cast_slice_mut(&mut self.pairs),
            scales: &mut self.scales,
        }
    }

    /// A token's query of a head; nothing where there is none.
    pub fn get(&self, token: usize, head: usize) -> Option<QueryVector<'_>> {
        let at = token * self.shape.heads + head;
        let pairs: &[[i16; 2]] = bytemuck::cast_slice(&self.pairs);
        let pairs = pairs.get(at * self.shape.pairs()..(at + 1) * self.shape.pairs())?;
        Some(QueryVector::Quantized { pairs, scale: *self.scales.get(at)? })
    }
}

impl SourceQueriesMut<'_> {
    /// The first so many tokens', or of as many as there are, of which this has the rest.
    #[must_use]
    pub fn split_off(&mut self, tokens: usize) -> Self {
        let count = (tokens * self.shape.heads).min(self.scales.len());
        Self {
            shape: self.shape,
            limit: self.limit,
            pairs: self.pairs.split_off_mut(..count * self.shape.pairs()).unwrap_or_default(),
            scales: self.scales.split_off_mut(..count).unwrap_or_default(),
        }
    }

    /// Quantizes the tokens' queries: `[heads, width]` every `stride` numbers.
    pub fn fill(&mut self, cpu: Cpu, queries: &[f32], stride: usize) {
        let HeadShape { heads, width } = self.shape;
        let tokens = self.pairs.chunks_exact_mut((heads * self.shape.pairs()).max(1));
        let tokens =
            tokens.zip(self.scales.chunks_exact_mut(heads.max(1))).zip(queries.chunks(stride.max(1)));
        for ((pairs, scales), row) in tokens {
            let heads = pairs.chunks_exact_mut(self.shape.pairs().max(1)).zip(scales);
            for ((pairs, scale), row) in heads.zip(row.chunks_exact(width.max(1))) {
                *scale = cpu.run_bf16(Words { row, limit: self.limit, place: pairs.as_flattened_mut() });
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::attention::{
        Keys, Precision, Query, Scratch, attend,
        tests::{filled, noise, run},
    };

    use super::*;

    #[test]
    fn queries_that_were_quantized_before_give_the_same() {
        let (heads, length, stride) = (3, 21, 150);
        for (precision, width) in [(Precision::Bits16, 7), (Precision::Bits16, 48), (Precision::Bf16, 32)] {
            let shape = HeadShape { heads, width };
            let (keys, values) = (noise(1, length * heads * width), noise(2, length * heads * width));
            let (queries, bias) = (noise(3, length * stride), noise(4, length));
            for cpu in Cpu::all() {
                let blocks = filled(cpu, shape, (&keys, &values), precision);
                let mut quantized = SourceQueries::new(&Arc::default(), length, &blocks);
                let mut rest = quantized.all_mut();
                for queries in queries.chunks(8 * stride) {
                    rest.split_off(8).fill(cpu, queries, stride);
                }
                let keys = Keys::Source { blocks: &blocks, length };
                for (token, head) in (0..length).flat_map(|token| (0..heads).map(move |head| (token, head))) {
                    let query = &queries[token * stride + head * width..][..width];
                    let wanted = run(cpu, keys, head, 0.3, &[query], &bias);
                    let mut output = vec![9.0; width];
                    let query = quantized.get(token, head).expect("there is one");
                    let mut query = [Query { query, bias: Some(&bias), output: &mut output }];
                    attend(cpu, keys, head, 0.3, &mut query, &mut Scratch::default());
                    assert_eq!(output, wanted[0], "{cpu:?} {precision:?}");
                }
            }
        }
        let blocks = KvBlocks::new(&Arc::default(), HeadShape { heads, width: 7 }, 2, Precision::Bits16);
        assert!(SourceQueries::new(&Arc::default(), length, &blocks).get(length, 0).is_none());
    }
}
