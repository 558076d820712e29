//! Attention in bfloat16 where the processor multiplies it as fast as 16-bit integers or, with matrices, faster, for 16 queries at
//! once. It is more exact than the products of 8-bit integers around it.
//!
//! 32 keys at a time, scores become weights, with tiles while these multiply the next keys, and weigh the values before (as Dao et al.,
//! <https://arxiv.org/abs/2205.14135>). For that the score of the first key stands for the highest: a float has room for weights up to e^69
//! times that key's, and they are as exact. Where a query needs more, it goes through its keys once more with the highest of all.

use std::{f32::consts::LOG2_E, ops::Range};

use super::{
    HeadShape, KvBlocks, Query,
    exponentials::{Rows, Strip},
    pass::{Highest, Pass},
};
use crate::{
    Cpu, Floats, Isa, LANES,
    cpu::Loops,
    simd::Simd,
    tile::{BLOCKS, Bf16Tiles, Block, PairLines, TILE_ROWS, TOKEN_PAIRS, VALUE_PANELS, Weights},
};

/// Most queries of a call.
pub(super) const QUERIES: usize = TILE_ROWS;
/// Keys of a part.
pub(super) const KEYS: usize = BLOCKS * LANES;

/// Memory that is used again from call to call.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// `[16, pairs of dimensions]`: their bits.
    queries: Floats,
    /// Of each part of the keys, or of two.
    weights: Vec<Weights>,
}

/// Whether this is faster than integers.
pub(super) fn is_for(cpu: Cpu, shape: HeadShape) -> bool {
    matches!(cpu.isa(), Isa::Amx | Isa::Avx512Bf16 | Isa::NeonI8mm) && takes(shape)
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
    let blocks = length.div_ceil(LANES).next_multiple_of(BLOCKS);
    let count = queries.len().min(QUERIES);
    let queries = queries.get_mut(..count).unwrap_or_default();
    let run = keys.run(head, blocks);
    let (PairLines::Words(lines), PairLines::Words(values), true) =
        (run.keys, run.values, length > 0 && queries.iter().all(|query| query.output.len() == width))
    else {
        for query in queries {
            query.output.fill(0.0);
        }
        return;
    };
    let Scratch { queries: rows, weights } = scratch;
    rows.resize(QUERIES * width / 2);
    let rows: &mut [[i16; 2]] = bytemuck::cast_slice_mut(rows);
    let (mut biases, mut covered) = ([&[][..]; QUERIES], usize::MAX);
    for ((query, place), bias) in queries.iter().zip(rows.chunks_exact_mut(width / 2)).zip(&mut biases) {
        query.query.write(cpu, None, place);
        if let Some(given) = query.bias {
            (*bias, covered) = (given, covered.min(given.len()));
        }
    }
    let (tiles, biases) = (&Bf16Tiles::new(cpu), &biases[..count]);
    weights.resize(if tiles.adds_up() { 2 } else { blocks / BLOCKS }, Weights::default());
    let masked = keys.is_masked().then(|| keys.scales(head, blocks).keys);
    let strip = Strip { tiles, queries: rows, lines, masked, biases, covered, scale: scale * LOG2_E, length };
    let panel = |at: usize| values.get(at * run.apart..).and_then(|rest| rest.get(..blocks * TOKEN_PAIRS));
    let (last, mut known) = (width / LANES - 1, None);
    for first in (0..=last).step_by(VALUE_PANELS) {
        let panels = std::array::from_fn(|at| panel((first + at).min(last)).unwrap_or_default());
        let factors = factors(cpu, strip, panels, weights, &mut known);
        let mut sums = [Block::default(); VALUE_PANELS];
        tiles.end_sums(weights, panels, &mut sums);
        cpu.run(Outputs { sums: &sums, factors: &factors, first, queries });
    }
}

/// The sum of all weights of a query that can be trusted: less is of keys that are all far below the base, and more may be infinite, or
/// become so when values are multiplied.
const TRUSTED: Range<f32> = 0.5..1e30;

/// Weighs the values; gives for each query what the sums are multiplied by after that. `bases` are what the exponents are less, once
/// that is known.
fn factors(
    cpu: Cpu,
    strip: Strip<'_>,
    panels: [&[[i16; 2 * LANES]]; VALUE_PANELS],
    weights: &mut [Weights],
    bases: &mut Option<Rows<f32>>,
) -> Rows<f32> {
    let mut pass = |bases| cpu.run_bf16(Pass { strip, bases, panels, weights });
    let [mut totals, mut used] = pass(*bases);
    let is_trusted = |total: &f32| TRUSTED.contains(total);
    if bases.is_none() && !totals.iter().take(strip.biases.len()).all(is_trusted) {
        let highest = cpu.run(Highest { strip });
        for ((base, total), highest) in used.iter_mut().zip(&totals).zip(highest) {
            *base = if is_trusted(total) { *base } else { highest };
        }
        [totals, _] = pass(Some(used));
    }
    *bases = Some(used);
    // The highest score's weight is 1. A lower sum is of keys that are all masked.
    totals.map(|total| if total > 0.5 { 1.0 / total } else { 0.0 })
}

/// Sums of the values to outputs.
struct Outputs<'a, 'b> {
    /// `[panels]` of `[query, dimension]`.
    sums: &'a [Block],
    /// Of each query.
    factors: &'a Rows<f32>,
    /// The first panel.
    first: usize,
    queries: &'a mut [Query<'b>],
}

impl Loops for Outputs<'_, '_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
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

#[cfg(test)]
mod tests {
    use crate::attention::{
        Keys, Precision, QueryVector, Scratch, attend,
        tests::{filled, noise, plain, run},
    };

    use super::*;

    const LENGTH: usize = 70;
    const SHAPE: HeadShape = HeadShape { heads: 1, width: 32 };

    /// Keys whose first dimension is the only one, values, and queries that make scores up to 8 times as high.
    fn input(of: impl Fn(usize) -> f32) -> (Vec<f32>, Vec<f32>, Vec<Vec<f32>>) {
        let rows = |of: &dyn Fn(usize) -> f32, count: usize| {
            (0..count).map(|at| (0..32).map(|dim| if dim == 0 { of(at) } else { 0.0 }).collect()).collect()
        };
        let keys: Vec<Vec<f32>> = rows(&of, LENGTH);
        (keys.concat(), noise(2, LENGTH * 32), rows(&|at| at as f32 * 4.0, 3))
    }

    #[test]
    fn keys_may_be_far_above_the_first_and_far_below() {
        for step in [-16.0, 16.0] {
            let (keys, values, queries) = input(|at| if at == 50 || at == 69 { step } else { -step });
            let (queries, bias): (Vec<&[f32]>, _) =
                (queries.iter().map(Vec::as_slice).collect(), [0.0; LENGTH]);
            for cpu in Cpu::all() {
                let blocks = filled(cpu, SHAPE, (&keys, &values), Precision::Bf16);
                let keys_of = Keys::Source { blocks: &blocks, length: LENGTH };
                let found = run(cpu, keys_of, 0, 1.0, &queries, &bias);
                for (query, found) in queries.iter().zip(&found) {
                    for (found, wanted) in found.iter().zip(plain(query, &keys, &values, 0, 1, 1.0, &bias)) {
                        assert!((found - wanted).abs() < 0.02, "{cpu:?} {found} {wanted}");
                    }
                    assert_eq!(found, &run(cpu, keys_of, 0, 1.0, &[query], &bias)[0], "{cpu:?}");
                }
            }
        }
    }

    #[test]
    fn the_first_keys_may_be_masked_and_biases_missing() {
        let (keys, values, queries) = input(|at| if at < 40 { 9.0 } else { -30.0 });
        for cpu in Cpu::all() {
            let mut blocks = filled(cpu, SHAPE, (&keys, &values), Precision::Bf16);
            (0..40).for_each(|token| blocks.mask(token / LANES, token % LANES));
            for row in &queries {
                let mut output = vec![9.0; 32];
                let query = Query { query: QueryVector::Floats(row), bias: None, output: &mut output };
                let keys_of = Keys::Source { blocks: &blocks, length: LENGTH };
                attend(cpu, keys_of, 0, 1.0, &mut [query], &mut Scratch::default());
                let (keys, values) = (&keys[40 * 32..], &values[40 * 32..]);
                for (found, wanted) in output.iter().zip(plain(row, keys, values, 0, 1, 1.0, &[0.0; 30])) {
                    assert!((found - wanted).abs() < 0.02, "{cpu:?} {found} {wanted}");
                }
            }
        }
    }
}
