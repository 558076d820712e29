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
    __m256, __m256i, _CMP_ORD_Q, _mm_packus_epi16, _mm_storeu_si128, _mm256_add_epi32, _mm256_add_ps,
    _mm256_and_ps, _mm256_and_si256, _mm256_castps_si256, _mm256_castsi256_ps, _mm256_castsi256_si128,
    _mm256_cmp_ps, _mm256_cvtepi32_ps, _mm256_cvtps_epi32, _mm256_extracti128_si256, _mm256_fmadd_ps,
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_packus_epi32,
    _mm256_permute4x64_epi64, _mm256_set1_epi32, _mm256_set1_ps, _mm256_slli_epi32, _mm256_storeu_ps,
    _mm256_storeu_si256, _mm256_sub_ps,
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
            // Without a closure, which would be compiled for no such instructions, and called.
            let numbers = [_mm256_cmp_ps::<_CMP_ORD_Q>(a[0], a[0]), _mm256_cmp_ps::<_CMP_ORD_Q>(a[1], a[1])];
            [
                _mm256_and_si256(_mm256_cvtps_epi32(a[0]), _mm256_castps_si256(numbers[0])),
                _mm256_and_si256(_mm256_cvtps_epi32(a[1]), _mm256_castps_si256(numbers[1])),
            ]
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
        let mut bytes = [0; LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe {
            let words = low_words(a, 0xff);
            let halves = (_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
            _mm_storeu_si128(bytes.as_mut_ptr().cast(), _mm_packus_epi16(halves.0, halves.1));
        }
        bytes
    }

    #[inline(always)]
    fn words(self, a: [__m256i; 2]) -> [i16; LANES] {
        let mut words = [0; LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), low_words(a, 0xffff)) };
        words
    }
}

/// The bits of `mask` of each, in 16 bits.
///
/// # Safety
///
/// The processor has AVX2.
#[inline(always)]
unsafe fn low_words(a: [__m256i; 2], mask: i32) -> __m256i {
    // SAFETY: as the caller says.
    unsafe {
        let mask = _mm256_set1_epi32(mask);
        // Both halves of a register are packed by themselves.
        let words = _mm256_packus_epi32(_mm256_and_si256(a[0], mask), _mm256_and_si256(a[1], mask));
        _mm256_permute4x64_epi64::<0b11_01_10_00>(words)
    }
}
