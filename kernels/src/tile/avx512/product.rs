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
    FAR_AHEAD, ONE_ROW, total,
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
    // Of two panels so many lines at each turn of a loop that all rows' tiles together fetch the next two.
    let each = (PANELS * TOGETHER).div_ceil(product.rows().div_ceil(ROWS).max(1));
    let share = each * (product.groups / TOGETHER);
    let (ahead, each) = match (product.rows(), *ONE_ROW) {
        (1, one_row) => (one_row.ahead, if one_row.all { TOGETHER } else { 1 }),
        _ => (FAR_AHEAD, each),
    };
    for panel in (0..product.panels()).step_by(at_once) {
        let two = product.panels() - panel >= PANELS && at_once == PANELS;
        let first = product.lines.as_ptr().wrapping_add(panel * product.groups);
        let mut next =
            first.wrapping_add(if two { PANELS * product.groups } else { ahead / size_of::<Line>() });
        for row in (0..product.rows()).step_by(ROWS) {
            some_rows(product, panel, two, row, (next, each));
            next = next.wrapping_add(if two { share } else { 0 });
        }
    }
}

/// The first of the lines that are fetched meanwhile, and how many at each turn of a loop. Of one panel and several rows it is as many
/// as are multiplied.
type Ahead = (*const Line, usize);

/// At most 8 rows, from `row` on, times one or two panels.
#[target_feature(enable = "avx512f,avx512vnni")]
fn some_rows(product: &Product<'_>, panel: usize, two: bool, row: usize, next: Ahead) {
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
    next: Ahead,
) {
    // Without closures, whose calls would take the sums out of their registers.
    let mut lines = [&[][..]; P];
    for at in 0..P {
        lines[at] = product.panel(panel + at);
    }
    let (values, sums): (_, &[i32; R]) = (product.some_rows(row), &product.sums[row..].as_chunks().0[0]);
    let mut sum = [[[_mm512_setzero_si512(); U]; P]; R];
    for at in 0..R {
        let start = _mm512_set1_epi32(-i32::from(OFFSET) * sums[at]);
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
    (mut place, each): Ahead,
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
    for chunk in 0..whole {
        // One panel after the other is one stream, which the processor's own prefetcher loses at the end of each page.
        place = match (P, R, each) {
            (1, 1, 1) => fetch(place, 1).wrapping_add(TOGETHER - 1),
            (1, ..) => fetch(place, TOGETHER),
            _ => fetch(place, each),
        };
        for first in 0..TOGETHER / U {
            for at in 0..U {
                let mut weights = [_mm512_setzero_si512(); P];
                for panel in 0..P {
                    weights[panel] = load(&lines[panel][chunk][first * U + at]);
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
                let weights = load(&panels[panel][group]);
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
    let mut totals = [[_mm512_setzero_ps(); P]; R];
    for at in 0..R {
        for panel in 0..P {
            totals[at][panel] = _mm512_cvtepi32_ps(total(&sum[at][panel]));
        }
    }
    match product.finish {
        Finish::Store => finish_with(product, panel, row, &totals, |values, _| values),
        Finish::Add => {
            finish_with(product, panel, row, &totals, |values, old| _mm512_add_ps(values, load_some(old)));
        }
        Finish::Relu => {
            finish_with(product, panel, row, &totals, |values, _| _mm512_max_ps(values, _mm512_setzero_ps()));
        }
    }
}

#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn finish_with<const R: usize, const P: usize>(
    product: &Product<'_>,
    panel: usize,
    row: usize,
    totals: &[[__m512; P]; R],
    with: impl Fn(__m512, &[f32]) -> __m512,
) {
    let columns = product.columns(panel).start..product.columns(panel + P - 1).end;
    match product.output.block(row..row + R, columns) {
        Some(whole) => finish_whole(product, panel, row, whole, totals, with),
        None => finish_some(product, panel, row, totals, with),
    }
}

/// All outputs, from a place on, and the next row's so many after it.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn finish_whole<const R: usize, const P: usize>(
    product: &Product<'_>,
    panel: usize,
    row: usize,
    (place, stride): (*mut f32, usize),
    totals: &[[__m512; P]; R],
    with: impl Fn(__m512, &[f32]) -> __m512,
) {
    let (mut scales, mut bias) = ([_mm512_setzero_ps(); P], [_mm512_setzero_ps(); P]);
    let row_scales: &[f32; R] = &product.row_scales[row..].as_chunks().0[0];
    for at in 0..P {
        scales[at] = load_floats(&product.scales[panel + at]);
        bias[at] = load_some(product.bias(panel + at));
    }
    for at in 0..R {
        let row_scale = _mm512_set1_ps(row_scales[at]);
        // SAFETY: all these places are there, each panel is in one part of a product only, and a part goes through its rows one after
        // the other.
        let places = unsafe { &mut *place.add(at * stride).cast::<[[f32; LANES]; P]>() };
        for panel in 0..P {
            let scale = _mm512_mul_ps(scales[panel], row_scale);
            let values = with(_mm512_fmadd_ps(totals[at][panel], scale, bias[panel]), &places[panel]);
            store_some(&mut places[panel], values);
        }
    }
}

/// As many outputs as there are.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline(never)]
fn finish_some<const R: usize, const P: usize>(
    product: &Product<'_>,
    panel: usize,
    row: usize,
    totals: &[[__m512; P]; R],
    with: impl Fn(__m512, &[f32]) -> __m512,
) {
    for (row, totals) in (row..).zip(totals) {
        let row_scale = _mm512_set1_ps(product.row_scales[row]);
        for (panel, total) in (panel..).zip(totals) {
            // SAFETY: as above.
            let place = unsafe { product.output.get(row, product.columns(panel)) };
            let scale = _mm512_mul_ps(load_floats(&product.scales[panel]), row_scale);
            let values = _mm512_fmadd_ps(*total, scale, load_some(product.bias(panel)));
            store_some(place, with(values, place));
        }
    }
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
