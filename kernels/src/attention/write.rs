//! Quantizes keys and values into their blocks: one token, or a block of them at once.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::{
    blocks::{HeadShape, Precision},
    scale::{Scale, scales},
};
use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks, filled_up},
    tile::{PairLinesMut, TOKEN_PAIRS},
};

/// Largest integer of a value in 16 bits: 32767 · 16383 and half of [`MOST_KEYS`](super::MOST_KEYS) · 16383 are below 2^31.
const VALUE_LIMIT: f32 = 16_383.0;

/// Some blocks of [`KvBlocks`](super::KvBlocks), to be written.
#[derive(Debug)]
pub struct KvBlocksMut<'a> {
    shape: HeadShape,
    precision: Precision,
    heads: Vec<HeadBlocksMut<'a>>,
}

/// A head of them.
#[derive(Debug)]
pub(super) struct HeadBlocksMut<'a> {
    pub(super) keys: PairLinesMut<'a>,
    /// Of each panel of 16 dimensions.
    pub(super) values: Vec<PairLinesMut<'a>>,
    pub(super) key_scales: &'a mut [[f32; LANES]],
    pub(super) value_scales: &'a mut [[f32; LANES]],
}

/// Keys and values of some tokens, each `[heads, width]`.
#[derive(Debug, Clone, Copy)]
pub struct Tokens<'a> {
    /// A token's keys every `stride` numbers.
    pub keys: &'a [f32],
    /// A token's values every `stride` numbers.
    pub values: &'a [f32],
    /// Numbers from one token to the next.
    pub stride: usize,
}

impl<'a> Tokens<'a> {
    /// The first token's key and value of a head.
    pub(super) fn row(self, head: usize, width: usize) -> [&'a [f32]; 2] {
        self.rows(0, head, width).map(|rows| rows.get(0))
    }

    /// From a token on, a head's.
    fn rows(self, token: usize, head: usize, width: usize) -> [Rows<'a>; 2] {
        let stride = self.stride;
        [self.keys, self.values].map(|all| Rows {
            values: all.get(token * stride + head * width..).unwrap_or_default(),
            stride,
            width,
        })
    }
}

impl Precision {
    /// Largest integers of keys and values; none where they are floats.
    pub(super) fn limits(self, shape: HeadShape) -> [Option<f32>; 2] {
        match self {
            Self::Bits8 => [Some(127.0); 2],
            Self::Bits16 => [shape.limit(), VALUE_LIMIT].map(Some),
            Self::Bf16 => [None; 2],
        }
    }
}

impl<'a> KvBlocksMut<'a> {
    pub(super) fn new(shape: HeadShape, precision: Precision, heads: Vec<HeadBlocksMut<'a>>) -> Self {
        Self { shape, precision, heads }
    }

    /// The first `count` blocks, or as many as there are, of which this has the rest.
    #[must_use]
    pub fn split_off(&mut self, count: usize) -> Self {
        let pairs = self.shape.pairs();
        let count = count.min(self.heads.first().map_or(0, |head| head.key_scales.len()));
        let heads = self.heads.iter_mut().map(|head| HeadBlocksMut {
            keys: head.keys.split_off(count * pairs),
            values: head.values.iter_mut().map(|panel| panel.split_off(count * TOKEN_PAIRS)).collect(),
            key_scales: head.key_scales.split_off_mut(..count).unwrap_or_default(),
            value_scales: head.value_scales.split_off_mut(..count).unwrap_or_default(),
        });
        Self::new(self.shape, self.precision, heads.collect())
    }

    /// Writes all blocks, with the tokens in their order; what is missing of them becomes zero.
    pub fn fill(&mut self, cpu: Cpu, tokens: Tokens<'_>) {
        let (limits, width) = (self.precision.limits(self.shape), self.shape.width);
        for (at, head) in self.heads.iter_mut().enumerate() {
            let scales = head.key_scales.iter_mut().zip(&mut *head.value_scales);
            for (block, (key_scales, value_scales)) in scales.enumerate() {
                let [keys, values] = tokens.rows(block * LANES, at, width);
                let place = Place::Keys(&mut head.keys, block * self.shape.pairs());
                *key_scales = cpu.run_bf16(WriteBlock { rows: keys, limit: limits[0], place });
                let place = Place::Values(&mut head.values, block * TOKEN_PAIRS);
                *value_scales = cpu.run_bf16(WriteBlock { rows: values, limit: limits[1], place });
            }
        }
    }
}

/// The lines of a block.
enum Place<'a, 'b> {
    /// From a line on, one for each pair of dimensions, with the pair of all tokens.
    Keys(&'a mut PairLinesMut<'b>, usize),
    /// For every 16 dimensions, from a line on, one for each pair of tokens.
    Values(&'a mut [PairLinesMut<'b>], usize),
}

/// Quantizes a token's key; gives the scale.
pub(super) struct WriteKey<'a, 'b> {
    pub(super) row: &'a [f32],
    pub(super) limit: Option<f32>,
    pub(super) lines: &'a mut PairLinesMut<'b>,
    /// The block's first line.
    pub(super) first: usize,
    pub(super) slot: usize,
}

impl Loops for WriteKey<'_, '_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let scale = Scale::of(simd, self.row, self.limit);
        for (chunk, values) in chunks(self.row, 0.0).iter().enumerate() {
            let words = scale.words(simd, simd.load(values));
            let count = (self.row.len() - chunk * LANES).div_ceil(2);
            for (at, pair) in words.as_chunks::<2>().0.iter().enumerate().take(count) {
                self.lines.set(self.first + chunk * TOKEN_PAIRS + at, self.slot * 2, 1, pair);
            }
        }
        scale.scale
    }
}

/// Quantizes a token's value; gives the scale.
pub(super) struct WriteValue<'a, 'b> {
    pub(super) row: &'a [f32],
    pub(super) limit: Option<f32>,
    pub(super) lines: &'a mut PairLinesMut<'b>,
    /// The block's first line.
    pub(super) first: usize,
    /// Lines from one panel to the next.
    pub(super) panel: usize,
    pub(super) slot: usize,
}

impl Loops for WriteValue<'_, '_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let scale = Scale::of(simd, self.row, self.limit);
        for (chunk, values) in chunks(self.row, 0.0).iter().enumerate() {
            let words = scale.words(simd, simd.load(values));
            self.lines.set(self.first + chunk * self.panel + self.slot / 2, self.slot % 2, 2, &words);
        }
        scale.scale
    }
}

/// Rows of a head.
#[derive(Clone, Copy)]
struct Rows<'a> {
    values: &'a [f32],
    stride: usize,
    width: usize,
}

impl<'a> Rows<'a> {
    fn get(self, row: usize) -> &'a [f32] {
        self.values.get(row * self.stride..).and_then(|row| row.get(..self.width)).unwrap_or_default()
    }
}

/// Quantizes the rows of 16 tokens; gives the scales.
struct WriteBlock<'a, 'b> {
    rows: Rows<'a>,
    limit: Option<f32>,
    place: Place<'a, 'b>,
}

impl Loops for WriteBlock<'_, '_> {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run(mut self, simd: impl Simd) -> [f32; LANES] {
        let rows: [&[f32]; LANES] = std::array::from_fn(|token| self.rows.get(token));
        let scales = self.limit.map(|limit| scales(simd, &rows, limit));
        for chunk in 0..self.rows.width.div_ceil(LANES) {
            let mut words = [[0; LANES]; LANES];
            for (token, words) in words.iter_mut().enumerate() {
                let rest = rows[token].get(chunk * LANES..).unwrap_or_default();
                let some;
                let values = if let Some(values) = rest.first_chunk() {
                    values
                } else {
                    some = filled_up(rest);
                    &some
                };
                let values = simd.load(values);
                *words = match &scales {
                    Some([_, inverses]) => {
                        simd.words(simd.nearest(simd.mul(values, simd.splat(inverses[token]))))
                    }
                    None => simd.bf16(values),
                };
            }
            self.put(simd, chunk, &words);
        }
        scales.map_or([1.0; LANES], |[scales, _]| scales)
    }
}

impl WriteBlock<'_, '_> {
    /// All tokens' numbers of 16 dimensions.
    #[inline(always)]
    fn put(&mut self, simd: impl Simd, chunk: usize, words: &[[i16; LANES]; LANES]) {
        match &mut self.place {
            Place::Keys(lines, first) => {
                let count = (self.rows.width - chunk * LANES).div_ceil(2);
                for (at, line) in simd.transpose(words).iter().enumerate().take(count) {
                    lines.put(simd, *first + chunk * TOKEN_PAIRS + at, line);
                }
            }
            Place::Values(panels, first) => {
                let Some(lines) = panels.get_mut(chunk) else { return };
                for (at, [one, other]) in words.as_chunks::<2>().0.iter().enumerate() {
                    lines.put(simd, *first + at, &simd.interleave(one, other));
                }
            }
        }
    }
}
