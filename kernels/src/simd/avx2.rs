//! 256 bits: two registers hold 16 floats.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::arch::x86_64::{
    __m256, __m256i, _CMP_ORD_Q, _mm256_add_epi32, _mm256_add_ps, _mm256_and_ps, _mm256_and_si256,
    _mm256_castps_si256, _mm256_castsi256_ps, _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_cvtps_epi32,
    _mm256_fmadd_ps, _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps,
    _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256,
    _mm256_sub_ps,
};

use super::Simd;
use crate::LANES;

/// For a processor with AVX2 and FMA.
#[derive(Clone, Copy)]
pub(crate) struct Avx2(());

impl Avx2 {
    /// # Safety
    ///
    /// The processor has AVX2 and FMA.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl Simd for Avx2 {
    type Floats = [__m256; 2];
    type Integers = [__m256i; 2];

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there are 16.
        unsafe { [_mm256_loadu_ps(values.as_ptr()), _mm256_loadu_ps(values.as_ptr().add(8))] }
    }

    #[inline(always)]
    fn store(self, values: [__m256; 2], place: &mut [f32; LANES]) {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe {
            _mm256_storeu_ps(place.as_mut_ptr(), values[0]);
            _mm256_storeu_ps(place.as_mut_ptr().add(8), values[1]);
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_set1_ps(value); 2] }
    }

    #[inline(always)]
    fn add(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_add_ps(a[0], b[0]), _mm256_add_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn sub(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_sub_ps(a[0], b[0]), _mm256_sub_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn mul(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_mul_ps(a[0], b[0]), _mm256_mul_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn fma(self, a: [__m256; 2], b: [__m256; 2], c: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_fmadd_ps(a[0], b[0], c[0]), _mm256_fmadd_ps(a[1], b[1], c[1])] }
    }

    #[inline(always)]
    fn max(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_max_ps(a[0], b[0]), _mm256_max_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn min(self, a: [__m256; 2], b: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_min_ps(a[0], b[0]), _mm256_min_ps(a[1], b[1])] }
    }

    #[inline(always)]
    fn abs(self, a: [__m256; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe {
            let mask = _mm256_castsi256_ps(_mm256_set1_epi32(i32::MAX));
            [_mm256_and_ps(a[0], mask), _mm256_and_ps(a[1], mask)]
        }
    }

    #[inline(always)]
    fn floats(self, values: &[i32; LANES]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there are 16.
        unsafe {
            let first = values.as_ptr();
            let halves = [_mm256_loadu_si256(first.cast()), _mm256_loadu_si256(first.add(8).cast())];
            [_mm256_cvtepi32_ps(halves[0]), _mm256_cvtepi32_ps(halves[1])]
        }
    }

    #[inline(always)]
    fn nearest(self, a: [__m256; 2]) -> [__m256i; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe {
            [a[0], a[1]].map(|half| {
                let number = _mm256_castps_si256(_mm256_cmp_ps::<_CMP_ORD_Q>(half, half));
                _mm256_and_si256(_mm256_cvtps_epi32(half), number)
            })
        }
    }

    #[inline(always)]
    fn to_floats(self, a: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { [_mm256_cvtepi32_ps(a[0]), _mm256_cvtepi32_ps(a[1])] }
    }

    #[inline(always)]
    fn power(self, a: [__m256i; 2]) -> [__m256; 2] {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe {
            let bias = _mm256_set1_epi32(127);
            let powers = [_mm256_add_epi32(a[0], bias), _mm256_add_epi32(a[1], bias)];
            [
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(powers[0])),
                _mm256_castsi256_ps(_mm256_slli_epi32::<23>(powers[1])),
            ]
        }
    }

    #[inline(always)]
    fn bytes(self, a: [__m256i; 2]) -> [i8; LANES] {
        integers(a).map(|value| value as i8)
    }

    #[inline(always)]
    fn words(self, a: [__m256i; 2]) -> [i16; LANES] {
        integers(a).map(|value| value as i16)
    }
}

#[inline(always)]
fn integers(a: [__m256i; 2]) -> [i32; LANES] {
    let mut integers = [0_i32; LANES];
    let place = integers.as_mut_ptr();
    // SAFETY: whoever has such registers has the instructions, and there is place for 16.
    unsafe {
        _mm256_storeu_si256(place.cast(), a[0]);
        _mm256_storeu_si256(place.add(8).cast(), a[1]);
    }
    integers
}
