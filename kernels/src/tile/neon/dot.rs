//! How 8 inputs of 4 outputs are multiplied by those of one or two rows.
//!
//! Rust has no stable intrinsics for the dot product and for 8-bit matrices: their instructions are written out.
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use std::arch::{
    aarch64::{
        int8x8_t, int8x16_t, int32x4_t, uint8x16_t, vdupq_lane_s32, vdupq_n_s32, vdupq_n_u8, veorq_u8,
        vget_low_s8, vld1_s8, vmlal_high_s8, vmlal_s8, vmull_high_s8, vmull_s8, vpadalq_s16, vpaddq_s32,
        vreinterpret_s32_s8, vreinterpretq_s8_s32, vreinterpretq_s8_u8,
    },
    asm,
};

use crate::matrix::{GROUP, OFFSET};

/// 8 inputs of a row.
pub(super) type Step = [[i8; GROUP]; 2];

/// The instructions for it. Whoever has a value of such a type may use them.
pub(in crate::tile) trait Dot: Copy {
    /// Rows of a unit, which are multiplied at once; a second one may be one that doesn't count.
    const ROWS: usize;
    /// Units whose sums have room in registers, of 8 outputs each.
    const UNITS: usize;
    /// The 8 inputs of a unit as they are multiplied.
    type Values: Copy;
    /// The sums of a unit and 4 outputs.
    type Sums: Copy;

    /// What the sums begin with; `totals` are those of the rows' integers.
    fn start(self, totals: [i32; 2]) -> Self::Sums;
    /// Two lines' bytes of 4 outputs as they are multiplied.
    fn weights(self, lines: [uint8x16_t; 2]) -> [uint8x16_t; 2];
    fn values(self, rows: [&Step; 2]) -> Self::Values;
    fn add(self, sums: Self::Sums, weights: [uint8x16_t; 2], values: Self::Values) -> Self::Sums;
    /// Each row's sums of 4 outputs.
    fn rows(self, sums: Self::Sums) -> [int32x4_t; 2];
}

/// What every such processor has (Cortex-A72): two products fit in 16 bits, since values are from −127 to 127.
#[derive(Clone, Copy)]
pub(in crate::tile) struct Base;

impl Dot for Base {
    const ROWS: usize = 1;
    const UNITS: usize = 4;
    type Values = [int8x16_t; 2];
    /// Of 2 outputs each, in two parts.
    type Sums = [int32x4_t; 2];

    #[inline(always)]
    fn start(self, _: [i32; 2]) -> [int32x4_t; 2] {
        [zero(); 2]
    }

    #[inline(always)]
    fn weights(self, lines: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
        signed(lines)
    }

    #[inline(always)]
    fn values(self, rows: [&Step; 2]) -> [int8x16_t; 2] {
        // SAFETY: every processor of this kind has these instructions.
        unsafe {
            let both = vreinterpret_s32_s8(load(rows[0]));
            [vdupq_lane_s32::<0>(both), vdupq_lane_s32::<1>(both)].map(|word| vreinterpretq_s8_s32(word))
        }
    }

    #[inline(always)]
    fn add(self, sums: [int32x4_t; 2], weights: [uint8x16_t; 2], values: [int8x16_t; 2]) -> [int32x4_t; 2] {
        // SAFETY: as above.
        unsafe {
            let weights = [vreinterpretq_s8_u8(weights[0]), vreinterpretq_s8_u8(weights[1])];
            let low = vmull_s8(vget_low_s8(weights[0]), vget_low_s8(values[0]));
            let low = vmlal_s8(low, vget_low_s8(weights[1]), vget_low_s8(values[1]));
            let high = vmlal_high_s8(vmull_high_s8(weights[0], values[0]), weights[1], values[1]);
            [vpadalq_s16(sums[0], low), vpadalq_s16(sums[1], high)]
        }
    }

    #[inline(always)]
    fn rows(self, sums: [int32x4_t; 2]) -> [int32x4_t; 2] {
        // SAFETY: as above.
        unsafe { [vpaddq_s32(sums[0], sums[1]), zero()] }
    }
}

/// With the dot product (Neoverse N1, Cortex-A76, Apple M1).
#[derive(Clone, Copy)]
pub(in crate::tile) struct Dotprod(());

impl Dotprod {
    /// # Safety
    ///
    /// The processor has the dot product.
    pub(in crate::tile) unsafe fn new() -> Self {
        Self(())
    }

    /// Adds the products of groups of 4 signed bytes and one of two groups of values.
    #[expect(clippy::unused_self, reason = "whoever has it may use the instruction")]
    #[inline(always)]
    pub(super) fn sdot<const AT: u8>(
        self,
        mut sums: int32x4_t,
        weights: uint8x16_t,
        values: int8x8_t,
    ) -> int32x4_t {
        // SAFETY: the instruction, which the processor has, touches nothing but these registers.
        unsafe {
            asm!(
                ".arch_extension dotprod",
                "sdot {sums:v}.4s, {weights:v}.16b, {values:v}.4b[{at}]",
                sums = inout(vreg) sums,
                weights = in(vreg) weights,
                values = in(vreg) values,
                at = const AT,
                options(pure, nomem, nostack, preserves_flags),
            );
        }
        sums
    }
}

impl Dot for Dotprod {
    const ROWS: usize = 1;
    const UNITS: usize = 8;
    type Values = int8x8_t;
    type Sums = int32x4_t;

    #[inline(always)]
    fn start(self, _: [i32; 2]) -> int32x4_t {
        zero()
    }

    #[inline(always)]
    fn weights(self, lines: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
        signed(lines)
    }

    #[inline(always)]
    fn values(self, rows: [&Step; 2]) -> int8x8_t {
        load(rows[0])
    }

    #[inline(always)]
    fn add(self, sums: int32x4_t, weights: [uint8x16_t; 2], values: int8x8_t) -> int32x4_t {
        self.sdot::<1>(self.sdot::<0>(sums, weights[0], values), weights[1], values)
    }

    #[inline(always)]
    fn rows(self, sums: int32x4_t) -> [int32x4_t; 2] {
        [sums, zero()]
    }
}

#[inline(always)]
pub(super) fn zero() -> int32x4_t {
    // SAFETY: every processor of this kind has the instruction.
    unsafe { vdupq_n_s32(0) }
}

/// Stored weights have been made larger by [`OFFSET`].
#[inline(always)]
fn signed([first, second]: [uint8x16_t; 2]) -> [uint8x16_t; 2] {
    // SAFETY: as above.
    unsafe {
        let offset = vdupq_n_u8(OFFSET);
        [veorq_u8(first, offset), veorq_u8(second, offset)]
    }
}

#[inline(always)]
pub(super) fn load(step: &Step) -> int8x8_t {
    // SAFETY: as above, and there are 8 bytes.
    unsafe { vld1_s8(step.as_flattened().as_ptr()) }
}
