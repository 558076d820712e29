//! Products of matrices: 2 outputs by 2 rows in one instruction.
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use std::arch::{
    aarch64::{
        int8x16_t, int32x4_t, uint8x16_t, vcombine_s8, vdupq_n_s32, vreinterpretq_u8_u32,
        vreinterpretq_u32_u8, vuzp1q_s32, vuzp2q_s32, vzip1q_s32, vzip1q_u32, vzip2q_u32,
    },
    asm,
};

use super::dot::{Dot, Step, load, zero};
use crate::matrix::OFFSET;

/// How two matrices are multiplied. Whoever has a value of such a type may use its instructions.
pub(in crate::tile) trait Matrices: Copy {
    /// What the sums of 2 outputs and 2 rows begin with; `totals` are those of the rows' integers.
    fn start(self, totals: [i32; 2]) -> int32x4_t;
    /// Adds the products of 2 outputs and 2 rows.
    fn multiply(self, sums: int32x4_t, weights: uint8x16_t, values: int8x16_t) -> int32x4_t;
}

impl<M: Matrices> Dot for M {
    const ROWS: usize = 2;
    const UNITS: usize = 4;
    type Values = int8x16_t;
    /// Of 2 outputs each, and of both rows.
    type Sums = [int32x4_t; 2];

    #[inline(always)]
    fn start(self, totals: [i32; 2]) -> [int32x4_t; 2] {
        [Matrices::start(self, totals); 2]
    }

    #[inline(always)]
    fn weights(self, lines: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
        by_outputs(lines)
    }

    #[inline(always)]
    fn values(self, rows: [&Step; 2]) -> int8x16_t {
        // SAFETY: every processor of this kind has the instruction.
        unsafe { vcombine_s8(load(rows[0]), load(rows[1])) }
    }

    #[inline(always)]
    fn add(self, sums: [int32x4_t; 2], weights: [uint8x16_t; 2], values: int8x16_t) -> [int32x4_t; 2] {
        [self.multiply(sums[0], weights[0], values), self.multiply(sums[1], weights[1], values)]
    }

    #[inline(always)]
    fn rows(self, sums: [int32x4_t; 2]) -> [int32x4_t; 2] {
        // SAFETY: as above.
        unsafe { [vuzp1q_s32(sums[0], sums[1]), vuzp2q_s32(sums[0], sums[1])] }
    }
}

/// With 8-bit matrices (Neoverse V1 and N2, Cortex-A710, Apple M2).
#[derive(Clone, Copy)]
pub(in crate::tile) struct I8mm(());

impl I8mm {
    /// # Safety
    ///
    /// The processor has 8-bit matrices.
    pub(in crate::tile) unsafe fn new() -> Self {
        Self(())
    }
}

impl Matrices for I8mm {
    #[inline(always)]
    fn start(self, totals: [i32; 2]) -> int32x4_t {
        let [first, second] = totals.map(|total| -i32::from(OFFSET) * total);
        // SAFETY: as above.
        unsafe { vzip1q_s32(vdupq_n_s32(first), vdupq_n_s32(second)) }
    }

    #[inline(always)]
    fn multiply(self, mut sums: int32x4_t, weights: uint8x16_t, values: int8x16_t) -> int32x4_t {
        // SAFETY: the instruction, which the processor has, touches nothing but these registers.
        unsafe {
            asm!(
                ".arch_extension i8mm",
                "usmmla {sums:v}.4s, {weights:v}.16b, {values:v}.16b",
                sums = inout(vreg) sums,
                weights = in(vreg) weights,
                values = in(vreg) values,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

/// With matrices of bfloat16, which come with those of 8 bits: a line has two numbers of 16 outputs, and sums are floats.
#[derive(Clone, Copy)]
pub(in crate::tile) struct Bf16mm(());

impl Bf16mm {
    /// # Safety
    ///
    /// The processor has matrices of bfloat16.
    pub(in crate::tile) unsafe fn new() -> Self {
        Self(())
    }
}

impl Matrices for Bf16mm {
    #[inline(always)]
    fn start(self, _: [i32; 2]) -> int32x4_t {
        zero()
    }

    #[inline(always)]
    fn multiply(self, mut sums: int32x4_t, weights: uint8x16_t, values: int8x16_t) -> int32x4_t {
        // SAFETY: as above.
        unsafe {
            asm!(
                ".arch_extension bf16",
                "bfmmla {sums:v}.4s, {weights:v}.8h, {values:v}.8h",
                sums = inout(vreg) sums,
                weights = in(vreg) weights,
                values = in(vreg) values,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

/// Two lines' 4 outputs as two matrices: each of 2 outputs.
#[inline(always)]
fn by_outputs(lines: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
    // SAFETY: every processor of this kind has these instructions.
    unsafe {
        let [first, second] = lines.map(|line| vreinterpretq_u32_u8(line));
        [vzip1q_u32(first, second), vzip2q_u32(first, second)].map(|outputs| vreinterpretq_u8_u32(outputs))
    }
}
