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
    let (whole, rest) = row.as_chunks_mut::<8>();
    for (at, groups) in whole.iter_mut().enumerate() {
        // SAFETY: there are 32 bytes, and the load needs no alignment.
        let values = unsafe { _mm256_loadu_si256(groups.as_ptr().cast()) };
        let sums = _mm256_abs_epi16(_mm256_maddubs_epi16(ones, values));
        // A bit for each byte, and so as many for a group.
        let mut above = _mm256_movemask_epi8(_mm256_cmpgt_epi16(sums, limit)).cast_unsigned();
        while above != 0 {
            let group = above.trailing_zeros() as usize / GROUP;
            above &= !(0b1111 << (group * GROUP));
            excess
                .push(Excess { group: at * groups.len() + group, values: excess::halve(&mut groups[group]) });
        }
    }
    excess::take(rest, whole.len() * 8, excess);
}
