//! Where four products fit in 16 bits, for instructions that add two there.

use crate::matrix::GROUP;

/// Pairs of groups whose bits are in one number.
const BITS: usize = u64::BITS as usize;

/// Of some rows the pairs of neighbouring groups of which four products each fit in 16 bits: the lower halves of both groups, and
/// the upper ones.
#[derive(Debug, Clone, Default)]
pub(crate) struct Fours {
    /// `[rows, pairs / 64]`, a bit for each pair; what isn't known doesn't fit.
    bits: Vec<u64>,
    /// Numbers of a row.
    stride: usize,
    /// Bits that are set.
    ones: usize,
    pairs: usize,
}

impl Fours {
    /// Forgets all rows; what follows has so many groups a row.
    pub(crate) fn reset(&mut self, groups: usize) {
        self.bits.clear();
        (self.stride, self.ones, self.pairs) = ((groups / 2).div_ceil(BITS), 0, 0);
    }

    /// One row more, of which `find` tells 128 groups at a time.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    pub(super) fn push(&mut self, row: &[[i8; GROUP]], find: impl Fn(&[[i8; GROUP]]) -> u64) {
        let (pairs, _) = row.as_chunks::<2>();
        for pairs in pairs.chunks(BITS) {
            let bits = find(pairs.as_flattened());
            self.bits.push(bits);
            self.ones += bits.count_ones() as usize;
            self.pairs += pairs.len();
        }
    }

    /// Whether so many fit that it pays to tell them from the others.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    pub(super) fn pay(&self) -> bool {
        self.ones > 0 && self.ones * 5 >= self.pairs * 4
    }

    /// The bits of 64 pairs that fit in each of some rows, from the `first` row on.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
    #[inline]
    pub(super) fn all(&self, first: usize, rows: usize, word: usize) -> u64 {
        let of_row = |row: usize| self.bits.get(row * self.stride + word).copied().unwrap_or_default();
        (first..first + rows).fold(u64::MAX, |bits, row| bits & of_row(row))
    }
}
