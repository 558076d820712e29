//! What a thread fetches from memory while it waits for others.

use std::sync::atomic::{AtomicPtr, AtomicUsize, Ordering};

/// Bytes of a line of the cache.
const LINE: usize = 64;
/// Lines that are asked for between two looks at what one waits for.
const AT_ONCE: usize = 8;
/// Most bytes: what of a core's second cache can be given to them.
const MOST: usize = 256 << 10;

/// Bytes that a thread is likely to read next. They are only ever fetched into its cache, which is no access: they may be gone, and
/// where one half of this is older than the other, what is fetched is of no use.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Ahead {
    begin: AtomicPtr<u8>,
    length: AtomicUsize,
}

impl Ahead {
    pub(super) fn set(&self, bytes: &[u8]) {
        self.length.store(bytes.len().min(MOST), Ordering::Relaxed);
        self.begin.store(bytes.as_ptr().cast_mut(), Ordering::Relaxed);
    }
}

/// How far a thread has come with what was set.
#[derive(Debug, Default)]
pub(super) struct Fetched {
    /// The address where it begins.
    begin: usize,
    bytes: usize,
}

impl Fetched {
    /// Begins to fetch some more lines; false where there are none.
    pub(super) fn some_of(&mut self, ahead: &Ahead) -> bool {
        let (begin, length) = (ahead.begin.load(Ordering::Relaxed), ahead.length.load(Ordering::Relaxed));
        if begin.addr() != self.begin {
            *self = Self { begin: begin.addr(), bytes: 0 };
        }
        if self.bytes >= length {
            return false;
        }
        for line in 0..AT_ONCE {
            fetch(begin.wrapping_add(self.bytes + line * LINE));
        }
        self.bytes += AT_ONCE * LINE;
        true
    }
}

/// Begins to fetch a line into the second cache, wherever it lies.
fn fetch(line: *const u8) {
    // SAFETY: the instruction, which every x86-64 has, only hints: it reads nothing, and faults nowhere.
    #[cfg(target_arch = "x86_64")]
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T1>(line.cast());
    }
    // SAFETY: as above, with every processor of the architecture.
    #[cfg(target_arch = "aarch64")]
    unsafe {
        std::arch::asm!("prfm pldl2keep, [{line}]", line = in(reg) line, options(nostack, preserves_flags, readonly));
    }
    #[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64")))]
    let _ = line;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_is_fetched_once_and_what_is_set_anew_from_its_beginning() {
        let (ahead, mut fetched) = (Ahead::default(), Fetched::default());
        let memory = vec![0; 3 * AT_ONCE * LINE];
        let mut rounds = || (0..10).filter(|_| fetched.some_of(&ahead)).count();
        assert_eq!(rounds(), 0);
        ahead.set(&memory[AT_ONCE * LINE..]);
        assert_eq!((rounds(), rounds()), (2, 0));
        ahead.set(&memory[..=AT_ONCE * LINE]);
        assert_eq!((rounds(), rounds()), (2, 0));
        ahead.set(&[]);
        assert_eq!(rounds(), 0);
    }

    #[test]
    fn no_more_is_fetched_than_a_cache_holds_even_where_memory_is_gone() {
        let (ahead, mut fetched) = (Ahead::default(), Fetched::default());
        ahead.set(&vec![0; 2 * MOST]);
        let rounds = (0..2 * MOST).filter(|_| fetched.some_of(&ahead)).count();
        assert_eq!(rounds, MOST / LINE / AT_ONCE);
    }
}
