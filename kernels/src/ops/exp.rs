//! e to the power of x.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use crate::{quantize::nearest, simd::Simd};

/// Below, the result is smaller than a normal number, and 0 is as good.
const LOWEST: f32 = -87.0;
/// Above, it is not a number of 32 bits.
const HIGHEST: f32 = 88.0;
/// ln 2 in two parts, the first of which can be multiplied by an exponent exactly.
const LN_2: [f32; 2] = [0.693_359_4, -2.121_944_4e-4];

/// Of the polynomial, the highest power's first.
const COEFFICIENTS: [f32; 6] =
    [1.987_569_1e-4, 1.398_199_9e-3, 8.333_452e-3, 4.166_579_6e-2, 0.166_666_65, 0.5];

/// e^x within 2 units in the last place: 2^n times a polynomial on half a power around 0 (Cephes' `expf`). Arguments are
/// kept from −87 to 88.
#[inline(always)]
pub(crate) fn exp(simd: impl Simd, x: f32) -> f32 {
    let x = if x > LOWEST { x } else { LOWEST };
    let x = if x < HIGHEST { x } else { HIGHEST };
    let exponent = nearest(x * std::f32::consts::LOG2_E);
    let whole = exponent as f32;
    let rest = simd.mul_add(whole, -LN_2[0], x);
    let rest = simd.mul_add(whole, -LN_2[1], rest);
    let mut sum = COEFFICIENTS[0];
    for coefficient in &COEFFICIENTS[1..] {
        sum = simd.mul_add(sum, rest, *coefficient);
    }
    let fraction = simd.mul_add(sum, rest * rest, rest) + 1.0;
    fraction * f32::from_bits(((exponent + 127) << 23).cast_unsigned())
}

/// [`exp`] of 16.
#[inline(always)]
pub(crate) fn exps<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let x = simd.min(simd.max(x, simd.splat(LOWEST)), simd.splat(HIGHEST));
    let exponent = simd.nearest(simd.mul(x, simd.splat(std::f32::consts::LOG2_E)));
    let whole = simd.to_floats(exponent);
    let rest = simd.fma(whole, simd.splat(-LN_2[0]), x);
    let rest = simd.fma(whole, simd.splat(-LN_2[1]), rest);
    let mut sum = simd.splat(COEFFICIENTS[0]);
    for coefficient in &COEFFICIENTS[1..] {
        sum = simd.fma(sum, rest, simd.splat(*coefficient));
    }
    let fraction = simd.add(simd.fma(sum, simd.mul(rest, rest), rest), simd.splat(1.0));
    simd.mul(fraction, simd.power(exponent))
}

/// Of a polynomial for 2^x on half a power around 0, the highest power's first: the nearest to it relative to its size.
const POWERS_OF_2: [f32; 4] = [0.055_171_67, 0.242_611_13, 0.693_260_97, 0.999_928_06];

/// 2^x of 16, with a relative error of at most 1 in 10,000, for what becomes bfloat16. What is below −126 or no number is
/// as good as 0.
#[inline(always)]
pub(crate) fn powers_of_2<S: Simd>(simd: S, x: S::Floats) -> S::Floats {
    let x = simd.min(simd.max(x, simd.splat(-126.0)), simd.splat(126.0));
    let exponent = simd.nearest(x);
    let rest = simd.sub(x, simd.to_floats(exponent));
    let mut sum = simd.splat(POWERS_OF_2[0]);
    for coefficient in &POWERS_OF_2[1..] {
        sum = simd.fma(sum, rest, simd.splat(*coefficient));
    }
    simd.mul(sum, simd.power(exponent))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cpu, LANES, cpu::Loops};

    struct All<'a>(&'a mut [f32]);

    impl Loops for All<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, simd: impl Simd) {
            let (chunks, rest) = self.0.as_chunks_mut::<16>();
            for values in chunks {
                let found = exps(simd, simd.load(values));
                simd.store(found, values);
            }
            for value in rest {
                *value = exp(simd, *value);
            }
        }
    }

    struct Powers<'a>(&'a mut [f32; LANES]);

    impl Loops for Powers<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, simd: impl Simd) {
            simd.store(powers_of_2(simd, simd.load(self.0)), self.0);
        }
    }

    #[test]
    fn powers_of_2_are_near_enough_for_bfloat16() {
        for cpu in Cpu::all() {
            for step in 0..120_000 {
                let inputs: [f32; LANES] = std::array::from_fn(|at| (step * 16 + at) as f32 * 1.3e-4 - 125.0);
                let mut found = inputs;
                cpu.run(Powers(&mut found));
                for (input, found) in inputs.into_iter().zip(found) {
                    let wanted = f64::from(input).exp2();
                    assert!(
                        (f64::from(found) / wanted - 1.0).abs() < 1e-4,
                        "{cpu:?} {input}: {found} {wanted}"
                    );
                }
            }
            let mut least = [f32::NAN; LANES];
            least[0] = f32::NEG_INFINITY;
            cpu.run(Powers(&mut least));
            assert!(least.iter().all(|power| *power < 1.2e-38), "{cpu:?} {least:?}");
        }
    }

    #[test]
    fn it_is_the_exponential_function_to_two_in_ten_million() {
        let inputs: Vec<f32> = (0..1_999_999).map(|at| at as f32 * 8.7e-5 - 86.9).collect();
        for cpu in Cpu::all() {
            let mut found = inputs.clone();
            cpu.run(All(&mut found));
            for (input, found) in inputs.iter().zip(found) {
                let wanted = f64::from(*input).exp();
                assert!((f64::from(found) / wanted - 1.0).abs() < 2e-7, "{cpu:?} {input}: {found} {wanted}");
            }
        }
    }

    #[test]
    fn what_is_too_low_is_as_good_as_nothing_and_what_is_too_high_stays_finite() {
        for cpu in Cpu::all() {
            let mut values = [f32::NEG_INFINITY, -1e30, 1e30];
            cpu.run(All(&mut values));
            assert!(values[0] < 1e-37 && values[1] < 1e-37 && values[2].is_finite(), "{cpu:?} {values:?}");
        }
    }
}
