//! The encoder, a layer at a time, so that a long source doesn't keep rows that are being decoded waiting.

use std::ops::Range;

use super::{
    EncoderBlock, Engine, Source,
    layers::{Linear, Scratch, Split},
};
use crate::model::ModelError;
use kernels::{
    Finish, Team,
    attention::{self, HeadShape, HeadTokens, Keys, KvBlocks, MOST_KEYS, MOST_QUERIES, Precision, Query},
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
    /// Queries, keys and values, `[length, 3, heads, width]`.
    projections: Vec<f32>,
    keys: KvBlocks,
    /// Of all distances, `[heads, 2 · length − 1]`; empty where positions are not relative.
    biases: Vec<f32>,
}

impl Engine {
    /// Takes in a source.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownToken`] and [`ModelError::TooLong`].
    pub fn begin(&self, source: &[u32]) -> Result<Encoding, ModelError> {
        let stack = &self.encoder;
        let length = source.len();
        stack.check(source, length.saturating_sub(1), MOST_KEYS)?;
        let mut hidden = Vec::with_capacity(length * stack.width());
        for (position, token) in source.iter().enumerate() {
            stack.embed(self.cpu, *token, position, &mut hidden);
        }
        let distances = length.cast_signed();
        let biases = stack.relative.as_ref().map(|it| it.positions.of_distances(1 - distances..distances));
        let keys = KvBlocks::new(stack.shape, length.div_ceil(BLOCK), Precision::Bits16);
        Ok(Encoding {
            hidden,
            length,
            masked: Vec::new(),
            layer: 0,
            projections: Vec::new(),
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
        let Encoding { hidden, length, masked, projections, keys, biases, .. } = encoding;
        let wide = block.own.projections.out_dim();
        let (rows, width) = (self.together(*length), self.encoder.width());
        projections.resize(*length * wide, 0.0);
        let parts = hidden.chunks(rows * width).zip(projections.chunks_mut(rows * wide));
        self.team.each(parts, Scratch::default, |scratch, (hidden, projections)| {
            block.own.residual.before(cpu, hidden, scratch);
            block.own.projections.forward(cpu, &scratch.rows, Finish::Store, Split::Here, projections);
        });
        let inner = shape.heads * shape.width;
        write(self.team, cpu, keys, projections, (wide, inner), masked);
        let (projections, keys, biases) = (&*projections, &*keys, &*biases);
        let parts = hidden.chunks_mut(rows * width).enumerate();
        self.team.each(parts, Scratch::default, |scratch, (at, hidden)| {
            let tokens = at * rows..at * rows + hidden.len() / width;
            let attend = Attend { engine: self, projections, wide, keys, biases, length: *length };
            attend.run(shape, tokens, scratch);
            block.own.finish(cpu, hidden, Split::Here, scratch);
            block.feed_forward.forward(cpu, hidden, Split::Here, scratch);
        });
    }

    /// Keys and values of all decoder layers.
    fn source(&self, encoding: &mut Encoding) -> Source {
        let length = encoding.length;
        let width = self.encoder.width();
        let (rows, stack) = (self.together(length), &self.encoder);
        let mut quantized: Vec<Scratch> = Vec::new();
        quantized.resize_with(length.div_ceil(rows), Scratch::default);
        let parts = encoding.hidden.chunks_mut(rows * width).zip(&mut quantized);
        self.team.each(parts, || (), |(), (hidden, scratch)| stack.finish(self.cpu, hidden, None, scratch));
        let layer = |linear: &Linear| {
            let wide = linear.out_dim();
            encoding.projections.resize(length * wide, 0.0);
            let parts = encoding.projections.chunks_mut(rows * wide).zip(&quantized);
            let run = |(): &mut (), (output, scratch): (&mut [f32], &Scratch)| {
                linear.forward(self.cpu, &scratch.rows, Finish::Store, Split::Here, output);
            };
            self.team.each(parts, || (), run);
            let mut keys = KvBlocks::new(self.decoder_shape(), length.div_ceil(BLOCK), Precision::Bits8);
            write(self.team, self.cpu, &mut keys, &encoding.projections, (wide, 0), &encoding.masked);
            keys
        };
        let layers = self.decoder_blocks.iter().map(|block| &block.cross.source).map(layer).collect();
        Source { layers, length }
    }

    /// Tokens of a part, so that all threads have as many parts.
    fn together(&self, length: usize) -> usize {
        let threads = self.team.threads();
        let parts = length.div_ceil(TOGETHER * threads).max(1) * threads;
        length.div_ceil(parts).next_multiple_of(MOST_QUERIES)
    }
}

/// Writes keys and values of all tokens, which begin at `offset` of each row of `projections`.
fn write(
    team: &Team,
    cpu: kernels::Cpu,
    keys: &mut KvBlocks,
    projections: &[f32],
    (wide, offset): (usize, usize),
    masked: &[usize],
) {
    let shape = keys.shape();
    let heads: Vec<_> = keys.heads_mut().enumerate().collect();
    team.each(
        heads.into_iter(),
        || (),
        |(), (at, mut head)| {
            let (keys, inner) = (offset + at * shape.width, shape.heads * shape.width);
            for (block, rows) in projections.chunks(BLOCK * wide.max(1)).enumerate() {
                let part = |begin: usize| rows.get(begin..).unwrap_or_default();
                let tokens = HeadTokens { keys: part(keys), values: part(keys + inner), stride: wide };
                head.write_block(cpu, block, tokens);
            }
        },
    );
    for token in masked {
        keys.mask(token / BLOCK, token % BLOCK);
    }
}

/// Some tokens' attention to all.
struct Attend<'a> {
    engine: &'a Engine,
    projections: &'a [f32],
    wide: usize,
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
        let keys = Keys::Source { blocks: self.keys, length: self.length };
        for head in 0..shape.heads {
            let columns = head * shape.width..(head + 1) * shape.width;
            for (strip, output) in attended.chunks_mut(MOST_QUERIES * inner).enumerate() {
                let first = tokens.start + strip * MOST_QUERIES;
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
        let query = self.projections.get(token * self.wide..)?.get(columns.clone())?;
        let distances = 2 * self.length - 1;
        let bias = self.biases.get(head * distances..(head + 1) * distances);
        let bias = bias.and_then(|bias| bias.get(self.length - 1 - token..));
        Some(Query { query, bias, output: output.get_mut(columns)? })
    }
}
