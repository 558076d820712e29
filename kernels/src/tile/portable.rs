//! Plain loops, for processors without anything better; the others are tested against them.

use super::{ByteRows, PairLine, PairLines, PairPanel, PairRows, Sums};
use crate::matrix::{GROUP, Line, OFFSET};

pub(super) fn bytes(panels: &[Line], rows: ByteRows<'_>, sums: &mut [Sums]) {
    let groups = rows.groups;
    let count = rows.sums.len();
    for (panel, sums) in panels.chunks_exact(groups.max(1)).zip(sums.chunks_exact_mut(count.max(1))) {
        for (row, sums) in rows.values.chunks_exact(groups.max(1)).zip(sums) {
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

pub(super) fn pairs(panel: PairPanel<'_>, rows: PairRows<'_>, sums: &mut [Sums]) {
    match panel.lines {
        PairLines::Bytes(lines) => pairs_of(lines, panel, rows, sums),
        PairLines::Words(lines) => pairs_of(lines, panel, rows, sums),
    }
}

fn pairs_of<T: Copy + Into<i32>>(
    lines: &[PairLine<T>],
    panel: PairPanel<'_>,
    rows: PairRows<'_>,
    sums: &mut [Sums],
) {
    for (row, sums) in rows.values.chunks(rows.stride.max(1)).zip(sums).take(rows.rows) {
        *sums = Sums::default();
        let blocks = lines.chunks(panel.stride.max(1)).take(panel.blocks);
        for (lines, values) in blocks.zip(row.chunks(panel.groups.max(1))) {
            for (line, [first, second]) in lines.iter().zip(values).take(panel.groups) {
                for (sum, [a, b]) in sums.iter_mut().zip(line.as_chunks::<2>().0) {
                    *sum += (*a).into() * i32::from(*first) + (*b).into() * i32::from(*second);
                }
            }
        }
    }
}
