//! 256 bits with VNNI: as with 512, by halves.

use std::arch::x86_64::{_mm256_dpbusd_avx_epi32, _mm256_set1_epi32};

use super::{
    ByteRows, Sums,
    avx2::{load, store},
    byte_word,
};
use crate::matrix::{Line, OFFSET};

/// Rows that the registers have room for.
const MOST: usize = 6;

#[target_feature(enable = "avx2,avxvnni")]
pub(super) fn bytes(panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let count = rows.sums.len();
    let groups = rows.groups;
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        let mut first = 0;
        while first < count {
            let sums = &mut sums[first..];
            // 8 rows are twice 4, which is faster than 6 and 2.
            let taken = if count - first == 8 { 4 } else { (count - first).min(MOST) };
            match taken {
                1 => bytes_of::<1>(panel, rows, first, sums),
                2 => bytes_of::<2>(panel, rows, first, sums),
                3 => bytes_of::<3>(panel, rows, first, sums),
                4 => bytes_of::<4>(panel, rows, first, sums),
                5 => bytes_of::<5>(panel, rows, first, sums),
                _ => bytes_of::<MOST>(panel, rows, first, sums),
            }
            first += taken;
        }
    }
}

#[target_feature(enable = "avx2,avxvnni")]
fn bytes_of<const R: usize>(panel: &[Line], rows: ByteRows<'_>, first: usize, sums: &mut [Sums]) {
    let (values, totals) = rows.part::<R>(first);
    let values = values.map(|row| &row[..panel.len()]);
    let mut sum = [[_mm256_set1_epi32(0); 2]; R];
    for row in 0..R {
        sum[row] = [_mm256_set1_epi32(-i32::from(OFFSET) * totals[row]); 2];
    }
    for group in 0..panel.len() {
        let (halves, _) = panel[group].as_chunks::<32>();
        let weights = [load(&halves[0]), load(&halves[1])];
        for row in 0..R {
            let value = _mm256_set1_epi32(byte_word(values[row][group]));
            for half in 0..2 {
                sum[row][half] = _mm256_dpbusd_avx_epi32(sum[row][half], weights[half], value);
            }
        }
    }
    for row in 0..R {
        store(&mut sums[row], sum[row]);
    }
}
