//! The inner loops: a few rows times a few panels, in integers that are exact and so the same on every processor.
//!
//! `bytes` is for weights of 8 bits in groups of 4, `pairs` for attention's 16 bits in groups of 2. A line is one group
//! for 16 outputs, 64 bytes in both. With AVX-512 and AMX one function goes through all tiles of a product: arguments of a
//! call go through memory, and a slice that was just written there is slow to read back.
#![cfg_attr(
    any(target_arch = "x86_64", target_arch = "aarch64"),
    expect(
        unsafe_code,
        reason = "a function for instructions that the compiler can't know of is unsafe to call"
    )
)]

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
mod amx;
#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
#[cfg(target_arch = "x86_64")]
mod avx_vnni;
mod bf16;
#[cfg(target_arch = "aarch64")]
mod neon;
mod portable;
#[cfg(test)]
mod tests;

use std::{ops::Range, slice::ChunksMut};

use crate::{Cpu, Isa, LANES, matrix::GROUP, outputs::Scaled, product::Product, simd::Simd};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use amx::is_there as has_amx;
pub(crate) use bf16::{Bf16Tiles, Block, VALUE_PANELS};

/// Most rows of a tile.
pub(crate) const ROWS: usize = 8;
/// Most panels of a tile.
pub(crate) const PANELS: usize = 2;

/// Most rows whose panels are read one at a time, as one stream; of more, two share each row's values.
const ONE_STREAM: usize = 16;

/// One sum for each output of a panel.
pub(crate) type Sums = [i32; LANES];

/// Two integers for each output of a panel.
type PairLine<T> = [T; LANES * 2];

/// Lines of two integers for each output of a panel, which are multiplied in 16 bits.
#[derive(Debug, Clone, Copy)]
pub(crate) enum PairLines<'a> {
    Bytes(&'a [PairLine<i8>]),
    Words(&'a [PairLine<i16>]),
}

/// [`PairLines`] to be written.
#[derive(Debug)]
pub(crate) enum PairLinesMut<'a> {
    Bytes(&'a mut [PairLine<i8>]),
    Words(&'a mut [PairLine<i16>]),
}

/// Parts of [`PairLinesMut`].
pub(crate) enum LineChunks<'a> {
    Bytes(ChunksMut<'a, PairLine<i8>>),
    Words(ChunksMut<'a, PairLine<i16>>),
}

impl<'a> Iterator for LineChunks<'a> {
    type Item = PairLinesMut<'a>;

    fn next(&mut self) -> Option<PairLinesMut<'a>> {
        match self {
            Self::Bytes(chunks) => chunks.next().map(PairLinesMut::Bytes),
            Self::Words(chunks) => chunks.next().map(PairLinesMut::Words),
        }
    }
}

impl Default for PairLines<'_> {
    fn default() -> Self {
        Self::Words(&[])
    }
}

impl PairLines<'_> {
    /// Some of the lines; none where they aren't there.
    pub(crate) fn part(self, range: Range<usize>) -> Self {
        match self {
            Self::Bytes(lines) => Self::Bytes(lines.get(range).unwrap_or_default()),
            Self::Words(lines) => Self::Words(lines.get(range).unwrap_or_default()),
        }
    }

    /// How many.
    pub(crate) fn len(self) -> usize {
        match self {
            Self::Bytes(lines) => lines.len(),
            Self::Words(lines) => lines.len(),
        }
    }
}

impl<'a> PairLinesMut<'a> {
    /// In parts of one size, the last of what is left.
    pub(crate) fn chunks(self, size: usize) -> LineChunks<'a> {
        match self {
            Self::Bytes(lines) => LineChunks::Bytes(lines.chunks_mut(size.max(1))),
            Self::Words(lines) => LineChunks::Words(lines.chunks_mut(size.max(1))),
        }
    }

    /// Sets every `step`th number of a line from `first` on, all of which fit; where there is no such place, nothing.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    pub(crate) fn set(&mut self, line: usize, first: usize, step: usize, values: &[i16]) {
        match self {
            Self::Bytes(lines) => {
                let places = lines.get_mut(line).and_then(|line| line.get_mut(first..)).unwrap_or_default();
                places.iter_mut().step_by(step).zip(values).for_each(|(place, value)| *place = *value as i8);
            }
            Self::Words(lines) => {
                let places = lines.get_mut(line).and_then(|line| line.get_mut(first..)).unwrap_or_default();
                places.iter_mut().step_by(step).zip(values).for_each(|(place, value)| *place = *value);
            }
        }
    }

    /// Sets a line, whose numbers fit; where there is no such line, nothing.
    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    pub(crate) fn put(&mut self, simd: impl Simd, line: usize, values: &PairLine<i16>) {
        match self {
            Self::Bytes(lines) => {
                if let Some(line) = lines.get_mut(line) {
                    *line = simd.narrow(values);
                }
            }
            Self::Words(lines) => {
                if let Some(line) = lines.get_mut(line) {
                    *line = *values;
                }
            }
        }
    }
}

/// Rows of 8-bit integers.
#[derive(Clone, Copy)]
pub(crate) struct ByteRows<'a> {
    /// `[rows, groups]`; more may follow.
    pub(crate) values: &'a [[i8; GROUP]],
    pub(crate) groups: usize,
    /// Of each row's integers, `[rows]`; 1 to [`ROWS`].
    pub(crate) sums: &'a [i32],
}

/// Rows of 16-bit integers.
#[derive(Clone, Copy)]
pub(crate) struct PairRows<'a> {
    /// A row every `stride` pairs.
    pub(crate) values: &'a [[i16; 2]],
    /// Pairs from one row to the next.
    pub(crate) stride: usize,
    /// 1 to [`ROWS`].
    pub(crate) rows: usize,
}

/// Lines in blocks with a distance between them.
#[derive(Clone, Copy)]
pub(crate) struct PairPanel<'a> {
    pub(crate) lines: PairLines<'a>,
    /// Lines of a block that are of this panel.
    pub(crate) groups: usize,
    /// Lines from one block to the next.
    pub(crate) stride: usize,
    pub(crate) blocks: usize,
    /// 1 to [`PANELS`].
    pub(crate) panels: usize,
    /// Lines from one panel to the next.
    pub(crate) apart: usize,
}

impl PairPanel<'_> {
    /// One of the panels.
    fn one(self, at: usize) -> Self {
        Self { lines: self.lines.part(at * self.apart..self.lines.len()), panels: 1, ..self }
    }
}

/// Where sums go.
pub(crate) struct SumPlaces<'a> {
    pub(crate) sums: &'a mut [Sums],
    /// Places from one row's to the next.
    pub(crate) row: usize,
    /// Places from one panel's to the next.
    pub(crate) panel: usize,
}

impl<'a> ByteRows<'a> {
    /// The rows `first` to `first + R`.
    fn part<const R: usize>(&self, first: usize) -> ([&'a [[i8; GROUP]]; R], [i32; R]) {
        let groups = self.groups;
        let row = |at: usize| self.values.get((first + at) * groups..).and_then(|rest| rest.get(..groups));
        let sum = |at: usize| self.sums.get(first + at).copied().unwrap_or_default();
        (std::array::from_fn(|at| row(at).unwrap_or_default()), std::array::from_fn(sum))
    }
}

/// Σ weight · value for each row and output, finished. Each panel is read once from memory, and the rows come from the cache.
pub(crate) fn product(cpu: Cpu, product: &Product<'_>) {
    #[cfg(all(target_arch = "x86_64", target_os = "linux"))]
    if cpu.isa() == Isa::Amx && amx::takes(product) {
        // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
        unsafe { amx::product(product) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    if cpu.isa().is_avx512() {
        // SAFETY: as above.
        unsafe { avx512::product(product) };
        return;
    }
    let at_once = if product.rows() > ONE_STREAM { PANELS } else { 1 };
    for panel in (0..product.panels()).step_by(at_once) {
        let panels = panel..(panel + at_once).min(product.panels());
        for row in (0..product.rows()).step_by(ROWS) {
            let rows = row..(row + ROWS).min(product.rows());
            by_sums(cpu, product, panels.clone(), rows);
        }
    }
}

/// A tile of [`product`].
fn by_sums(cpu: Cpu, product: &Product<'_>, panels: Range<usize>, rows: Range<usize>) {
    let mut sums = [Sums::default(); ROWS * PANELS];
    let lines = &product.lines[panels.start * product.groups..panels.end * product.groups];
    let part = ByteRows {
        values: product.row(rows.start),
        groups: product.groups,
        sums: &product.sums[rows.clone()],
    };
    match cpu.isa() {
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::AvxVnni => unsafe { avx_vnni::bytes(lines, part, &mut sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Isa::Avx2 => unsafe { avx2::bytes(lines, part, &mut sums) },
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Isa::NeonDot => unsafe { neon::bytes(lines, part, &mut sums) },
        _ => portable::bytes(lines, part, &mut sums),
    }
    cpu.run(Scaled { product, panels, rows, sums: &sums });
}

/// Σ value · value of pairs for each row and output of each panel, over all blocks.
pub(crate) fn pairs(cpu: Cpu, panel: PairPanel<'_>, rows: PairRows<'_>, mut places: SumPlaces<'_>) {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa().is_avx512() {
        // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
        unsafe { avx512::pairs(panel, rows, &mut places) };
        return;
    }
    for at in 0..panel.panels {
        let mut sums = [Sums::default(); ROWS];
        let panel = panel.one(at);
        match cpu.isa() {
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Isa::AvxVnni | Isa::Avx2 => unsafe { avx2::pairs(panel, rows, &mut sums) },
            // SAFETY: as above.
            #[cfg(target_arch = "aarch64")]
            Isa::NeonDot => unsafe { neon::pairs(panel, rows, &mut sums) },
            _ => portable::pairs(panel, rows, &mut sums),
        }
        for (row, sums) in sums.iter().enumerate().take(rows.rows) {
            places.sums[row * places.row + at * places.panel] = *sums;
        }
    }
}

/// The rows of a tile as slices of one length.
fn pair_rows<const R: usize>(rows: PairRows<'_>, first: usize, length: usize) -> [&[[i16; 2]]; R] {
    let row = |at: usize| rows.values.get((first + at) * rows.stride..).and_then(|rest| rest.get(..length));
    std::array::from_fn(|at| row(at).unwrap_or_default())
}
