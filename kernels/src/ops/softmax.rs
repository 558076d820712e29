//! The logarithm of softmax, over a vocabulary.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::exps;
use crate::{
    Cpu,
    cpu::Loops,
    simd::{Simd, chunks, highest, sum},
};

/// In place: x − ln Σ eˣ. Where no score is finite nothing changes; where one is not a number, or positive and infinite, no
/// result is a number, as for torch.
pub fn log_softmax(cpu: Cpu, scores: &mut [f32]) {
    if scores.iter().map(|score| u32::from(*score < f32::INFINITY)).sum::<u32>() < scores.len() as u32 {
        scores.fill(f32::NAN);
        return;
    }
    let (most, sum) = cpu.run(Total { scores });
    if most > f32::NEG_INFINITY {
        let log = sum.ln();
        for score in scores {
            *score = *score - most - log;
        }
    }
}

/// The highest score, and Σ e^(x − highest).
struct Total<'a> {
    scores: &'a [f32],
}

impl Loops for Total<'_> {
    type Output = (f32, f32);

    #[inline(always)]
    fn run(self, simd: impl Simd) -> (f32, f32) {
        let mut most = simd.splat(f32::NEG_INFINITY);
        for scores in chunks(self.scores, f32::NEG_INFINITY).iter() {
            most = simd.max(simd.load(scores), most);
        }
        let most = highest(simd, most);
        let mut sums = simd.splat(0.0);
        for scores in chunks(self.scores, f32::NEG_INFINITY).iter() {
            sums = simd.add(sums, exps(simd, simd.sub(simd.load(scores), simd.splat(most))));
        }
        (most, sum(simd, sums))
    }
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
