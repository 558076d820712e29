//! The lengths of spans, of rows and of weights.

use std::arch::x86_64::{
    __m256i, _mm_add_epi32, _mm_cvtsi128_si64, _mm_loadu_si128, _mm_shuffle_epi32, _mm256_add_epi16,
    _mm256_add_epi32, _mm256_and_si256, _mm256_castsi256_si128, _mm256_cvtepi8_epi16,
    _mm256_extracti128_si256, _mm256_madd_epi16, _mm256_max_epi32, _mm256_mullo_epi16, _mm256_set1_epi8,
    _mm256_set1_epi16, _mm256_set1_epi32, _mm256_setzero_si256, _mm256_slli_epi16, _mm256_srai_epi16,
    _mm256_srli_epi32, _mm256_storeu_si256, _mm256_xor_si256,
};

use super::{
    super::spans::{NORMS, Norms, SPAN, Span, norms_of},
    product::line,
};
use crate::matrix::{GROUP, Line, OFFSET};

/// What is to be known of a span of a row.
#[target_feature(enable = "avx2")]
pub(in crate::tile) fn span(groups: &[[i8; GROUP]; SPAN]) -> Span {
    // SAFETY: there are 16 bytes, and the load needs no alignment.
    let words = _mm256_cvtepi8_epi16(unsafe { _mm_loadu_si128(groups.as_ptr().cast()) });
    let sums = halves(_mm256_madd_epi16(words, _mm256_set1_epi16(1)));
    let [first, last] = halves(_mm256_madd_epi16(words, words));
    Span { norm: first.max(last) as f32, sums: sums.map(|sum| sum as i16) }
}

/// The sums of every other number.
#[target_feature(enable = "avx2")]
#[inline]
fn halves(pairs: __m256i) -> [i32; 2] {
    let four = _mm_add_epi32(_mm256_castsi256_si128(pairs), _mm256_extracti128_si256::<1>(pairs));
    let two = _mm_add_epi32(four, _mm_shuffle_epi32::<0b11_10>(four));
    let both = _mm_cvtsi128_si64(two);
    [both as i32, (both >> 32) as i32]
}

/// The norms of all spans of panels of so many groups, `[panels, spans / 8]`: of each the longest of all outputs'.
#[target_feature(enable = "avx2")]
pub(in crate::tile) fn norms(lines: &[Line], groups: usize) -> Vec<Norms> {
    let of_panel = norms_of(groups / SPAN);
    let mut norms = vec![[f32::INFINITY; NORMS]; lines.len() / groups.max(1) * of_panel];
    for (panel, places) in lines.chunks_exact(groups.max(1)).zip(norms.chunks_exact_mut(of_panel.max(1))) {
        for (span, place) in panel.as_chunks().0.iter().zip(places.as_flattened_mut()) {
            *place = longest(span) as f32;
        }
    }
    norms
}

/// The longest squared length of the weights of 16 outputs.
#[target_feature(enable = "avx2")]
#[inline]
fn longest(span: &[Line; SPAN]) -> i32 {
    let mut most = _mm256_setzero_si256();
    for half in 0..2 {
        let mut sums = [_mm256_setzero_si256(); 2];
        for group in span {
            let weights = _mm256_xor_si256(line(group)[half], _mm256_set1_epi8(OFFSET.cast_signed()));
            let (odd, even) =
                (_mm256_srai_epi16::<8>(weights), _mm256_srai_epi16::<8>(_mm256_slli_epi16::<8>(weights)));
            // Without a sign they fit in 16 bits.
            let squares = _mm256_add_epi16(_mm256_mullo_epi16(odd, odd), _mm256_mullo_epi16(even, even));
            sums[0] = _mm256_add_epi32(sums[0], _mm256_and_si256(squares, _mm256_set1_epi32(0xFFFF)));
            sums[1] = _mm256_add_epi32(sums[1], _mm256_srli_epi32::<16>(squares));
        }
        most = _mm256_max_epi32(most, _mm256_max_epi32(sums[0], sums[1]));
    }
    let mut all = [0; 8];
    // SAFETY: there is place for 8 times 32 bits, and the store needs no alignment.
    unsafe { _mm256_storeu_si256(all.as_mut_ptr().cast(), most) };
    all.into_iter().max().unwrap_or_default()
}
