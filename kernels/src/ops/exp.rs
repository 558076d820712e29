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

/// How near 2^x comes: the polynomials on half a power around 0 that are the nearest relative to its size, the highest power's
/// coefficient first.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Powers(&'static [f32]);

impl Powers {
    /// To 1 in 10,000, for what becomes bfloat16.
    pub(crate) const BF16: Self = Self(&[0.055_171_67, 0.242_611_13, 0.693_260_97, 0.999_928_06]);
    /// To 3 in a million, for what becomes integers of 16 bits.
    pub(crate) const BITS16: Self =
        Self(&[0.009_570_102, 0.055_917_86, 0.240_247_44, 0.693_121_8, 0.999_999_3]);
    /// To 2 in 10 million, but for the rounding of the argument.
    pub(crate) const FULL: Self =
        Self(&[0.001_327_647_3, 0.009_675_541, 0.055_507_13, 0.240_221_2, 0.693_146_94, 1.000_000_1]);

    /// 2^x of 16 arguments up to 126. What is below [`NOTHING`] or no number is as good as 0.
    #[inline(always)]
    pub(crate) fn of<S: Simd>(self, simd: S, x: S::Floats) -> S::Floats {
        simd.powers_of_2(simd.max(x, simd.splat(NOTHING)), self.0)
    }

    /// As [`of`](Self::of), and infinite where that is too much for a float.
    #[inline(always)]
    pub(crate) fn of_any<S: Simd>(self, simd: S, x: S::Floats) -> S::Floats {
        simd.powers_of_2_or_infinite(simd.max(x, simd.splat(NOTHING)), self.0)
    }
}

/// 2 to the power of this is nothing beside 1, and still far from numbers so small that processors take long over them.
const NOTHING: f32 = -100.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Cpu, LANES, cpu::Loops};

    struct All<'a>(&'a mut [f32]);

    impl Loops for All<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, simd: impl Simd) {
            for value in self.0 {
                *value = exp(simd, *value);
            }
        }
    }

    struct PowersOf<'a>(&'a mut [f32; LANES], Powers);

    impl Loops for PowersOf<'_> {
        type Output = ();

        #[inline(always)]
        fn run(self, simd: impl Simd) {
            simd.store(self.1.of(simd, simd.load(self.0)), self.0);
        }
    }

    #[test]
    fn powers_of_2_are_as_near_as_they_say() {
        for (powers, limit) in [(Powers::BF16, 1e-4), (Powers::BITS16, 3e-6), (Powers::FULL, 2.5e-7)] {
            for cpu in Cpu::all() {
                for step in 0..60_000 {
                    let inputs: [f32; LANES] =
                        std::array::from_fn(|at| (step * 16 + at) as f32 * 2.0e-4 - 99.0);
                    let mut found = inputs;
                    cpu.run(PowersOf(&mut found, powers));
                    for (input, found) in inputs.into_iter().zip(found) {
                        let error = f64::from(found) / f64::from(input).exp2() - 1.0;
                        assert!(error.abs() < limit, "{cpu:?} {powers:?} {input}: {found}");
                    }
                }
                let mut least = [f32::NAN; LANES];
                least[0] = f32::NEG_INFINITY;
                cpu.run(PowersOf(&mut least, powers));
                assert!(least.iter().all(|power| *power < 1e-30 && power.is_normal()), "{cpu:?} {least:?}");
            }
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
