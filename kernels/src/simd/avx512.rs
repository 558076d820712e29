//! 512 bits: a register holds 16 floats.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::arch::x86_64::{
    __m512, __m512i, _mm_storeu_si128, _mm256_storeu_si256, _mm512_abs_ps, _mm512_add_epi32, _mm512_add_ps,
    _mm512_castsi512_ps, _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16, _mm512_cvtepi32_ps, _mm512_cvtps_epi32,
    _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps,
    _mm512_set1_epi32, _mm512_set1_ps, _mm512_slli_epi32, _mm512_storeu_ps, _mm512_sub_ps,
};

use super::Simd;
use crate::LANES;

/// For a processor with AVX-512.
#[derive(Clone, Copy)]
pub(crate) struct Avx512(());

impl Avx512 {
    /// # Safety
    ///
    /// The processor has AVX-512 F, BW, DQ and VL.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl Simd for Avx512 {
    type Floats = __m512;
    type Integers = __m512i;

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there are 16.
        unsafe { _mm512_loadu_ps(values.as_ptr()) }
    }

    #[inline(always)]
    fn store(self, values: __m512, place: &mut [f32; LANES]) {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe { _mm512_storeu_ps(place.as_mut_ptr(), values) }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_set1_ps(value) }
    }

    #[inline(always)]
    fn add(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_add_ps(a, b) }
    }

    #[inline(always)]
    fn sub(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_sub_ps(a, b) }
    }

    #[inline(always)]
    fn mul(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_mul_ps(a, b) }
    }

    #[inline(always)]
    fn fma(self, a: __m512, b: __m512, c: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_fmadd_ps(a, b, c) }
    }

    #[inline(always)]
    fn max(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_max_ps(a, b) }
    }

    #[inline(always)]
    fn min(self, a: __m512, b: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_min_ps(a, b) }
    }

    #[inline(always)]
    fn abs(self, a: __m512) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_abs_ps(a) }
    }

    #[inline(always)]
    fn floats(self, values: &[i32; LANES]) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there are 16.
        unsafe { _mm512_cvtepi32_ps(_mm512_loadu_si512(values.as_ptr().cast())) }
    }

    #[inline(always)]
    fn nearest(self, a: __m512) -> __m512i {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_cvtps_epi32(a) }
    }

    #[inline(always)]
    fn to_floats(self, a: __m512i) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_cvtepi32_ps(a) }
    }

    #[inline(always)]
    fn power(self, a: __m512i) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm512_castsi512_ps(_mm512_slli_epi32::<23>(_mm512_add_epi32(a, _mm512_set1_epi32(127)))) }
    }

    #[inline(always)]
    fn bytes(self, a: __m512i) -> [i8; LANES] {
        let mut bytes = [0; LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe { _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm512_cvtepi32_epi8(a)) };
        bytes
    }

    #[inline(always)]
    fn words(self, a: __m512i) -> [i16; LANES] {
        let mut words = [0; LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), _mm512_cvtepi32_epi16(a)) };
        words
    }
}
