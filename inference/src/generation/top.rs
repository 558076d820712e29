//! The highest of many scores.

/// Scores that are compared side by side.
const CHUNK: usize = 64;

/// The `k` highest scores with their indices, highest first; of equals, the one that comes first. What is not a number is
/// higher than every number, as for torch's `topk` and `argmax`.
pub(super) fn highest(k: usize, scores: impl Iterator<Item = f32>) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (index, score) in scores.enumerate() {
        insert(&mut best, k, index, score);
    }
    best
}

/// [`highest`] of a row, of which most are passed over 64 at a time.
pub(super) fn highest_of_row(k: usize, scores: &[f32]) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (chunk, first) in scores.chunks(CHUNK).zip((0..).step_by(CHUNK)) {
        let last = best.last().filter(|_| best.len() == k).map(|(_, score)| *score);
        // All are counted, without leaving early, so that they are compared side by side.
        let below = |limit: f32| chunk.iter().map(|score| u32::from(*score <= limit)).sum::<u32>();
        if last.is_none_or(|limit| below(limit) < chunk.len() as u32) {
            for (at, score) in chunk.iter().enumerate() {
                insert(&mut best, k, first + at, *score);
            }
        }
    }
    best
}

/// [`highest`] of rows of `width` scores, counted through, by the `k` highest of each.
pub(super) fn highest_of_rows<'a>(
    k: usize,
    width: usize,
    rows: impl Iterator<Item = &'a [(usize, f32)]>,
) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (row, highest) in rows.enumerate() {
        for (index, score) in highest {
            insert(&mut best, k, row * width + index, *score);
        }
    }
    best
}

fn insert(best: &mut Vec<(usize, f32)>, k: usize, index: usize, score: f32) {
    if best.len() < k || best.last().is_some_and(|last| is_higher(score, last.1)) {
        let at = best.partition_point(|(_, other)| !is_higher(score, *other));
        best.insert(at, (index, score));
        best.truncate(k);
    }
}

fn is_higher(score: f32, other: f32) -> bool {
    score > other || (score.is_nan() && !other.is_nan())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_highest_are_what_a_stable_sort_puts_first(scores in prop::collection::vec(-4_i8..4, 0..60), k in 1_usize..10) {
            let scores: Vec<f32> = scores.into_iter().map(f32::from).collect();
            let mut sorted: Vec<(usize, f32)> = scores.iter().copied().enumerate().collect();
            sorted.sort_by(|a, b| b.1.total_cmp(&a.1));
            sorted.truncate(k);
            prop_assert_eq!(highest(k, scores.into_iter()), sorted);
        }

        #[test]
        fn rows_give_what_their_scores_give_one_after_the_other(
            width in 1_usize..200,
            scores in prop::collection::vec(prop_oneof![9 => -2.0..2.0_f32, 3 => Just(0.5), 1 => Just(f32::NAN), 1 => Just(f32::NEG_INFINITY)], 0..600),
            k in 1_usize..10,
        ) {
            let bits = |best: Vec<(usize, f32)>| best.into_iter().map(|(at, score)| (at, score.to_bits())).collect::<Vec<_>>();
            let whole = scores.len() / width * width;
            let rows: Vec<_> = scores.chunks_exact(width).map(|row| highest_of_row(k, row)).collect();
            let found = highest_of_rows(k, width, rows.iter().map(Vec::as_slice));
            prop_assert_eq!(bits(found), bits(highest(k, scores[..whole].iter().copied())));
        }
    }

    #[test]
    fn what_is_not_a_number_is_the_highest() {
        let best = highest(2, [1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter());
        assert_eq!(best.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2]);
    }
}
