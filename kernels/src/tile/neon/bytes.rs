//! Products of bytes: up to 4 rows go through a panel once, more through its halves, whose weights the cache has the second time.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]
#![expect(clippy::inline_always, reason = "a call would take the sums out of their registers")]

use std::arch::aarch64::{uint8x16_t, vld1q_u8, vst1q_s32};

use super::{
    super::{ByteRows, Sums},
    dot::{Dot, Step},
};
use crate::matrix::{GROUP, Line, OFFSET};

/// 4 outputs, one register, of a line.
const QUARTER: usize = 16;

pub(in crate::tile) fn bytes(dot: impl Dot, panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let (count, groups) = (rows.sums.len(), rows.groups);
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        all_rows(dot, panel, rows, sums);
    }
}

/// All rows times a panel.
fn all_rows<D: Dot>(dot: D, panel: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let mut first = 0;
    while first < rows.sums.len() {
        let units = (rows.sums.len() - first).div_ceil(D::ROWS).min(D::UNITS);
        let whole = units * 2 <= D::UNITS;
        let place = (first, 0);
        match (units, whole) {
            (1, _) => tile::<D, 1, 4>(dot, panel, rows, place, sums),
            (2, _) => tile::<D, 2, 4>(dot, panel, rows, place, sums),
            (3, true) => tile::<D, 3, 4>(dot, panel, rows, place, sums),
            (4, true) => tile::<D, 4, 4>(dot, panel, rows, place, sums),
            (3, _) => halves::<D, 3>(dot, panel, rows, first, sums),
            (4, _) => halves::<D, 4>(dot, panel, rows, first, sums),
            (5, _) => halves::<D, 5>(dot, panel, rows, first, sums),
            (6, _) => halves::<D, 6>(dot, panel, rows, first, sums),
            (7, _) => halves::<D, 7>(dot, panel, rows, first, sums),
            _ => halves::<D, 8>(dot, panel, rows, first, sums),
        }
        first += units * D::ROWS;
    }
}

#[inline(always)]
fn halves<D: Dot, const U: usize>(
    dot: D,
    panel: &[Line],
    rows: ByteRows<'_>,
    first: usize,
    sums: &mut [Sums],
) {
    tile::<D, U, 2>(dot, panel, rows, (first, 0), sums);
    tile::<D, U, 2>(dot, panel, rows, (first, 2), sums);
}

/// `U` units of rows, from `first` on, times `Q` quarters of a panel, from `quarter` on.
fn tile<D: Dot, const U: usize, const Q: usize>(
    dot: D,
    panel: &[Line],
    rows: ByteRows<'_>,
    (first, quarter): (usize, usize),
    sums: &mut [Sums],
) {
    let (lines, odd) = panel.as_chunks::<2>();
    // Without closures, whose calls would take the sums out of their registers.
    let (mut values, mut last) = ([[&[][..]; 2]; U], [[[[0; GROUP]; 2]; 2]; U]);
    let mut sum = [[dot.start([0; 2]); Q]; U];
    for unit in 0..U {
        let mut totals = [0; 2];
        for at in 0..2 {
            // A unit of one row has it twice.
            let row = first + unit * D::ROWS + at % D::ROWS;
            let (steps, rest) = row_of(rows, row).as_chunks::<2>();
            values[unit][at] = &steps[..lines.len()];
            last[unit][at][0] = rest.first().copied().unwrap_or_default();
            totals[at] = rows.sums.get(row).copied().unwrap_or_default();
        }
        sum[unit] = [dot.start(totals); Q];
    }
    for step in 0..lines.len() {
        add(dot, [&lines[step][0], &lines[step][1]], quarter, steps(&values, step), &mut sum);
    }
    if let [line] = odd {
        let last = last.each_ref().map(<[_; 2]>::each_ref);
        add(dot, [line, &[OFFSET; size_of::<Line>()]], quarter, last, &mut sum);
    }
    for unit in 0..U {
        let rows = first + unit * D::ROWS..(first + (unit + 1) * D::ROWS).min(rows.sums.len());
        put(dot, sum[unit], quarter, &mut sums[rows]);
    }
}

/// Puts a unit's sums of some quarters, from `quarter` on, where those of its rows belong; of a row that isn't there nowhere.
#[inline(always)]
pub(super) fn put<D: Dot, const Q: usize>(dot: D, found: [D::Sums; Q], quarter: usize, sums: &mut [Sums]) {
    for part in 0..Q {
        for (sums, found) in sums.iter_mut().zip(dot.rows(found[part])).take(D::ROWS) {
            let place = &mut sums.as_chunks_mut::<4>().0[quarter + part];
            // SAFETY: every processor of this kind has the instruction, and the place has 4 times 32 bits.
            unsafe { vst1q_s32(place.as_mut_ptr(), found) }
        }
    }
}

/// 8 inputs of each row.
#[inline(always)]
pub(super) fn steps<'a, const U: usize>(values: &[[&'a [Step]; 2]; U], at: usize) -> [[&'a Step; 2]; U] {
    let mut steps = [[&[[0; GROUP]; 2]; 2]; U];
    for unit in 0..U {
        for row in 0..2 {
            steps[unit][row] = &values[unit][row][at];
        }
    }
    steps
}

/// Adds the products of two lines and 8 inputs of each row.
#[inline(always)]
pub(super) fn add<D: Dot, const U: usize, const Q: usize>(
    dot: D,
    lines: [&Line; 2],
    quarter: usize,
    values: [[&Step; 2]; U],
    sum: &mut [[D::Sums; Q]; U],
) {
    let mut weights = [[load(lines[0], quarter); 2]; Q];
    for part in 0..Q {
        weights[part] = dot.weights([load(lines[0], quarter + part), load(lines[1], quarter + part)]);
    }
    for unit in 0..U {
        let values = dot.values(values[unit]);
        for part in 0..Q {
            sum[unit][part] = dot.add(sum[unit][part], weights[part], values);
        }
    }
}

/// The integers of a row; what fills up the last unit may be any.
#[inline(always)]
fn row_of(rows: ByteRows<'_>, row: usize) -> &[[i8; GROUP]] {
    &rows.values[row * rows.stride..][..rows.groups]
}

#[inline(always)]
fn load(line: &Line, quarter: usize) -> uint8x16_t {
    let bytes = &line.as_chunks::<QUARTER>().0[quarter];
    // SAFETY: every processor of this kind has the instruction, and there are 16 bytes.
    unsafe { vld1q_u8(bytes.as_ptr()) }
}
