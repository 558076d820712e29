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
        let keys = KvBlocks::new(stack.shape, length.div_ceil(BLOCK), precision);
        Ok(Encoding {
            hidden,
            length,
            masked: Vec::new(),
            layer: 0,
            queries: SourceQueries::new(length, &keys),
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
        let (rows, width) = (self.together(*length), self.encoder.width());
        let inner = shape.heads * shape.width;
        let parts = hidden.chunks(rows * width).zip(queries.parts_mut(rows));
        let parts = parts.zip(keys.parts_mut(rows / BLOCK));
        self.team.each(parts, |((hidden, mut queries), mut keys)| {
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
        let parts = hidden.chunks_mut(rows * width).enumerate();
        self.team.each(parts, |(at, hidden)| {
            with_scratch(|scratch| {
                let tokens = at * rows..at * rows + hidden.len() / width;
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
        let (rows, width, shape) = (self.together(*length), self.encoder.width(), self.decoder.shape);
        let blocks = length.div_ceil(BLOCK);
        let new = || KvBlocks::new(shape, blocks, Precision::Bits8);
        let mut layers: Vec<KvBlocks> = self.decoder_blocks.iter().map(|_| new()).collect();
        let mut parts: Vec<_> =
            layers.iter_mut().map(|keys| keys.parts_mut(rows / BLOCK).into_iter()).collect();
        let parts = hidden.chunks_mut(rows * width).map(|hidden| {
            let keys: Vec<_> = parts.iter_mut().filter_map(Iterator::next).collect();
            (hidden, keys)
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

    /// Tokens of a part, so that all threads have as many parts.
    fn together(&self, length: usize) -> usize {
        let threads = self.team.threads();
        let parts = length.div_ceil(TOGETHER * threads).max(1) * threads;
        length.div_ceil(parts).next_multiple_of(BLOCK)
    }
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
