//! Pieces of memory that wait to be used again.

use std::collections::VecDeque;

/// Most bytes that wait.
const MOST: usize = 16 << 20;

/// Each as the system's allocator gave it.
#[derive(Debug, Default)]
pub(super) struct Spare {
    /// What was given back last is at the end.
    all: VecDeque<Vec<u8>>,
    /// Of all of them.
    bytes: usize,
}

impl Spare {
    /// So many bytes, or some more.
    pub(super) fn take(&mut self, length: usize) -> Vec<u8> {
        let size = size_class(length);
        let Some(at) = self.all.iter().rposition(|bytes| bytes.len() == size) else { return vec![0; size] };
        self.bytes -= size;
        self.all.remove(at).unwrap_or_default()
    }

    /// What has waited longest makes room.
    pub(super) fn give_back(&mut self, bytes: Vec<u8>) {
        self.bytes += bytes.len();
        self.all.push_back(bytes);
        while self.bytes > MOST
            && let Some(oldest) = self.all.pop_front()
        {
            self.bytes -= oldest.len();
        }
    }
}

/// The least number that is at least `length` and has four significant bits, so that there are few: at most an eighth more.
fn size_class(length: usize) -> usize {
    let step = 1 << length.checked_ilog2().unwrap_or(0).saturating_sub(3);
    length.next_multiple_of(step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_few_and_at_most_an_eighth_more() {
        let sizes: Vec<usize> = (1..100_000).map(size_class).collect();
        for (length, size) in (1..).zip(&sizes) {
            assert!((length..=length + length / 8).contains(size), "{length}: {size}");
        }
        assert!(sizes.is_sorted());
        let mut different = sizes;
        different.dedup();
        assert!(different.len() < 8 * 17, "{}", different.len());
    }

    #[test]
    fn not_more_waits_than_may() {
        let mut spare = Spare::default();
        let all: Vec<Vec<u8>> = (0..40).map(|_| spare.take(1 << 20)).collect();
        for bytes in all {
            spare.give_back(bytes);
        }
        assert!(spare.bytes <= MOST && spare.all.len() >= 14, "{}", spare.bytes);
        assert_eq!(spare.bytes, spare.all.iter().map(Vec::len).sum::<usize>());
    }
}
