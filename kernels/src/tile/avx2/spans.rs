//! Products of 16 inputs at a time, eight of which are added in 16 bits: five multiplications where it takes eight to add two and
//! two in 32 bits.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::arch::x86_64::{
    __m256, _CMP_LE_OQ, _mm256_add_epi32, _mm256_cmp_ps, _mm256_loadu_ps, _mm256_max_ps, _mm256_movemask_ps,
    _mm256_mul_ps, _mm256_set1_epi32, _mm256_set1_ps, _mm256_setzero_si256,
};

use super::{
    super::spans::{NORMS, Norms, SPAN, norms_of},
    Plain,
    add_spans::{Ahead, MOST, SpanRun, add_spans},
    product::{RowSums, add, fetch_outputs, finish, line},
};
use crate::{matrix::OFFSET, product::Product};

/// Rows from which on it is faster: the weights of fewer come from memory, which is what takes the time.
const LEAST: usize = 5;
/// Below the square of the highest number of 16 bits, by more than floats round.
const LIMIT: f32 = 1_073_600_000.0;

/// Whether that is faster.
pub(in crate::tile) fn are_for(rows: usize) -> bool {
    rows >= LEAST
}

/// As [`product`](super::product).
#[target_feature(enable = "avx2,fma")]
pub(in crate::tile) fn product(dot: Plain, product: &Product<'_>) {
    let tiles = product.rows().div_ceil(MOST);
    for panel in 0..product.panels() {
        let mut ahead = Ahead::new(product.panel(panel), tiles);
        let mut row = 0;
        while row < product.rows() {
            // 4 rows are twice 2, which is faster than 3 and 1.
            if matches!(product.rows() - row, 2 | 4) {
                tile::<2>(dot, product, (panel, row), &mut ahead);
                row += 2;
            } else {
                tile::<MOST>(dot, product, (panel, row), &mut ahead);
                row += MOST;
            }
        }
    }
}

/// `R` rows times a panel: first the spans that fit in all of them, and then the others.
#[target_feature(enable = "avx2,fma")]
fn tile<const R: usize>(dot: Plain, product: &Product<'_>, (panel, row): (usize, usize), ahead: &mut Ahead) {
    let (spans, rest) = product.panel(panel).as_chunks::<SPAN>();
    // Without closures, whose calls would take the sums out of their registers.
    let (mut values, mut last, mut offsets) = ([&[][..]; R], [&[][..]; R], [&[][..]; R]);
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    for at in 0..R {
        let (whole, others) = product.row(row + at)[..product.groups].as_chunks::<SPAN>();
        (values[at], last[at]) = (&whole[..spans.len()], &others[..rest.len()]);
        offsets[at] = &product.spans.offsets(row + at)[..spans.len()];
        sum[at] = [_mm256_set1_epi32(-i32::from(OFFSET) * product.spans.rest(row + at)); 2];
    }
    fetch_outputs(product, panel, row..row + R);
    let all = SpanRun { weights: spans, values, offsets };
    for word in 0..spans.len().div_ceil(WORD) {
        let count = (spans.len() - word * WORD).min(WORD);
        let mut fit = fitting::<R>(product, panel, row, word);
        let mut others = !fit & (u64::MAX >> (WORD - count));
        while fit != 0 {
            let first = fit.trailing_zeros() as usize;
            let length = (fit >> first).trailing_ones() as usize;
            fit &= u64::MAX.checked_shl((first + length) as u32).unwrap_or_default();
            sum = add_spans(sum, all.part(word * WORD + first, length), ahead);
        }
        while others != 0 {
            sum = add_apart(dot, sum, all.part(word * WORD + others.trailing_zeros() as usize, 1));
            others &= others - 1;
        }
    }
    for (group, weights) in rest.iter().enumerate() {
        for at in 0..R {
            sum[at] = add(dot, sum[at], line(weights), last[at][group]);
        }
    }
    finish(dot, product, panel, row, &sum);
}

/// Spans whose bits are in one number.
const WORD: usize = u64::BITS as usize;

/// Of [`WORD`] spans those that fit in all of some rows.
#[target_feature(enable = "avx2")]
#[inline]
fn fitting<const R: usize>(product: &Product<'_>, panel: usize, row: usize, word: usize) -> u64 {
    const NUMBERS: usize = WORD / NORMS;
    let of_panel = norms_of(product.groups / SPAN);
    let weights = &product.norms[panel * of_panel..][..of_panel];
    let rows = if R == MOST {
        [product.spans.of_tile(row); 2]
    } else {
        [product.spans.norms(row), product.spans.norms(row + 1)]
    };
    let rows = [&rows[0][..of_panel], &rows[1][..of_panel]];
    let mut fit = 0;
    for at in word * NUMBERS..of_panel.min((word + 1) * NUMBERS) {
        let mut most = load(&rows[0][at]);
        if R != MOST {
            most = _mm256_max_ps(most, load(&rows[1][at]));
        }
        let product = _mm256_mul_ps(most, load(&weights[at]));
        let fits = _mm256_cmp_ps::<_CMP_LE_OQ>(product, _mm256_set1_ps(LIMIT));
        fit |= u64::from(_mm256_movemask_ps(fits).cast_unsigned()) << ((at % NUMBERS) * NORMS);
    }
    fit
}

/// Adds the products of spans that don't fit in all of some rows, group by group in 32 bits.
#[target_feature(enable = "avx2")]
#[inline]
fn add_apart<const R: usize>(dot: Plain, mut sum: [RowSums; R], spans: SpanRun<'_, R>) -> [RowSums; R] {
    for (span, weights) in spans.weights.iter().enumerate() {
        for at in 0..R {
            let all: i32 = spans.values[at][span].as_flattened().iter().map(|value| i32::from(*value)).sum();
            let start = _mm256_set1_epi32(-i32::from(OFFSET) * all);
            sum[at] = [_mm256_add_epi32(sum[at][0], start), _mm256_add_epi32(sum[at][1], start)];
        }
        for group in 0..SPAN {
            let weights = line(&weights[group]);
            for at in 0..R {
                sum[at] = add(dot, sum[at], weights, spans.values[at][span][group]);
            }
        }
    }
    sum
}

#[target_feature(enable = "avx2")]
#[inline]
fn load(norms: &Norms) -> __m256 {
    // SAFETY: there are 8, and the load needs no alignment.
    unsafe { _mm256_loadu_ps(norms.as_ptr()) }
}
