//! 128 bits of ARM: four registers hold 16 floats.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::arch::aarch64::{
    float32x4_t, int16x8_t, int32x4_t, vabsq_f32, vaddq_f32, vaddq_s32, vbslq_f32, vcgtq_f32, vcltq_f32,
    vcombine_s8, vcombine_s16, vcvtnq_s32_f32, vcvtq_f32_s32, vdupq_n_f32, vdupq_n_s32, vfmaq_f32, vld1q_f32,
    vld1q_s16, vld1q_s32, vmovn_s16, vmovn_s32, vmulq_f32, vreinterpretq_f32_s32, vreinterpretq_s16_s64,
    vreinterpretq_s32_s16, vreinterpretq_s64_s32, vshlq_n_s32, vst1q_f32, vst1q_s8, vst1q_s16, vsubq_f32,
    vtrn1q_s32, vtrn1q_s64, vtrn2q_s32, vtrn2q_s64, vzip1q_s16, vzip2q_s16,
};

use super::Simd;
use crate::LANES;

/// For every such processor.
#[derive(Clone, Copy)]
pub(crate) struct Neon;

/// Registers of 16 floats.
const PARTS: usize = LANES / 4;

/// A function of each register.
macro_rules! each {
    ($name:ident, $($value:ident),+) => {
        // SAFETY: every processor of this kind has these instructions.
        unsafe { [$name($($value[0]),+), $name($($value[1]),+), $name($($value[2]),+), $name($($value[3]),+)] }
    };
}

impl Simd for Neon {
    type Floats = [float32x4_t; PARTS];
    type Integers = [int32x4_t; PARTS];

    #[inline(always)]
    fn mul_add(self, a: f32, b: f32, c: f32) -> f32 {
        a.mul_add(b, c)
    }

    #[inline(always)]
    fn load(self, values: &[f32; LANES]) -> [float32x4_t; PARTS] {
        let first = values.as_ptr();
        // SAFETY: as in the macro, and there are 16.
        unsafe {
            [vld1q_f32(first), vld1q_f32(first.add(4)), vld1q_f32(first.add(8)), vld1q_f32(first.add(12))]
        }
    }

    #[inline(always)]
    fn store(self, values: [float32x4_t; PARTS], place: &mut [f32; LANES]) {
        for (place, part) in place.as_chunks_mut::<4>().0.iter_mut().zip(values) {
            // SAFETY: as above, and there is place for 4.
            unsafe { vst1q_f32(place.as_mut_ptr(), part) };
        }
    }

    #[inline(always)]
    fn splat(self, value: f32) -> [float32x4_t; PARTS] {
        // SAFETY: as above.
        unsafe { [vdupq_n_f32(value); PARTS] }
    }

    #[inline(always)]
    fn add(self, a: [float32x4_t; PARTS], b: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(vaddq_f32, a, b)
    }

    #[inline(always)]
    fn sub(self, a: [float32x4_t; PARTS], b: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(vsubq_f32, a, b)
    }

    #[inline(always)]
    fn mul(self, a: [float32x4_t; PARTS], b: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(vmulq_f32, a, b)
    }

    #[inline(always)]
    fn fma(
        self,
        a: [float32x4_t; PARTS],
        b: [float32x4_t; PARTS],
        c: [float32x4_t; PARTS],
    ) -> [float32x4_t; PARTS] {
        each!(vfmaq_f32, c, a, b)
    }

    #[inline(always)]
    fn max(self, a: [float32x4_t; PARTS], b: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(higher, a, b)
    }

    #[inline(always)]
    fn min(self, a: [float32x4_t; PARTS], b: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(lower, a, b)
    }

    #[inline(always)]
    fn abs(self, a: [float32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(vabsq_f32, a)
    }

    #[inline(always)]
    fn floats(self, values: &[i32; LANES]) -> [float32x4_t; PARTS] {
        let first = values.as_ptr();
        // SAFETY: as above, and there are 16.
        let values = unsafe {
            [vld1q_s32(first), vld1q_s32(first.add(4)), vld1q_s32(first.add(8)), vld1q_s32(first.add(12))]
        };
        self.to_floats(values)
    }

    #[inline(always)]
    fn nearest(self, a: [float32x4_t; PARTS]) -> [int32x4_t; PARTS] {
        each!(vcvtnq_s32_f32, a)
    }

    #[inline(always)]
    fn to_floats(self, a: [int32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(vcvtq_f32_s32, a)
    }

    #[inline(always)]
    fn power(self, a: [int32x4_t; PARTS]) -> [float32x4_t; PARTS] {
        each!(power, a)
    }

    #[inline(always)]
    fn bytes(self, a: [int32x4_t; PARTS]) -> [i8; LANES] {
        let mut bytes = [0; LANES];
        let [low, high] = low_words(a);
        // SAFETY: as above, and there is place for 16.
        unsafe { vst1q_s8(bytes.as_mut_ptr(), vcombine_s8(vmovn_s16(low), vmovn_s16(high))) };
        bytes
    }

    #[inline(always)]
    fn words(self, a: [int32x4_t; PARTS]) -> [i16; LANES] {
        let mut words = [0; LANES];
        store(low_words(a), &mut words);
        words
    }

    #[inline(always)]
    fn narrow(self, a: &[i16; 2 * LANES]) -> [i8; 2 * LANES] {
        let mut bytes = [0; 2 * LANES];
        for (place, words) in bytes.as_chunks_mut::<LANES>().0.iter_mut().zip(a.as_chunks().0) {
            let [low, high] = load(words);
            // SAFETY: as above, and there is place for 16.
            unsafe { vst1q_s8(place.as_mut_ptr(), vcombine_s8(vmovn_s16(low), vmovn_s16(high))) };
        }
        bytes
    }

    #[inline(always)]
    fn interleave(self, one: &[i16; LANES], other: &[i16; LANES]) -> [i16; 2 * LANES] {
        let mut all = [0; 2 * LANES];
        let (one, other) = (load(one), load(other));
        for (half, place) in all.as_chunks_mut().0.iter_mut().enumerate() {
            // SAFETY: as above.
            let parts = unsafe { [vzip1q_s16(one[half], other[half]), vzip2q_s16(one[half], other[half])] };
            store(parts, place);
        }
        all
    }

    /// 4 rows and 4 pairs at a time.
    #[inline(always)]
    fn transpose(self, rows: &[[i16; LANES]; LANES]) -> [[i16; 2 * LANES]; LANES / 2] {
        let mut all = [[0; 2 * LANES]; LANES / 2];
        for (part, rows) in rows.as_chunks::<4>().0.iter().enumerate() {
            for half in 0..2 {
                let block = transposed(rows.each_ref().map(|row| load(row)[half]));
                for pair in 0..4 {
                    let place = &mut all[half * 4 + pair].as_chunks_mut::<8>().0[part];
                    // SAFETY: as above, and there is place for 8.
                    unsafe { vst1q_s16(place.as_mut_ptr(), block[pair]) };
                }
            }
        }
        all
    }
}

/// `a > b ? a : b`; the instruction for it would prefer numbers to what is none.
#[inline(always)]
unsafe fn higher(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    // SAFETY: as above.
    unsafe { vbslq_f32(vcgtq_f32(a, b), a, b) }
}

#[inline(always)]
unsafe fn lower(a: float32x4_t, b: float32x4_t) -> float32x4_t {
    // SAFETY: as above.
    unsafe { vbslq_f32(vcltq_f32(a, b), a, b) }
}

#[inline(always)]
unsafe fn power(a: int32x4_t) -> float32x4_t {
    // SAFETY: as above.
    unsafe { vreinterpretq_f32_s32(vshlq_n_s32::<23>(vaddq_s32(a, vdupq_n_s32(127)))) }
}

/// The low 16 bits of each.
#[inline(always)]
fn low_words(a: [int32x4_t; PARTS]) -> [int16x8_t; 2] {
    // SAFETY: as above.
    unsafe {
        [vcombine_s16(vmovn_s32(a[0]), vmovn_s32(a[1])), vcombine_s16(vmovn_s32(a[2]), vmovn_s32(a[3]))]
    }
}

/// 4 rows of 4 pairs: the first pair of all rows, then the second, and so on.
#[inline(always)]
fn transposed(rows: [int16x8_t; 4]) -> [int16x8_t; 4] {
    // SAFETY: as above.
    unsafe {
        let rows = rows.map(|row| vreinterpretq_s32_s16(row));
        let even = [vtrn1q_s32(rows[0], rows[1]), vtrn1q_s32(rows[2], rows[3])];
        let odd = [vtrn2q_s32(rows[0], rows[1]), vtrn2q_s32(rows[2], rows[3])];
        let (even, odd) =
            (even.map(|pairs| vreinterpretq_s64_s32(pairs)), odd.map(|pairs| vreinterpretq_s64_s32(pairs)));
        [
            vreinterpretq_s16_s64(vtrn1q_s64(even[0], even[1])),
            vreinterpretq_s16_s64(vtrn1q_s64(odd[0], odd[1])),
            vreinterpretq_s16_s64(vtrn2q_s64(even[0], even[1])),
            vreinterpretq_s16_s64(vtrn2q_s64(odd[0], odd[1])),
        ]
    }
}

#[inline(always)]
fn load(words: &[i16; LANES]) -> [int16x8_t; 2] {
    // SAFETY: as above, and there are 16.
    unsafe { [vld1q_s16(words.as_ptr()), vld1q_s16(words.as_ptr().add(8))] }
}

#[inline(always)]
fn store(words: [int16x8_t; 2], place: &mut [i16; LANES]) {
    for (place, words) in place.as_chunks_mut::<8>().0.iter_mut().zip(words) {
        // SAFETY: as above, and there is place for 8.
        unsafe { vst1q_s16(place.as_mut_ptr(), words) };
    }
}
