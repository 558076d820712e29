//! Looks for what doesn't fit 32 integers at a time: there is little of it.

use std::arch::x86_64::{
    _mm256_abs_epi16, _mm256_cmpgt_epi16, _mm256_loadu_si256, _mm256_maddubs_epi16, _mm256_movemask_epi8,
    _mm256_set1_epi8, _mm256_set1_epi16,
};

use crate::{
    matrix::GROUP,
    tile::{Excess, excess},
};

/// As [`excess::take`], of a whole row.
#[target_feature(enable = "avx2")]
pub(in crate::tile) fn take_excess(row: &mut [[i8; GROUP]], excess: &mut Vec<Excess>) {
    let (ones, limit) = (_mm256_set1_epi8(1), _mm256_set1_epi16(excess::LIMIT));
    for (at, groups) in row.chunks_mut(8).enumerate() {
        if let Some(bytes) = groups.as_flattened().as_array::<32>() {
            // SAFETY: there are 32 bytes, and the load needs no alignment.
            let values = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
            let sums = _mm256_abs_epi16(_mm256_maddubs_epi16(ones, values));
            if _mm256_movemask_epi8(_mm256_cmpgt_epi16(sums, limit)) == 0 {
                continue;
            }
        }
        excess::take(groups, at * 8, excess);
    }
}
