//! Products of a query and all keys to probabilities.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::f32::consts::LOG2_E;

use super::blocks::Scales;
use crate::{
    LANES,
    cpu::Loops,
    ops::Powers,
    simd::{Simd, highest, sum},
    tile::Sums,
};

/// Largest integer of a probability.
const LIMIT: f32 = 32_767.0;

/// Products of one query to the integers that the values are multiplied by; gives what a sum is multiplied by after that.
pub(super) struct Softmax<'a> {
    /// Of each block: one at least.
    pub(super) sums: &'a [Sums],
    /// As many blocks.
    pub(super) scores: &'a mut [[f32; LANES]],
    /// As many blocks.
    pub(super) words: &'a mut [[i16; LANES]],
    /// Of the query, with what the scores are multiplied by.
    pub(super) scale: f32,
    pub(super) bias: Option<&'a [f32]>,
    /// Keys.
    pub(super) length: usize,
    /// Of as many blocks.
    pub(super) scales: Scales<'a>,
}

impl Loops for Softmax<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(mut self, simd: impl Simd) -> f32 {
        let most = self.score(simd);
        let (sum, weighed) = self.exponentials(simd, most);
        let inverse = LIMIT / weighed;
        if !(sum > 0.0 && inverse.is_finite()) {
            self.words.fill([0; LANES]);
            return 0.0;
        }
        // The sum of what was rounded, so that many that were rounded up weigh no more.
        let (inverse, limit) = (simd.splat(inverse), simd.splat(LIMIT));
        let mut totals = simd.splat(0.0);
        for (words, scores) in self.words.iter_mut().zip(self.scores.iter()) {
            let rounded = simd.nearest(simd.min(simd.mul(simd.load(scores), inverse), limit));
            totals = simd.add(totals, simd.to_floats(rounded));
            *words = simd.words(rounded);
        }
        weighed / self::sum(simd, totals).max(1.0) / sum
    }
}

impl Softmax<'_> {
    /// Makes the scores; gives the highest.
    #[inline(always)]
    fn score(&mut self, simd: impl Simd) -> f32 {
        let (scale, mut most) = (simd.splat(self.scale), simd.splat(f32::MIN));
        let rows = self.scores.iter_mut().zip(self.sums.iter().zip(self.scales.keys));
        // What is no number, of a key that is masked, is not the highest.
        if let Some(bias) = self.bias {
            let (whole, rest) = bias.as_chunks();
            let mut last = [0.0; LANES];
            last.iter_mut().zip(rest).for_each(|(place, bias)| *place = *bias);
            for ((place, (sums, scales)), bias) in rows.zip(whole.iter().chain([&last])) {
                let scale = simd.mul(simd.load(scales), scale);
                let scores = simd.fma(simd.floats(sums), scale, simd.load(bias));
                simd.store(scores, place);
                most = simd.max(scores, most);
            }
        } else {
            for (place, (sums, scales)) in rows {
                let scores = simd.mul(simd.floats(sums), simd.mul(simd.load(scales), scale));
                simd.store(scores, place);
                most = simd.max(scores, most);
            }
        }
        if self.length.is_multiple_of(LANES) {
            return highest(simd, most);
        }
        // What lies past the last key may be higher, and must not count: its power is none to speak of.
        self.scores
            .as_flattened_mut()
            .iter_mut()
            .skip(self.length)
            .for_each(|score| *score = f32::NEG_INFINITY);
        let scores =
            self.scores.iter().fold(simd.splat(f32::MIN), |most, scores| simd.max(simd.load(scores), most));
        highest(simd, scores)
    }

    /// Exponentials, with the scales of the values taken in, so that these may have one each; gives the sum without and
    /// with them.
    #[inline(always)]
    fn exponentials(&mut self, simd: impl Simd, most: f32) -> (f32, f32) {
        let (log2, base) = (simd.splat(LOG2_E), simd.splat(-most * LOG2_E));
        let (mut sums, mut weighed) = (simd.splat(0.0), simd.splat(0.0));
        for (scores, scales) in self.scores.iter_mut().zip(self.scales.values) {
            let powers = Powers::BITS16.of(simd, simd.fma(simd.load(scores), log2, base));
            let product = simd.mul(powers, simd.load(scales));
            sums = simd.add(sums, powers);
            weighed = simd.add(weighed, product);
            simd.store(product, scores);
        }
        (sum(simd, sums), sum(simd, weighed))
    }
}
