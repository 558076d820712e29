//! 512 bits: a register holds 16 floats.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::{
    arch::x86_64::{
        __m256bh, __m256i, __m512, __m512bh, __m512i, _MM_FROUND_TO_NEAREST_INT, _mm_storeu_si128,
        _mm256_loadu_si256, _mm256_storeu_si256, _mm512_abs_ps, _mm512_add_epi32, _mm512_add_ps,
        _mm512_and_si512, _mm512_castpd_ps, _mm512_castps_pd, _mm512_castps_si512, _mm512_castsi256_si512,
        _mm512_castsi512_ps, _mm512_cvtepi16_epi8, _mm512_cvtepi32_epi8, _mm512_cvtepi32_epi16,
        _mm512_cvtepi32_ps, _mm512_cvtepu16_epi32, _mm512_cvtne2ps_pbh, _mm512_cvtneps_pbh,
        _mm512_cvtps_epi32, _mm512_fmadd_ps, _mm512_inserti64x4, _mm512_loadu_ps, _mm512_loadu_si512,
        _mm512_max_ps, _mm512_min_ps, _mm512_mul_ps, _mm512_or_si512, _mm512_permutex2var_epi64,
        _mm512_roundscale_ps, _mm512_scalef_ps, _mm512_set1_epi32, _mm512_set1_ps, _mm512_setr_epi64,
        _mm512_setzero_ps, _mm512_setzero_si512, _mm512_shuffle_f32x4, _mm512_slli_epi32, _mm512_srli_epi32,
        _mm512_storeu_ps, _mm512_storeu_si512, _mm512_sub_ps, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
        _mm512_unpackhi_pd, _mm512_unpackhi_ps, _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
        _mm512_unpacklo_pd, _mm512_unpacklo_ps,
    },
    mem::transmute,
};

use super::{Simd, evaluate};
use crate::LANES;

/// For a processor with AVX-512; with `BF16`, with its conversions to bfloat16.
#[derive(Clone, Copy)]
pub(crate) struct Avx512<const BF16: bool>(());

impl<const BF16: bool> Avx512<BF16> {
    /// # Safety
    ///
    /// The processor has AVX-512 F, BW, DQ and VL, and BF16 where it is asked for.
    #[inline(always)]
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }
}

impl<const BF16: bool> Simd for Avx512<BF16> {
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
    fn powers_of_2(self, x: __m512, polynomial: &[f32]) -> __m512 {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        let whole = unsafe { _mm512_roundscale_ps::<_MM_FROUND_TO_NEAREST_INT>(x) };
        let fraction = evaluate(self, self.sub(x, whole), polynomial);
        // SAFETY: as above.
        unsafe { _mm512_scalef_ps(fraction, whole) }
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

    #[inline(always)]
    fn powers_of_2_or_infinite(self, x: __m512, polynomial: &[f32]) -> __m512 {
        self.powers_of_2(x, polynomial)
    }

    #[inline(always)]
    fn bf16s(self, one: __m512, other: __m512) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        if BF16 {
            // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 32.
            unsafe {
                let words = transmute::<__m512bh, __m512i>(_mm512_cvtne2ps_pbh(other, one));
                _mm512_storeu_si512(all.as_mut_ptr().cast(), words);
            };
        } else {
            let (first, second) = all.split_at_mut(LANES);
            first.copy_from_slice(&self.bf16(one));
            second.copy_from_slice(&self.bf16(other));
        }
        all
    }

    #[inline(always)]
    fn bf16(self, a: __m512) -> [i16; LANES] {
        if BF16 {
            let mut words = [0; LANES];
            // SAFETY: whoever has a value of this type is on a processor that has these instructions, and there is place for 16.
            unsafe {
                let rounded = transmute::<__m256bh, __m256i>(_mm512_cvtneps_pbh(a));
                _mm256_storeu_si256(words.as_mut_ptr().cast(), rounded);
            }
            return words;
        }
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        let rounded = unsafe {
            let bits = _mm512_castps_si512(a);
            let odd = _mm512_and_si512(_mm512_srli_epi32::<16>(bits), _mm512_set1_epi32(1));
            let half = _mm512_add_epi32(odd, _mm512_set1_epi32(0x7fff));
            _mm512_srli_epi32::<16>(_mm512_add_epi32(bits, half))
        };
        self.words(rounded)
    }

    /// Of halves of two rows at a time the higher, until there is one number of each.
    #[inline(always)]
    fn highest_of_each(self, rows: &[[f32; LANES]; LANES]) -> [f32; LANES] {
        let mut all = [0.0; LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe {
            let mut a = [_mm512_setzero_ps(); 8];
            for at in 0..8 {
                let (one, other) = (self.load(&rows[2 * at]), self.load(&rows[2 * at + 1]));
                a[at] = _mm512_max_ps(_mm512_unpacklo_ps(one, other), _mm512_unpackhi_ps(one, other));
            }
            for at in 0..4 {
                let [one, other] = [a[2 * at], a[2 * at + 1]].map(|four| _mm512_castps_pd(four));
                let (low, high) = (_mm512_unpacklo_pd(one, other), _mm512_unpackhi_pd(one, other));
                a[at] = _mm512_max_ps(_mm512_castpd_ps(low), _mm512_castpd_ps(high));
            }
            for count in [2, 1] {
                for at in 0..count {
                    let (one, other) = (a[2 * at], a[2 * at + 1]);
                    let even = _mm512_shuffle_f32x4::<0b10_00_10_00>(one, other);
                    a[at] = _mm512_max_ps(even, _mm512_shuffle_f32x4::<0b11_01_11_01>(one, other));
                }
            }
            self.store(a[0], &mut all);
        }
        all
    }

    #[inline(always)]
    fn narrow(self, a: &[i16; 2 * LANES]) -> [i8; 2 * LANES] {
        let mut bytes = [0; 2 * LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, there are 32, and there is place for 32.
        unsafe {
            let words = _mm512_loadu_si512(a.as_ptr().cast());
            _mm256_storeu_si256(bytes.as_mut_ptr().cast(), _mm512_cvtepi16_epi8(words));
        }
        bytes
    }

    #[inline(always)]
    fn interleave(self, one: &[i16; LANES], other: &[i16; LANES]) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, there are 16, and there is place for 32.
        unsafe {
            let one = _mm512_cvtepu16_epi32(_mm256_loadu_si256(one.as_ptr().cast()));
            let other = _mm512_cvtepu16_epi32(_mm256_loadu_si256(other.as_ptr().cast()));
            let pairs = _mm512_or_si512(one, _mm512_slli_epi32::<16>(other));
            _mm512_storeu_si512(all.as_mut_ptr().cast(), pairs);
        }
        all
    }

    /// Rows with the eighth after them in one register: 2 by 2, then 4 by 4, then 8 by 8 of their pairs change places.
    #[inline(always)]
    fn transpose(self, rows: &[[i16; LANES]; LANES]) -> [[i16; 2 * LANES]; LANES / 2] {
        let mut all = [[0; 2 * LANES]; LANES / 2];
        // SAFETY: whoever has a value of this type is on a processor that has these instructions, a row has 256 bits, and a line 512.
        unsafe {
            let zero = _mm512_setzero_si512();
            let (mut a, mut b) = ([zero; 8], [zero; 8]);
            for (at, register) in a.iter_mut().enumerate() {
                let low = _mm512_castsi256_si512(_mm256_loadu_si256(rows[at].as_ptr().cast()));
                *register = _mm512_inserti64x4::<1>(low, _mm256_loadu_si256(rows[at + 8].as_ptr().cast()));
            }
            for at in 0..4 {
                b[2 * at] = _mm512_unpacklo_epi32(a[2 * at], a[2 * at + 1]);
                b[2 * at + 1] = _mm512_unpackhi_epi32(a[2 * at], a[2 * at + 1]);
            }
            for half in [0, 4] {
                a[half] = _mm512_unpacklo_epi64(b[half], b[half + 2]);
                a[half + 1] = _mm512_unpackhi_epi64(b[half], b[half + 2]);
                a[half + 2] = _mm512_unpacklo_epi64(b[half + 1], b[half + 3]);
                a[half + 3] = _mm512_unpackhi_epi64(b[half + 1], b[half + 3]);
            }
            let low = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13);
            let high = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);
            for at in 0..4 {
                let lines = [low, high].map(|order| _mm512_permutex2var_epi64(a[at], order, a[at + 4]));
                _mm512_storeu_si512(all[at].as_mut_ptr().cast(), lines[0]);
                _mm512_storeu_si512(all[at + 4].as_mut_ptr().cast(), lines[1]);
            }
        }
        all
    }
}
