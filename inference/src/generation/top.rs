//! The highest of many scores.

/// The `k` highest scores with their indices, highest first; of equals, the one that comes first. What is not a number
/// counts as −∞.
pub(super) fn highest(k: usize, scores: impl Iterator<Item = f32>) -> Vec<(usize, f32)> {
    let mut best: Vec<(usize, f32)> = Vec::with_capacity(k + 1);
    for (index, score) in scores.enumerate() {
        let score = if score.is_nan() { f32::NEG_INFINITY } else { score };
        if best.len() < k || best.last().is_some_and(|last| score > last.1) {
            let at = best.partition_point(|(_, other)| *other >= score);
            best.insert(at, (index, score));
            best.truncate(k);
        }
    }
    best
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
}
