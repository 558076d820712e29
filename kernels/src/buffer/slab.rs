//! Memory in large pages, of which parts are given out.

use std::{io, ops::Range, ptr::NonNull};

use memmap2::{MmapMut, MmapRaw};

/// Bytes of a large page, on most systems.
const LARGE_PAGE: usize = 2 << 20;
/// Least bytes of a slab. What was never written takes no memory.
const SLAB: usize = 16 << 20;

/// Memory that the system gave, and what of it is free.
#[derive(Debug)]
pub(super) struct Slab {
    /// No reference to it is made, since parts of it are others'.
    memory: MmapRaw,
    /// Where it begins: with a large page.
    begin: usize,
    length: usize,
    /// From low to high, with something that was given out between any two.
    free: Vec<Range<usize>>,
}

impl Slab {
    /// With room for so many bytes, all zero.
    pub(super) fn new(least: usize) -> io::Result<Self> {
        let length = least.max(SLAB).next_multiple_of(LARGE_PAGE);
        let memory = MmapRaw::from(MmapMut::map_anon(length + LARGE_PAGE)?);
        let begin = memory.as_ptr().align_offset(LARGE_PAGE).min(LARGE_PAGE);
        // It is advice: with small pages it is only slower.
        #[cfg(target_os = "linux")]
        let _ = memory.advise_range(memmap2::Advice::HugePage, begin, length);
        Ok(Self { memory, begin, length, free: std::iter::once(0..length).collect() })
    }

    /// The first part that is large enough.
    pub(super) fn take(&mut self, length: usize) -> Option<NonNull<u8>> {
        let at = self.free.iter().position(|free| free.len() >= length)?;
        let free = self.free.get_mut(at)?;
        let begin = free.start;
        free.start += length;
        if free.start == free.end {
            self.free.remove(at);
        }
        NonNull::new(self.memory.as_mut_ptr().wrapping_add(self.begin + begin))
    }

    /// Takes a part back; false if it isn't one of this.
    pub(super) fn give_back(&mut self, place: NonNull<u8>, length: usize) -> bool {
        let first = self.memory.as_ptr().wrapping_add(self.begin).addr();
        let Some(begin) = place.addr().get().checked_sub(first).filter(|begin| *begin < self.length) else {
            return false;
        };
        let mut part = begin..begin + length;
        let at = self.free.partition_point(|free| free.start < begin);
        if let Some(after) = self.free.get(at).filter(|after| after.start == part.end) {
            part.end = after.end;
            self.free.remove(at);
        }
        match at.checked_sub(1).and_then(|before| self.free.get_mut(before)) {
            Some(before) if before.end == part.start => before.end = part.end,
            _ => self.free.insert(at, part),
        }
        true
    }

    /// Whether it is no larger than others.
    pub(super) fn is_least(&self) -> bool {
        self.length == SLAB
    }

    /// Whether all of it is free.
    pub(super) fn is_free(&self) -> bool {
        self.free.first().is_some_and(|free| free.len() == self.length)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn parts_are_apart_and_come_together_again(
            acts in proptest::collection::vec((any::<bool>(), 1..9_usize, any::<prop::sample::Index>()), 1..200),
        ) {
            let mut slab = Slab::new(1).expect("memory");
            let mut given: Vec<(NonNull<u8>, usize)> = Vec::new();
            for (gives, megabytes, which) in acts {
                if gives && !given.is_empty() {
                    let (place, length) = given.swap_remove(which.index(given.len()));
                    prop_assert!(slab.give_back(place, length));
                } else if let Some(place) = slab.take(megabytes << 20) {
                    prop_assert_eq!(place.as_ptr().align_offset(1 << 20), 0);
                    given.push((place, megabytes << 20));
                }
                let mut all: Vec<Range<usize>> =
                    given.iter().map(|(place, length)| place.addr().get()..place.addr().get() + length).collect();
                let first = slab.memory.as_ptr().addr() + slab.begin;
                all.extend(slab.free.iter().map(|free| first + free.start..first + free.end));
                all.sort_by_key(|part| part.start);
                // Together they are the slab, without gaps.
                prop_assert!(all.windows(2).all(|pair| pair[0].end == pair[1].start));
                prop_assert_eq!(all.iter().map(Range::len).sum::<usize>(), slab.length);
                prop_assert_eq!(slab.is_free(), given.is_empty());
            }
        }
    }

    #[test]
    fn what_is_not_of_it_is_not_taken_back() {
        let mut slab = Slab::new(1).expect("memory");
        let mut other = Slab::new(SLAB + 1).expect("memory");
        assert_eq!((slab.take(SLAB + 1), other.length), (None, SLAB + LARGE_PAGE));
        let place = other.take(SLAB + 1).expect("room");
        assert!(!slab.give_back(place, SLAB + 1) && slab.is_free());
        assert!(other.give_back(place, SLAB + 1) && other.is_free());
    }
}
