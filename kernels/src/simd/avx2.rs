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
    _mm256_loadu_ps, _mm256_loadu_si256, _mm256_max_ps, _mm256_min_ps, _mm256_mul_ps, _mm256_packs_epi16,
    _mm256_packus_epi32, _mm256_permute2x128_si256, _mm256_permute4x64_epi64, _mm256_set1_epi32,
    _mm256_set1_ps, _mm256_setzero_si256, _mm256_slli_epi32, _mm256_storeu_ps, _mm256_storeu_si256,
    _mm256_sub_ps, _mm256_unpackhi_epi16, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64,
    _mm256_unpacklo_epi16, _mm256_unpacklo_epi32, _mm256_unpacklo_epi64,
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

    #[inline(always)]
    fn narrow(self, a: &[i16; 2 * LANES]) -> [i8; 2 * LANES] {
        let mut bytes = [0; 2 * LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, there are 32, and there is place for 32.
        unsafe {
            let halves = (load(a.as_ptr()), load(a.as_ptr().add(LANES)));
            // Both halves of a register are packed by themselves.
            let packed = _mm256_packs_epi16(halves.0, halves.1);
            let packed = _mm256_permute4x64_epi64::<0b11_01_10_00>(packed);
            _mm256_storeu_si256(bytes.as_mut_ptr().cast(), packed);
        }
        bytes
    }

    #[inline(always)]
    fn interleave(self, one: &[i16; LANES], other: &[i16; LANES]) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, there are 16, and there is place for 32.
        unsafe {
            let (one, other) = (load(one.as_ptr()), load(other.as_ptr()));
            let parts = (_mm256_unpacklo_epi16(one, other), _mm256_unpackhi_epi16(one, other));
            store_halves(parts.0, parts.1, all.as_mut_ptr(), all.as_mut_ptr().add(LANES));
        }
        all
    }

    /// 8 rows at a time: 2 by 2, then 4 by 4, then 8 by 8 of their pairs change places.
    #[inline(always)]
    fn transpose(self, rows: &[[i16; LANES]; LANES]) -> [[i16; 2 * LANES]; LANES / 2] {
        let mut all = [[0; 2 * LANES]; LANES / 2];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, a row has 256 bits, and a line 512.
        unsafe {
            for part in 0..2 {
                let (mut a, mut b) = ([_mm256_setzero_si256(); 8], [_mm256_setzero_si256(); 8]);
                for (at, register) in a.iter_mut().enumerate() {
                    *register = load(rows[part * 8 + at].as_ptr());
                }
                for at in 0..4 {
                    b[2 * at] = _mm256_unpacklo_epi32(a[2 * at], a[2 * at + 1]);
                    b[2 * at + 1] = _mm256_unpackhi_epi32(a[2 * at], a[2 * at + 1]);
                }
                for half in [0, 4] {
                    a[half] = _mm256_unpacklo_epi64(b[half], b[half + 2]);
                    a[half + 1] = _mm256_unpackhi_epi64(b[half], b[half + 2]);
                    a[half + 2] = _mm256_unpacklo_epi64(b[half + 1], b[half + 3]);
                    a[half + 3] = _mm256_unpackhi_epi64(b[half + 1], b[half + 3]);
                }
                for at in 0..4 {
                    let first = all[at].as_mut_ptr().add(part * LANES);
                    let second = all[at + 4].as_mut_ptr().add(part * LANES);
                    store_halves(a[at], a[at + 4], first, second);
                }
            }
        }
        all
    }
}

/// # Safety
///
/// The processor has AVX2, and there are 16 words.
#[inline(always)]
unsafe fn load(words: *const i16) -> __m256i {
    // SAFETY: as the caller says; the load needs no alignment.
    unsafe { _mm256_loadu_si256(words.cast()) }
}

/// The low halves of both go to one place, the high ones to the other.
///
/// # Safety
///
/// The processor has AVX2, and both places have room for 16 words.
#[inline(always)]
unsafe fn store_halves(one: __m256i, other: __m256i, low: *mut i16, high: *mut i16) {
    // SAFETY: as the caller says; the stores need no alignment.
    unsafe {
        _mm256_storeu_si256(low.cast(), _mm256_permute2x128_si256::<0x20>(one, other));
        _mm256_storeu_si256(high.cast(), _mm256_permute2x128_si256::<0x31>(one, other));
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
