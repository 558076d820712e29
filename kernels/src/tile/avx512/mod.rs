//! 512 bits with VNNI: `vpdpbusd` multiplies 64 unsigned by 64 signed bytes, `vpdpwssd` 32 by 32 words of 16 bits, and
//! both add them up by groups. Weights without a sign are too large by 128, which the sum of the row takes off again.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

mod product;

use std::arch::x86_64::{
    __m512i, _MM_HINT_T1, _mm_prefetch, _mm256_loadu_si256, _mm512_add_epi32, _mm512_cvtepi8_epi16,
    _mm512_dpwssd_epi32, _mm512_loadu_si512, _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
};

pub(super) use product::product;
#[cfg(target_os = "linux")]
pub(super) use product::{load_floats, load_some, store_some};

use super::{PairLine, PairLines, PairPanel, PairRows, ROWS, SumPlaces, Sums, pair_rows};

/// Bytes from what is multiplied to what is fetched meanwhile from memory to the second cache. Measured on Zen 4 against 4096
/// to the first: steps take a seventh less with two threads.
const AHEAD: usize = 3072;

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(super) fn pairs(panel: PairPanel<'_>, rows: PairRows<'_>, places: &mut SumPlaces<'_>) {
    match panel.lines {
        PairLines::Bytes(lines) => pairs_with(lines, |line| load_bytes(line), panel, rows, places),
        PairLines::Words(lines) => pairs_with(lines, |line| load_words(line), panel, rows, places),
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn pairs_with<T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    panel: PairPanel<'_>,
    rows: PairRows<'_>,
    places: &mut SumPlaces<'_>,
) {
    if panel.panels < 2 {
        match rows.rows {
            1 => pairs_of::<1, 1, 4, T>(lines, load, panel, rows, places),
            2 => pairs_of::<2, 1, 2, T>(lines, load, panel, rows, places),
            3 => pairs_of::<3, 1, 2, T>(lines, load, panel, rows, places),
            4 => pairs_of::<4, 1, 1, T>(lines, load, panel, rows, places),
            5 => pairs_of::<5, 1, 1, T>(lines, load, panel, rows, places),
            6 => pairs_of::<6, 1, 1, T>(lines, load, panel, rows, places),
            7 => pairs_of::<7, 1, 1, T>(lines, load, panel, rows, places),
            _ => pairs_of::<ROWS, 1, 1, T>(lines, load, panel, rows, places),
        }
    } else {
        match rows.rows {
            1 => pairs_of::<1, 2, 4, T>(lines, load, panel, rows, places),
            2 => pairs_of::<2, 2, 2, T>(lines, load, panel, rows, places),
            3 => pairs_of::<3, 2, 1, T>(lines, load, panel, rows, places),
            4 => pairs_of::<4, 2, 1, T>(lines, load, panel, rows, places),
            5 => pairs_of::<5, 2, 1, T>(lines, load, panel, rows, places),
            6 => pairs_of::<6, 2, 1, T>(lines, load, panel, rows, places),
            7 => pairs_of::<7, 2, 1, T>(lines, load, panel, rows, places),
            _ => pairs_of::<ROWS, 2, 1, T>(lines, load, panel, rows, places),
        }
    }
}

/// As in `product`: `U` sums for each output.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn pairs_of<const R: usize, const P: usize, const U: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    panel: PairPanel<'_>,
    rows: PairRows<'_>,
    places: &mut SumPlaces<'_>,
) {
    let groups = panel.groups;
    let values = pair_rows::<R>(rows, 0, groups * panel.blocks);
    let mut sum = [[[_mm512_setzero_si512(); U]; P]; R];
    for block in 0..panel.blocks {
        // Without closures, whose calls would take the sums out of their registers.
        let mut panels = [&[][..]; P];
        for at in 0..P {
            panels[at] = &lines[at * panel.apart + block * panel.stride..][..groups];
        }
        let mut part = [&[][..]; R];
        for row in 0..R {
            part[row] = &values[row][block * groups..][..groups];
        }
        let mut group = 0;
        while group + U <= groups {
            for at in 0..U {
                pair_step::<R, P, U, T>(&panels, load, &part, group + at, at, &mut sum);
            }
            group += U;
        }
        while group < groups {
            pair_step::<R, P, U, T>(&panels, load, &part, group, 0, &mut sum);
            group += 1;
        }
    }
    for at in 0..P {
        for row in 0..R {
            let mut total = sum[row][at][0];
            for unrolled in 1..U {
                total = _mm512_add_epi32(total, sum[row][at][unrolled]);
            }
            store(&mut places.sums[row * places.row + at * places.panel], total);
        }
    }
}

/// One group of all rows and panels.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn pair_step<const R: usize, const P: usize, const U: usize, T>(
    panels: &[&[PairLine<T>]; P],
    load: impl Fn(&PairLine<T>) -> __m512i,
    values: &[&[[i16; 2]]; R],
    group: usize,
    at: usize,
    sum: &mut [[[__m512i; U]; P]; R],
) {
    let mut weights = [_mm512_setzero_si512(); P];
    for panel in 0..P {
        if P == 1 {
            _mm_prefetch::<_MM_HINT_T1>(
                panels[panel][group].as_ptr().cast::<u8>().wrapping_add(AHEAD).cast(),
            );
        }
        weights[panel] = load(&panels[panel][group]);
    }
    for row in 0..R {
        let value = pair(values[row][group]);
        for panel in 0..P {
            sum[row][panel][at] = _mm512_dpwssd_epi32(sum[row][panel][at], weights[panel], value);
        }
    }
}

/// A pair for all outputs.
#[target_feature(enable = "avx512f")]
#[inline]
fn pair(values: [i16; 2]) -> __m512i {
    let [low, high] = values.map(i16::cast_unsigned);
    _mm512_set1_epi32((u32::from(low) | u32::from(high) << 16).cast_signed())
}

#[target_feature(enable = "avx512f")]
#[inline]
fn load_words(line: &PairLine<i16>) -> __m512i {
    // SAFETY: a line has 64 bytes, and the load needs no alignment.
    unsafe { _mm512_loadu_si512(line.as_ptr().cast()) }
}

#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load_bytes(line: &PairLine<i8>) -> __m512i {
    // SAFETY: a line has 32 bytes, and the load needs no alignment.
    _mm512_cvtepi8_epi16(unsafe { _mm256_loadu_si256(line.as_ptr().cast()) })
}

#[target_feature(enable = "avx512f")]
#[inline]
fn store(place: &mut Sums, sums: __m512i) {
    // SAFETY: the place has 16 times 32 bits, and the store needs no alignment.
    unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), sums) }
}
