//! The product in 512 bits with VNNI, from bytes to finished outputs: what comes between two tiles counts where the inputs are few.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _MM_HINT_T1, _mm_prefetch, _mm512_add_epi32, _mm512_add_ps,
    _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512,
    _mm512_mask_storeu_ps, _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_epi32,
    _mm512_set1_ps, _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::{
    super::{ONE_STREAM, PANELS, ROWS, byte_word},
    AHEAD, FAR_AHEAD,
};
use crate::{
    Finish, LANES,
    matrix::{Line, OFFSET},
    product::Product,
};

#[target_feature(enable = "avx512f,avx512vnni")]
pub(in crate::tile) fn product(product: &Product<'_>) {
    let at_once = if product.rows() > ONE_STREAM { PANELS } else { 1 };
    for panel in (0..product.panels()).step_by(at_once) {
        let two = product.panels() - panel >= PANELS && at_once == PANELS;
        for row in (0..product.rows()).step_by(ROWS) {
            if two {
                fetch_share(product, panel + PANELS, row);
            }
            some_rows(product, panel, two, row);
        }
    }
}

/// Begins to fetch the rows' share of the next two panels: all of them are there when they are needed.
#[target_feature(enable = "avx512f,avx512vnni")]
fn fetch_share(product: &Product<'_>, panel: usize, row: usize) {
    let (all, lines) = (product.rows(), PANELS * product.groups);
    let share = row * lines / all..(row + ROWS).min(all) * lines / all;
    let next = product.lines.get(panel * product.groups..).unwrap_or_default();
    for line in next.get(share).unwrap_or_default() {
        _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast());
    }
}

/// At most 8 rows, from `row` on, times one or two panels.
#[target_feature(enable = "avx512f,avx512vnni")]
fn some_rows(product: &Product<'_>, panel: usize, two: bool, row: usize) {
    match (product.rows() - row, two) {
        (1, false) => tile::<1, 1, 4>(product, panel, row),
        (2, false) => tile::<2, 1, 2>(product, panel, row),
        (3, false) => tile::<3, 1, 2>(product, panel, row),
        (4, false) => tile::<4, 1, 1>(product, panel, row),
        (5, false) => tile::<5, 1, 1>(product, panel, row),
        (6, false) => tile::<6, 1, 1>(product, panel, row),
        (7, false) => tile::<7, 1, 1>(product, panel, row),
        (_, false) => tile::<ROWS, 1, 1>(product, panel, row),
        (1, true) => tile::<1, 2, 2>(product, panel, row),
        (2, true) => tile::<2, 2, 1>(product, panel, row),
        (3, true) => tile::<3, 2, 1>(product, panel, row),
        (4, true) => tile::<4, 2, 1>(product, panel, row),
        (5, true) => tile::<5, 2, 1>(product, panel, row),
        (6, true) => tile::<6, 2, 1>(product, panel, row),
        (7, true) => tile::<7, 2, 1>(product, panel, row),
        (_, true) => tile::<ROWS, 2, 1>(product, panel, row),
    }
}

/// `U` sums for each output, so that as many additions as the processor has under way don't wait for each other.
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const R: usize, const P: usize, const U: usize>(product: &Product<'_>, panel: usize, row: usize) {
    let groups = product.groups;
    // Without closures, whose calls would take the sums out of their registers.
    let mut lines = [&[][..]; P];
    for at in 0..P {
        lines[at] = product.panel(panel + at);
    }
    let mut values = [&[][..]; R];
    let mut sum = [[[_mm512_setzero_si512(); U]; P]; R];
    for at in 0..R {
        values[at] = &product.row(row + at)[..groups];
        let start = _mm512_set1_epi32(-i32::from(OFFSET) * product.sums[row + at]);
        for panel in 0..P {
            sum[at][panel][0] = start;
        }
    }
    let whole = groups / U * U;
    let mut group = 0;
    while group < whole {
        for at in 0..U {
            step::<R, P, U>(&lines, &values, group + at, at, &mut sum);
        }
        group += U;
    }
    while group < groups {
        step::<R, P, U>(&lines, &values, group, 0, &mut sum);
        group += 1;
    }
    for other in 0..P {
        let panel = panel + other;
        let (scales, bias) = (load_floats(&product.scales[panel]), load_some(product.bias(panel)));
        for at in 0..R {
            let mut total = sum[at][other][0];
            for unrolled in 1..U {
                total = _mm512_add_epi32(total, sum[at][other][unrolled]);
            }
            let scale = _mm512_mul_ps(scales, _mm512_set1_ps(product.row_scales[row + at]));
            finish(_mm512_fmadd_ps(_mm512_cvtepi32_ps(total), scale, bias), product, row + at, panel);
        }
    }
}

/// One group of all rows and panels.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn step<const R: usize, const P: usize, const U: usize>(
    panels: &[&[Line]; P],
    values: &[&[[i8; 4]]; R],
    group: usize,
    at: usize,
    sum: &mut [[[__m512i; U]; P]; R],
) {
    let mut weights = [_mm512_setzero_si512(); P];
    for panel in 0..P {
        // One panel after the other is one stream, which the processor's own prefetcher loses at the end of each page.
        if P == 1 {
            let ahead = if R == 1 { AHEAD } else { FAR_AHEAD };
            _mm_prefetch::<_MM_HINT_T1>(panels[panel][group].as_ptr().wrapping_add(ahead).cast());
        }
        weights[panel] = load(&panels[panel][group]);
    }
    for row in 0..R {
        let value = _mm512_set1_epi32(byte_word(values[row][group]));
        for panel in 0..P {
            sum[row][panel][at] = _mm512_dpbusd_epi32(sum[row][panel][at], weights[panel], value);
        }
    }
}

/// Puts a row's outputs of a panel where they belong.
#[target_feature(enable = "avx512f")]
#[inline]
fn finish(mut values: __m512, product: &Product<'_>, row: usize, panel: usize) {
    // SAFETY: each panel is in one part of a product only, and a part goes through its rows one after the other.
    let place = unsafe { product.output.get(row, product.columns(panel)) };
    match product.finish {
        Finish::Store => {}
        Finish::Add => values = _mm512_add_ps(values, load_some(place)),
        Finish::Relu => values = _mm512_max_ps(values, _mm512_setzero_ps()),
    }
    store_some(place, values);
}

/// As many of 16 numbers as there are places.
#[target_feature(enable = "avx512f")]
#[inline]
pub(in crate::tile) fn store_some(place: &mut [f32], values: __m512) {
    if let Some(place) = place.first_chunk_mut::<LANES>() {
        // SAFETY: there are 16 places, and the store needs no alignment.
        unsafe { _mm512_storeu_ps(place.as_mut_ptr(), values) }
    } else if !place.is_empty() {
        // SAFETY: the mask has as many ones as there are places.
        unsafe { _mm512_mask_storeu_ps(place.as_mut_ptr(), mask(place.len()), values) }
    }
}

/// A one for each of so many numbers, and 16 at most.
fn mask(count: usize) -> __mmask16 {
    if count < LANES { (1 << count) - 1 } else { __mmask16::MAX }
}

/// The first 16 numbers, or as many as there are and zeros. Of none nothing is loaded, not even with an empty mask: the pointer
/// of an empty slice is on no page, and to pass over a page fault takes a processor some 200 cycles.
#[target_feature(enable = "avx512f")]
#[inline]
pub(in crate::tile) fn load_some(values: &[f32]) -> __m512 {
    match values.first_chunk::<LANES>() {
        Some(values) => load_floats(values),
        None if values.is_empty() => _mm512_setzero_ps(),
        // SAFETY: the mask has as many ones as there are numbers.
        None => unsafe { _mm512_maskz_loadu_ps(mask(values.len()), values.as_ptr()) },
    }
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(in crate::tile) fn load_floats(values: &[f32; LANES]) -> __m512 {
    // SAFETY: there are 16, and the load needs no alignment.
    unsafe { _mm512_loadu_ps(values.as_ptr()) }
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load(line: &Line) -> __m512i {
    // SAFETY: a line has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}
