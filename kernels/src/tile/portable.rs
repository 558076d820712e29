//! Plain loops, for processors without anything better; the others are tested against them.

use super::{ByteRows, PairLine, PairLines, PairRows, Sums};
use crate::matrix::{GROUP, Line, OFFSET};

pub(super) fn bytes(panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let groups = rows.groups;
    let count = rows.sums.len();
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        for (row, sums) in rows.values.chunks(rows.stride.max(1)).zip(sums) {
            *sums = Sums::default();
            for (line, values) in panel.iter().zip(row) {
                let (weights, _) = line.as_chunks::<GROUP>();
                for (sum, weights) in sums.iter_mut().zip(weights) {
                    for (weight, value) in weights.iter().zip(values) {
                        *sum += (i32::from(*weight) - i32::from(OFFSET)) * i32::from(*value);
                    }
                }
            }
        }
    }
}

/// Adds Σ value · value of all lines to a sum of each row and output, those of the rows `apart` from each other.
pub(super) fn pairs(lines: PairLines<'_>, rows: PairRows<'_>, sums: &mut [Sums], apart: usize) {
    match lines {
        PairLines::Bytes(lines) => pairs_of(lines, rows, sums, apart),
        PairLines::Words(lines) => pairs_of(lines, rows, sums, apart),
    }
}

fn pairs_of<T: Copy + Into<i32>>(lines: &[PairLine<T>], rows: PairRows<'_>, sums: &mut [Sums], apart: usize) {
    let all = rows.values.chunks(rows.stride.max(1)).zip(sums.iter_mut().step_by(apart.max(1)));
    for (values, sums) in all.take(rows.rows) {
        for (line, [first, second]) in lines.iter().zip(values) {
            for (sum, [a, b]) in sums.iter_mut().zip(line.as_chunks::<2>().0) {
                *sum += (*a).into() * i32::from(*first) + (*b).into() * i32::from(*second);
            }
        }
    }
}
