//! Attention's products: a few rows of 16-bit integers times keys and values.

#[cfg(target_arch = "aarch64")]
use super::neon;
use super::{LANES, PairLines, ROWS, Sums, portable};
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
    /// 1 to [`ROWS`].
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
    pub(crate) ahead: Option<usize>,
}

/// Lines of a panel in blocks with a distance between them.
#[derive(Clone, Copy)]
pub(super) struct PairPanel<'a> {
    pub(super) lines: PairLines<'a>,
    /// Lines of a block that are of this panel.
    pub(super) groups: usize,
    /// Lines from one block to the next.
    pub(super) stride: usize,
    pub(super) blocks: usize,
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
    let (groups, apart) = (rows.stride, sums.len() / rows.rows.max(1));
    let mut first = 0;
    for run in runs {
        for block in 0..run.blocks {
            let lines = run.keys.part(block * groups..(block + 1) * groups);
            let tile = tile(cpu, PairPanel { lines, groups, stride: groups, blocks: 1 }, rows);
            for (row, tile) in tile.iter().enumerate().take(rows.rows) {
                sums[row * apart + first + block] = *tile;
            }
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
            let lines = run.values.part(panel * run.apart..run.values.len());
            let panel = PairPanel { lines, groups: TOKEN_PAIRS, stride: TOKEN_PAIRS, blocks: run.blocks };
            let values = rows.values.get(done * TOKEN_PAIRS..).unwrap_or_default();
            let tile = tile(cpu, panel, PairRows { values, ..rows });
            for (sum, tile) in sums.as_flattened_mut().iter_mut().zip(tile.as_flattened()) {
                *sum += tile;
            }
            done += run.blocks;
        }
    }
}

/// Σ value · value for each row and output of a panel, over all blocks.
fn tile(cpu: Cpu, panel: PairPanel<'_>, rows: PairRows<'_>) -> [Sums; ROWS] {
    let mut sums = [Sums::default(); ROWS];
    match cpu.isa() {
        // SAFETY: as above.
        #[cfg(target_arch = "aarch64")]
        Isa::NeonDot => unsafe { neon::pairs(panel, rows, &mut sums) },
        _ => portable::pairs(panel, rows, &mut sums),
    }
    sums
}
