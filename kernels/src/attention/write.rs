//! Quantizes keys and values into their blocks: one token, or a block of them at once.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::blocks::{HeadBlocksMut, Precision, TOKEN_PAIRS};
use crate::{
    Cpu, LANES,
    cpu::Loops,
    ops::highest_magnitude,
    simd::{Simd, chunks},
    tile::PairLinesMut,
};

/// Largest integer of a value in 16 bits: 32767 · 16383 and half of [`MOST_KEYS`](super::MOST_KEYS) · 16383 are below 2^31.
const VALUE_LIMIT: f32 = 16_383.0;

/// Tokens of a head: each has a key and a value of the head's width.
#[derive(Debug, Clone, Copy)]
pub struct HeadTokens<'a> {
    /// A token's key every `stride` numbers.
    pub keys: &'a [f32],
    /// A token's value every `stride` numbers.
    pub values: &'a [f32],
    /// Numbers from one token to the next.
    pub stride: usize,
}

impl HeadBlocksMut<'_> {
    /// Writes one token's key and value, both `[width]`; outside of the blocks, nothing.
    pub fn write(&mut self, cpu: Cpu, block: usize, slot: usize, key: &[f32], value: &[f32]) {
        let limits = self.limits();
        let scales = self.key_scales.get_mut(block).zip(self.value_scales.get_mut(block));
        let (Some((key_scales, value_scales)), true) = (scales, slot < LANES) else { return };
        let place = Place::Keys { first: block * self.shape.pairs() };
        key_scales[slot] =
            cpu.run(WriteToken { row: key, limit: limits.0, lines: &mut self.keys, place, slot });
        let place = Place::Values { first: block * TOKEN_PAIRS, panel: self.blocks * TOKEN_PAIRS };
        value_scales[slot] =
            cpu.run(WriteToken { row: value, limit: limits.1, lines: &mut self.values, place, slot });
    }

    /// Writes a whole block, of the first 16 tokens; what is missing of them becomes zero. Outside of the blocks, nothing.
    pub fn write_block(&mut self, cpu: Cpu, block: usize, tokens: HeadTokens<'_>) {
        let (limits, width, stride) = (self.limits(), self.shape.width, tokens.stride);
        let scales = self.key_scales.get_mut(block).zip(self.value_scales.get_mut(block));
        let Some((key_scales, value_scales)) = scales else { return };
        let (place, lines) = (Place::Keys { first: block * self.shape.pairs() }, &mut self.keys);
        let rows = Rows { values: tokens.keys, stride, width };
        *key_scales = cpu.run(WriteBlock { rows, limit: limits.0, lines, place });
        let (first, panel) = (block * TOKEN_PAIRS, self.blocks * TOKEN_PAIRS);
        let (place, lines) = (Place::Values { first, panel }, &mut self.values);
        let rows = Rows { values: tokens.values, stride, width };
        *value_scales = cpu.run(WriteBlock { rows, limit: limits.1, lines, place });
    }

    /// Largest integers of keys and values.
    fn limits(&self) -> (f32, f32) {
        match self.precision {
            Precision::Bits8 => (127.0, 127.0),
            Precision::Bits16 => (self.shape.limit(), VALUE_LIMIT),
        }
    }
}

/// Scale and inverse for integers up to a limit.
#[inline(always)]
pub(super) fn scales(simd: impl Simd, row: &[f32], limit: f32) -> (f32, f32) {
    let highest = highest_magnitude(simd, row);
    let inverse = limit / highest;
    if highest > 0.0 && inverse.is_finite() && highest.is_finite() {
        (highest / limit, inverse)
    } else {
        (0.0, 0.0)
    }
}

/// Where the lines of a block are.
#[derive(Clone, Copy)]
enum Place {
    /// One for each pair of dimensions, with the pair of all tokens.
    Keys { first: usize },
    /// One for each pair of tokens, with 16 dimensions of both; `panel` lines further, those of the next 16 dimensions.
    Values { first: usize, panel: usize },
}

/// Quantizes a token's row; gives the scale.
struct WriteToken<'a, 'b> {
    row: &'a [f32],
    limit: f32,
    lines: &'a mut PairLinesMut<'b>,
    place: Place,
    slot: usize,
}

impl Loops for WriteToken<'_, '_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let (scale, inverse) = scales(simd, self.row, self.limit);
        for (chunk, values) in chunks(self.row, 0.0).iter().enumerate() {
            let words = simd.words(simd.nearest(simd.mul(simd.load(values), simd.splat(inverse))));
            match self.place {
                Place::Keys { first } => {
                    let count = (self.row.len() - chunk * LANES).div_ceil(2);
                    for (at, pair) in words.as_chunks::<2>().0.iter().enumerate().take(count) {
                        self.lines.set(first + chunk * TOKEN_PAIRS + at, self.slot * 2, 1, pair);
                    }
                }
                Place::Values { first, panel } => {
                    self.lines.set(first + chunk * panel + self.slot / 2, self.slot % 2, 2, &words);
                }
            }
        }
        scale
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
    limit: f32,
    lines: &'a mut PairLinesMut<'b>,
    place: Place,
}

impl Loops for WriteBlock<'_, '_> {
    type Output = [f32; LANES];

    #[inline(always)]
    fn run(self, simd: impl Simd) -> [f32; LANES] {
        let (mut all, mut inverses) = ([0.0; LANES], [0.0; LANES]);
        for (token, (scale, inverse)) in all.iter_mut().zip(&mut inverses).enumerate() {
            (*scale, *inverse) = scales(simd, self.rows.get(token), self.limit);
        }
        for chunk in 0..self.rows.width.div_ceil(LANES) {
            let mut words = [[0; LANES]; LANES];
            for (token, (words, inverse)) in words.iter_mut().zip(inverses).enumerate() {
                let row = self.rows.get(token).get(chunk * LANES..).unwrap_or_default();
                let chunks = chunks(row.get(..LANES).unwrap_or(row), 0.0);
                let Some(values) = chunks.iter().next() else { continue };
                *words = simd.words(simd.nearest(simd.mul(simd.load(values), simd.splat(inverse))));
            }
            match self.place {
                Place::Keys { first } => {
                    let count = (self.rows.width - chunk * LANES).div_ceil(2);
                    for (at, line) in simd.transpose(&words).iter().enumerate().take(count) {
                        self.lines.put(first + chunk * TOKEN_PAIRS + at, line);
                    }
                }
                Place::Values { first, panel } => {
                    for (at, [one, other]) in words.as_chunks::<2>().0.iter().enumerate() {
                        self.lines.put(first + chunk * panel + at, &simd.interleave(one, other));
                    }
                }
            }
        }
        all
    }
}
