//! Keys and values of attention, in blocks of 16 tokens.

use super::{
    MOST_QUERIES, tiled,
    write::{HeadBlocksMut, KvBlocksMut},
};
use crate::{
    Cpu, LANES,
    tile::{KvRun, PairLines, PairLinesMut, TOKEN_PAIRS},
};

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

    /// Largest integer of a query or a key in 16 bits, so that `width` products of two stay below 2^31.
    pub(super) fn limit(self) -> f32 {
        (2_147_483_000.0 / self.width.max(1) as f64).sqrt().floor().min(32_767.0) as f32
    }
}

/// How many bits a number of keys and values has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// For what is read at each step, where memory is the limit: half the bytes. It costs about as much as rounding the
    /// input of a product.
    Bits8,
    /// For what is read more often than it comes from memory.
    Bits16,
    /// As [`Bits16`](Self::Bits16), in bfloat16, for a source of many queries. Heads that tiles can't multiply have 16 bits.
    Bf16,
}

impl Precision {
    /// Of what many queries attend to, with heads of such a size.
    pub fn of_many(cpu: Cpu, shape: HeadShape) -> Self {
        if tiled::is_for(cpu, shape) { Self::Bf16 } else { Self::Bits16 }
    }
}

/// Lines of any precision.
#[derive(Debug, Clone)]
enum Lines {
    Bytes(Vec<[i8; 2 * LANES]>),
    Words(Vec<[i16; 2 * LANES]>),
}

impl Lines {
    fn new(precision: Precision, count: usize) -> Self {
        match precision {
            Precision::Bits8 => Self::Bytes(vec![[0; 2 * LANES]; count]),
            Precision::Bits16 | Precision::Bf16 => Self::Words(vec![[0; 2 * LANES]; count]),
        }
    }

    fn all(&self) -> PairLines<'_> {
        match self {
            Self::Bytes(lines) => PairLines::Bytes(lines),
            Self::Words(lines) => PairLines::Words(lines),
        }
    }

    fn all_mut(&mut self) -> PairLinesMut<'_> {
        match self {
            Self::Bytes(lines) => PairLinesMut::Bytes(lines),
            Self::Words(lines) => PairLinesMut::Words(lines),
        }
    }
}

/// Keys and values of some blocks of 16 tokens.
#[derive(Debug, Clone)]
pub struct KvBlocks {
    shape: HeadShape,
    blocks: usize,
    precision: Precision,
    /// `[heads, blocks, pairs of dimensions]`, a line has the pair of 16 tokens.
    keys: Lines,
    /// `[heads, panels of 16 dimensions, blocks, pairs of tokens]`.
    values: Lines,
    /// `[heads, blocks]`, of 16 tokens.
    key_scales: Vec<[f32; LANES]>,
    /// As the keys'.
    value_scales: Vec<[f32; LANES]>,
}

/// One head's scales of [`KvBlocks`], of 16 tokens each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scales<'a> {
    pub(super) keys: &'a [[f32; LANES]],
    pub(super) values: &'a [[f32; LANES]],
}

impl KvBlocks {
    /// Of so many blocks, all zero.
    pub fn new(shape: HeadShape, blocks: usize, precision: Precision) -> Self {
        let precision = match precision {
            Precision::Bf16 if !tiled::takes(shape) => Precision::Bits16,
            taken => taken,
        };
        // Tiles take two at once.
        let blocks = if precision == Precision::Bf16 { blocks.next_multiple_of(2) } else { blocks };
        let (all, lanes) =
            (shape.heads * blocks, [if precision == Precision::Bf16 { 1.0 } else { 0.0 }; LANES]);
        Self {
            shape,
            blocks,
            precision,
            keys: Lines::new(precision, all * shape.pairs()),
            values: Lines::new(precision, all * shape.value_lines()),
            key_scales: vec![lanes; all],
            value_scales: vec![lanes; all],
        }
    }

    /// Sizes of the heads.
    pub fn shape(&self) -> HeadShape {
        self.shape
    }

    /// Most queries of a call.
    pub fn queries(&self) -> usize {
        if self.precision == Precision::Bf16 { tiled::QUERIES } else { MOST_QUERIES }
    }

    /// How many bits a number has.
    pub(super) fn precision(&self) -> Precision {
        self.precision
    }

    /// Blocks that there are.
    pub fn blocks(&self) -> usize {
        self.blocks
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

    /// All blocks, to be written, and to be split into parts that are written at once.
    pub fn all_mut(&mut self) -> KvBlocksMut<'_> {
        let (shape, blocks) = (self.shape, self.blocks);
        let (mut keys, mut values) = (self.keys.all_mut(), self.values.all_mut());
        let scales = self.key_scales.chunks_exact_mut(blocks.max(1));
        let scales = scales.zip(self.value_scales.chunks_exact_mut(blocks.max(1)));
        let heads = scales.map(|(key_scales, value_scales)| HeadBlocksMut {
            keys: keys.split_off(blocks * shape.pairs()),
            values: (0..shape.panels()).map(|_| values.split_off(blocks * TOKEN_PAIRS)).collect(),
            key_scales,
            value_scales,
        });
        KvBlocksMut::new(shape, self.precision, heads.collect())
    }

    /// The first `count` blocks of a head; nothing where they aren't there.
    pub(super) fn run(&self, head: usize, count: usize) -> KvRun<'_> {
        let blocks = if count <= self.blocks { count } else { 0 };
        let (first, lines) = (head * self.blocks, self.shape.value_lines());
        KvRun {
            keys: self.keys.all().part(first * self.shape.pairs()..(first + blocks) * self.shape.pairs()),
            values: self.values.all().part(first * lines..(first + self.blocks) * lines),
            apart: self.blocks * TOKEN_PAIRS,
            blocks,
            ahead: None,
        }
    }

    /// Of the first `count` blocks of a head; none where they aren't there.
    pub(super) fn scales(&self, head: usize, count: usize) -> Scales<'_> {
        let range = head * self.blocks..head * self.blocks + if count <= self.blocks { count } else { 0 };
        let part = |all| <[_]>::get(all, range.clone()).unwrap_or_default();
        Scales { keys: part(&self.key_scales), values: part(&self.value_scales) }
    }
}
