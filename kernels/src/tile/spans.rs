//! What is known of rows and weights, for instructions that add products in 16 bits.
//!
//! Weights are stored without a sign, 128 larger than they are. Of 16 inputs, the products of eight are added in 16 bits, whatever
//! overflows, and what the 128 have added is taken off again: that is right wherever the sum without them fits. Whether it does
//! is known beforehand (Cauchy and Schwarz): it is at most the length of the eight weights times that of the eight values.

use crate::matrix::GROUP;

/// Groups of a span, of which two sums are made: of each group's first two inputs, and of its last two.
pub(crate) const SPAN: usize = 4;
/// Rows of a tile, whose lengths are compared together.
pub(crate) const TOGETHER: usize = 3;
/// Lengths that are compared at once.
pub(crate) const NORMS: usize = 8;

/// The squared lengths of some spans, of each the longer of its two; where there is no span, infinite.
pub(crate) type Norms = [f32; NORMS];

/// The spans of some rows; groups after the last whole one are in none.
#[derive(Debug, Clone, Default)]
pub(crate) struct Spans {
    /// `[rows, spans / 8]`.
    norms: Vec<Norms>,
    /// As `norms`, the longest of [`TOGETHER`] rows each.
    of_tiles: Vec<Norms>,
    /// `[rows, spans]`: what takes off what the weights' 128 have added to each sum.
    offsets: Vec<[i16; 2]>,
    /// Of each row the sum of what is in no span.
    rests: Vec<i32>,
    /// Of a row.
    count: usize,
}

/// A span of a row.
pub(crate) struct Span {
    /// The longer of the two squared lengths.
    pub(crate) norm: f32,
    /// Of each half.
    pub(crate) sums: [i16; 2],
}

#[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "only AVX2 needs it"))]
impl Spans {
    /// Forgets all rows; what follows has so many groups a row.
    pub(crate) fn reset(&mut self, groups: usize) {
        self.norms.clear();
        self.of_tiles.clear();
        self.offsets.clear();
        self.rests.clear();
        self.count = groups / SPAN;
    }

    /// One row more, of such a sum with what was taken out of it.
    pub(super) fn push(
        &mut self,
        row: &[[i8; GROUP]],
        sum: i32,
        span: impl Fn(&[[i8; GROUP]; SPAN]) -> Span,
    ) {
        let (mut rest, begin) = (sum, self.norms.len());
        self.norms.resize(begin + norms_of(self.count), [f32::INFINITY; NORMS]);
        let places = self.norms.iter_mut().skip(begin).flatten();
        for (groups, place) in row.as_chunks().0.iter().zip(places) {
            let Span { norm, sums } = span(groups);
            *place = norm;
            self.offsets.push(sums.map(|sum| sum.wrapping_mul(-128)));
            rest -= sums.map(i32::from).iter().sum::<i32>();
        }
        self.add_to_tile(begin);
        self.rests.push(rest);
    }

    /// Takes the last row's norms, which begin there, into those of its tile.
    fn add_to_tile(&mut self, begin: usize) {
        let count = norms_of(self.count);
        let norms = &self.norms[begin..];
        if self.rests.len().is_multiple_of(TOGETHER) {
            self.of_tiles.extend_from_slice(norms);
            return;
        }
        let first = self.of_tiles.len() - count;
        for (most, norm) in self.of_tiles[first..].as_flattened_mut().iter_mut().zip(norms.as_flattened()) {
            *most = most.max(*norm);
        }
    }

    /// The longest of the [`TOGETHER`] rows from one on, whose number is a multiple of that.
    #[inline]
    pub(super) fn of_tile(&self, row: usize) -> &[Norms] {
        let count = norms_of(self.count);
        &self.of_tiles[row / TOGETHER * count..][..count]
    }

    /// Of a row.
    #[inline]
    pub(super) fn norms(&self, row: usize) -> &[Norms] {
        let count = norms_of(self.count);
        &self.norms[row * count..][..count]
    }

    /// Of a row.
    #[inline]
    pub(super) fn offsets(&self, row: usize) -> &[[i16; 2]] {
        &self.offsets[row * self.count..][..self.count]
    }

    /// The sum of what is in no span of a row, nor in what is left of it.
    #[inline]
    pub(super) fn rest(&self, row: usize) -> i32 {
        self.rests[row]
    }
}

/// [`Norms`] of so many spans.
pub(crate) fn norms_of(spans: usize) -> usize {
    spans.div_ceil(NORMS)
}
