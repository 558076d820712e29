//! Attention's products in 512 bits with VNNI, over all keys or values of a head: of few queries each block is little work.
#![expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]

use std::arch::{
    asm,
    x86_64::{
        __m512i, _MM_HINT_T1, _mm_prefetch, _mm256_loadu_si256, _mm512_cvtepi8_epi16, _mm512_loadu_si512,
        _mm512_set1_epi32, _mm512_setzero_si512, _mm512_storeu_si512,
    },
};

use super::{
    super::{KvRun, PANELS, PairLine, PairLines, PairRows, ROWS, Sums, TOKEN_PAIRS, pair_word},
    FAR_AHEAD, total,
};

/// Rows that go through one panel at a time: that is one stream from memory, which is what takes the time of a few.
const ONE_STREAM: usize = ROWS / 2;
/// Panels of values of a single row at once where they lie one after the other, so that they are one stream too.
const ADJACENT: usize = 4;

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(in crate::tile) fn scores<'a>(
    runs: impl Iterator<Item = KvRun<'a>>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let mut first = 0;
    for run in runs {
        let ahead = run.ahead.unwrap_or(FAR_AHEAD);
        match run.keys {
            PairLines::Bytes(lines) => {
                scores_of(lines, |line| load_bytes(line), (run.blocks, ahead), rows, first, sums);
            }
            PairLines::Words(lines) => {
                scores_of(lines, |line| load_words(line), (run.blocks, ahead), rows, first, sums);
            }
        }
        first += run.blocks;
    }
}

/// Of one run, whose first block is the `first` of all.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn scores_of<T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    (blocks, ahead): (usize, usize),
    rows: PairRows<'_>,
    first: usize,
    sums: &mut [Sums],
) {
    let apart = sums.len() / rows.rows.max(1);
    let at_once = if rows.rows > ONE_STREAM { PANELS } else { 1 };
    for block in (0..blocks).step_by(at_once) {
        let lines = &lines[block * rows.stride..];
        let sums = &mut sums[first + block..];
        match (rows.rows, blocks - block >= PANELS && at_once == PANELS) {
            (1, _) => blocks_of::<1, 1, 4, T>(lines, load, ahead, rows, apart, sums),
            (2, _) => blocks_of::<2, 1, 2, T>(lines, load, ahead, rows, apart, sums),
            (3, _) => blocks_of::<3, 1, 2, T>(lines, load, ahead, rows, apart, sums),
            (4, _) => blocks_of::<4, 1, 1, T>(lines, load, ahead, rows, apart, sums),
            (5, false) => blocks_of::<5, 1, 1, T>(lines, load, ahead, rows, apart, sums),
            (6, false) => blocks_of::<6, 1, 1, T>(lines, load, ahead, rows, apart, sums),
            (7, false) => blocks_of::<7, 1, 1, T>(lines, load, ahead, rows, apart, sums),
            (_, false) => blocks_of::<ROWS, 1, 1, T>(lines, load, ahead, rows, apart, sums),
            (5, true) => blocks_of::<5, 2, 1, T>(lines, load, ahead, rows, apart, sums),
            (6, true) => blocks_of::<6, 2, 1, T>(lines, load, ahead, rows, apart, sums),
            (7, true) => blocks_of::<7, 2, 1, T>(lines, load, ahead, rows, apart, sums),
            (_, true) => blocks_of::<ROWS, 2, 1, T>(lines, load, ahead, rows, apart, sums),
        }
    }
}

/// Scores of `P` blocks; `U` sums for each, so that as many additions as the processor has under way don't wait for each other.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn blocks_of<const R: usize, const P: usize, const U: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    ahead: usize,
    rows: PairRows<'_>,
    apart: usize,
    sums: &mut [Sums],
) {
    let pairs = rows.stride;
    // Without closures, whose calls would take the sums out of their registers.
    let (mut panels, mut values) = ([&[][..]; P], [&[][..]; R]);
    for at in 0..P {
        panels[at] = &lines[at * pairs..][..pairs];
    }
    for row in 0..R {
        values[row] = &rows.values[row * pairs..][..pairs];
    }
    let mut sum = [[[_mm512_setzero_si512(); U]; P]; R];
    multiply(&panels, load, ahead, &values, &mut sum);
    for row in 0..R {
        for at in 0..P {
            store(&mut sums[row * apart + at], total(&sum[row][at]));
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub(in crate::tile) fn weigh<'a>(
    runs: &(impl Iterator<Item = KvRun<'a>> + Clone),
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    let all = sums.len() / rows.rows;
    let adjacent = runs.clone().next().is_some_and(|run| run.apart == TOKEN_PAIRS);
    let mut panel = 0;
    while panel < all {
        let (sums, runs, left) = (&mut sums[panel * rows.rows..], runs.clone(), all - panel);
        panel += match (rows.rows, left >= PANELS) {
            (1, _) if adjacent && left >= ADJACENT => panels_of::<1, ADJACENT, 2>(runs, panel, rows, sums),
            (1, _) => panels_of::<1, 1, 4>(runs, panel, rows, sums),
            (2, _) => panels_of::<2, 1, 2>(runs, panel, rows, sums),
            (3, _) => panels_of::<3, 1, 2>(runs, panel, rows, sums),
            (4, _) => panels_of::<4, 1, 1>(runs, panel, rows, sums),
            (5, false) => panels_of::<5, 1, 1>(runs, panel, rows, sums),
            (6, false) => panels_of::<6, 1, 1>(runs, panel, rows, sums),
            (7, false) => panels_of::<7, 1, 1>(runs, panel, rows, sums),
            (_, false) => panels_of::<ROWS, 1, 1>(runs, panel, rows, sums),
            (5, true) => panels_of::<5, 2, 1>(runs, panel, rows, sums),
            (6, true) => panels_of::<6, 2, 1>(runs, panel, rows, sums),
            (7, true) => panels_of::<7, 2, 1>(runs, panel, rows, sums),
            (_, true) => panels_of::<ROWS, 2, 1>(runs, panel, rows, sums),
        }
    }
}

/// `P` panels of the values of all runs, from `first` on; gives how many.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
fn panels_of<'a, const R: usize, const P: usize, const U: usize>(
    runs: impl Iterator<Item = KvRun<'a>>,
    first: usize,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) -> usize {
    let mut sum = [[[_mm512_setzero_si512(); U]; P]; R];
    let mut done = 0;
    for run in runs {
        match run.values {
            PairLines::Bytes(lines) => {
                values_of(lines, |line| load_bytes(line), run, (first, done), rows, &mut sum);
            }
            PairLines::Words(lines) => {
                values_of(lines, |line| load_words(line), run, (first, done), rows, &mut sum);
            }
        }
        done += run.blocks;
    }
    for at in 0..P {
        for row in 0..R {
            store(&mut sums[at * R + row], total(&sum[row][at]));
        }
    }
    P
}

/// Of one run, before which so many blocks were done.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn values_of<const R: usize, const P: usize, const U: usize, T>(
    lines: &[PairLine<T>],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    run: KvRun<'_>,
    (first, done): (usize, usize),
    rows: PairRows<'_>,
    sum: &mut [[[__m512i; U]; P]; R],
) {
    let ahead = run.ahead.unwrap_or(FAR_AHEAD);
    for block in 0..run.blocks {
        let (mut panels, mut values) = ([&[][..]; P], [&[][..]; R]);
        for at in 0..P {
            panels[at] = &lines[(first + at) * run.apart + block * TOKEN_PAIRS..][..TOKEN_PAIRS];
        }
        for row in 0..R {
            values[row] = &rows.values[row * rows.stride + (done + block) * TOKEN_PAIRS..][..TOKEN_PAIRS];
        }
        multiply(&panels, load, ahead, &values, sum);
    }
}

/// Adds the products of all lines of the panels.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
#[inline]
fn multiply<const R: usize, const P: usize, const U: usize, T>(
    panels: &[&[PairLine<T>]; P],
    load: impl Fn(&PairLine<T>) -> __m512i + Copy,
    ahead: usize,
    values: &[&[[i16; 2]]; R],
    sum: &mut [[[__m512i; U]; P]; R],
) {
    let groups = panels[0].len();
    let whole = groups / U;
    let (mut lines, mut pairs) = ([&[][..]; P], [&[][..]; R]);
    for at in 0..P {
        lines[at] = &panels[at].as_chunks::<U>().0[..whole];
    }
    for row in 0..R {
        pairs[row] = &values[row].as_chunks::<U>().0[..whole];
    }
    for chunk in 0..whole {
        for unrolled in 0..U {
            let mut loaded = [_mm512_setzero_si512(); P];
            for at in 0..P {
                let line = &lines[at][chunk][unrolled];
                // Bytes have two lines in one of the cache.
                if (P == 1 || P == ADJACENT) && (unrolled % 2 == 0 || size_of::<T>() > 1) {
                    _mm_prefetch::<_MM_HINT_T1>(line.as_ptr().cast::<u8>().wrapping_add(ahead).cast());
                }
                loaded[at] = load(line);
            }
            for row in 0..R {
                let value = pair(pairs[row][chunk][unrolled]);
                for at in 0..P {
                    sum[row][at][unrolled] = dot(sum[row][at][unrolled], loaded[at], value);
                }
            }
        }
    }
    for group in whole * U..groups {
        for at in 0..P {
            let line = load(&panels[at][group]);
            for row in 0..R {
                sum[row][at][0] = dot(sum[row][at][0], line, pair(values[row][group]));
            }
        }
    }
}

/// `_mm512_dpwssd_epi32`, which the compiler takes apart to two instructions here.
#[target_feature(enable = "avx512f,avx512vnni")]
#[inline]
fn dot(mut sums: __m512i, line: __m512i, pairs: __m512i) -> __m512i {
    // SAFETY: the instruction, which the caller's processor has, touches nothing but these registers.
    unsafe {
        asm!(
            "vpdpwssd {sums}, {line}, {pairs}",
            sums = inout(zmm_reg) sums,
            line = in(zmm_reg) line,
            pairs = in(zmm_reg) pairs,
            options(pure, nomem, nostack, preserves_flags),
        );
    }
    sums
}

/// A pair for all outputs.
#[target_feature(enable = "avx512f")]
#[inline]
fn pair(values: [i16; 2]) -> __m512i {
    _mm512_set1_epi32(pair_word(values))
}

#[target_feature(enable = "avx512f")]
#[inline]
pub(super) fn load_words(line: &PairLine<i16>) -> __m512i {
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
