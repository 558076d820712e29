//! Keys and values of attention, in blocks of 16 tokens.

use std::sync::Arc;

use super::{
    MOST_QUERIES, tiled,
    write::{HeadBlocksMut, KvBlocksMut, Tokens},
};
use crate::{
    BufferPool, Cpu, LANES,
    buffer::Buffer,
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

    /// Bytes of a line: two numbers for each of 16 tokens or dimensions.
    fn line(self) -> usize {
        if self == Self::Bits8 { size_of::<[i8; 2 * LANES]>() } else { size_of::<[i16; 2 * LANES]>() }
    }

    fn lines(self, bytes: &[u8]) -> PairLines<'_> {
        match self {
            Self::Bits8 => PairLines::Bytes(bytemuck::cast_slice(bytes)),
            Self::Bits16 | Self::Bf16 => PairLines::Words(bytemuck::cast_slice(bytes)),
        }
    }

    fn lines_mut(self, bytes: &mut [u8]) -> PairLinesMut<'_> {
        match self {
            Self::Bits8 => PairLinesMut::Bytes(bytemuck::cast_slice_mut(bytes)),
            Self::Bits16 | Self::Bf16 => PairLinesMut::Words(bytemuck::cast_slice_mut(bytes)),
        }
    }
}

/// Scales of a block's tokens.
type Lanes = [f32; LANES];

/// Keys and values of some blocks of 16 tokens.
#[derive(Debug, Clone)]
pub struct KvBlocks {
    shape: HeadShape,
    blocks: usize,
    precision: Precision,
    /// Head by head, so that what a query reads lies in one place and is one stream from memory:
    ///
    /// - keys, `[blocks, pairs of dimensions]`, a line has the pair of 16 tokens;
    /// - scales of the keys, `[blocks]`, of 16 tokens;
    /// - scales of the values, as the keys';
    /// - values, `[panels of 16 dimensions, blocks, pairs of tokens]`.
    bytes: Buffer,
    /// Bytes of a head, and where in it the scales of the keys, those of the values, and the values begin.
    head: [usize; 4],
    /// Whether there are tokens that no query attends to.
    masked: bool,
}

/// One head's scales of [`KvBlocks`], of 16 tokens each.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Scales<'a> {
    pub(super) keys: &'a [[f32; LANES]],
    pub(super) values: &'a [[f32; LANES]],
}

impl KvBlocks {
    /// Of so many blocks, which hold anything until they are filled.
    pub fn new(pool: &Arc<BufferPool>, shape: HeadShape, blocks: usize, precision: Precision) -> Self {
        let precision = match precision {
            Precision::Bf16 if !tiled::takes(shape) => Precision::Bits16,
            taken => taken,
        };
        // Tiles take two at once.
        let whole = if precision == Precision::Bf16 { blocks.next_multiple_of(2) } else { blocks };
        let (line, scales) = (precision.line(), whole * size_of::<Lanes>());
        let keys = (whole * shape.pairs() * line).next_multiple_of(size_of::<Lanes>());
        let values = keys + 2 * scales;
        let head = [values + whole * shape.value_lines() * line, keys, keys + scales, values];
        let bytes = Buffer::new(pool, shape.heads * head[0]);
        let mut new = Self { shape, blocks: whole, precision, bytes, head, masked: false };
        if blocks < whole {
            let mut last = new.all_mut();
            let _ = last.split_off(blocks);
            last.fill(Cpu::default(), Tokens { keys: &[], values: &[], stride: 0 });
        }
        new
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

    /// Whether there are tokens that no query attends to.
    pub(super) fn is_masked(&self) -> bool {
        self.masked
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
        self.masked = true;
        for head in self.heads_mut() {
            if let (Some(keys), Some(values)) =
                (head.key_scales.get_mut(block), head.value_scales.get_mut(block))
            {
                // A score that is no number counts for nothing.
                keys[slot] = f32::NAN;
                values[slot] = 0.0;
            }
        }
    }

    /// All bits are ones: floats are no numbers.
    #[cfg(test)]
    pub(super) fn fill_with_ones(&mut self) {
        self.bytes.fill(u8::MAX);
    }

    /// All blocks, to be written, and to be split into parts that are written at once.
    pub fn all_mut(&mut self) -> KvBlocksMut<'_> {
        let (shape, precision) = (self.shape, self.precision);
        KvBlocksMut::new(shape, precision, self.heads_mut().collect())
    }

    fn heads_mut(&mut self) -> impl Iterator<Item = HeadBlocksMut<'_>> {
        let (shape, blocks, precision) = (self.shape, self.blocks, self.precision);
        let [all, key_scales, value_scales, values] = self.head;
        self.bytes.chunks_exact_mut(all.max(1)).map(move |head| {
            let (rest, lines) = head.split_at_mut(values);
            let (rest, of_values) = rest.split_at_mut(value_scales);
            let (keys, of_keys) = rest.split_at_mut(key_scales);
            let mut lines = precision.lines_mut(lines);
            HeadBlocksMut {
                keys: precision.lines_mut(&mut keys[..blocks * shape.pairs() * precision.line()]),
                values: (0..shape.panels()).map(|_| lines.split_off(blocks * TOKEN_PAIRS)).collect(),
                key_scales: bytemuck::cast_slice_mut(of_keys),
                value_scales: bytemuck::cast_slice_mut(of_values),
            }
        })
    }

    /// So many of a head's bytes, from one of them on; none where they aren't there.
    fn part(&self, head: usize, begin: usize, length: usize) -> &[u8] {
        let begin = head * self.head[0] + begin;
        self.bytes.get(begin..begin + length).unwrap_or_default()
    }

    /// The first `count` blocks of a head; nothing where they aren't there.
    pub(super) fn run(&self, head: usize, count: usize) -> KvRun<'_> {
        let ([all, _, _, values], line) = (self.head, self.precision.line());
        let blocks = if count <= self.blocks && head < self.shape.heads { count } else { 0 };
        KvRun {
            keys: self.precision.lines(self.part(head, 0, blocks * self.shape.pairs() * line)),
            values: self.precision.lines(self.part(head, values, all - values)),
            apart: self.blocks * TOKEN_PAIRS,
            blocks,
            ahead: None,
        }
    }

    /// Of the first `count` blocks of a head; none where they aren't there.
    pub(super) fn scales(&self, head: usize, count: usize) -> Scales<'_> {
        let [_, keys, values, _] = self.head;
        let count = if count <= self.blocks { count } else { 0 };
        let of = |begin: usize| bytemuck::cast_slice(self.part(head, begin, count * size_of::<Lanes>()));
        Scales { keys: of(keys), values: of(values) }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::attention::{
        Keys, MOST_KEYS,
        tests::{filled_by, noise, run},
    };

    proptest! {
        #[test]
        fn what_was_in_the_memory_before_makes_no_difference(
            (heads, width, length, count) in (1..4_usize, 1..70_usize, 1..90_usize, 1..=MOST_QUERIES), seed in any::<u32>(),
        ) {
            let shape = HeadShape { heads, width };
            let (keys, values) = (noise(seed, length * heads * width), noise(seed ^ 1, length * heads * width));
            let (queries, bias) = (noise(seed ^ 2, count * width), noise(seed ^ 3, length));
            let queries: Vec<&[f32]> = queries.chunks_exact(width).collect();
            for cpu in Cpu::all() {
                for precision in [Precision::Bits8, Precision::Bits16, Precision::Bf16] {
                    let pool = Arc::default();
                    let mut dirty = KvBlocks::new(&pool, shape, length.div_ceil(LANES), precision);
                    dirty.fill_with_ones();
                    drop(dirty);
                    let [used, fresh] = [pool, Arc::default()].map(|pool| {
                        let blocks = filled_by(&pool, cpu, shape, (&keys, &values), precision, MOST_KEYS);
                        run(cpu, Keys::Source { blocks: &blocks, length }, heads - 1, 0.1, &queries, &bias)
                    });
                    prop_assert_eq!(used, fresh, "{:?} {:?}", cpu, precision);
                }
            }
        }
    }
}
