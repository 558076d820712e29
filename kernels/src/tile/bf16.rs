//! Products of bfloat16 for attention, of 16 queries at once: with instructions for matrices, or with what AVX-512 has; the plain loops
//! are what they are tested against.
#![expect(
    unsafe_code,
    reason = "a function for instructions that the compiler can't know of is unsafe to call"
)]

use super::PairLine;
#[cfg(target_arch = "aarch64")]
use super::Sums;
#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
use super::amx::Tiles;
#[cfg(target_arch = "x86_64")]
use super::avx512::Bf16;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
use super::no_tiles::Tiles;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64"))]
use crate::Isa;
use crate::{Cpu, LANES};

/// Rows of a tile.
pub(crate) const ROWS: usize = 16;
/// Pairs of a row of a tile.
pub(crate) const PAIRS: usize = 16;
/// Blocks of tokens whose keys or values are multiplied at once.
pub(crate) const BLOCKS: usize = 2;
/// Panels of values that are weighed at once.
pub(crate) const VALUE_PANELS: usize = 4;

/// Sums of a tile of rows and a panel.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Block(pub(crate) [[f32; LANES]; ROWS]);

/// What 16 queries weigh the values of two blocks of tokens with.
#[repr(C, align(64))]
#[derive(Debug, Clone, Copy)]
pub(crate) struct Weights(pub(crate) [[i16; BLOCKS * LANES]; ROWS]);

/// What this thread has set up for such products.
pub(crate) struct Bf16Tiles {
    amx: Option<Tiles>,
    #[cfg(target_arch = "x86_64")]
    avx512: Option<Bf16>,
    #[cfg(target_arch = "aarch64")]
    neon: Option<super::neon::Bf16mm>,
}

impl Bf16Tiles {
    #[cfg_attr(
        not(any(target_arch = "x86_64", target_arch = "aarch64")),
        expect(unused_variables, reason = "no other processor has such instructions")
    )]
    pub(crate) fn new(cpu: Cpu) -> Self {
        Self {
            #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
            // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
            amx: (cpu.isa() == Isa::Amx).then(|| unsafe { Tiles::new() }),
            #[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
            amx: None,
            #[cfg(target_arch = "x86_64")]
            // SAFETY: as above.
            avx512: (cpu.isa() == Isa::Avx512Bf16).then(|| unsafe { Bf16::new() }),
            #[cfg(target_arch = "aarch64")]
            // SAFETY: as above.
            neon: (cpu.isa() == Isa::NeonI8mm).then(|| unsafe { super::neon::Bf16mm::new() }),
        }
    }

    /// Whether [`weigh`](Self::weigh) adds weighed values up, so that their weights aren't needed after that.
    #[inline]
    pub(crate) fn adds_up(&self) -> bool {
        self.amx.is_some()
    }

    /// Begins to multiply queries, `[16, pairs]`, by the keys of two blocks, `[2, pairs]`. Pairs are a multiple of [`PAIRS`].
    #[inline]
    pub(crate) fn begin_scores(&self, queries: &[[i16; 2]], keys: &[PairLine<i16>], half: usize) {
        if let Some(amx) = &self.amx {
            amx.begin_scores(queries, keys, half);
        }
    }

    /// Their products, once all else is done that need not wait for them.
    #[inline]
    pub(crate) fn end_scores(
        &self,
        queries: &[[i16; 2]],
        keys: &[PairLine<i16>],
        scores: &mut [Block; BLOCKS],
    ) {
        if let Some(amx) = &self.amx {
            amx.end_scores(scores);
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.avx512 {
            avx512.scores(queries, keys, scores);
            return;
        }
        let pairs = (queries.len() / ROWS).max(1);
        for (keys, block) in keys.chunks_exact(pairs).zip(scores) {
            self.multiply(|| std::iter::once((queries, keys)), pairs, block);
        }
    }

    /// Forgets what has been added up.
    #[inline]
    pub(crate) fn begin_sums(&self) {
        if let Some(amx) = &self.amx {
            amx.begin_sums();
        }
    }

    /// Adds the values of two blocks, in four panels of 16 dimensions, where this [adds up](Self::adds_up).
    #[inline]
    pub(crate) fn weigh(&self, weights: &Weights, panels: [&[PairLine<i16>]; VALUE_PANELS], half: usize) {
        if let Some(amx) = &self.amx {
            amx.weigh(weights, panels, half);
        }
    }

    /// All weighed values: what has been added up, or, where nothing adds them up, those of all weights.
    #[inline]
    pub(crate) fn end_sums(
        &self,
        weights: &[Weights],
        panels: [&[PairLine<i16>]; VALUE_PANELS],
        sums: &mut [Block; VALUE_PANELS],
    ) {
        if let Some(amx) = &self.amx {
            amx.end_sums(sums);
            return;
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx512) = self.avx512 {
            avx512.weigh(weights, panels, sums);
            return;
        }
        for (panel, block) in panels.iter().zip(sums) {
            let rows = || weights.iter().map(Weights::pairs);
            self.multiply(|| rows().zip(panel.chunks_exact(PAIRS)), PAIRS, block);
        }
    }

    /// Of each part 16 rows of so many pairs times as many lines.
    #[cfg_attr(not(target_arch = "aarch64"), expect(clippy::unused_self, reason = "only ARM needs it"))]
    fn multiply<'a, P: Iterator<Item = (&'a [[i16; 2]], &'a [PairLine<i16>])>>(
        &self,
        parts: impl Fn() -> P,
        pairs: usize,
        block: &mut Block,
    ) {
        #[cfg(target_arch = "aarch64")]
        if let Some(neon) = self.neon {
            super::neon::multiply(neon, parts, pairs, block);
            return;
        }
        *block = Block::default();
        for (rows, lines) in parts() {
            for (sums, row) in block.0.iter_mut().zip(rows.chunks_exact(pairs)) {
                add_products(row, lines, sums);
            }
        }
    }
}

#[cfg(target_arch = "aarch64")]
impl Block {
    /// The bits of all rows' numbers.
    pub(super) fn sums_mut(&mut self) -> &mut [Sums; ROWS] {
        // SAFETY: both have 32 bits and one alignment, and all bits are valid for both.
        unsafe { &mut *(&raw mut self.0).cast() }
    }
}

impl Default for Weights {
    fn default() -> Self {
        Self([[0; BLOCKS * LANES]; ROWS])
    }
}

impl Weights {
    /// `[row, pairs of tokens]`.
    pub(super) fn pairs(&self) -> &[[i16; 2]] {
        self.0.as_flattened().as_chunks().0
    }
}

/// Adds a row times all lines.
fn add_products(row: &[[i16; 2]], lines: &[PairLine<i16>], sums: &mut [f32; LANES]) {
    let float = |bits: i16| f32::from_bits(u32::from(bits.cast_unsigned()) << 16);
    for (pair, line) in row.iter().zip(lines) {
        for (sum, weights) in sums.iter_mut().zip(line.as_chunks::<2>().0) {
            *sum += float(pair[0]) * float(weights[0]) + float(pair[1]) * float(weights[1]);
        }
    }
}
