//! Attention's products of bfloat16: 8 queries by 8 outputs, whose sums stay in registers over all numbers.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use super::{
    super::{
        PairLine, Sums,
        bf16::{Block, PAIRS, ROWS, VALUE_PANELS},
    },
    bytes::{add, put, steps},
    dot::Dot,
    matrices::Bf16mm,
};
use crate::matrix::{GROUP, Line};

/// Units of rows that the registers have room for, beside 2 quarters of a panel.
const UNITS: usize = Bf16mm::UNITS;
/// Rows of them.
const MOST: usize = UNITS * Bf16mm::ROWS;

/// As [`Bf16Tiles::scores`](super::super::bf16::Bf16Tiles::scores).
pub(in crate::tile) fn scores(
    dot: Bf16mm,
    queries: &[[i16; 2]],
    keys: &[PairLine<i16>],
    scores: &mut [Block<f32>],
) {
    let pairs = (queries.len() / ROWS).max(1);
    for (keys, scores) in keys.chunks_exact(pairs).zip(scores) {
        tiles(dot, || std::iter::once((keys, queries)), pairs, scores);
    }
}

/// As [`Bf16Tiles::weigh`](super::super::bf16::Bf16Tiles::weigh).
pub(in crate::tile) fn weigh(
    dot: Bf16mm,
    weights: &[Block<f32>],
    panels: [&[PairLine<i16>]; VALUE_PANELS],
    sums: &mut [Block<f32>; VALUE_PANELS],
) {
    for (panel, sums) in panels.into_iter().zip(sums) {
        let blocks = || weights.iter().step_by(2).map(Block::weights);
        tiles(dot, || panel.chunks_exact(PAIRS).zip(blocks()), PAIRS, sums);
    }
}

/// All rows and outputs of a block: of each part some lines and as many pairs of each row, which are `stride` apart.
#[inline(always)]
fn tiles<'a, P: Iterator<Item = (&'a [PairLine<i16>], &'a [[i16; 2]])>>(
    dot: Bf16mm,
    parts: impl Fn() -> P,
    stride: usize,
    block: &mut Block<f32>,
) {
    for first in (0..ROWS).step_by(MOST) {
        for quarter in [0, 2] {
            tile(dot, parts(), stride, (first, quarter), block.sums_mut());
        }
    }
}

#[inline(always)]
fn tile<'a>(
    dot: Bf16mm,
    parts: impl Iterator<Item = (&'a [PairLine<i16>], &'a [[i16; 2]])>,
    stride: usize,
    (first, quarter): (usize, usize),
    sums: &mut [Sums; ROWS],
) {
    let mut sum = [[Dot::start(dot, [0; 2]); 2]; UNITS];
    for (lines, values) in parts {
        let (lines, values) = (bytes_of(lines).as_chunks::<2>().0, groups_of(values));
        // Without closures, whose calls would take the sums out of their registers.
        let mut rows = [[&[][..]; Bf16mm::ROWS]; UNITS];
        for unit in 0..UNITS {
            for at in 0..Bf16mm::ROWS {
                let row = first + unit * Bf16mm::ROWS + at;
                rows[unit][at] = &values[row * stride..][..stride].as_chunks::<2>().0[..lines.len()];
            }
        }
        for step in 0..lines.len() {
            add(dot, [&lines[step][0], &lines[step][1]], quarter, steps(&rows, step), &mut sum);
        }
    }
    for unit in 0..UNITS {
        put(dot, sum[unit], quarter, &mut sums[first + unit * Bf16mm::ROWS..]);
    }
}

/// A line is as long as one of bytes.
fn bytes_of(lines: &[PairLine<i16>]) -> &[Line] {
    // SAFETY: both have 64 bytes, all of which are valid for both, and bytes need no alignment.
    unsafe { std::slice::from_raw_parts(lines.as_ptr().cast(), lines.len()) }
}

/// A pair is as long as a group of bytes.
fn groups_of(pairs: &[[i16; 2]]) -> &[[i8; GROUP]] {
    // SAFETY: as above, with 4 bytes.
    unsafe { std::slice::from_raw_parts(pairs.as_ptr().cast(), pairs.len()) }
}
