//! The encoder, a layer at a time, so that a long source doesn't keep rows that are being decoded waiting.

use std::ops::Range;

use super::{
    EncoderBlock, Engine, Source,
    layers::{Scratch, Split, with_scratch},
};
use crate::model::ModelError;
use kernels::{
    Cpu,
    attention::{
        self, HeadShape, Keys, KvBlocks, KvBlocksMut, MOST_KEYS, Precision, Query, SourceQueries, Tokens,
    },
};

/// Tokens of a block of keys and values.
const BLOCK: usize = kernels::LANES;
/// Tokens that go through a layer together: their numbers stay in a core's own cache.
const TOGETHER: usize = 64;
/// At least so many, where there are so many left: of fewer the weights would be read too often.
const LEAST: usize = 32;

/// A source on its way through the encoder.
#[derive(Debug)]
pub struct Encoding {
    /// `[length, width]`.
    hidden: Vec<f32>,
    length: usize,
    /// Tokens that no other attends to.
    masked: Vec<usize>,
    /// Layers that are done.
    layer: usize,
    queries: SourceQueries,
    keys: KvBlocks,
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
        let mut hidden = Vec::with_capacity(length * stack.width());
        for (position, token) in source.iter().enumerate() {
            stack.embed(self.cpu, *token, position, &mut hidden)?;
        }
        let distances = length.cast_signed();
        let biases = stack.relative.as_ref().map(|it| it.positions.of_distances(1 - distances..distances));
        let precision = Precision::of_many(self.cpu, stack.shape);
        let keys = KvBlocks::new(&self.memory, stack.shape, length.div_ceil(BLOCK), precision);
        Ok(Encoding {
            hidden,
            length,
            masked: Vec::new(),
            layer: 0,
            queries: SourceQueries::new(&self.memory, length, &keys),
            keys,
            biases: biases.unwrap_or_default(),
        })
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

    fn through(&self, block: &EncoderBlock, encoding: &mut Encoding) {
        let (cpu, shape) = (self.cpu, self.encoder.shape);
        let Encoding { hidden, length, masked, queries, keys, biases, .. } = encoding;
        let (sizes, width) = (parts(*length, self.team.threads()), self.encoder.width());
        let inner = shape.heads * shape.width;
        let (mut rest, mut rest_queries, mut rest_keys) = (&**hidden, queries.all_mut(), keys.all_mut());
        let parts = sizes.iter().map(|size| {
            let hidden = rest.split_off(..size * width).unwrap_or_default();
            (hidden, rest_queries.split_off(*size), rest_keys.split_off(size.div_ceil(BLOCK)))
        });
        self.team.each(parts, |(hidden, mut queries, mut keys)| {
            with_scratch(|scratch| {
                block.own.residual.before(cpu, hidden, scratch);
                let (linear, Scratch { rows, wide, .. }) = (&block.own.projections, scratch);
                linear.project(rows, Split::Here, wide);
                queries.fill(cpu, wide, linear.out_dim());
                fill(cpu, &mut keys, wide, (linear.out_dim(), inner), inner);
            });
        });
        mask(keys, masked);
        let (queries, keys, biases) = (&*queries, &*keys, &*biases);
        let (mut rest, mut first) = (&mut **hidden, 0);
        let parts = sizes.iter().map(|size| {
            first += size;
            (first - size..first, rest.split_off_mut(..size * width).unwrap_or_default())
        });
        self.team.each(parts, |(tokens, hidden)| {
            with_scratch(|scratch| {
                let attend = Attend { engine: self, queries, keys, biases, length: *length };
                attend.run(shape, tokens, scratch);
                block.own.finish(cpu, hidden, Split::Here, scratch);
                block.feed_forward.forward(cpu, hidden, Split::Here, scratch);
            });
        });
    }

    /// Keys and values of all decoder layers.
    fn source(&self, encoding: &mut Encoding) -> Source {
        let Encoding { hidden, length, masked, .. } = encoding;
        let (sizes, width, shape) =
            (parts(*length, self.team.threads()), self.encoder.width(), self.decoder.shape);
        let blocks = length.div_ceil(BLOCK);
        let new = || KvBlocks::new(&self.memory, shape, blocks, Precision::Bits8);
        let mut layers: Vec<KvBlocks> = self.decoder_blocks.iter().map(|_| new()).collect();
        let mut rest: Vec<_> = layers.iter_mut().map(KvBlocks::all_mut).collect();
        let mut rest_hidden = &mut **hidden;
        let parts = sizes.iter().map(|size| {
            let keys: Vec<_> = rest.iter_mut().map(|keys| keys.split_off(size.div_ceil(BLOCK))).collect();
            (rest_hidden.split_off_mut(..size * width).unwrap_or_default(), keys)
        });
        self.team.each(parts, |(hidden, keys)| {
            with_scratch(|scratch| {
                self.encoder.finish(self.cpu, hidden, None, scratch);
                let Scratch { rows, wide, .. } = scratch;
                for (block, mut keys) in self.decoder_blocks.iter().zip(keys) {
                    let linear = &block.cross.source;
                    linear.project(rows, Split::Here, wide);
                    fill(self.cpu, &mut keys, wide, (linear.out_dim(), 0), shape.heads * shape.width);
                }
            });
        });
        for keys in &mut layers {
            mask(keys, masked);
        }
        Source { layers, length: *length }
    }
}

/// Tokens of each part of a source: whole blocks, many at first and fewer towards the end, so that all threads are done at about
/// the same time, whatever its length and whatever a core has to wait for.
fn parts(length: usize, threads: usize) -> Vec<usize> {
    let mut left = length;
    std::iter::from_fn(|| {
        let share = if threads > 1 { left / (2 * threads) } else { left };
        let size = share.next_multiple_of(BLOCK).clamp(LEAST, TOGETHER);
        let size = if left < size + BLOCK { left } else { size };
        left -= size;
        (size > 0).then_some(size)
    })
    .collect()
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

/// Some tokens' attention to all.
struct Attend<'a> {
    engine: &'a Engine,
    queries: &'a SourceQueries,
    keys: &'a KvBlocks,
    biases: &'a [f32],
    length: usize,
}

impl Attend<'_> {
    /// Into `scratch.attended`, `[tokens, heads, width]`.
    fn run(&self, shape: HeadShape, tokens: Range<usize>, scratch: &mut Scratch) {
        let inner = shape.heads * shape.width;
        let Scratch { attended, attention, .. } = scratch;
        attended.resize(tokens.len() * inner, 0.0);
        let (keys, most) = (Keys::Source { blocks: self.keys, length: self.length }, self.keys.queries());
        for head in 0..shape.heads {
            let columns = head * shape.width..(head + 1) * shape.width;
            for (strip, output) in attended.chunks_mut(most * inner).enumerate() {
                let first = tokens.start + strip * most;
                let query = |(at, output)| self.query(first + at, head, columns.clone(), output);
                let mut queries: Vec<Query<'_>> =
                    output.chunks_exact_mut(inner).enumerate().filter_map(query).collect();
                let scale = self.engine.encoder.score_scale;
                attention::attend(self.engine.cpu, keys, head, scale, &mut queries, attention);
            }
        }
    }

    fn query<'b>(
        &'b self,
        token: usize,
        head: usize,
        columns: Range<usize>,
        output: &'b mut [f32],
    ) -> Option<Query<'b>> {
        let query = self.queries.get(token, head)?;
        let distances = 2 * self.length - 1;
        let bias = self.biases.get(head * distances..(head + 1) * distances);
        let bias = bias.and_then(|bias| bias.get(self.length - 1 - token..));
        Some(Query { query, bias, output: output.get_mut(columns)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_whole_blocks_that_make_the_source_and_shrink() {
        for (threads, length) in (1..9).flat_map(|threads| (0..700).map(move |length| (threads, length))) {
            let sizes = parts(length, threads);
            assert_eq!(sizes.iter().sum::<usize>(), length);
            let all_but_last = &sizes[..sizes.len().saturating_sub(1)];
            assert!(all_but_last.iter().all(|size| size.is_multiple_of(BLOCK) && *size >= LEAST));
            assert!(sizes.iter().all(|size| *size < TOGETHER + BLOCK), "{sizes:?}");
            assert!(all_but_last.is_sorted_by(|one, next| one >= next), "{sizes:?}");
        }
        assert_eq!(parts(300, 2), [64, 64, 48, 32, 32, 32, 28]);
    }
}
