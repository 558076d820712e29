//! Attention's products of bfloat16: 8 queries by 8 outputs, whose sums stay in registers over all numbers.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use super::{
    super::{
        PairLine, Sums,
        bf16::{Block, ROWS},
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

/// All rows and outputs of a block: of each part 16 rows of `stride` pairs, and as many lines.
pub(in crate::tile) fn multiply<'a, P: Iterator<Item = (&'a [[i16; 2]], &'a [PairLine<i16>])>>(
    dot: Bf16mm,
    parts: impl Fn() -> P,
    stride: usize,
    block: &mut Block,
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
    parts: impl Iterator<Item = (&'a [[i16; 2]], &'a [PairLine<i16>])>,
    stride: usize,
    (first, quarter): (usize, usize),
    sums: &mut [Sums; ROWS],
) {
    let mut sum = [[Dot::start(dot, [0; 2]); 2]; UNITS];
    for (values, lines) in parts {
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
