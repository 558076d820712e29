//! Signs of life of the summaries that are being made.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

/// The summaries that are being made. Clones are the same.
#[derive(Clone)]
pub(super) struct Pulses {
    inner: Arc<Inner>,
}

struct Inner {
    began: Instant,
    running: Mutex<Running>,
}

#[derive(Default)]
struct Running {
    next: u64,
    /// When each gave its last sign, in milliseconds since the beginning.
    beats: HashMap<u64, Arc<AtomicU64>>,
}

/// One summary's signs of life, for as long as it is being made.
pub(super) struct Pulse {
    id: u64,
    beat: Arc<AtomicU64>,
    pulses: Pulses,
}

impl Pulses {
    pub(super) fn new() -> Self {
        Self { inner: Arc::new(Inner { began: Instant::now(), running: Mutex::default() }) }
    }

    /// Somebody begins to work.
    pub(super) fn begin(&self) -> Pulse {
        let beat = Arc::new(AtomicU64::new(self.now()));
        let mut running = self.lock();
        let id = running.next;
        running.next += 1;
        running.beats.insert(id, Arc::clone(&beat));
        Pulse { id, beat, pulses: self.clone() }
    }

    /// How long the one has been silent that has been silent the longest; zero when nobody works.
    pub(super) fn longest_silence(&self) -> Duration {
        let now = self.now();
        let silences = |beat: &Arc<AtomicU64>| now.saturating_sub(beat.load(Ordering::Relaxed));
        Duration::from_millis(self.lock().beats.values().map(silences).max().unwrap_or_default())
    }

    fn now(&self) -> u64 {
        u64::try_from(self.inner.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// No change can panic halfway.
    fn lock(&self) -> MutexGuard<'_, Running> {
        self.inner.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Pulse {
    /// The work goes on.
    pub(super) fn beat(&self) {
        self.beat.store(self.pulses.now(), Ordering::Relaxed);
    }
}

impl Drop for Pulse {
    fn drop(&mut self) {
        self.pulses.lock().beats.remove(&self.id);
    }
}
