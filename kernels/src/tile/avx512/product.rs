//! The product in 512 bits with VNNI, from bytes to finished outputs: what comes between two tiles counts where the inputs are few.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::arch::x86_64::{
    __m512, __m512i, __mmask16, _MM_HINT_T1, _mm_prefetch, _mm512_add_ps, _mm512_cvtepi32_ps,
    _mm512_dpbusd_epi32, _mm512_fmadd_ps, _mm512_loadu_ps, _mm512_loadu_si512, _mm512_mask_storeu_ps,
    _mm512_maskz_loadu_ps, _mm512_max_ps, _mm512_mul_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps, _mm512_setzero_si512, _mm512_storeu_ps,
};

use super::{
    super::{ONE_STREAM, PANELS, ROWS, byte_word},
    AHEAD, FAR_AHEAD, total,
};
use crate::{
    Finish, LANES,
    matrix::{GROUP, Line, OFFSET},
    product::Product,
};

/// Lines of each panel that are multiplied in one turn of a loop.
const TOGETHER: usize = 4;

#[target_feature(enable = "avx512f,avx512vnni")]
pub(in crate::tile) fn product(product: &Product<'_>) {
    let at_once = if product.rows() > ONE_STREAM { PANELS } else { 1 };
    for panel in (0..product.panels()).step_by(at_once) {
        let two = product.panels() - panel >= PANELS && at_once == PANELS;
        for row in (0..product.rows()).step_by(ROWS) {
            let next = if two { share(product, panel + PANELS, row) } else { &[] };
            some_rows(product, panel, two, row, next);
        }
    }
}

/// What some rows fetch of the next two panels, so that all of them are there when they are needed.
fn share<'a>(product: &Product<'a>, panel: usize, row: usize) -> &'a [Line] {
    let (all, lines) = (product.rows(), PANELS * product.groups);
    let share = row * lines / all..(row + ROWS).min(all) * lines / all;
    let next = product.lines.get(panel * product.groups..).unwrap_or_default();
    next.get(share).unwrap_or_default()
}

/// At most 8 rows, from `row` on, times one or two panels.
#[target_feature(enable = "avx512f,avx512vnni")]
fn some_rows(product: &Product<'_>, panel: usize, two: bool, row: usize, next: &[Line]) {
    match (product.rows() - row, two) {
        (1, false) => tile::<1, 1, 4>(product, panel, row, next),
        (2, false) => tile::<2, 1, 2>(product, panel, row, next),
        (3, false) => tile::<3, 1, 2>(product, panel, row, next),
        (4, false) => tile::<4, 1, 1>(product, panel, row, next),
        (5, false) => tile::<5, 1, 1>(product, panel, row, next),
        (6, false) => tile::<6, 1, 1>(product, panel, row, next),
        (7, false) => tile::<7, 1, 1>(product, panel, row, next),
        (_, false) => tile::<ROWS, 1, 1>(product, panel, row, next),
        (1, true) => tile::<1, 2, 2>(product, panel, row, next),
        (2, true) => tile::<2, 2, 1>(product, panel, row, next),
        (3, true) => tile::<3, 2, 1>(product, panel, row, next),
        (4, true) => tile::<4, 2, 1>(product, panel, row, next),
        (5, true) => tile::<5, 2, 1>(product, panel, row, next),
        (6, true) => tile::<6, 2, 1>(product, panel, row, next),
        (7, true) => tile::<7, 2, 1>(product, panel, row, next),
        (_, true) => tile::<ROWS, 2, 1>(product, panel, row, next),
    }
}

/// `U` sums for each output, so that as many additions as the processor has under way don't wait for each other.
#[target_feature(enable = "avx512f,avx512vnni")]
fn tile<const R: usize, const P: usize, const U: usize>(
    product: &Product<'_>,
    panel: usize,
    row: usize,
    next: &[Line],
) {
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
    multiply(&lines, &values, next, &mut sum);
    finish(product, panel, row, &sum);
}

/// Adds the products of all groups. Lines of `next` are fetched meanwhile, evenly: a core asks for a dozen at a time, and of more at
/// once it would wait for the first. Measured on an Intel Xeon without AMX: of 64 rows a product takes a sixth less, of 32 a quarter.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn multiply<const R: usize, const P: usize, const U: usize>(
    panels: &[&[Line]; P],
    rows: &[&[[i8; GROUP]]; R],
    next: &[Line],
    sum: &mut [[[__m512i; U]; P]; R],
) {
    let groups = panels[0].len();
    let whole = groups / TOGETHER;
    let (mut lines, mut values) = ([&[][..]; P], [&[][..]; R]);
    for panel in 0..P {
        lines[panel] = &panels[panel].as_chunks::<TOGETHER>().0[..whole];
    }
    for row in 0..R {
        values[row] = &rows[row].as_chunks::<TOGETHER>().0[..whole];
    }
    let each = next.len().div_ceil(whole.max(1));
    // Where there is nothing to fetch, what is at hand.
    let mut place = if next.is_empty() { panels[0].as_ptr() } else { next.as_ptr() };
    for chunk in 0..whole {
        if P > 1 {
            place = fetch(place, each);
        }
        for first in 0..TOGETHER / U {
            for at in 0..U {
                let mut weights = [_mm512_setzero_si512(); P];
                for panel in 0..P {
                    weights[panel] = load::<R, P>(&lines[panel][chunk][first * U + at]);
                }
                for row in 0..R {
                    let value = _mm512_set1_epi32(byte_word(values[row][chunk][first * U + at]));
                    for panel in 0..P {
                        sum[row][panel][at] = _mm512_dpbusd_epi32(sum[row][panel][at], weights[panel], value);
                    }
                }
            }
        }
    }
    for group in whole * TOGETHER..groups {
        for row in 0..R {
            let value = _mm512_set1_epi32(byte_word(rows[row][group]));
            for panel in 0..P {
                let weights = load::<R, P>(&panels[panel][group]);
                sum[row][panel][0] = _mm512_dpbusd_epi32(sum[row][panel][0], weights, value);
            }
        }
    }
}

/// Begins to fetch so many lines, one at least; gives the one after them.
#[target_feature(enable = "avx512f")]
#[inline]
fn fetch(mut place: *const Line, count: usize) -> *const Line {
    _mm_prefetch::<_MM_HINT_T1>(place.cast());
    place = place.wrapping_add(1);
    for _ in 1..count {
        _mm_prefetch::<_MM_HINT_T1>(place.cast());
        place = place.wrapping_add(1);
    }
    place
}

/// Puts the outputs of some rows and panels where they belong.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn finish<const R: usize, const P: usize, const U: usize>(
    product: &Product<'_>,
    panel: usize,
    row: usize,
    sum: &[[[__m512i; U]; P]; R],
) {
    let columns = product.columns(panel).start..product.columns(panel + P - 1).end;
    let (mut scales, mut bias) = ([_mm512_setzero_ps(); P], [_mm512_setzero_ps(); P]);
    for at in 0..P {
        scales[at] = load_floats(&product.scales[panel + at]);
        bias[at] = load_some(product.bias(panel + at));
    }
    for at in 0..R {
        // SAFETY: each panel is in one part of a product only, and a part goes through its rows one after the other.
        let places = unsafe { product.output.get(row + at, columns.clone()) };
        let row_scale = _mm512_set1_ps(product.row_scales[row + at]);
        for panel in 0..P {
            let scale = _mm512_mul_ps(scales[panel], row_scale);
            let total = _mm512_cvtepi32_ps(total(&sum[at][panel]));
            let place = places.get_mut(panel * LANES..).unwrap_or_default();
            put(product.finish, _mm512_fmadd_ps(total, scale, bias[panel]), place);
        }
    }
}

/// Outputs of a row and a panel to the first 16 places, or as many as there are.
#[target_feature(enable = "avx512f")]
#[inline]
fn put(finish: Finish, mut values: __m512, place: &mut [f32]) {
    match finish {
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

/// Weights of one panel, alone or of so many, for so many rows.
#[target_feature(enable = "avx512f")]
#[inline]
fn load<const R: usize, const P: usize>(line: &Line) -> __m512i {
    // One panel after the other is one stream, which the processor's own prefetcher loses at the end of each page.
    if P == 1 {
        let ahead = if R == 1 { AHEAD } else { FAR_AHEAD };
        _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().wrapping_add(ahead).cast());
    }
    // SAFETY: a line has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}
