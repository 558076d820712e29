//! What has to be taken out of a row for instructions that add two products in 16 bits.

use crate::matrix::GROUP;

/// A part of a group of a row's integers, that is multiplied on its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Excess {
    pub(crate) group: usize,
    pub(crate) values: [i8; GROUP],
}

/// Highest magnitude of the sum of two neighbours: with weights of up to 255, their products' sum is within 16 bits. Of two with
/// different signs it always is.
pub(super) const LIMIT: i16 = 128;

/// Takes half of each group out that has neighbours whose products might not fit; what is left and what is taken do.
pub(super) fn take(row: &mut [[i8; GROUP]], first: usize, excess: &mut Vec<Excess>) {
    for (at, group) in row.iter_mut().enumerate() {
        let [a, b, c, d] = group.map(i16::from);
        if (a + b).abs() > LIMIT || (c + d).abs() > LIMIT {
            excess.push(Excess { group: first + at, values: halve(group) });
        }
    }
}

/// Leaves half of a group; gives the other.
pub(super) fn halve(group: &mut [i8; GROUP]) -> [i8; GROUP] {
    let mut rest = *group;
    for (value, rest) in group.iter_mut().zip(&mut rest) {
        *value >>= 1;
        *rest -= *value;
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_make_the_row_again_and_fit() {
        let fits = |group: [i8; GROUP]| {
            let [a, b, c, d] = group.map(i16::from);
            let most = |one: i16, other: i16| (one + other).abs().max(one.abs()).max(other.abs()) <= LIMIT;
            most(a, b) && most(c, d)
        };
        for (first, second) in (-127..=127).flat_map(|one| (-127..=127).map(move |other| (one, other))) {
            let whole = [[3, -4, 100, 20], [first, second, 5, -6], [1, 2, second, first]];
            let (mut row, mut excess) = (whole, Vec::new());
            take(&mut row, 7, &mut excess);
            assert_eq!(excess.is_empty(), fits(whole[1]), "{whole:?}");
            assert!(row.iter().all(|group| fits(*group)) && excess.iter().all(|part| fits(part.values)));
            for Excess { group, values } in excess {
                row[group - 7].iter_mut().zip(values).for_each(|(value, more)| *value += more);
            }
            assert_eq!(row, whole);
        }
    }
}
