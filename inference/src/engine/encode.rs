//! The encoder, a layer at a time, so that a long source doesn't keep rows that are being decoded waiting.

use std::{mem, sync::PoisonError};

use super::{
    DecoderBlock, EncoderBlock, Engine, Source,
    attend::Attend,
    layers::{Scratch, Split, with_scratch},
};
use crate::model::ModelError;
use kernels::{
    Cpu, Floats, Int8Rows, Isa,
    attention::{KvBlocks, KvBlocksMut, MOST_KEYS, Precision, SourceQueries, Tokens},
};

/// Tokens of a block of keys and values.
const BLOCK: usize = kernels::LANES;
/// Tokens that go through a layer together, at least where there are so many left, and at most.
#[derive(Debug, Clone, Copy)]
struct Together {
    /// Of fewer the weights would be read too often.
    least: usize,
    /// Of more the numbers would not stay in a core's own cache.
    most: usize,
}

/// Where weights stay in a core's own cache from part to part, or come faster than they are multiplied.
const TOGETHER: Together = Together { least: 32, most: 64 };
/// Where neither is so, and each part waits for weights: rather for its numbers, of which there are fewer.
const MORE_TOGETHER: Together = Together { least: 64, most: 256 };
/// Bytes of a core's own cache, where there are tiles: of weights that are more, tiles multiply 64 rows faster than the weights come.
const OWN_CACHE: usize = 2 << 20;
/// Parts of a source whose rows' memory is worth keeping for the next.
const MOST_SPARE: usize = 64;

/// A source on its way through the encoder.
#[derive(Debug)]
pub struct Encoding {
    /// `[length, width]`.
    hidden: Floats,
    length: usize,
    /// Tokens that no other attends to.
    masked: Vec<usize>,
    /// Layers that are done.
    layer: usize,
    /// Of all distances, `[heads, 2 · length − 1]`; empty where positions are not relative.
    biases: Vec<f32>,
}

impl Engine {
    /// Takes in a source.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownToken`], [`ModelError::TooLong`] and [`ModelError::Embedding`].
    pub fn begin(&self, source: &[u32]) -> Result<Encoding, ModelError> {
        let stack = &self.encoder;
        let length = source.len();
        stack.check(source, length.saturating_sub(1), MOST_KEYS)?;
        let mut hidden = Floats::default();
        hidden.resize(length * stack.width());
        let vectors = hidden.chunks_exact_mut(stack.width().max(1));
        for ((position, token), vector) in source.iter().enumerate().zip(vectors) {
            stack.embed(self.cpu, *token, position, vector)?;
        }
        let distances = length.cast_signed();
        let biases = stack.relative.as_ref().map(|it| it.positions.of_distances(1 - distances..distances));
        Ok(Encoding { hidden, length, masked: Vec::new(), layer: 0, biases: biases.unwrap_or_default() })
    }

    /// As [`begin`](Self::begin), with tokens that keep their places and that no other attends to: those whose mask is 0.
    ///
    /// # Errors
    ///
    /// As [`begin`](Self::begin).
    pub fn begin_masked(&self, source: &[u32], mask: &[u8]) -> Result<Encoding, ModelError> {
        let masked = mask.iter().take(source.len()).enumerate().filter(|(_, kept)| **kept == 0);
        let masked = masked.map(|(at, _)| at).collect();
        Ok(Encoding { masked, ..self.begin(source)? })
    }

    /// Takes a source through one layer more; after the last one gives it to the decoder.
    pub fn advance(&self, encoding: &mut Encoding) -> Option<Source> {
        if let Some(block) = self.encoder_blocks.get(encoding.layer) {
            self.through(block, encoding);
            encoding.layer += 1;
        }
        (encoding.layer >= self.encoder_blocks.len()).then(|| self.source(encoding))
    }

    /// Each product of all tokens before the next product, so that its weights stay in a core's own cache for the parts that it takes.
    fn through(&self, block: &EncoderBlock, encoding: &mut Encoding) {
        let sizes = self.parts(encoding.length);
        let (queries, mut keys) = self.project(block, encoding, &sizes);
        mask(&mut keys, &encoding.masked);
        self.attend(block, encoding, (&queries, &keys), &sizes);
        let (hidden, width) = (&mut encoding.hidden, self.encoder.width());
        let (cpu, layer) = (self.cpu, &block.feed_forward);
        self.with_rows(sizes.len(), |rows| {
            self.team.each(split(hidden, &sizes, width).zip(&mut *rows), |(hidden, rows)| {
                with_scratch(|scratch| layer.widen(cpu, hidden, Split::Here, scratch, rows));
            });
            self.team.each(split(hidden, &sizes, width).zip(rows), |(hidden, rows)| {
                with_scratch(|scratch| layer.narrow(cpu, hidden, Split::Here, rows, scratch));
            });
        });
    }

    /// Tokens of each part of a source.
    fn parts(&self, length: usize) -> Vec<usize> {
        let widest =
            self.encoder_blocks.first().map_or(0, |block| block.feed_forward.inner.matrix.bytes().len());
        let waits = self.cpu.isa() == Isa::Amx && widest > OWN_CACHE;
        parts(length, self.team.threads(), if waits { MORE_TOGETHER } else { TOGETHER })
    }

    /// Gives `act` memory for the rows of so many parts, with whatever was in it last.
    fn with_rows<T>(&self, parts: usize, act: impl FnOnce(&mut [Int8Rows]) -> T) -> T {
        let spare = self.spare.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut rows = spare.unwrap_or_default();
        rows.resize_with(rows.len().max(parts), Int8Rows::default);
        let result = act(rows.get_mut(..parts).unwrap_or_default());
        rows.truncate(MOST_SPARE);
        self.spare.lock().unwrap_or_else(PoisonError::into_inner).push(rows);
        result
    }

    /// Queries, keys and values.
    fn project(
        &self,
        block: &EncoderBlock,
        encoding: &mut Encoding,
        sizes: &[usize],
    ) -> (SourceQueries, KvBlocks) {
        let (hidden, length) = (&mut encoding.hidden, encoding.length);
        let (cpu, width, shape) = (self.cpu, self.encoder.width(), self.encoder.shape);
        let precision = Precision::of_many(cpu, shape);
        let mut keys = KvBlocks::new(&self.memory, shape, length.div_ceil(BLOCK), precision);
        let mut queries = SourceQueries::new(&self.memory, length, &keys);
        let (mut rest_queries, mut rest_keys) = (queries.all_mut(), keys.all_mut());
        let parts = split(hidden, sizes, width).zip(sizes).map(|(hidden, size)| {
            (hidden, rest_queries.split_off(*size), rest_keys.split_off(size.div_ceil(BLOCK)))
        });
        let linear = &block.own.projections;
        let inner = shape.heads * shape.width;
        self.team.each(parts, |(hidden, mut queries, mut keys)| {
            with_scratch(|scratch| {
                block.own.residual.before(cpu, hidden, scratch);
                let Scratch { rows, wide, .. } = scratch;
                linear.project(rows, Split::Here, wide);
                queries.fill(cpu, wide, linear.out_dim());
                fill(cpu, &mut keys, wide, (linear.out_dim(), inner), inner);
            });
        });
        (queries, keys)
    }

    fn attend(
        &self,
        block: &EncoderBlock,
        encoding: &mut Encoding,
        (queries, keys): (&SourceQueries, &KvBlocks),
        sizes: &[usize],
    ) {
        let Encoding { hidden, length, biases, .. } = encoding;
        let attend = Attend { engine: self, queries, keys, biases, length: *length };
        let mut first = 0;
        let parts = split(hidden, sizes, self.encoder.width()).zip(sizes).map(|(hidden, size)| {
            first += size;
            (first - size..first, hidden)
        });
        self.team.each(parts, |(tokens, hidden)| {
            with_scratch(|scratch| {
                attend.run(self.encoder.shape, tokens, scratch);
                block.own.finish(self.cpu, hidden, Split::Here, scratch);
            });
        });
    }

    /// Keys and values of all decoder layers.
    fn source(&self, encoding: &mut Encoding) -> Source {
        let Encoding { hidden, length, masked, .. } = encoding;
        let (sizes, width) = (self.parts(*length), self.encoder.width());
        let layers = self.with_rows(sizes.len(), |rows| {
            self.team.each(split(hidden, &sizes, width).zip(&mut *rows), |(hidden, rows)| {
                with_scratch(|scratch| {
                    self.encoder.finish(self.cpu, hidden, None, scratch);
                    mem::swap(rows, &mut scratch.rows);
                });
            });
            self.decoder_blocks.iter().map(|block| self.keys_of(block, &sizes, rows, masked)).collect()
        });
        Source { layers, length: *length }
    }

    /// A decoder layer's keys and values of the encoder's output, which `rows` are, part by part.
    fn keys_of(
        &self,
        block: &DecoderBlock,
        sizes: &[usize],
        rows: &[Int8Rows],
        masked: &[usize],
    ) -> KvBlocks {
        let (shape, linear) = (self.decoder.shape, &block.cross.source);
        let blocks = sizes.iter().map(|size| size.div_ceil(BLOCK)).sum();
        let mut keys = KvBlocks::new(&self.kept, shape, blocks, Precision::Bits8);
        let mut rest = keys.all_mut();
        let parts = sizes.iter().map(|size| rest.split_off(size.div_ceil(BLOCK)));
        self.team.each(parts.zip(rows), |(mut keys, rows)| {
            with_scratch(|Scratch { wide, .. }| {
                linear.project(rows, Split::Here, wide);
                fill(self.cpu, &mut keys, wide, (linear.out_dim(), 0), shape.heads * shape.width);
            });
        });
        mask(&mut keys, masked);
        keys
    }
}

/// Tokens of each part of a source: whole blocks, many at first and fewer towards the end, so that all threads are done at about
/// the same time, whatever its length and whatever a core has to wait for.
fn parts(length: usize, threads: usize, Together { least, most }: Together) -> Vec<usize> {
    let mut left = length;
    std::iter::from_fn(|| {
        let share = if threads > 1 { left / (2 * threads) } else { left };
        let size = share.next_multiple_of(BLOCK).clamp(least, most);
        let size = if left < size + BLOCK { left } else { size };
        left -= size;
        (size > 0).then_some(size)
    })
    .collect()
}

/// The rows of each part.
fn split<'a>(
    hidden: &'a mut [f32],
    sizes: &'a [usize],
    width: usize,
) -> impl Iterator<Item = &'a mut [f32]> + use<'a> {
    let mut rest = hidden;
    sizes.iter().map(move |size| rest.split_off_mut(..size * width).unwrap_or_default())
}

/// Writes tokens whose keys begin at `offset` of each row of `projections`, and their values `inner` numbers further.
fn fill(
    cpu: Cpu,
    keys: &mut KvBlocksMut<'_>,
    projections: &[f32],
    (stride, offset): (usize, usize),
    inner: usize,
) {
    let part = |begin: usize| projections.get(begin..).unwrap_or_default();
    keys.fill(cpu, Tokens { keys: part(offset), values: part(offset + inner), stride });
}

fn mask(keys: &mut KvBlocks, masked: &[usize]) {
    for token in masked {
        keys.mask(token / BLOCK, token % BLOCK);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_blocks_that_make_the_source_and_shrink() {
        let all = (1..9).flat_map(|threads| (0..700).map(move |length| (threads, length)));
        let all = all.flat_map(|one| [TOGETHER, MORE_TOGETHER].map(|together| (one, together)));
        for ((threads, length), together) in all {
            let sizes = parts(length, threads, together);
            assert_eq!(sizes.iter().sum::<usize>(), length);
            let all_but_last = &sizes[..sizes.len().saturating_sub(1)];
            assert!(all_but_last.iter().all(|size| size.is_multiple_of(BLOCK) && *size >= together.least));
            assert!(sizes.iter().all(|size| *size < together.most + BLOCK), "{sizes:?}");
            assert!(all_but_last.is_sorted_by(|one, next| one >= next), "{sizes:?}");
        }
        assert_eq!(parts(300, 2, TOGETHER), [64, 64, 48, 32, 32, 32, 28]);
        assert_eq!(parts(512, 2, MORE_TOGETHER), [128, 96, 80, 64, 64, 64, 16]);
    }
}
