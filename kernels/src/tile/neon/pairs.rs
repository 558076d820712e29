//! Products of words: a line's first numbers are put together and its second ones, so that each sum is one output's.

use std::arch::aarch64::{
    int16x4_t, int16x8_t, int32x4_t, vdup_n_s32, vget_low_s8, vget_low_s16, vld1_lane_s32, vld1q_s8,
    vld1q_s16, vld1q_s32, vmlal_high_lane_s16, vmlal_lane_s16, vmovl_high_s8, vmovl_s8, vreinterpret_s16_s32,
    vst1q_s32, vuzp1q_s8, vuzp1q_s16, vuzp2q_s8, vuzp2q_s16,
};

use super::super::{PairLine, PairLines, PairRows, Sums};

/// Rows that the registers have room for.
const MOST: usize = 4;

/// The first number of 16 outputs, and the second one.
type Weights = [[int16x8_t; 2]; 2];

/// Sums of a row: 16 outputs.
type RowSums = [int32x4_t; 4];

/// Adds Σ value · value of all lines to a sum of each row and output, those of the rows `apart` from each other.
#[target_feature(enable = "neon")]
pub(in crate::tile) fn pairs(lines: PairLines<'_>, rows: PairRows<'_>, sums: &mut [Sums], apart: usize) {
    match lines {
        PairLines::Bytes(lines) => all_rows(lines, |line| load_bytes(line), rows, sums, apart),
        PairLines::Words(lines) => all_rows(lines, |line| load_words(line), rows, sums, apart),
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn all_rows<T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> Weights + Copy,
    rows: PairRows<'_>,
    sums: &mut [Sums],
    apart: usize,
) {
    for first in (0..rows.rows).step_by(MOST) {
        let (values, sums) = (&rows.values[first * rows.stride..], &mut sums[first * apart..]);
        let place = (rows.stride, apart);
        match rows.rows - first {
            1 => some_rows::<1, T>(lines, load, values, sums, place),
            2 => some_rows::<2, T>(lines, load, values, sums, place),
            3 => some_rows::<3, T>(lines, load, values, sums, place),
            _ => some_rows::<MOST, T>(lines, load, values, sums, place),
        }
    }
}

#[target_feature(enable = "neon")]
fn some_rows<const R: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> Weights + Copy,
    values: &[[i16; 2]],
    sums: &mut [Sums],
    (stride, apart): (usize, usize),
) {
    // Without closures, whose calls would take the sums out of their registers.
    let (mut pairs, mut sum) = ([&[][..]; R], [load_sums(&[0; 16]); R]);
    for row in 0..R {
        pairs[row] = &values[row * stride..][..lines.len()];
        sum[row] = load_sums(&sums[row * apart]);
    }
    for at in 0..lines.len() {
        let weights = load(&lines[at]);
        for row in 0..R {
            let pair = load_pair(&pairs[row][at]);
            sum[row] = add::<1>(add::<0>(sum[row], weights[0], pair), weights[1], pair);
        }
    }
    for row in 0..R {
        store(&mut sums[row * apart], sum[row]);
    }
}

/// Adds the products of 16 numbers and one.
#[target_feature(enable = "neon")]
#[inline]
fn add<const AT: i32>(sums: RowSums, weights: [int16x8_t; 2], values: int16x4_t) -> RowSums {
    [
        vmlal_lane_s16::<AT>(sums[0], vget_low_s16(weights[0]), values),
        vmlal_high_lane_s16::<AT>(sums[1], weights[0], values),
        vmlal_lane_s16::<AT>(sums[2], vget_low_s16(weights[1]), values),
        vmlal_high_lane_s16::<AT>(sums[3], weights[1], values),
    ]
}

/// In the first two of four places.
#[target_feature(enable = "neon")]
#[inline]
fn load_pair(pair: &[i16; 2]) -> int16x4_t {
    // SAFETY: there are 4 bytes, and the load needs no alignment.
    vreinterpret_s16_s32(unsafe { vld1_lane_s32::<0>(pair.as_ptr().cast(), vdup_n_s32(0)) })
}

#[target_feature(enable = "neon")]
#[inline]
fn load_words(line: &PairLine<i16>) -> Weights {
    let first = line.as_ptr();
    // SAFETY: a line has 32 times 16 bits.
    let parts = unsafe {
        [vld1q_s16(first), vld1q_s16(first.add(8)), vld1q_s16(first.add(16)), vld1q_s16(first.add(24))]
    };
    [
        [vuzp1q_s16(parts[0], parts[1]), vuzp1q_s16(parts[2], parts[3])],
        [vuzp2q_s16(parts[0], parts[1]), vuzp2q_s16(parts[2], parts[3])],
    ]
}

#[target_feature(enable = "neon")]
#[inline]
fn load_bytes(line: &PairLine<i8>) -> Weights {
    let first = line.as_ptr();
    // SAFETY: a line has 32 times 8 bits.
    let parts = unsafe { [vld1q_s8(first), vld1q_s8(first.add(16))] };
    let (first, second) = (vuzp1q_s8(parts[0], parts[1]), vuzp2q_s8(parts[0], parts[1]));
    [
        [vmovl_s8(vget_low_s8(first)), vmovl_high_s8(first)],
        [vmovl_s8(vget_low_s8(second)), vmovl_high_s8(second)],
    ]
}

#[target_feature(enable = "neon")]
#[inline]
fn load_sums(sums: &Sums) -> RowSums {
    let first = sums.as_ptr();
    // SAFETY: there are 16 times 32 bits.
    unsafe { [vld1q_s32(first), vld1q_s32(first.add(4)), vld1q_s32(first.add(8)), vld1q_s32(first.add(12))] }
}

#[target_feature(enable = "neon")]
#[inline]
fn store(place: &mut Sums, sums: RowSums) {
    for (part, sums) in place.as_chunks_mut::<4>().0.iter_mut().zip(sums) {
        // SAFETY: the part has 4 times 32 bits.
        unsafe { vst1q_s32(part.as_mut_ptr(), sums) }
    }
}
