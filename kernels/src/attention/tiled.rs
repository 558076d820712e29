//! Attention in bfloat16 where the processor multiplies matrices of it, for 16 queries at once: in half the time of 16-bit
//! integers or less, and more exact than the products of 8-bit integers around it.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::{HeadShape, KvBlocks, Query};
use crate::{
    Cpu, Isa, LANES,
    cpu::Loops,
    ops::Powers,
    simd::{Simd, highest, sum},
    tile::{Bf16Tiles, Block, PairLines, TOKEN_PAIRS, VALUE_PANELS},
};

/// Most queries of a call.
pub(super) const QUERIES: usize = LANES;

/// Memory that is used again from call to call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// `[16, pairs of dimensions]`.
    queries: Vec<[i16; 2]>,
    /// `[blocks]`, of `[query, token]`; weights in their place after that.
    scores: Vec<Block<f32>>,
}

/// Whether this is faster than integers.
pub(super) fn is_for(cpu: Cpu, shape: HeadShape) -> bool {
    matches!(cpu.isa(), Isa::Amx | Isa::NeonI8mm) && takes(shape)
}

/// Whether tiles multiply keys of such heads: a row of one has 32 dimensions.
pub(super) fn takes(shape: HeadShape) -> bool {
    shape.width > 0 && shape.width.is_multiple_of(2 * LANES)
}

/// [`attend`](super::attend) of at most [`QUERIES`] to the first `length` tokens of a source in bfloat16.
pub(super) fn attend(
    cpu: Cpu,
    (keys, length): (&KvBlocks, usize),
    head: usize,
    scale: f32,
    queries: &mut [Query<'_>],
    scratch: &mut Scratch,
) {
    let width = keys.shape().width;
    let blocks = length.div_ceil(LANES).next_multiple_of(2);
    let count = queries.len().min(QUERIES);
    let queries = queries.get_mut(..count).unwrap_or_default();
    let (run, scales) = (keys.run(head, blocks), keys.scales(head, blocks));
    let (PairLines::Words(lines), PairLines::Words(values), true) =
        (run.keys, run.values, length > 0 && queries.iter().all(|query| query.output.len() == width))
    else {
        for query in queries {
            query.output.fill(0.0);
        }
        return;
    };
    let Scratch { queries: rows, scores } = scratch;
    rows.resize(QUERIES * width / 2, [0; 2]);
    for (query, place) in queries.iter().zip(rows.chunks_exact_mut(width / 2)) {
        query.query.write(cpu, None, place);
    }
    scores.resize(blocks, Block::default());
    let tiles = Bf16Tiles::new(cpu);
    tiles.scores(rows, lines, scores);
    let mut factors = [0.0; QUERIES];
    for (row, (query, factor)) in queries.iter().zip(&mut factors).enumerate() {
        let (bias, key_scales) = (query.bias, scales.keys);
        *factor = cpu.run(Softmax { scores, row, scale, bias, key_scales, length });
    }
    let panel = |at: usize| values.get(at * run.apart..).and_then(|rest| rest.get(..blocks * TOKEN_PAIRS));
    for first in (0..width / LANES).step_by(VALUE_PANELS) {
        let last = width / LANES - 1;
        let panels = std::array::from_fn(|at| panel((first + at).min(last)).unwrap_or_default());
        let mut sums = [Block::default(); VALUE_PANELS];
        tiles.weigh(scores, panels, &mut sums);
        cpu.run(Outputs { sums: &sums, factors: &factors, first, queries });
    }
}

/// Sums of the values to outputs.
struct Outputs<'a, 'b> {
    /// `[panels]` of `[query, dimension]`.
    sums: &'a [Block<f32>],
    /// Of each query.
    factors: &'a [f32; QUERIES],
    /// The first panel.
    first: usize,
    queries: &'a mut [Query<'b>],
}

impl Loops for Outputs<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        for (row, (query, factor)) in self.queries.iter_mut().zip(self.factors).enumerate() {
            let factor = simd.splat(*factor);
            let places = query.output.as_chunks_mut::<LANES>().0.iter_mut().skip(self.first);
            for (place, sums) in places.zip(self.sums) {
                simd.store(simd.mul(simd.load(&sums.0[row]), factor), place);
            }
        }
    }
}

/// Scores of one query to numbers that the values are weighed with; gives what the sums are multiplied by after that.
struct Softmax<'a> {
    /// Of all queries.
    scores: &'a mut [Block<f32>],
    /// The query.
    row: usize,
    /// What the scores are multiplied by before the bias is added.
    scale: f32,
    bias: Option<&'a [f32]>,
    /// No number where a key is masked.
    key_scales: &'a [[f32; LANES]],
    length: usize,
}

impl Loops for Softmax<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let (whole, rest) = self.bias.unwrap_or_default().as_chunks::<LANES>();
        let mut last = [0.0; LANES];
        last.iter_mut().zip(rest).for_each(|(place, bias)| *place = *bias);
        let none = [0.0; LANES];
        let biases = whole.iter().chain([&last]).chain(std::iter::repeat(&none));
        let (scale, mut most) = (simd.splat(self.scale), simd.splat(f32::MIN));
        let mut left = self.length;
        for ((block, scales), bias) in self.scores.iter_mut().zip(self.key_scales).zip(biases) {
            let place = &mut block.0[self.row];
            // What is no number, of a key that is masked, is not the highest.
            let score = simd.fma(simd.load(place), simd.mul(simd.load(scales), scale), simd.load(bias));
            simd.store(score, place);
            if left < LANES {
                place.iter_mut().skip(left).for_each(|score| *score = f32::NEG_INFINITY);
            }
            most = simd.max(simd.load(place), most);
            left = left.saturating_sub(LANES);
        }
        let base = simd.splat(-highest(simd, most) * std::f32::consts::LOG2_E);
        let (log2, mut sums) = (simd.splat(std::f32::consts::LOG2_E), simd.splat(0.0));
        for [one, other] in self.scores.as_chunks_mut::<2>().0 {
            let first = Powers::BF16.of(simd, simd.fma(simd.load(&one.0[self.row]), log2, base));
            let second = Powers::BF16.of(simd, simd.fma(simd.load(&other.0[self.row]), log2, base));
            sums = simd.add(sums, simd.add(first, second));
            *one.weights_mut(self.row) = [simd.bf16(first), simd.bf16(second)];
        }
        let total = sum(simd, sums);
        // The highest score's is 1. A lower sum is of keys that are all masked.
        if total > 0.5 { 1.0 / total } else { 0.0 }
    }
}
