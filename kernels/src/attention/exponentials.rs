//! Scores of 16 queries to what the values are weighed with, 32 keys at a time.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::{f32::consts::LOG2_E, ops::Range};

use super::tiled::{KEYS, QUERIES};
use crate::{
    LANES,
    ops::Powers,
    simd::{Simd, filled_up},
    tile::{BLOCKS, Bf16Tiles, Block, Weights},
};

/// Something of each query.
pub(super) type Rows<T> = [T; QUERIES];
/// Scores of 16 queries and the keys of a part.
pub(super) type Scores = [Block; BLOCKS];

/// Some queries and all keys.
#[derive(Clone, Copy)]
pub(super) struct Strip<'a> {
    pub(super) tiles: &'a Bf16Tiles,
    /// `[16, pairs of dimensions]`.
    pub(super) queries: &'a [[i16; 2]],
    /// `[blocks, pairs of dimensions]`.
    pub(super) lines: &'a [[i16; 2 * LANES]],
    /// Of each block what is no number where a key is masked; none where none is.
    pub(super) masked: Option<&'a [[f32; LANES]]>,
    /// Of each query that there is; empty for none.
    pub(super) biases: &'a [&'a [f32]],
    /// Keys for which all biases have one.
    pub(super) covered: usize,
    /// What a score is multiplied by to be an exponent of 2.
    pub(super) scale: f32,
    /// Keys.
    pub(super) length: usize,
}

/// Some keys.
pub(super) struct Part<'a> {
    strip: Strip<'a>,
    /// The first of the keys.
    first: usize,
    /// Added to the exponents of keys of which some don't count.
    left_out: Option<[[f32; LANES]; BLOCKS]>,
}

impl<'a> Strip<'a> {
    /// The keys of a part; none after the last.
    #[inline(always)]
    pub(super) fn keys(&self, part: usize) -> Option<&'a [[i16; 2 * LANES]]> {
        let lines = self.queries.len() / QUERIES * BLOCKS;
        self.lines.get(part * lines..(part + 1) * lines)
    }

    #[inline(always)]
    pub(super) fn part(&self, part: usize) -> Part<'a> {
        let first = part * KEYS;
        let all = self.masked.is_none() && first + KEYS <= self.length;
        Part { strip: *self, first, left_out: if all { None } else { Some(self.left_out(part)) } }
    }

    /// Each query's exponent of the first key, which stands for the highest; 0 where that is masked.
    #[inline(always)]
    pub(super) fn first_exponents(&self, scores: &Scores) -> Rows<f32> {
        let mut exponents = [0.0; QUERIES];
        if self.masked.and_then(<[_]>::first).is_some_and(|masks| masks[0].is_nan()) {
            return exponents;
        }
        let rows = scores[0].0.iter().zip(self.biases);
        for (place, (scores, bias)) in exponents.iter_mut().zip(rows) {
            let bias = bias.first().copied().unwrap_or_default();
            let exponent = scores[0] * self.scale + bias * LOG2_E;
            *place = if exponent.is_finite() { exponent } else { 0.0 };
        }
        exponents
    }

    /// What is added so that keys that are masked or past the end weigh nothing.
    #[inline(never)]
    fn left_out(&self, part: usize) -> [[f32; LANES]; BLOCKS] {
        std::array::from_fn(|block| {
            let block = part * BLOCKS + block;
            let masks = self.masked.and_then(|masks| masks.get(block));
            std::array::from_fn(|at| {
                let masked = masks.is_some_and(|masks| masks[at].is_nan());
                if masked || block * LANES + at >= self.length { f32::NEG_INFINITY } else { 0.0 }
            })
        })
    }
}

impl Part<'_> {
    /// Whether all keys count, and biases have one for each.
    #[inline(always)]
    pub(super) fn is_plain(&self) -> bool {
        self.left_out.is_none() && self.first + KEYS <= self.strip.covered
    }

    /// A query's exponents of 2, less a base. `PLAIN` is [`is_plain`](Self::is_plain).
    #[inline(always)]
    pub(super) fn exponents<S: Simd, const PLAIN: bool>(
        &self,
        simd: S,
        row: usize,
        scores: &Scores,
        base: f32,
    ) -> [S::Floats; BLOCKS] {
        let rest = self.strip.biases[row].get(self.first..).unwrap_or_default();
        let some;
        let bias = match rest.first_chunk() {
            Some(bias) => bias,
            None if PLAIN => &NONE,
            None => {
                some = filled_up(rest);
                &some
            }
        };
        let (scale, log2, below) = (simd.splat(self.strip.scale), simd.splat(LOG2_E), simd.splat(-base));
        let mut exponents = [below; BLOCKS];
        // Without a closure, which would not be inlined.
        for at in 0..BLOCKS {
            let lifted = simd.fma(simd.load(&bias.as_chunks().0[at]), log2, below);
            exponents[at] = simd.fma(simd.load(&scores[at].0[row]), scale, lifted);
            if !PLAIN && let Some(left_out) = &self.left_out {
                exponents[at] = simd.add(exponents[at], simd.load(&left_out[at]));
            }
        }
        exponents
    }

    /// Makes the weights of some queries, and adds them to each one's total.
    #[inline(always)]
    pub(super) fn weights<S: Simd>(
        &self,
        simd: S,
        rows: Range<usize>,
        scores: &Scores,
        bases: &Rows<f32>,
        (weights, totals): (&mut Weights, &mut Rows<[f32; LANES]>),
    ) {
        for row in rows {
            let [one, other] = if self.is_plain() {
                self.exponents::<S, true>(simd, row, scores, bases[row])
            } else {
                self.exponents::<S, false>(simd, row, scores, bases[row])
            };
            let (one, other) = (Powers::BF16.of_any(simd, one), Powers::BF16.of_any(simd, other));
            let total = &mut totals[row];
            simd.store(simd.add(simd.load(total), simd.add(one, other)), total);
            weights.0[row] = simd.bf16s(one, other);
        }
    }
}

/// No biases.
static NONE: [f32; KEYS] = [0.0; KEYS];
