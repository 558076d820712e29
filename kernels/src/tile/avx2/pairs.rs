//! Attention's products in 256 bits, over all keys or values of a head: of few queries each block is little work.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::arch::x86_64::{
    __m256i, _MM_HINT_T1, _mm_loadu_si128, _mm_prefetch, _mm256_cvtepi8_epi16, _mm256_loadu_si256,
    _mm256_set1_epi32, _mm256_setzero_si256, _mm256_storeu_si256,
};

use super::{
    super::{KvRun, PairLine, PairLines, PairRows, Sums, TOKEN_PAIRS, pair_word},
    AHEAD, Dot,
};

/// Rows that the registers have room for.
const MOST: usize = 4;

/// Sums of a row: 16 outputs.
type RowSums = [__m256i; 2];

#[target_feature(enable = "avx2")]
pub(in crate::tile) fn scores<'a>(
    dot: impl Dot,
    runs: impl Iterator<Item = KvRun<'a>>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let mut first = 0;
    for run in runs {
        let place = (first, run.ahead.unwrap_or(AHEAD));
        match run.keys {
            PairLines::Bytes(lines) => {
                scores_of(dot, lines, |line| load_bytes(line), run.blocks, place, rows, sums);
            }
            PairLines::Words(lines) => {
                scores_of(dot, lines, |line| load_words(line), run.blocks, place, rows, sums);
            }
        }
        first += run.blocks;
    }
}

/// Of one run, whose first block is the `first` of all.
#[target_feature(enable = "avx2")]
#[inline]
fn scores_of<T>(
    dot: impl Dot,
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2] + Copy,
    blocks: usize,
    (first, ahead): (usize, usize),
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let apart = sums.len() / rows.rows.max(1);
    for block in 0..blocks {
        let lines = &lines[block * rows.stride..][..rows.stride];
        for row in (0..rows.rows).step_by(MOST) {
            let sums = &mut sums[row * apart + first + block..];
            match rows.rows - row {
                1 => block_of::<1, T>(dot, lines, load, ahead, (rows, row), apart, sums),
                2 => block_of::<2, T>(dot, lines, load, ahead, (rows, row), apart, sums),
                3 => block_of::<3, T>(dot, lines, load, ahead, (rows, row), apart, sums),
                _ => block_of::<MOST, T>(dot, lines, load, ahead, (rows, row), apart, sums),
            }
        }
    }
}

/// Scores of a block and some rows.
#[target_feature(enable = "avx2")]
#[inline]
fn block_of<const R: usize, T>(
    dot: impl Dot,
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2] + Copy,
    ahead: usize,
    (rows, row): (PairRows<'_>, usize),
    apart: usize,
    sums: &mut [Sums],
) {
    let mut values = [&[][..]; R];
    for at in 0..R {
        values[at] = &rows.values[(row + at) * rows.stride..][..rows.stride];
    }
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    multiply(dot, lines, load, ahead, &values, &mut sum);
    for at in 0..R {
        store(&mut sums[at * apart], sum[at]);
    }
}

#[target_feature(enable = "avx2")]
pub(in crate::tile) fn weigh<'a>(
    dot: impl Dot,
    runs: &(impl Iterator<Item = KvRun<'a>> + Clone),
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    for (panel, sums) in sums.chunks_exact_mut(rows.rows.max(1)).enumerate() {
        for (part, sums) in sums.chunks_mut(MOST).enumerate() {
            let place = (panel, part * MOST);
            match sums.len() {
                1 => panel_of::<1>(dot, runs.clone(), place, rows, sums),
                2 => panel_of::<2>(dot, runs.clone(), place, rows, sums),
                3 => panel_of::<3>(dot, runs.clone(), place, rows, sums),
                _ => panel_of::<MOST>(dot, runs.clone(), place, rows, sums),
            }
        }
    }
}

/// A panel of the values of all runs, for some rows from `row` on.
#[target_feature(enable = "avx2")]
fn panel_of<'a, const R: usize>(
    dot: impl Dot,
    runs: impl Iterator<Item = KvRun<'a>>,
    (panel, row): (usize, usize),
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let mut sum = [[_mm256_setzero_si256(); 2]; R];
    let mut done = 0;
    for run in runs {
        let of_rows = PairRows { values: &rows.values[row * rows.stride + done * TOKEN_PAIRS..], ..rows };
        match run.values {
            PairLines::Bytes(lines) => {
                values_of(dot, lines, |line| load_bytes(line), run, panel, of_rows, &mut sum);
            }
            PairLines::Words(lines) => {
                values_of(dot, lines, |line| load_words(line), run, panel, of_rows, &mut sum);
            }
        }
        done += run.blocks;
    }
    for at in 0..R {
        store(&mut sums[at], sum[at]);
    }
}

/// Of one run, whose weights begin where the rows do: a panel's blocks lie one after the other, and so do their weights.
#[target_feature(enable = "avx2")]
#[inline]
fn values_of<const R: usize, T>(
    dot: impl Dot,
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2] + Copy,
    run: KvRun<'_>,
    panel: usize,
    rows: PairRows<'_>,
    sum: &mut [RowSums; R],
) {
    let count = run.blocks * TOKEN_PAIRS;
    let mut values = [&[][..]; R];
    for at in 0..R {
        values[at] = &rows.values[at * rows.stride..][..count];
    }
    multiply(dot, &lines[panel * run.apart..][..count], load, run.ahead.unwrap_or(AHEAD), &values, sum);
}

/// Adds the products of all lines.
#[target_feature(enable = "avx2")]
#[inline]
fn multiply<const R: usize, T>(
    dot: impl Dot,
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> [__m256i; 2] + Copy,
    ahead: usize,
    values: &[&[[i16; 2]]; R],
    sum: &mut [RowSums; R],
) {
    // Without closures, whose calls would take the sums out of their registers.
    let mut pairs = [&[][..]; R];
    for at in 0..R {
        pairs[at] = &values[at][..lines.len()];
    }
    for group in 0..lines.len() {
        let line = &lines[group];
        // Bytes have two lines in one of the cache.
        if R < MOST && (group % 2 == 0 || size_of::<T>() > 1) {
            _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast::<u8>().wrapping_add(ahead).cast());
        }
        let weights = load(line);
        for at in 0..R {
            let value = _mm256_set1_epi32(pair_word(pairs[at][group]));
            for half in 0..2 {
                sum[at][half] = dot.pairs(sum[at][half], weights[half], value);
            }
        }
    }
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
fn store(place: &mut Sums, sums: RowSums) {
    let first = place.as_mut_ptr();
    // SAFETY: the place has 16 times 32 bits, and the stores need no alignment.
    unsafe {
        _mm256_storeu_si256(first.cast(), sums[0]);
        _mm256_storeu_si256(first.add(8).cast(), sums[1]);
    }
}
