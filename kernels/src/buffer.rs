//! Memory for keys and values, which begins where a line of the cache begins, and which is used again: fresh pages of the system
//! take longer than what is written to them.

use std::{
    collections::VecDeque,
    fmt,
    ops::{Deref, DerefMut},
    sync::{Arc, Mutex, PoisonError},
};

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Most bytes that wait to be used again.
const MOST_SPARE: usize = 16 << 20;

/// Memory that was given back, for whoever needs as much next.
#[derive(Debug, Default)]
pub struct BufferPool(Mutex<Spare>);

#[derive(Debug, Default)]
struct Spare {
    /// What was given back last is at the end.
    all: VecDeque<Vec<u8>>,
    /// Of all of them.
    bytes: usize,
}

impl BufferPool {
    fn take(&self, length: usize) -> Vec<u8> {
        let size = size_class(length + LINE);
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(at) = spare.all.iter().rposition(|bytes| bytes.len() == size) else {
            drop(spare);
            return vec![0; size];
        };
        spare.bytes -= size;
        spare.all.remove(at).unwrap_or_default()
    }

    /// What has waited longest makes room.
    fn give_back(&self, bytes: Vec<u8>) {
        let mut spare = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        spare.bytes += bytes.len();
        spare.all.push_back(bytes);
        while spare.bytes > MOST_SPARE
            && let Some(oldest) = spare.all.pop_front()
        {
            spare.bytes -= oldest.len();
        }
    }
}

/// The least number that is at least `length` and has four significant bits, so that there are few: at most an eighth more.
fn size_class(length: usize) -> usize {
    let step = 1 << length.checked_ilog2().unwrap_or(0).saturating_sub(3);
    length.next_multiple_of(step)
}

/// Bytes from a pool.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    begin: usize,
    length: usize,
    pool: Arc<BufferPool>,
}

impl Buffer {
    /// So many bytes, with whatever was in them last.
    pub(crate) fn new(pool: &Arc<BufferPool>, length: usize) -> Self {
        let bytes = pool.take(length);
        let begin = bytes.as_ptr().align_offset(LINE).min(bytes.len() - length);
        Self { bytes, begin, length, pool: Arc::clone(pool) }
    }
}

impl fmt::Debug for Buffer {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        (**self).fmt(formatter)
    }
}

impl Deref for Buffer {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.bytes[self.begin..][..self.length]
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.begin..][..self.length]
    }
}

impl Clone for Buffer {
    fn clone(&self) -> Self {
        let mut copy = Self::new(&self.pool, self.length);
        copy.copy_from_slice(self);
        copy
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        self.pool.give_back(std::mem::take(&mut self.bytes));
    }
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
    fn what_is_given_back_is_used_again() {
        let pool = Arc::default();
        let mut first = Buffer::new(&pool, 1000);
        assert!(first.iter().all(|byte| *byte == 0) && first.as_ptr().align_offset(LINE) == 0);
        first.fill(7);
        let copy = first.clone();
        let place = first.as_ptr();
        assert!(copy[..] == first[..] && copy.as_ptr() != place);
        drop(first);
        let other = Buffer::new(&pool, 2000);
        assert!(other.iter().all(|byte| *byte == 0), "of another size");
        let again = Buffer::new(&pool, 990);
        assert_eq!((again.as_ptr(), again.len()), (place, 990));
        assert!(again.iter().all(|byte| *byte == 7));
    }

    #[test]
    fn not_more_waits_than_may() {
        let pool: Arc<BufferPool> = Arc::default();
        let all: Vec<Buffer> = (0..40).map(|_| Buffer::new(&pool, 1 << 20)).collect();
        drop(all);
        let spare = pool.0.lock().expect("not poisoned");
        assert!(spare.bytes <= MOST_SPARE && spare.all.len() >= 14, "{}", spare.bytes);
        assert_eq!(spare.bytes, spare.all.iter().map(Vec::len).sum::<usize>());
    }
}
