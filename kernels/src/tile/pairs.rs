//! Attention's products: a few rows of 16-bit integers times keys and values.

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::{LANES, PairLines, Sums, portable};
#[cfg(target_arch = "x86_64")]
use super::{avx2, avx512};
use crate::{Cpu, Isa};

/// Pairs of tokens in a block.
pub(crate) const TOKEN_PAIRS: usize = LANES / 2;

/// Rows of 16-bit integers.
#[derive(Clone, Copy)]
pub(crate) struct PairRows<'a> {
    /// A row every `stride` pairs.
    pub(crate) values: &'a [[i16; 2]],
    /// Pairs from one row to the next.
    pub(crate) stride: usize,
    /// 1 to [`ROWS`](super::ROWS).
    pub(crate) rows: usize,
}

/// Keys and values of a head that lie in one place: blocks of 16 tokens.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct KvRun<'a> {
    /// `[blocks, pairs of dimensions]`, a line has the pair of 16 tokens.
    pub(crate) keys: PairLines<'a>,
    /// Of each panel of 16 dimensions `[blocks, pairs of tokens]`; more blocks may follow.
    pub(crate) values: PairLines<'a>,
    /// Lines of the values from one panel to the next.
    pub(crate) apart: usize,
    pub(crate) blocks: usize,
    /// Bytes from what is read to what is to be fetched meanwhile; None for as far as in other products.
    #[cfg_attr(not(target_arch = "x86_64"), expect(dead_code, reason = "others fetch by themselves"))]
    pub(crate) ahead: Option<usize>,
}

/// Σ query · key: `sums` are `[rows, blocks]`, of all runs one after the other.
pub(crate) fn scores<'a>(
    cpu: Cpu,
    runs: impl Iterator<Item = KvRun<'a>>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa().is_avx512() {
        // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
        unsafe { avx512::scores(runs, rows, sums) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    match cpu.isa() {
        // SAFETY: as above.
        Isa::AvxVnni => return unsafe { avx2::scores(avx2::Vnni::new(), runs, rows, sums) },
        // SAFETY: as above.
        Isa::Avx2 => return unsafe { avx2::scores(avx2::Plain::new(), runs, rows, sums) },
        _ => {}
    }
    sums.fill(Sums::default());
    let (groups, apart) = (rows.stride, sums.len() / rows.rows.max(1));
    let mut first = 0;
    for run in runs {
        for block in 0..run.blocks {
            let lines = run.keys.part(block * groups..(block + 1) * groups);
            add(cpu, lines, rows, sums.get_mut(first + block..).unwrap_or_default(), apart);
        }
        first += run.blocks;
    }
}

/// Σ weight · value: rows have the weights of all runs' tokens one after the other, `sums` are `[panels, rows]`.
pub(crate) fn weigh<'a>(
    cpu: Cpu,
    runs: &(impl Iterator<Item = KvRun<'a>> + Clone),
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    #[cfg(target_arch = "x86_64")]
    if cpu.isa().is_avx512() {
        // SAFETY: as above.
        unsafe { avx512::weigh(runs, rows, sums) };
        return;
    }
    #[cfg(target_arch = "x86_64")]
    match cpu.isa() {
        // SAFETY: as above.
        Isa::AvxVnni => return unsafe { avx2::weigh(avx2::Vnni::new(), runs, rows, sums) },
        // SAFETY: as above.
        Isa::Avx2 => return unsafe { avx2::weigh(avx2::Plain::new(), runs, rows, sums) },
        _ => {}
    }
    sums.fill(Sums::default());
    for (panel, sums) in sums.chunks_exact_mut(rows.rows.max(1)).enumerate() {
        let mut done = 0;
        for run in runs.clone() {
            let (first, count) = (panel * run.apart, run.blocks * TOKEN_PAIRS);
            let values = rows.values.get(done..).unwrap_or_default();
            add(cpu, run.values.part(first..first + count), PairRows { values, ..rows }, sums, 1);
            done += count;
        }
    }
}

/// Adds Σ value · value of all lines to a sum of each row and output, those of the rows `apart` from each other.
fn add(cpu: Cpu, lines: PairLines<'_>, rows: PairRows<'_>, sums: &mut [Sums], apart: usize) {
    match (cpu.isa(), lines) {
        #[cfg(target_arch = "aarch64")]
        (Isa::NeonI8mm | Isa::NeonDot, PairLines::Bytes(lines)) => {
            // SAFETY: a `Cpu` of these instructions is made only where the processor has them.
            neon::words(unsafe { neon::Dotprod::new() }, lines, rows, sums, apart);
        }
        // SAFETY: every processor of this kind has these instructions.
        #[cfg(target_arch = "aarch64")]
        (Isa::NeonI8mm | Isa::NeonDot | Isa::Neon, _) => unsafe { neon::pairs(lines, rows, sums, apart) },
        _ => portable::pairs(lines, rows, sums, apart),
    }
}
