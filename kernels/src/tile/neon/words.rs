//! Products of words and bytes with the dot product, which multiplies bytes only. A word is 256 · its high byte + its low
//! byte, which has no sign: so it is made less by 128, and what that leaves out of all products is 128 · the sum of the bytes.
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use std::arch::aarch64::{
    int8x8_t, int32x4_t, uint8x16_t, vaddq_s32, vdup_n_s8, vdup_n_u8, veor_u8, vld1_u8, vld1q_s32, vld1q_u16,
    vreinterpret_s8_u8, vreinterpretq_u8_u16, vshlq_n_s32, vst1q_s32, vuzp1_u8, vuzp2_u8, vzip1q_u16,
    vzip2q_u16,
};

use super::{
    super::{PairLine, PairRows, Sums},
    dot::{Dotprod, zero},
};
use crate::LANES;

/// Rows that the registers have room for.
const MOST: usize = 4;
/// 4 inputs of a row.
type Step = [[i16; 2]; 2];

/// Adds Σ value · value of all lines to a sum of each row and output, those of the rows `apart` from each other.
pub(in crate::tile) fn words(
    dot: Dotprod,
    lines: &[PairLine<i8>],
    rows: PairRows<'_>,
    sums: &mut [Sums],
    apart: usize,
) {
    for first in (0..rows.rows).step_by(MOST) {
        let (values, sums) = (&rows.values[first * rows.stride..], &mut sums[first * apart..]);
        let place = (rows.stride, apart);
        match rows.rows - first {
            1 => tile::<1, 4>(dot, lines, values, 0, sums, place),
            2 => tile::<2, 4>(dot, lines, values, 0, sums, place),
            3 => halves::<3>(dot, lines, values, sums, place),
            _ => halves::<MOST>(dot, lines, values, sums, place),
        }
    }
}

#[inline(always)]
fn halves<const R: usize>(
    dot: Dotprod,
    lines: &[PairLine<i8>],
    values: &[[i16; 2]],
    sums: &mut [Sums],
    place: (usize, usize),
) {
    tile::<R, 2>(dot, lines, values, 0, sums, place);
    tile::<R, 2>(dot, lines, values, 2, sums, place);
}

/// Sums of 4 outputs each: of the words' high bytes, and of their low ones.
type RowSums<const Q: usize> = [[int32x4_t; 2]; Q];

/// `R` rows times `Q` quarters of the outputs, from `quarter` on.
fn tile<const R: usize, const Q: usize>(
    dot: Dotprod,
    lines: &[PairLine<i8>],
    values: &[[i16; 2]],
    quarter: usize,
    sums: &mut [Sums],
    (stride, apart): (usize, usize),
) {
    let (steps, odd) = lines.as_chunks::<2>();
    // Without closures, whose calls would take the sums out of their registers.
    let (mut rows, mut last) = ([&[][..]; R], [Step::default(); R]);
    for row in 0..R {
        let (whole, rest) = values[row * stride..][..lines.len()].as_chunks::<2>();
        rows[row] = &whole[..steps.len()];
        last[row][0] = rest.first().copied().unwrap_or_default();
    }
    let (mut sum, mut bytes) = ([[[zero(); 2]; Q]; R], [zero(); Q]);
    for step in 0..steps.len() {
        let mut values = [&[[0; 2]; 2]; R];
        for row in 0..R {
            values[row] = &rows[row][step];
        }
        add(dot, [&steps[step][0], &steps[step][1]], quarter, values, &mut sum, &mut bytes);
    }
    if let [line] = odd {
        add(dot, [line, &[0; 2 * LANES]], quarter, last.each_ref(), &mut sum, &mut bytes);
    }
    for row in 0..R {
        put(sum[row], bytes, &mut sums[row * apart].as_chunks_mut().0[quarter..]);
    }
}

/// Adds the products of two lines and 4 inputs of each row, and the lines' bytes.
#[inline(always)]
fn add<const R: usize, const Q: usize>(
    dot: Dotprod,
    lines: [&PairLine<i8>; 2],
    quarter: usize,
    values: [&Step; R],
    sum: &mut [RowSums<Q>; R],
    bytes: &mut [int32x4_t; Q],
) {
    let mut weights = [weights_of(lines, quarter / 2)[0]; Q];
    for half in 0..Q / 2 {
        let [low, high] = weights_of(lines, quarter / 2 + half);
        (weights[2 * half], weights[2 * half + 1]) = (low, high);
    }
    for part in 0..Q {
        // SAFETY: every processor of this kind has the instruction.
        bytes[part] = dot.sdot::<0>(bytes[part], weights[part], unsafe { vdup_n_s8(1) });
    }
    for row in 0..R {
        let values = bytes_of(values[row]);
        for part in 0..Q {
            for byte in 0..2 {
                sum[row][part][byte] = dot.sdot::<0>(sum[row][part][byte], weights[part], values[byte]);
            }
        }
    }
}

/// 4 inputs of 8 outputs.
#[inline(always)]
fn weights_of(lines: [&PairLine<i8>; 2], half: usize) -> [uint8x16_t; 2] {
    // SAFETY: as above, and half a line has 16 bytes.
    unsafe {
        let [one, other] = lines.map(|line| vld1q_u16(line.as_chunks::<LANES>().0[half].as_ptr().cast()));
        [vreinterpretq_u8_u16(vzip1q_u16(one, other)), vreinterpretq_u8_u16(vzip2q_u16(one, other))]
    }
}

/// The high bytes, and the low ones less 128.
#[inline(always)]
fn bytes_of(step: &Step) -> [int8x8_t; 2] {
    // SAFETY: as above, and there are 8 bytes.
    unsafe {
        let bytes = vld1_u8(step.as_ptr().cast());
        let low = veor_u8(vuzp1_u8(bytes, bytes), vdup_n_u8(0x80));
        [vreinterpret_s8_u8(vuzp2_u8(bytes, bytes)), vreinterpret_s8_u8(low)]
    }
}

/// Adds the sums to those of a row.
#[inline(always)]
fn put<const Q: usize>(sums: RowSums<Q>, bytes: [int32x4_t; Q], places: &mut [[i32; 4]]) {
    for part in 0..Q {
        let [high, low] = sums[part];
        // SAFETY: as above, and the place has 4 times 32 bits.
        unsafe {
            let place = places[part].as_mut_ptr();
            let all = vaddq_s32(vaddq_s32(vshlq_n_s32::<8>(high), low), vshlq_n_s32::<7>(bytes[part]));
            vst1q_s32(place, vaddq_s32(vld1q_s32(place), all));
        }
    }
}
