//! Memory for keys and values, which begins where a line of the cache begins, and which is used again: fresh pages of the system
//! take longer than what is written to them.
#![expect(unsafe_code, reason = "buffers are parts of memory that they share")]

mod slab;
mod spare;

use std::{
    alloc::{Layout, handle_alloc_error},
    fmt, mem,
    ops::{Deref, DerefMut},
    ptr::NonNull,
    slice,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use slab::Slab;
use spare::Spare;

/// Bytes of a line of the cache.
const LINE: usize = 64;

/// Memory that was given back, for whoever needs as much next.
#[derive(Debug)]
pub struct BufferPool(Mutex<Pool>);

#[derive(Debug)]
enum Pool {
    Spare(Spare),
    /// In the order in which they came. Parts are taken from the first that has room, so that later ones become free and go back to
    /// the system; one free slab of the least size stays.
    Slabs(Vec<Slab>),
}

/// What a pool gives.
enum Memory {
    Own(Vec<u8>),
    /// Of a slab.
    Part(NonNull<u8>),
}

impl Default for BufferPool {
    fn default() -> Self {
        Self(Mutex::new(Pool::Spare(Spare::default())))
    }
}

impl BufferPool {
    /// Of large pages, where the system gives them to who asks: for what is read a little at a time, and comes from memory each time.
    pub fn of_large_pages() -> Self {
        Self(Mutex::new(Pool::Slabs(Vec::new())))
    }

    fn pool(&self) -> MutexGuard<'_, Pool> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many bytes at least, of which the first is at a place; all of them are zero or what was there last.
    fn take(&self, length: usize) -> (Memory, NonNull<u8>) {
        match &mut *self.pool() {
            Pool::Spare(spare) => {
                let mut bytes = spare.take(length + LINE);
                let begin = bytes.as_ptr().align_offset(LINE).min(LINE);
                let place = bytes.get_mut(begin..).unwrap_or_default();
                let place = NonNull::from(place).cast();
                (Memory::Own(bytes), place)
            }
            Pool::Slabs(slabs) => {
                let part = slabs.iter_mut().find_map(|slab| slab.take(whole(length)));
                let part = part.or_else(|| {
                    slabs.push(Slab::new(whole(length)).ok()?);
                    slabs.last_mut()?.take(whole(length))
                });
                // As with all other memory that the system hasn't got.
                let place = part.unwrap_or_else(|| handle_alloc_error(layout(length)));
                (Memory::Part(place), place)
            }
        }
    }

    fn give_back(&self, memory: Memory, length: usize) {
        match (&mut *self.pool(), memory) {
            (Pool::Spare(spare), Memory::Own(bytes)) => spare.give_back(bytes),
            (Pool::Slabs(slabs), Memory::Part(place)) => {
                let _ = slabs.iter_mut().any(|slab| slab.give_back(place, whole(length)));
                let mut kept = false;
                slabs.retain(|slab| !slab.is_free() || (slab.is_least() && !mem::replace(&mut kept, true)));
            }
            // Memory goes back to where it came from.
            _ => {}
        }
    }
}

/// In lines, one at least.
fn whole(length: usize) -> usize {
    length.max(1).next_multiple_of(LINE)
}

fn layout(length: usize) -> Layout {
    Layout::from_size_align(length, LINE).unwrap_or(Layout::new::<u8>())
}

/// Bytes from a pool.
pub(crate) struct Buffer {
    /// Until it is given back.
    memory: Option<Memory>,
    place: NonNull<u8>,
    length: usize,
    pool: Arc<BufferPool>,
}

// SAFETY: what it points to is its own, as with a vector.
unsafe impl Send for Buffer {}
// SAFETY: as above.
unsafe impl Sync for Buffer {}

impl Buffer {
    /// So many bytes, with whatever was in them last.
    pub(crate) fn new(pool: &Arc<BufferPool>, length: usize) -> Self {
        let (memory, place) = pool.take(length);
        Self { memory: Some(memory), place, length, pool: Arc::clone(pool) }
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
        // SAFETY: the pool gave so many bytes at this place to this buffer alone, and nobody has them until they are given back.
        unsafe { slice::from_raw_parts(self.place.as_ptr(), self.length) }
    }
}

impl DerefMut for Buffer {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above.
        unsafe { slice::from_raw_parts_mut(self.place.as_ptr(), self.length) }
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
        if let Some(memory) = self.memory.take() {
            self.pool.give_back(memory, self.length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_given_back_is_used_again() {
        for pool in [BufferPool::default(), BufferPool::of_large_pages()].map(Arc::new) {
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
            assert!(Buffer::new(&pool, 0).is_empty());
        }
    }

    #[test]
    fn not_more_waits_than_one_slab() {
        let pool = Arc::new(BufferPool::of_large_pages());
        let slabs = || match &*pool.pool() {
            Pool::Slabs(slabs) => slabs.len(),
            Pool::Spare(_) => 0,
        };
        let all: Vec<Buffer> = (0..40).map(|_| Buffer::new(&pool, 1 << 20)).collect();
        assert_eq!(slabs(), 3);
        drop(all);
        assert_eq!(slabs(), 1);
        let large = Buffer::new(&pool, 100 << 20);
        assert_eq!((large.len(), slabs()), (100 << 20, 2));
        drop(large);
        assert_eq!(slabs(), 1);
        let most = Buffer::new(&pool, 15 << 20);
        drop(Buffer::new(&pool, 100 << 20));
        assert_eq!((most.len(), slabs()), (15 << 20, 1), "a large one doesn't stay");
    }
}
