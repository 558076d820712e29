//! Keys and values of attention, in blocks of 16 tokens.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use crate::{
    Cpu, LANES,
    cpu::{Float, Loops},
    ops::highest_magnitude,
    quantize::nearest,
    tile::PairLine,
};

/// Pairs of tokens in a block.
pub(super) const TOKEN_PAIRS: usize = LANES / 2;
/// Largest integer of a value: 32767 · 16383 and half of [`MOST_KEYS`](super::MOST_KEYS) · 16383 are below 2^31.
const VALUE_LIMIT: f32 = 16_383.0;

/// Sizes of the heads of a layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeadShape {
    /// Heads.
    pub heads: usize,
    /// Width of one.
    pub width: usize,
}

impl HeadShape {
    /// Pairs of a key, filled up.
    pub(super) fn pairs(self) -> usize {
        self.width.div_ceil(2)
    }

    /// Panels of 16 dimensions of a value, filled up.
    pub(super) fn panels(self) -> usize {
        self.width.div_ceil(LANES)
    }

    /// Lines of a block's values.
    pub(super) fn value_lines(self) -> usize {
        self.panels() * TOKEN_PAIRS
    }

    /// Largest integer of a query or key, so that `width` products of two stay below 2^31.
    pub(super) fn limit(self) -> f32 {
        (2_147_483_000.0 / self.width.max(1) as f64).sqrt().floor().min(32_767.0) as f32
    }
}

/// Keys and values of some blocks of 16 tokens: of one layer's source, or of all layers for 16 tokens of an output.
#[derive(Debug, Clone)]
pub struct KvBlocks {
    shape: HeadShape,
    blocks: usize,
    /// `[heads, blocks, pairs of dimensions]`, a line has the pair of 16 tokens.
    keys: Vec<PairLine>,
    /// `[heads, blocks, panels of 16 dimensions, pairs of tokens]`.
    values: Vec<PairLine>,
    /// `[heads, blocks]`, of 16 tokens.
    key_scales: Vec<[f32; LANES]>,
    /// As the keys'.
    value_scales: Vec<[f32; LANES]>,
}

/// One head's part of [`KvBlocks`].
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct HeadBlocks<'a> {
    pub(super) keys: &'a [PairLine],
    pub(super) values: &'a [PairLine],
    pub(super) key_scales: &'a [[f32; LANES]],
    pub(super) value_scales: &'a [[f32; LANES]],
}

/// One head's part of [`KvBlocks`], to be written.
#[derive(Debug)]
pub struct HeadBlocksMut<'a> {
    shape: HeadShape,
    keys: &'a mut [PairLine],
    values: &'a mut [PairLine],
    key_scales: &'a mut [[f32; LANES]],
    value_scales: &'a mut [[f32; LANES]],
}

impl KvBlocks {
    /// Of so many blocks, all zero.
    pub fn new(shape: HeadShape, blocks: usize) -> Self {
        let (all, lanes) = (shape.heads * blocks, [0.0; LANES]);
        Self {
            shape,
            blocks,
            keys: vec![[0; 2 * LANES]; all * shape.pairs()],
            values: vec![[0; 2 * LANES]; all * shape.value_lines()],
            key_scales: vec![lanes; all],
            value_scales: vec![lanes; all],
        }
    }

    /// Sizes of the heads.
    pub fn shape(&self) -> HeadShape {
        self.shape
    }

    /// Blocks that there are.
    pub fn blocks(&self) -> usize {
        self.blocks
    }

    /// Writes one token's keys and values, both `[heads, width]`, at a place of a block; outside of the blocks, nothing.
    pub fn write(&mut self, cpu: Cpu, block: usize, slot: usize, keys: &[f32], values: &[f32]) {
        let width = self.shape.width.max(1);
        let rows = keys.chunks_exact(width).zip(values.chunks_exact(width));
        for (mut head, (keys, values)) in self.heads_mut().zip(rows) {
            head.write(cpu, block, slot, keys, values);
        }
    }

    /// Makes a token one that no query attends to.
    pub fn mask(&mut self, block: usize, slot: usize) {
        if block >= self.blocks || slot >= LANES {
            return;
        }
        for at in (block..self.key_scales.len()).step_by(self.blocks) {
            // A score that is no number counts for nothing.
            self.key_scales[at][slot] = f32::NAN;
            self.value_scales[at][slot] = 0.0;
        }
    }

    /// The parts of all heads, which may be written at once.
    pub fn heads_mut(&mut self) -> impl Iterator<Item = HeadBlocksMut<'_>> {
        let (shape, blocks) = (self.shape, self.blocks.max(1));
        let keys = self.keys.chunks_exact_mut((blocks * shape.pairs()).max(1));
        let values = self.values.chunks_exact_mut((blocks * shape.value_lines()).max(1));
        let scales = self.key_scales.chunks_exact_mut(blocks).zip(self.value_scales.chunks_exact_mut(blocks));
        keys.zip(values).zip(scales).map(move |((keys, values), (key_scales, value_scales))| HeadBlocksMut {
            shape,
            keys,
            values,
            key_scales,
            value_scales,
        })
    }

    /// `count` blocks of a head from `first` on; nothing where they aren't there.
    pub(super) fn head(&self, head: usize, first: usize, count: usize) -> HeadBlocks<'_> {
        let begin = head * self.blocks + first;
        let end = begin + if first + count <= self.blocks { count } else { 0 };
        let (pairs, lines) = (self.shape.pairs(), self.shape.value_lines());
        HeadBlocks {
            keys: self.keys.get(begin * pairs..end * pairs).unwrap_or_default(),
            values: self.values.get(begin * lines..end * lines).unwrap_or_default(),
            key_scales: self.key_scales.get(begin..end).unwrap_or_default(),
            value_scales: self.value_scales.get(begin..end).unwrap_or_default(),
        }
    }
}

impl HeadBlocksMut<'_> {
    /// Writes one token's key and value, both `[width]`.
    pub fn write(&mut self, cpu: Cpu, block: usize, slot: usize, key: &[f32], value: &[f32]) {
        let (pairs, lines) = (self.shape.pairs(), self.shape.value_lines());
        let keys = self.keys.get_mut(block * pairs..(block + 1) * pairs);
        let values = self.values.get_mut(block * lines..(block + 1) * lines);
        let scales = self.key_scales.get_mut(block).zip(self.value_scales.get_mut(block));
        let (Some(keys), Some(values), Some((key_scales, value_scales))) = (keys, values, scales) else {
            return;
        };
        if slot < LANES {
            let limit = self.shape.limit();
            key_scales[slot] = cpu.run(WriteKey { key, lines: keys, slot, limit });
            value_scales[slot] = cpu.run(WriteValue { value, lines: values, slot });
        }
    }
}

/// Scale and inverse for integers up to a limit.
#[inline(always)]
pub(super) fn scales(row: &[f32], limit: f32) -> (f32, f32) {
    let highest = highest_magnitude(row);
    let inverse = limit / highest;
    if highest > 0.0 && inverse.is_finite() && highest.is_finite() {
        (highest / limit, inverse)
    } else {
        (0.0, 0.0)
    }
}

/// The nearest integer of 16 bits.
#[inline(always)]
pub(super) fn word(value: f32) -> i16 {
    nearest(value) as i16
}

struct WriteKey<'a> {
    key: &'a [f32],
    lines: &'a mut [PairLine],
    slot: usize,
    limit: f32,
}

impl Loops for WriteKey<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, _: impl Float) -> f32 {
        let (scale, inverse) = scales(self.key, self.limit);
        for (line, pair) in self.lines.iter_mut().zip(self.key.chunks(2)) {
            for (at, value) in pair.iter().enumerate() {
                line[self.slot % LANES * 2 + at] = word(value * inverse);
            }
        }
        scale
    }
}

struct WriteValue<'a> {
    value: &'a [f32],
    lines: &'a mut [PairLine],
    slot: usize,
}

impl Loops for WriteValue<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, _: impl Float) -> f32 {
        let (scale, inverse) = scales(self.value, VALUE_LIMIT);
        let lines = self.lines.iter_mut().skip(self.slot / 2).step_by(TOKEN_PAIRS);
        for (line, values) in lines.zip(self.value.chunks(LANES)) {
            for (lane, value) in values.iter().enumerate() {
                line[lane * 2 + self.slot % 2] = word(value * inverse);
            }
        }
        scale
    }
}
