//! Four products at a time in 16 bits, where they fit: a sixth fewer instructions, which is what counts where each needs
//! another's result.

use std::arch::x86_64::{
    __m256i, _mm256_add_epi16, _mm256_add_epi32, _mm256_castsi256_pd, _mm256_cmpeq_epi64, _mm256_cmpgt_epi16,
    _mm256_loadu_si256, _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_max_epi8, _mm256_movemask_pd,
    _mm256_or_si256, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256,
    _mm256_shuffle_epi32, _mm256_sub_epi16,
};

use super::{
    super::{ONE_STREAM, byte_word, excess},
    Plain,
    product::{RowSums, add, fetch_outputs, finish, line, start},
};
use crate::{matrix::GROUP, product::Product};

/// Of at most 128 groups, the pairs whose products fit four by four: with weights of up to 255, so that neither what is above
/// zero nor what is below adds up to more than 128. The last groups, where there are fewer than 8, don't count.
#[target_feature(enable = "avx2")]
pub(in crate::tile) fn find(groups: &[[i8; GROUP]]) -> u64 {
    let mut found = 0;
    for (at, groups) in groups.as_chunks::<8>().0.iter().enumerate() {
        found |= u64::from(of_eight(groups)) << (4 * at);
    }
    found
}

/// Of four pairs.
#[target_feature(enable = "avx2")]
#[inline]
fn of_eight(groups: &[[i8; GROUP]; 8]) -> u32 {
    let (ones, limit) = (_mm256_set1_epi8(1), _mm256_set1_epi16(excess::LIMIT));
    // SAFETY: there are 32 bytes, and the load needs no alignment.
    let values = unsafe { _mm256_loadu_si256(groups.as_ptr().cast()) };
    let sums = _mm256_maddubs_epi16(ones, values);
    let above = _mm256_maddubs_epi16(ones, _mm256_max_epi8(values, _mm256_setzero_si256()));
    let below = _mm256_sub_epi16(above, sums);
    // Each group's beside its neighbour's.
    let above = _mm256_add_epi16(above, _mm256_shuffle_epi32::<0b10_11_00_01>(above));
    let below = _mm256_add_epi16(below, _mm256_shuffle_epi32::<0b10_11_00_01>(below));
    let over = _mm256_or_si256(_mm256_cmpgt_epi16(above, limit), _mm256_cmpgt_epi16(below, limit));
    let fit = _mm256_cmpeq_epi64(over, _mm256_setzero_si256());
    _mm256_movemask_pd(_mm256_castsi256_pd(fit)).cast_unsigned()
}

/// Rows that the registers have room for.
const MOST: usize = 4;

/// Whether that is faster: not of few rows, whose weights come from memory, where the order counts.
pub(in crate::tile) fn are_for(product: &Product<'_>) -> bool {
    product.rows() > ONE_STREAM && product.fours.pay()
}

/// As [`product`](super::product).
#[target_feature(enable = "avx2,fma")]
pub(in crate::tile) fn product(dot: Plain, product: &Product<'_>) {
    for panel in 0..product.panels() {
        for row in (0..product.rows()).step_by(MOST) {
            fetch_outputs(product, panel, row..(row + MOST).min(product.rows()));
            match product.rows() - row {
                1 => tile::<1>(dot, product, panel, row),
                2 => tile::<2>(dot, product, panel, row),
                3 => tile::<3>(dot, product, panel, row),
                _ => tile::<MOST>(dot, product, panel, row),
            }
        }
    }
}

/// `R` rows times a panel: first the pairs of groups that fit in all of them, and then the others.
#[target_feature(enable = "avx2,fma")]
fn tile<const R: usize>(dot: Plain, product: &Product<'_>, panel: usize, row: usize) {
    let (pairs, rest) = product.panel(panel).as_chunks::<2>();
    // Without closures, whose calls would take the sums out of their registers.
    let (mut values, mut last) = ([&[][..]; R], [[0; GROUP]; R]);
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    for at in 0..R {
        let groups = &product.row(row + at)[..product.groups];
        values[at] = &groups.as_chunks::<2>().0[..pairs.len()];
        last[at] = groups[product.groups - 1];
        sum[at] = start(product, row + at);
    }
    for (word, pairs) in pairs.chunks(64).enumerate() {
        let fit = product.fours.all(row, R, word);
        let (mut fours, mut twos) = (fit, !fit & (u64::MAX >> (64 - pairs.len())));
        while fours != 0 {
            let pair = fours.trailing_zeros() as usize;
            fours &= fours - 1;
            let weights = [line(&pairs[pair][0]), line(&pairs[pair][1])];
            for at in 0..R {
                let values = &values[at][word * 64 + pair];
                let one = _mm256_set1_epi32(byte_word(values[0]));
                let other = _mm256_set1_epi32(byte_word(values[1]));
                sum[at] = add_both(sum[at], weights, one, other);
            }
        }
        while twos != 0 {
            let pair = twos.trailing_zeros() as usize;
            twos &= twos - 1;
            for group in 0..2 {
                let weights = line(&pairs[pair][group]);
                for at in 0..R {
                    sum[at] = add(dot, sum[at], weights, values[at][word * 64 + pair][group]);
                }
            }
        }
    }
    for weights in rest {
        for at in 0..R {
            sum[at] = add(dot, sum[at], line(weights), last[at]);
        }
    }
    finish(dot, product, panel, row, &sum);
}

/// Adds the products of two lines and two groups.
#[target_feature(enable = "avx2")]
#[inline]
fn add_both(sum: RowSums, weights: [[__m256i; 2]; 2], one: __m256i, other: __m256i) -> RowSums {
    let mut total = sum;
    for half in 0..2 {
        let first = _mm256_maddubs_epi16(weights[0][half], one);
        let both = _mm256_add_epi16(first, _mm256_maddubs_epi16(weights[1][half], other));
        total[half] = _mm256_add_epi32(sum[half], _mm256_madd_epi16(both, _mm256_set1_epi16(1)));
    }
    total
}
