//! Where a thread of a team waits for its next part.

use std::{
    sync::atomic::{AtomicU8, Ordering},
    thread,
    time::{Duration, Instant},
};

/// How long somebody looks out before he sleeps: longer than what lies between two pieces of work of a step.
const LOOK_OUT: Duration = Duration::from_micros(50);
/// Looks between two looks at the clock.
const LOOKS: usize = 32;

/// Nothing to do, or done.
pub(super) const IDLE: u8 = 0;
/// A part waits for somebody to do it.
pub(super) const OPEN: u8 = 1;
/// Somebody does it.
pub(super) const TAKEN: u8 = 2;
/// Somebody does it, and whoever asked sleeps until it is done.
pub(super) const AWAITED: u8 = 3;
/// Nothing to do, and the thread sleeps.
pub(super) const ASLEEP: u8 = 4;
/// The end.
pub(super) const OVER: u8 = 5;

/// Where a thread gets its parts. Each has a cache line of its own, and the next one, which some processors fetch along.
#[derive(Debug, Default)]
#[repr(align(128))]
pub(super) struct Post(pub(super) AtomicU8);

impl Post {
    /// Waits for a part and takes it; false at the end. Of `meanwhile` as in [`look_out`].
    pub(super) fn take(&self, mut meanwhile: impl FnMut() -> bool) -> bool {
        let take = || self.0.compare_exchange(OPEN, TAKEN, Ordering::AcqRel, Ordering::Relaxed).is_ok();
        let is_over = || self.0.load(Ordering::Relaxed) == OVER;
        loop {
            let mut taken = false;
            let is_there = || {
                let state = self.0.load(Ordering::Relaxed);
                taken = state == OPEN && take();
                taken || state == OVER
            };
            look_out(is_there, &mut meanwhile);
            if taken || is_over() {
                return taken;
            }
            if self.0.compare_exchange(IDLE, ASLEEP, Ordering::AcqRel, Ordering::Relaxed).is_ok() {
                while self.0.load(Ordering::Relaxed) == ASLEEP {
                    thread::park();
                }
            }
        }
    }
}

/// Looks for a moment whether something is so. `meanwhile` is done between two looks, until it has nothing to do.
pub(super) fn look_out(mut is_so: impl FnMut() -> bool, mut meanwhile: impl FnMut() -> bool) -> bool {
    let began = Instant::now();
    loop {
        for _ in 0..LOOKS {
            if is_so() {
                return true;
            }
            if !meanwhile() {
                std::hint::spin_loop();
            }
        }
        if began.elapsed() > LOOK_OUT {
            return false;
        }
    }
}
