//! 256 bits without VNNI. `vpmaddubsw` adds two products in 16 bits, which 127 · 127 doesn't exceed: so the signs of the
//! weights go to the values first.

use std::arch::x86_64::{
    __m256i, _mm_loadu_si128, _mm256_abs_epi8, _mm256_add_epi32, _mm256_cvtepi8_epi16, _mm256_loadu_si256,
    _mm256_madd_epi16, _mm256_maddubs_epi16, _mm256_set1_epi8, _mm256_set1_epi16, _mm256_set1_epi32,
    _mm256_setzero_si256, _mm256_sign_epi8, _mm256_storeu_si256, _mm256_xor_si256,
};

use super::{ByteRows, PairLine, PairLines, PairPanel, PairRows, Sums, pair_rows};
use crate::matrix::{GROUP, Line, OFFSET};

/// Rows that the registers have room for.
const MOST: usize = 4;

#[target_feature(enable = "avx2")]
pub(super) fn bytes(panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let count = rows.sums.len();
    let groups = rows.groups;
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        let mut first = 0;
        while first < count {
            let sums = &mut sums[first..];
            match count - first {
                1 => bytes_of::<1>(panel, rows, first, sums),
                2 => bytes_of::<2>(panel, rows, first, sums),
                3 => bytes_of::<3>(panel, rows, first, sums),
                _ => bytes_of::<MOST>(panel, rows, first, sums),
            }
            first += MOST;
        }
    }
}

#[target_feature(enable = "avx2")]
fn bytes_of<const R: usize>(panel: &[Line], rows: ByteRows<'_>, first: usize, sums: &mut [Sums]) {
    let (values, _) = rows.part::<R>(first);
    let values = values.map(|row| &row[..panel.len()]);
    let offset = _mm256_set1_epi8(OFFSET.cast_signed());
    let ones = _mm256_set1_epi16(1);
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    for group in 0..panel.len() {
        let (halves, _) = panel[group].as_chunks::<32>();
        let low = _mm256_xor_si256(load(&halves[0]), offset);
        let high = _mm256_xor_si256(load(&halves[1]), offset);
        let magnitudes = [_mm256_abs_epi8(low), _mm256_abs_epi8(high)];
        for row in 0..R {
            let value = _mm256_set1_epi32(i32::from_ne_bytes(values[row][group].map(i8::cast_unsigned)));
            let signed = [_mm256_sign_epi8(value, low), _mm256_sign_epi8(value, high)];
            for half in 0..2 {
                let pairs = _mm256_maddubs_epi16(magnitudes[half], signed[half]);
                sum[row][half] = _mm256_add_epi32(sum[row][half], _mm256_madd_epi16(pairs, ones));
            }
        }
    }
    for row in 0..R {
        store(&mut sums[row], sum[row]);
    }
}

#[target_feature(enable = "avx2")]
pub(super) fn pairs(panel: PairPanel<'_>, rows: PairRows<'_>, sums: &mut [Sums]) {
    match panel.lines {
        PairLines::Bytes(lines) => pairs_with(lines, |line| load_bytes(line), panel, rows, sums),
        PairLines::Words(lines) => pairs_with(lines, |line| load_words(line), panel, rows, sums),
    }
}

#[target_feature(enable = "avx2")]
#[inline]
fn pairs_with<T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2] + Copy,
    panel: PairPanel<'_>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let mut first = 0;
    while first < rows.rows {
        let sums = &mut sums[first..];
        let part = (panel, rows, first);
        match rows.rows - first {
            1 => pairs_of::<1, T>(lines, load, part, sums),
            2 => pairs_of::<2, T>(lines, load, part, sums),
            3 => pairs_of::<3, T>(lines, load, part, sums),
            _ => pairs_of::<MOST, T>(lines, load, part, sums),
        }
        first += MOST;
    }
}

#[target_feature(enable = "avx2")]
fn pairs_of<const R: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2],
    (panel, rows, first): (PairPanel<'_>, PairRows<'_>, usize),
    sums: &mut [Sums],
) {
    let groups = panel.groups;
    let values = pair_rows::<R>(rows, first, groups * panel.blocks);
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    for block in 0..panel.blocks {
        let lines = &lines[block * panel.stride..][..groups];
        // Without a closure, whose call would take the sums out of their registers.
        let mut part = [&[][..]; R];
        for row in 0..R {
            part[row] = &values[row][block * groups..][..groups];
        }
        for group in 0..groups {
            let weights = load(&lines[group]);
            for row in 0..R {
                let [low, high] = part[row][group].map(i16::cast_unsigned);
                let value = _mm256_set1_epi32((u32::from(low) | u32::from(high) << 16).cast_signed());
                for half in 0..2 {
                    sum[row][half] =
                        _mm256_add_epi32(sum[row][half], _mm256_madd_epi16(weights[half], value));
                }
            }
        }
    }
    for row in 0..R {
        store(&mut sums[row], sum[row]);
    }
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn load(bytes: &[u8; 8 * GROUP]) -> __m256i {
    // SAFETY: there are 32 bytes, and the load needs no alignment.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_words(line: &PairLine<i16>) -> [__m256i; 2] {
    let first: *const i16 = line.as_ptr();
    // SAFETY: a line has 64 bytes, and the loads need no alignment.
    unsafe { [_mm256_loadu_si256(first.cast()), _mm256_loadu_si256(first.add(16).cast())] }
}

#[target_feature(enable = "avx2")]
#[inline]
fn load_bytes(line: &PairLine<i8>) -> [__m256i; 2] {
    let first: *const i8 = line.as_ptr();
    // SAFETY: a line has 32 bytes, and the loads need no alignment.
    let halves = unsafe { [_mm_loadu_si128(first.cast()), _mm_loadu_si128(first.add(16).cast())] };
    [_mm256_cvtepi8_epi16(halves[0]), _mm256_cvtepi8_epi16(halves[1])]
}

#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn store(place: &mut Sums, sums: [__m256i; 2]) {
    let (halves, _) = place.as_chunks_mut::<8>();
    for (half, sums) in halves.iter_mut().zip(sums) {
        // SAFETY: the half has 8 times 32 bits, and the store needs no alignment.
        unsafe { _mm256_storeu_si256(half.as_mut_ptr().cast(), sums) }
    }
}
