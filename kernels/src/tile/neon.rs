//! 128 bits of ARM: `sdot` multiplies 16 signed bytes and adds them up by groups of 4.
use std::arch::{
    aarch64::{
        int8x16_t, int16x8_t, int32x4_t, uint8x16_t, vaddq_s32, vdupq_n_s32, vdupq_n_u8, veorq_u8,
        vget_high_s8, vget_high_s16, vget_low_s8, vget_low_s16, vld1q_s8, vld1q_s16, vld1q_u8, vmovl_s8,
        vmull_s16, vpaddq_s32, vreinterpretq_s8_s32, vreinterpretq_s8_u8, vreinterpretq_s16_s32, vst1q_s32,
    },
    asm,
};

use super::{ByteRows, PairLine, PairLines, PairPanel, PairRows, Sums, byte_word, pair_word};
use crate::matrix::{Line, OFFSET};

/// Rows that the registers have room for.
const MOST: usize = 4;
/// Registers of a line.
const PARTS: usize = 4;

#[target_feature(enable = "neon,dotprod")]
pub(super) fn bytes(panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let count = rows.sums.len();
    let groups = rows.groups;
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        let mut first = 0;
        while first < count {
            let sums = &mut sums[first..];
            match count - first {
                1 => bytes_of::<1>(panel, rows, first, sums),
                2 => bytes_of::<2>(panel, rows, first, sums),
                3 => bytes_of::<3>(panel, rows, first, sums),
                _ => bytes_of::<MOST>(panel, rows, first, sums),
            }
            first += MOST;
        }
    }
}

#[target_feature(enable = "neon,dotprod")]
fn bytes_of<const R: usize>(panel: &[Line], rows: ByteRows<'_>, first: usize, sums: &mut [Sums]) {
    let (values, _) = rows.part::<R>(first);
    let values = values.map(|row| &row[..panel.len()]);
    let offset = vdupq_n_u8(OFFSET);
    let mut sum = [[vdupq_n_s32(0); PARTS]; R];
    for group in 0..panel.len() {
        let (parts, _) = panel[group].as_chunks::<16>();
        for part in 0..PARTS {
            let weights = vreinterpretq_s8_u8(veorq_u8(load(&parts[part]), offset));
            for row in 0..R {
                let value = byte_word(values[row][group]);
                let value = vreinterpretq_s8_s32(vdupq_n_s32(value));
                sum[row][part] = dot(sum[row][part], weights, value);
            }
        }
    }
    for row in 0..R {
        store(&mut sums[row], sum[row]);
    }
}

#[target_feature(enable = "neon")]
pub(super) fn pairs(panel: PairPanel<'_>, rows: PairRows<'_>, sums: &mut [Sums]) {
    match panel.lines {
        PairLines::Bytes(lines) => pairs_with(lines, |line| load_bytes(line), panel, rows, sums),
        PairLines::Words(lines) => pairs_with(lines, |line| load_words(line), panel, rows, sums),
    }
}

#[target_feature(enable = "neon")]
#[inline]
fn pairs_with<T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [int16x8_t; PARTS] + Copy,
    panel: PairPanel<'_>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let mut first = 0;
    while first < rows.rows {
        let sums = &mut sums[first..];
        let part = (panel, rows, first);
        match rows.rows - first {
            1 => pairs_of::<1, T>(lines, load, part, sums),
            2 => pairs_of::<2, T>(lines, load, part, sums),
            3 => pairs_of::<3, T>(lines, load, part, sums),
            _ => pairs_of::<MOST, T>(lines, load, part, sums),
        }
        first += MOST;
    }
}

#[target_feature(enable = "neon")]
fn pairs_of<const R: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [int16x8_t; PARTS],
    (panel, rows, first): (PairPanel<'_>, PairRows<'_>, usize),
    sums: &mut [Sums],
) {
    let groups = panel.groups;
    let values = pair_rows::<R>(rows, first, groups * panel.blocks);
    let mut sum = [[vdupq_n_s32(0); PARTS]; R];
    for block in 0..panel.blocks {
        let lines = &lines[block * panel.stride..][..groups];
        // Without a closure, whose call would take the sums out of their registers.
        let mut part = [&[][..]; R];
        for row in 0..R {
            part[row] = &values[row][block * groups..][..groups];
        }
        for group in 0..groups {
            let weights = load(&lines[group]);
            for row in 0..R {
                let value = vreinterpretq_s16_s32(vdupq_n_s32(pair_word(part[row][group])));
                for at in 0..PARTS {
                    let left = vmull_s16(vget_low_s16(weights[at]), vget_low_s16(value));
                    let right = vmull_s16(vget_high_s16(weights[at]), vget_high_s16(value));
                    sum[row][at] = vaddq_s32(sum[row][at], vpaddq_s32(left, right));
                }
            }
        }
    }
    for row in 0..R {
        store(&mut sums[row], sum[row]);
    }
}

/// `vdotq_s32`, which Rust doesn't have yet.
#[target_feature(enable = "neon,dotprod")]
#[inline]
fn dot(mut sums: int32x4_t, weights: int8x16_t, values: int8x16_t) -> int32x4_t {
    // SAFETY: the instruction, which the caller's processor has, touches nothing but these registers.
    unsafe {
        asm!(
            "sdot {sums:v}.4s, {weights:v}.16b, {values:v}.16b",
            sums = inout(vreg) sums,
            weights = in(vreg) weights,
            values = in(vreg) values,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

#[target_feature(enable = "neon")]
#[inline]
fn load(bytes: &[u8; 16]) -> uint8x16_t {
    // SAFETY: there are 16 bytes.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}

#[target_feature(enable = "neon")]
#[inline]
fn load_words(line: &PairLine<i16>) -> [int16x8_t; PARTS] {
    let first = line.as_ptr();
    // SAFETY: a line has 32 times 16 bits.
    unsafe { [vld1q_s16(first), vld1q_s16(first.add(8)), vld1q_s16(first.add(16)), vld1q_s16(first.add(24))] }
}

#[target_feature(enable = "neon")]
#[inline]
fn load_bytes(line: &PairLine<i8>) -> [int16x8_t; PARTS] {
    let first = line.as_ptr();
    // SAFETY: a line has 32 times 8 bits.
    let halves = unsafe { [vld1q_s8(first), vld1q_s8(first.add(16))] };
    let [low, high] = halves.map(|half| [vmovl_s8(vget_low_s8(half)), vmovl_s8(vget_high_s8(half))]);
    [low[0], low[1], high[0], high[1]]
}

#[target_feature(enable = "neon")]
#[inline]
fn store(place: &mut Sums, sums: [int32x4_t; PARTS]) {
    let (parts, _) = place.as_chunks_mut::<4>();
    for (part, sums) in parts.iter_mut().zip(sums) {
        // SAFETY: the part has 4 times 32 bits.
        unsafe { vst1q_s32(part.as_mut_ptr(), sums) }
    }
}

/// The rows of a tile as slices of one length.
fn pair_rows<const R: usize>(rows: PairRows<'_>, first: usize, length: usize) -> [&[[i16; 2]]; R] {
    let row = |at: usize| rows.values.get((first + at) * rows.stride..).and_then(|rest| rest.get(..length));
    std::array::from_fn(|at| row(at).unwrap_or_default())
}
