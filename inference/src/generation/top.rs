//! The highest of many scores.

/// The `k` highest scores with their indices, highest first; of equals, the one that comes first. What is not a number is
/// higher than every number, as for torch's `topk` and `argmax`.
pub(super) fn highest(k: usize, scores: impl Iterator<Item = f32>) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (index, score) in scores.enumerate() {
        if best.len() < k || best.last().is_some_and(|last| is_higher(score, last.1)) {
            let at = best.partition_point(|(_, other)| !is_higher(score, *other));
            best.insert(at, (index, score));
            best.truncate(k);
        }
    }
    best
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
    }

    #[test]
    fn what_is_not_a_number_is_the_highest() {
        let best = highest(2, [1.0, f32::NAN, f32::INFINITY, f32::NEG_INFINITY].into_iter());
        assert_eq!(best.iter().map(|(index, _)| *index).collect::<Vec<_>>(), [1, 2]);
    }
}
