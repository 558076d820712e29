//! What is left of a thread's share.

use std::{
    ops::Range,
    sync::atomic::{AtomicU64, Ordering},
};

/// A range of which its owner takes from the front and others take from the end. It has a line of the cache of its own, and the next
/// one, which some processors fetch along.
///
/// A range only ever shrinks, and both ends are changed at once, so nothing is given out twice.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Left(AtomicU64);

impl Left {
    /// Begins anew, while nobody takes.
    pub(super) fn set(&self, range: Range<u32>) {
        self.0.store(pack(range), Ordering::Relaxed);
    }

    /// At most so many from the front.
    pub(super) fn front(&self, most: u32) -> Option<Range<usize>> {
        self.take(|Range { start, end }| {
            let middle = start.saturating_add(most).min(end);
            (start..middle, middle..end)
        })
    }

    /// At most so many from the end.
    pub(super) fn back(&self, most: u32) -> Option<Range<usize>> {
        self.take(|Range { start, end }| {
            let middle = end.saturating_sub(most).max(start);
            (middle..end, start..middle)
        })
    }

    /// What `split` takes of the range, and what it leaves.
    fn take(&self, split: impl Fn(Range<u32>) -> (Range<u32>, Range<u32>)) -> Option<Range<usize>> {
        let update = |packed| {
            let range = unpack(packed);
            (!range.is_empty()).then(|| pack(split(range).1))
        };
        // What the numbers stand for is handed over by whoever began, and not by these.
        let before = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, update).ok()?;
        let Range { start, end } = split(unpack(before)).0;
        Some(start as usize..end as usize)
    }
}

fn pack(range: Range<u32>) -> u64 {
    u64::from(range.start) << 32 | u64::from(range.end)
}

fn unpack(packed: u64) -> Range<u32> {
    (packed >> 32) as u32..packed as u32
}
