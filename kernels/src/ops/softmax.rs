//! Softmax of a head's scores, and its logarithm over a vocabulary.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::f32::consts::LOG2_E;

use super::Powers;
use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks, highest, sum},
};

/// In place: x − ln Σ eˣ. Where no score is finite nothing changes; where one is not a number, or positive and infinite, no
/// result is a number, as for torch.
pub fn log_softmax(cpu: Cpu, scores: &mut [f32]) {
    cpu.run(LogSoftmax(scores));
}

struct LogSoftmax<'a>(&'a mut [f32]);

impl Loops for LogSoftmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let (most, all) = highest_of(simd, self.0);
        if !all.is_finite() {
            self.0.fill(f32::NAN);
        } else if most > f32::NEG_INFINITY {
            let log = total(simd, self.0, most).ln();
            for score in self.0 {
                *score = *score - most - log;
            }
        }
    }
}

/// In place: eˣ / Σ eˣ, the highest to about a unit in the last place, one that is e⁻⁶⁰ of it to 1 in 100,000 of itself, and none less
/// than 2⁻¹⁰⁰ of it. Where a score is not a number, or positive and infinite, or none is finite, no result is a number, as for torch.
pub fn softmax(cpu: Cpu, scores: &mut [f32]) {
    cpu.run(Softmax(scores));
}

struct Softmax<'a>(&'a mut [f32]);

impl Loops for Softmax<'_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let (most, all) = highest_of(simd, self.0);
        if !all.is_finite() || most == f32::NEG_INFINITY {
            return self.0.fill(f32::NAN);
        }
        let (most, log2, mut sums) = (simd.splat(most), simd.splat(LOG2_E), simd.splat(0.0));
        let (whole, rest) = self.0.as_chunks_mut::<LANES>();
        for scores in &mut *whole {
            let powers = Powers::FULL.of(simd, simd.mul(simd.sub(simd.load(scores), most), log2));
            sums = simd.add(sums, powers);
            simd.store(powers, scores);
        }
        let mut last = [f32::NEG_INFINITY; LANES];
        last.iter_mut().zip(&*rest).for_each(|(last, score)| *last = *score);
        let powers = Powers::FULL.of(simd, simd.mul(simd.sub(simd.load(&last), most), log2));
        simd.store(powers, &mut last);
        let last = &last[..rest.len()];
        let share = 1.0 / (sum(simd, sums) + last.iter().sum::<f32>());
        rest.iter_mut().zip(last).for_each(|(score, power)| *score = power * share);
        let shares = simd.splat(share);
        for scores in whole {
            simd.store(simd.mul(simd.load(scores), shares), scores);
        }
    }
}

/// The highest score, and a number that is finite if all scores are below infinity.
#[inline(always)]
fn highest_of(simd: impl Simd, scores: &[f32]) -> (f32, f32) {
    let (mut most, mut all) = (simd.splat(f32::NEG_INFINITY), simd.splat(0.0));
    // So small that the sum of no vocabulary is infinite.
    let (zero, little) = (simd.splat(0.0), simd.splat(f32::EPSILON));
    for scores in chunks(scores, f32::NEG_INFINITY).iter() {
        let scores = simd.load(scores);
        most = simd.max(scores, most);
        all = simd.fma(simd.max(zero, scores), little, all);
    }
    (highest(simd, most), sum(simd, all))
}

/// Σ e^(x − most).
#[inline(always)]
fn total(simd: impl Simd, scores: &[f32], most: f32) -> f32 {
    let (most, log2, mut sums) = (simd.splat(most), simd.splat(LOG2_E), simd.splat(0.0));
    for scores in chunks(scores, f32::NEG_INFINITY).iter() {
        let below = simd.mul(simd.sub(simd.load(scores), most), log2);
        sums = simd.add(sums, Powers::FULL.of(simd, below));
    }
    sum(simd, sums)
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    proptest! {
        #[test]
        fn it_is_the_formula(scores in vec(prop_oneof![9 => -30.0..30.0_f32, 1 => Just(f32::NEG_INFINITY)], 1..100)) {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let sum: f64 = scores.iter().map(|score| (f64::from(*score) - f64::from(highest)).exp()).sum();
            for cpu in Cpu::all() {
                let mut found = scores.clone();
                log_softmax(cpu, &mut found);
                for (found, score) in found.iter().zip(&scores) {
                    let wanted = f64::from(*score) - f64::from(highest) - sum.ln();
                    prop_assert!(!score.is_finite() || (f64::from(*found) - wanted).abs() < 2e-5, "{found} {wanted}");
                    prop_assert!(highest == f32::NEG_INFINITY || score.is_finite() == found.is_finite());
                }
            }
        }
    }

    proptest! {
        #[test]
        fn shares_are_the_formulas(scores in vec(prop_oneof![9 => -30.0..30.0_f32, 1 => Just(f32::MIN)], 1..100)) {
            let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
            let power = |score: f32| (f64::from(score) - f64::from(highest)).exp();
            let sum: f64 = scores.iter().map(|score| power(*score)).sum();
            for cpu in Cpu::all() {
                let mut found = scores.clone();
                softmax(cpu, &mut found);
                for (found, score) in found.iter().zip(&scores) {
                    let wanted = power(*score) / sum;
                    prop_assert!((f64::from(*found) - wanted).abs() <= 1e-5 * wanted + 1e-30, "{found} {wanted}");
                }
            }
        }
    }

    #[test]
    fn shares_of_what_is_no_number_are_none() {
        for bad in [[0.0, f32::NAN, 1.0], [0.0, f32::INFINITY, 1.0], [f32::NEG_INFINITY; 3]] {
            for cpu in Cpu::all() {
                let mut scores = bad;
                softmax(cpu, &mut scores);
                assert!(scores.iter().all(|score| score.is_nan()), "{cpu:?} {bad:?}: {scores:?}");
            }
        }
    }

    #[test]
    fn what_is_no_number_spoils_all_and_minus_infinity_stays() {
        for bad in [f32::NAN, f32::INFINITY] {
            let mut scores = [0.0, bad, 1.0];
            log_softmax(Cpu::best(), &mut scores);
            assert!(scores.iter().all(|score| score.is_nan()));
        }
        let mut scores = [f32::NEG_INFINITY; 20];
        log_softmax(Cpu::best(), &mut scores);
        assert!(scores.iter().all(|score| *score == f32::NEG_INFINITY));
    }
}
