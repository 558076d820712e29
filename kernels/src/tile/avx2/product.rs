//! The product in 256 bits, from bytes to finished outputs.
//!
//! Without VNNI two products add up to at most 16 bits, since [`Excess`] has what would not; so a line of weights takes two multiplications and
//! an addition for each half and row, where signs that go from the weights to the values first (so that none is larger than 127 · 127)
//! take one instruction more, on the same units as multiplications.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::{
    arch::x86_64::{
        __m256i, _MM_HINT_T0, _MM_HINT_T1, _mm_prefetch, _mm256_loadu_si256, _mm256_set1_epi32,
        _mm256_setzero_si256,
    },
    ops::Range,
};

use super::{
    super::{Excess, ONE_STREAM, byte_word},
    AHEAD, Dot,
};
use crate::{
    matrix::{GROUP, Line, OFFSET},
    outputs::PanelOutputs,
    product::Product,
    simd::{Avx2, Simd},
};

/// Rows that the registers have room for.
const MOST: usize = 6;

#[target_feature(enable = "avx2,fma")]
pub(in crate::tile) fn product(dot: impl Dot, product: &Product<'_>) {
    let mut panel = 0;
    while panel < product.panels() {
        panel += match (product.rows(), product.panels() - panel) {
            (1, 4..) => tile::<1, 4, false>(dot, product, panel, 0),
            (1, 2..) => tile::<1, 2, false>(dot, product, panel, 0),
            _ => all_rows(dot, product, panel),
        }
    }
}

/// All rows times a panel; gives how many panels that is.
#[target_feature(enable = "avx2,fma")]
fn all_rows(dot: impl Dot, product: &Product<'_>, panel: usize) -> usize {
    let mut row = 0;
    while row < product.rows() {
        row += some_rows(dot, product, panel, row);
    }
    1
}

/// At most 6 rows, from `row` on, times a panel; gives how many.
#[target_feature(enable = "avx2,fma")]
fn some_rows(dot: impl Dot, product: &Product<'_>, panel: usize, row: usize) -> usize {
    let left = product.rows() - row;
    // 8 rows are twice 4, which is faster than 6 and 2.
    let taken = if matches!(left, 7 | 8) { 4 } else { left.min(MOST) };
    let fetches = product.rows() <= ONE_STREAM && row == 0;
    let _ = match (taken, fetches) {
        (1, true) => tile::<1, 1, true>(dot, product, panel, row),
        (2, true) => tile::<2, 1, true>(dot, product, panel, row),
        (3, true) => tile::<3, 1, true>(dot, product, panel, row),
        (4, true) => tile::<4, 1, true>(dot, product, panel, row),
        (5, true) => tile::<5, 1, true>(dot, product, panel, row),
        (_, true) => tile::<MOST, 1, true>(dot, product, panel, row),
        (1, false) => tile::<1, 1, false>(dot, product, panel, row),
        (2, false) => tile::<2, 1, false>(dot, product, panel, row),
        (3, false) => tile::<3, 1, false>(dot, product, panel, row),
        (4, false) => tile::<4, 1, false>(dot, product, panel, row),
        (5, false) => tile::<5, 1, false>(dot, product, panel, row),
        (_, false) => tile::<MOST, 1, false>(dot, product, panel, row),
    };
    taken
}

/// Sums of a row and a panel: 16 outputs.
pub(super) type RowSums = [__m256i; 2];

/// `R` rows times `P` panels; gives how many panels. Of a single row some panels are read at once: that is as many streams from
/// memory, of which the processor fetches each ahead by itself, where one that is fetched by hand takes a third longer.
#[target_feature(enable = "avx2,fma")]
fn tile<const R: usize, const P: usize, const FETCH: bool>(
    dot: impl Dot,
    product: &Product<'_>,
    panel: usize,
    row: usize,
) -> usize {
    let groups = product.groups;
    // Without closures, whose calls would take the sums out of their registers.
    let (mut lines, mut values) = ([&[][..]; P], [&[][..]; R]);
    let mut sum = [[[_mm256_setzero_si256(); 2]; P]; R];
    for other in 0..P {
        lines[other] = product.panel(panel + other);
    }
    for at in 0..R {
        values[at] = &product.row(row + at)[..groups];
        sum[at] = [start(product, row + at); P];
    }
    if P == 1 {
        fetch_outputs(product, panel, row..row + R);
    }
    for group in 0..groups {
        for other in 0..P {
            if FETCH {
                _mm_prefetch::<_MM_HINT_T1>(lines[other][group].as_ptr().wrapping_add(AHEAD).cast());
            }
            let weights = line(&lines[other][group]);
            for at in 0..R {
                sum[at][other] = add(dot, sum[at][other], weights, values[at][group]);
            }
        }
    }
    for other in 0..P {
        let mut of_panel = [[_mm256_setzero_si256(); 2]; R];
        for at in 0..R {
            of_panel[at] = sum[at][other];
        }
        finish(dot, product, panel + other, row, &of_panel);
    }
    P
}

/// Begins to fetch what outputs are added to, or go to: a tile takes as long as they take to come from the second cache, and from the
/// third.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn fetch_outputs(product: &Product<'_>, panel: usize, rows: Range<usize>) {
    if let Some((first, apart)) = product.output.block(rows.clone(), product.columns(panel)) {
        for at in 0..rows.len() {
            _mm_prefetch::<_MM_HINT_T0>(first.wrapping_add(at * apart).cast());
        }
    }
}

/// What a row's sums begin with, since weights have been made larger by [`OFFSET`].
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn start(product: &Product<'_>, row: usize) -> RowSums {
    [_mm256_set1_epi32(-i32::from(OFFSET) * product.sums[row]); 2]
}

/// Adds what the integers leave out, and puts the outputs of some rows and a panel where they belong.
#[target_feature(enable = "avx2,fma")]
#[inline]
pub(super) fn finish<const R: usize>(
    dot: impl Dot,
    product: &Product<'_>,
    panel: usize,
    row: usize,
    sums: &[RowSums; R],
) {
    // SAFETY: this function is for a processor that has these instructions.
    let simd = unsafe { Avx2::new() };
    let (lines, outputs) = (product.panel(panel), PanelOutputs::new(simd, product, panel));
    let mut floats = [simd.splat(0.0); R];
    for at in 0..R {
        let mut sum = sums[at];
        for Excess { group, values } in product.row_excess(row + at) {
            sum = add(dot, sum, line(&lines[*group]), *values);
        }
        floats[at] = simd.to_floats(sum);
    }
    outputs.put_rows(simd, product, row, &floats);
}

/// A line's 16 outputs.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn line(line: &Line) -> [__m256i; 2] {
    let (halves, _) = line.as_chunks::<32>();
    [load(&halves[0]), load(&halves[1])]
}

/// Adds the products of a line and a group of values.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn add(dot: impl Dot, sum: RowSums, weights: [__m256i; 2], values: [i8; GROUP]) -> RowSums {
    let values = _mm256_set1_epi32(byte_word(values));
    [dot.bytes(sum[0], weights[0], values), dot.bytes(sum[1], weights[1], values)]
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(bytes: &[u8; 8 * GROUP]) -> __m256i {
    // SAFETY: there are 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}
