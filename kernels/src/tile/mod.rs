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
mod bf16;
#[cfg_attr(not(any(target_arch = "x86_64", test)), expect(dead_code, reason = "only AVX2 needs it"))]
mod excess;
mod lines;
#[cfg(target_arch = "aarch64")]
mod neon;
#[cfg(not(all(target_arch = "x86_64", target_os = "linux")))]
mod no_tiles;
mod pairs;
mod portable;
mod spans;
#[cfg(test)]
mod tests;

use std::ops::Range;

use crate::{
    Cpu, Isa, LANES,
    matrix::{GROUP, Line},
    outputs::Scaled,
    product::Product,
};

#[cfg(all(target_arch = "x86_64", target_os = "linux"))]
pub(crate) use amx::is_there as has_amx;
pub(crate) use bf16::{BLOCKS, Bf16Tiles, Block, ROWS as TILE_ROWS, VALUE_PANELS, Weights};
pub(crate) use excess::Excess;
use lines::PairLine;
pub(crate) use lines::{PairLines, PairLinesMut};
pub(crate) use pairs::{KvRun, PairRows, TOKEN_PAIRS, scores, weigh};
pub(crate) use spans::{Norms, Spans};

/// Most rows of a tile.
pub(crate) const ROWS: usize = 8;
/// Most panels of a tile.
pub(crate) const PANELS: usize = 2;

/// Most rows whose panels are read one at a time, as one stream; of more, two share each row's values.
const ONE_STREAM: usize = 16;

/// One sum for each output of a panel.
pub(crate) type Sums = [i32; LANES];

/// Rows of 8-bit integers.
#[derive(Clone, Copy)]
pub(crate) struct ByteRows<'a> {
    /// `[rows, stride]`; more may follow.
    pub(crate) values: &'a [[i8; GROUP]],
    pub(crate) stride: usize,
    /// Of a row.
    pub(crate) groups: usize,
    /// Of each row's integers, `[rows]`; 1 to [`ROWS`].
    pub(crate) sums: &'a [i32],
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
    #[cfg(target_arch = "x86_64")]
    match cpu.isa() {
        // SAFETY: as above.
        Isa::AvxVnni => return unsafe { avx2::product(avx2::Vnni::new(), product) },
        // SAFETY: as above.
        Isa::Avx2 if avx2::spans::are_for(product.rows()) => {
            return unsafe { avx2::spans::product(avx2::Plain::new(), product) };
        }
        // SAFETY: as above.
        Isa::Avx2 => return unsafe { avx2::product(avx2::Plain::new(), product) },
        _ => {}
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

/// Four bytes as what a register is filled with. Without a closure, which some compilations call.
#[cfg(target_arch = "x86_64")]
#[inline]
fn byte_word([a, b, c, d]: [i8; GROUP]) -> i32 {
    i32::from_ne_bytes([a.cast_unsigned(), b.cast_unsigned(), c.cast_unsigned(), d.cast_unsigned()])
}

/// Two words as what a register is filled with.
#[cfg(target_arch = "x86_64")]
#[inline]
fn pair_word([low, high]: [i16; 2]) -> i32 {
    (u32::from(low.cast_unsigned()) | u32::from(high.cast_unsigned()) << 16).cast_signed()
}

/// Takes out of a row's integers what these instructions have to multiply on its own.
#[cfg_attr(
    not(target_arch = "x86_64"),
    expect(unused_variables, clippy::ptr_arg, reason = "only AVX2 needs it")
)]
pub(crate) fn take_excess(cpu: Cpu, row: &mut [[i8; GROUP]], excess: &mut Vec<Excess>) {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa() == Isa::Avx2 {
        // SAFETY: as above.
        unsafe { avx2::take_excess(row, excess) };
    }
}

/// Finds out what these instructions have to know of a row, of such a sum with what was taken out of it.
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "only AVX2 needs it"))]
pub(crate) fn measure_spans(cpu: Cpu, row: &[[i8; GROUP]], sum: i32, spans: &mut Spans) {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa() == Isa::Avx2 {
        // SAFETY: as above.
        spans.push(row, sum, |groups| unsafe { avx2::span(groups) });
    }
}

/// Whether these instructions have to know of a matrix's spans, to multiply so many rows.
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "only AVX2 needs it"))]
pub(crate) fn wants_norms(cpu: Cpu, rows: usize) -> bool {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa() == Isa::Avx2 {
        return avx2::spans::are_for(rows);
    }
    false
}

/// The norms of a matrix's spans, `[panels, spans / 8]`; none where [`wants_norms`] is false.
#[cfg_attr(not(target_arch = "x86_64"), expect(unused_variables, reason = "only AVX2 needs it"))]
pub(crate) fn norms(cpu: Cpu, lines: &[Line], groups: usize) -> Vec<Norms> {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa() == Isa::Avx2 {
        // SAFETY: as above.
        return unsafe { avx2::norms(lines, groups) };
    }
    Vec::new()
}

/// A tile of [`product`].
fn by_sums(cpu: Cpu, product: &Product<'_>, panels: Range<usize>, rows: Range<usize>) {
    let mut sums = [Sums::default(); ROWS * PANELS];
    let lines = &product.lines[panels.start * product.groups..panels.end * product.groups];
    let part = ByteRows {
        values: product.row(rows.start),
        stride: product.stride,
        groups: product.groups,
        sums: &product.sums[rows.clone()],
    };
    match cpu.isa() {
        // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
        #[cfg(target_arch = "aarch64")]
        Isa::NeonI8mm if part.sums.len() > 1 => {
            neon::bytes(unsafe { neon::I8mm::new() }, lines, part, &mut sums);
        }
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Isa::NeonI8mm | Isa::NeonDot => neon::bytes(unsafe { neon::Dotprod::new() }, lines, part, &mut sums),
        #[cfg(target_arch = "aarch64")]
        Isa::Neon => neon::bytes(neon::Base, lines, part, &mut sums),
        _ => portable::bytes(lines, part, &mut sums),
    }
    cpu.run(Scaled { product, panels, rows, sums: &sums });
}
