//! Arrays, which the compiler puts into what registers there are.

use super::Simd;
use crate::{LANES, quantize::nearest};

/// For processors where multiplying and adding in one instruction would be a call of a library.
#[derive(Clone, Copy)]
pub(crate) struct Separate;

impl Simd for Separate {
    type Floats = [f32; LANES];
    type Integers = [i32; LANES];

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a * b + c
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> [f32; LANES] {
        *values
    }

    #[inline(always)]
    fn store(self, values: [f32; LANES], place: &mut [f32; LANES]) {
        *place = values;
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [f32; LANES] {
        [value; LANES]
    }

    #[inline(always)]
    fn add(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] + b[lane])
    }

    #[inline(always)]
    fn sub(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] - b[lane])
    }

    #[inline(always)]
    fn mul(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] * b[lane])
    }

    #[inline(always)]
    fn fma(self, a: [f32; LANES], b: [f32; LANES], c: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| a[lane] * b[lane] + c[lane])
    }

    #[inline(always)]
    fn max(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| if a[lane] > b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn min(self, a: [f32; LANES], b: [f32; LANES]) -> [f32; LANES] {
        std::array::from_fn(|lane| if a[lane] < b[lane] { a[lane] } else { b[lane] })
    }

    #[inline(always)]
    fn abs(self, a: [f32; LANES]) -> [f32; LANES] {
        a.map(f32::abs)
    }

    #[inline(always)]
    fn floats(self, values: &[i32; LANES]) -> [f32; LANES] {
        values.map(|value| value as f32)
    }

    #[inline(always)]
    fn nearest(self, a: [f32; LANES]) -> [i32; LANES] {
        a.map(nearest)
    }

    #[inline(always)]
    fn to_floats(self, a: [i32; LANES]) -> [f32; LANES] {
        a.map(|value| value as f32)
    }

    #[inline(always)]
    fn power(self, a: [i32; LANES]) -> [f32; LANES] {
        a.map(|value| f32::from_bits((value.wrapping_add(127) << 23).cast_unsigned()))
    }

    #[inline(always)]
    fn bytes(self, a: [i32; LANES]) -> [i8; LANES] {
        a.map(|value| value as i8)
    }

    #[inline(always)]
    fn words(self, a: [i32; LANES]) -> [i16; LANES] {
        a.map(|value| value as i16)
    }
}
