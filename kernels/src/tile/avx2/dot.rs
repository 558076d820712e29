//! Products that are added to sums of 32 bits: with VNNI by one instruction, without by two or three.
//!
//! Those of VNNI are written out: so what goes through the tiles is compiled for AVX2 either way. (Of 16-bit products the
//! compiler would make two instructions again.)
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::arch::{
    asm,
    x86_64::{__m256i, _mm256_add_epi32, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi16},
};

/// How products are added. Whoever has a value of such a type may use its instructions.
pub(in crate::tile) trait Dot: Copy {
    /// Adds the products of four bytes without a sign, the weights, and four with one.
    fn bytes(self, sums: __m256i, weights: __m256i, values: __m256i) -> __m256i;
    /// Adds the products of two words each.
    fn pairs(self, sums: __m256i, line: __m256i, values: __m256i) -> __m256i;
}

/// With AVX2: of bytes the sum of two neighbours' products has to fit in 16 bits.
#[derive(Clone, Copy)]
pub(in crate::tile) struct Plain(());

impl Plain {
    /// # Safety
    ///
    /// The processor has AVX2.
    pub(in crate::tile) unsafe fn new() -> Self {
        Self(())
    }
}

impl Dot for Plain {
    #[inline(always)]
    fn bytes(self, sums: __m256i, weights: __m256i, values: __m256i) -> __m256i {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe {
            let pairs = _mm256_maddubs_epi16(weights, values);
            _mm256_add_epi32(sums, _mm256_madd_epi16(pairs, _mm256_set1_epi16(1)))
        }
    }

    #[inline(always)]
    fn pairs(self, sums: __m256i, line: __m256i, values: __m256i) -> __m256i {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { _mm256_add_epi32(sums, _mm256_madd_epi16(line, values)) }
    }
}

/// With VNNI in 256 bits.
#[derive(Clone, Copy)]
pub(in crate::tile) struct Vnni(());

impl Vnni {
    /// # Safety
    ///
    /// The processor has AVX2 and AVX-VNNI.
    pub(in crate::tile) unsafe fn new() -> Self {
        Self(())
    }
}

impl Dot for Vnni {
    #[inline(always)]
    fn bytes(self, sums: __m256i, weights: __m256i, values: __m256i) -> __m256i {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { vpdpbusd(sums, weights, values) }
    }

    #[inline(always)]
    fn pairs(self, sums: __m256i, line: __m256i, values: __m256i) -> __m256i {
        // SAFETY: whoever has a value of this type is on a processor that has these instructions.
        unsafe { vpdpwssd(sums, line, values) }
    }
}

/// # Safety
///
/// The processor has AVX-VNNI.
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn vpdpbusd(mut sums: __m256i, weights: __m256i, values: __m256i) -> __m256i {
    // SAFETY: the instruction, which the processor has, touches nothing but these registers.
    unsafe {
        asm!(
            "{{vex}} vpdpbusd {sums}, {weights}, {values}",
            sums = inout(ymm_reg) sums,
            weights = in(ymm_reg) weights,
            values = in(ymm_reg) values,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// # Safety
///
/// As that of [`vpdpbusd`].
#[target_feature(enable = "avx2")]
#[inline]
unsafe fn vpdpwssd(mut sums: __m256i, line: __m256i, values: __m256i) -> __m256i {
    // SAFETY: as above.
    unsafe {
        asm!(
            "{{vex}} vpdpwssd {sums}, {line}, {values}",
            sums = inout(ymm_reg) sums,
            line = in(ymm_reg) line,
            values = in(ymm_reg) values,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}
