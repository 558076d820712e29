//! Attention's products of bfloat16 in 512 bits: `vdpbf16ps` multiplies 32 by 32 numbers, and adds them up by pairs, in floats. 8
//! queries by two panels at a time, so that what is loaded is multiplied often enough for two instructions a cycle.
#![expect(clippy::unused_self, reason = "whoever has it is on a processor with these instructions")]

use std::{
    arch::x86_64::{
        __m512, __m512bh, __m512i, _mm512_dpbf16_ps, _mm512_loadu_ps, _mm512_set1_epi32, _mm512_setzero_ps,
        _mm512_storeu_ps,
    },
    mem::transmute,
};

use super::{
    super::{
        PANELS, PairLine, ROWS,
        bf16::{self, BLOCKS, Block, PAIRS, VALUE_PANELS, Weights},
        pair_word,
    },
    pairs::load_words,
};

/// For a processor with these instructions.
#[derive(Clone, Copy)]
pub(crate) struct Bf16(());

/// Parts whose values stay in the nearest cache from the first 8 rows to the next.
const TOGETHER: usize = 8;
/// Halves of the rows.
const HALVES: usize = bf16::ROWS / ROWS;

/// What 8 rows and two panels add up to.
type Totals = [[__m512; PANELS]; ROWS];

impl Bf16 {
    /// # Safety
    ///
    /// The processor has AVX-512 F and BF16.
    pub(crate) unsafe fn new() -> Self {
        Self(())
    }

    /// As [`Bf16Tiles::end_scores`](super::super::bf16::Bf16Tiles::end_scores).
    pub(crate) fn scores(self, queries: &[[i16; 2]], keys: &[PairLine<i16>], scores: &mut [Block; BLOCKS]) {
        let pairs = queries.len() / bf16::ROWS;
        let (one, other) = keys.split_at(keys.len() / BLOCKS);
        for (half, rows) in queries.chunks_exact(ROWS * pairs).enumerate() {
            // SAFETY: whoever has a value of this type is on a processor that has these instructions.
            unsafe { tile(std::iter::once((rows, [one, other])), half, false, scores) };
        }
    }

    /// As [`Bf16Tiles::end_sums`](super::super::bf16::Bf16Tiles::end_sums).
    pub(crate) fn weigh(
        self,
        weights: &[Weights],
        panels: [&[PairLine<i16>]; VALUE_PANELS],
        sums: &mut [Block; VALUE_PANELS],
    ) {
        for (panels, sums) in panels.as_chunks::<PANELS>().0.iter().zip(sums.as_chunks_mut::<PANELS>().0) {
            let [one, other] = panels.map(|panel| panel.chunks(TOGETHER * PAIRS));
            for (at, (weights, (one, other))) in weights.chunks(TOGETHER).zip(one.zip(other)).enumerate() {
                for half in 0..HALVES {
                    let lines = one.chunks_exact(PAIRS).zip(other.chunks_exact(PAIRS));
                    let parts = weights.iter().zip(lines).map(|(weights, (one, other))| {
                        (&weights.pairs()[half * ROWS * PAIRS..][..ROWS * PAIRS], [one, other])
                    });
                    // SAFETY: as above.
                    unsafe { tile(parts, half, at > 0, sums) };
                }
            }
        }
    }
}

/// Of each part 8 rows times two panels, which have a line for each pair of a row; added to what is there already, or instead of it.
#[target_feature(enable = "avx512f,avx512bf16")]
fn tile<'a>(
    parts: impl Iterator<Item = (&'a [[i16; 2]], [&'a [PairLine<i16>]; PANELS])>,
    half: usize,
    more: bool,
    blocks: &mut [Block; PANELS],
) {
    let mut totals = [[_mm512_setzero_ps(); PANELS]; ROWS];
    if more {
        for panel in 0..PANELS {
            let rows = &blocks[panel].0.as_chunks::<ROWS>().0[half];
            for at in 0..ROWS {
                // SAFETY: there are 16, and the load needs no alignment.
                totals[at][panel] = unsafe { _mm512_loadu_ps(rows[at].as_ptr()) };
            }
        }
    }
    for (rows, panels) in parts {
        add(rows, panels, &mut totals);
    }
    for panel in 0..PANELS {
        let rows = &mut blocks[panel].0.as_chunks_mut::<ROWS>().0[half];
        for at in 0..ROWS {
            // SAFETY: there are 16 places, and the store needs no alignment.
            unsafe { _mm512_storeu_ps(rows[at].as_mut_ptr(), totals[at][panel]) };
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn add(rows: &[[i16; 2]], [one, other]: [&[PairLine<i16>]; PANELS], totals: &mut Totals) {
    let pairs = one.len();
    // Without closures, whose calls would take the sums out of their registers.
    let (mut values, mut rest) = ([&[][..]; ROWS], rows);
    for row in &mut values {
        (*row, rest) = rest.split_at(pairs);
    }
    let other = &other[..pairs];
    for pair in 0..pairs {
        let lines = [load_words(&one[pair]), load_words(&other[pair])];
        for at in 0..ROWS {
            let value = _mm512_set1_epi32(pair_word(values[at][pair]));
            for panel in 0..PANELS {
                totals[at][panel] = dot(totals[at][panel], lines[panel], value);
            }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bf16")]
#[inline]
fn dot(sums: __m512, line: __m512i, pairs: __m512i) -> __m512 {
    // SAFETY: both have 512 bits, all of which are valid for both.
    let [line, pairs] = unsafe { [line, pairs].map(|bits| transmute::<__m512i, __m512bh>(bits)) };
    _mm512_dpbf16_ps(sums, line, pairs)
}
