//! Products of bfloat16 for 16 queries at once, which instructions for matrices make fast; the plain loops are what they are
//! tested against.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]

use super::PairLine;
#[cfg(target_arch = "aarch64")]
use super::Sums;
#[cfg(any(all(target_arch = "x86_64", target_os = "linux"), target_arch = "aarch64"))]
use crate::Isa;
use crate::{Cpu, LANES};

/// Rows of a tile.
pub(crate) const ROWS: usize = 16;
/// Pairs of a row of a tile.
pub(crate) const PAIRS: usize = 16;
/// Panels of values that are weighed at once.
pub(crate) const VALUE_PANELS: usize = 4;

/// Sums of a tile of rows and a panel.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Block<T>(pub(crate) [[T; LANES]; ROWS]);

/// What this thread has set up for such products.
pub(crate) struct Bf16Tiles {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    amx: Option<super::amx::Tiles>,
    #[cfg(target_arch = "aarch64")]
    neon: Option<super::neon::Bf16mm>,
}

impl Bf16Tiles {
    #[cfg_attr(
        not(any(all(target_arch = "x86_64", target_os = "linux"), target_arch = "aarch64")),
        expect(unused_variables, reason = "no other processor has such instructions")
    )]
    pub(crate) fn new(cpu: Cpu) -> Self {
        Self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
            amx: (cpu.isa() == Isa::Amx).then(|| unsafe { super::amx::Tiles::new() }),
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            neon: (cpu.isa() == Isa::NeonI8mm).then(|| unsafe { super::neon::Bf16mm::new() }),
        }
    }

    /// Queries, `[16, pairs]`, times keys in blocks of 16 tokens, `[blocks, pairs]`: `[blocks]` of `[query, token]`. Pairs are a
    /// multiple of [`PAIRS`], and blocks of two.
    pub(crate) fn scores(&self, queries: &[[i16; 2]], keys: &[PairLine<i16>], scores: &mut [Block<f32>]) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let Some(amx) = &self.amx {
            amx.scores(queries, keys, scores);
            return;
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = self.neon {
            super::neon::scores(neon, queries, keys, scores);
            return;
        }
        let pairs = (queries.len() / ROWS).max(1);
        for (keys, block) in keys.chunks_exact(pairs).zip(scores) {
            *block = Block::default();
            add_products(queries.chunks_exact(pairs), keys, block);
        }
    }

    /// Weights of 16 queries times values: `[16 queries, 16 dimensions]` of each panel. Of every two blocks the first has the weights
    /// of both, as the scores of [`scores`](Self::scores) were: [`weights_mut`](Block::weights_mut).
    pub(crate) fn weigh(
        &self,
        weights: &[Block<f32>],
        panels: [&[PairLine<i16>]; VALUE_PANELS],
        sums: &mut [Block<f32>; VALUE_PANELS],
    ) {
        #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
        if let Some(amx) = &self.amx {
            amx.weigh(weights, panels, sums);
            return;
        }
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = self.neon {
            super::neon::weigh(neon, weights, panels, sums);
            return;
        }
        for (panel, sums) in panels.into_iter().zip(sums) {
            *sums = Block::default();
            for (block, lines) in weights.iter().step_by(2).zip(panel.chunks_exact(PAIRS)) {
                add_products(block.weights().chunks_exact(PAIRS), lines, sums);
            }
        }
    }
}

impl Block<f32> {
    /// All rows' numbers as those of bfloat16, in pairs: `[row, pairs of tokens]`.
    pub(crate) fn weights(&self) -> &[[i16; 2]] {
        // SAFETY: a float has the size of 2 such numbers, its alignment is more, and all bits are valid for both.
        unsafe { std::slice::from_raw_parts((&raw const self.0).cast(), ROWS * PAIRS) }
    }

    /// The bits of all rows' numbers.
    #[cfg(target_arch = "aarch64")]
    pub(super) fn sums_mut(&mut self) -> &mut [Sums; ROWS] {
        // SAFETY: both have 32 bits and one alignment, and all bits are valid for both.
        unsafe { &mut *(&raw mut self.0).cast() }
    }

    /// A row's numbers as those of bfloat16, for this block of tokens and the next.
    pub(crate) fn weights_mut(&mut self, row: usize) -> &mut [[i16; LANES]; 2] {
        // SAFETY: 16 floats have the size of 32 such numbers, their alignment is more, and all bits are valid for both.
        unsafe { &mut *(&raw mut self.0[row]).cast() }
    }
}

/// Adds each row times all lines.
fn add_products(
    rows: impl Iterator<Item = impl AsRef<[[i16; 2]]>>,
    lines: &[PairLine<i16>],
    sums: &mut Block<f32>,
) {
    let float = |bits: i16| f32::from_bits(u32::from(bits.cast_unsigned()) << 16);
    for (sums, row) in sums.0.iter_mut().zip(rows) {
        for (pair, line) in row.as_ref().iter().zip(lines) {
            for (sum, weights) in sums.iter_mut().zip(line.as_chunks::<2>().0) {
                *sum += float(pair[0]) * float(weights[0]) + float(pair[1]) * float(weights[1]);
            }
        }
    }
}
