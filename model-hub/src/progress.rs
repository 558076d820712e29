//! How far a download is.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde::Serialize;
use tokio::sync::watch;

/// How long bytes are counted before the speed is told anew.
const SPAN: Duration = Duration::from_millis(500);
/// Weight of the newest span in the speed.
const NEWEST: f64 = 0.3;

/// How far a download is. Totals grow once: the shards of a model are known when its index is here.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Progress {
    /// What is happening.
    pub phase: Phase,
    /// Files that are here, verified.
    pub files_done: usize,
    /// Files that the model needs.
    pub files_total: usize,
    /// Bytes that are here, those of earlier attempts among them.
    pub bytes_done: u64,
    /// Bytes that the model needs.
    pub bytes_total: u64,
    /// How fast they come, over the last seconds.
    pub bytes_per_second: u64,
}

/// What a download does at the moment.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Phase {
    /// It asks the hub which files there are.
    #[default]
    Asking,
    /// Bytes come.
    Downloading,
    /// Another process fetches the same file.
    Waiting,
    /// Checksums are computed.
    Verifying,
    /// All is here.
    Done,
}

/// Counts what arrives, and tells whoever watches.
#[derive(Debug)]
pub(crate) struct Meter<'a> {
    watcher: &'a watch::Sender<Progress>,
    pace: Mutex<Pace>,
}

#[derive(Debug)]
struct Pace {
    since: Instant,
    bytes: u64,
    speed: Option<f64>,
}

impl<'a> Meter<'a> {
    pub(crate) fn new(watcher: &'a watch::Sender<Progress>) -> Self {
        watcher.send_replace(Progress::default());
        Self { watcher, pace: Mutex::new(Pace { since: Instant::now(), bytes: 0, speed: None }) }
    }

    pub(crate) fn now(&self) -> Progress {
        *self.watcher.borrow()
    }

    pub(crate) fn phase(&self, phase: Phase) {
        self.watcher.send_if_modified(|progress| std::mem::replace(&mut progress.phase, phase) != phase);
    }

    /// So much more is needed.
    pub(crate) fn plan(&self, files: usize, bytes: u64) {
        self.watcher.send_modify(|progress| {
            progress.files_total += files;
            progress.bytes_total += bytes;
        });
    }

    pub(crate) fn file_done(&self) {
        self.watcher.send_modify(|progress| progress.files_done += 1);
    }

    /// A file's bytes that are here went from `before` to `after`. What came just now counts for the speed; what was
    /// here already does not.
    fn count(&self, before: u64, after: u64, arrived: u64) {
        let speed = self.pace.lock().unwrap_or_else(PoisonError::into_inner).speed(arrived, Instant::now());
        self.watcher.send_modify(|progress| {
            progress.bytes_done = (progress.bytes_done + after).saturating_sub(before);
            if let Some(speed) = speed {
                progress.bytes_per_second = speed as u64;
            }
        });
    }
}

impl Pace {
    fn speed(&mut self, arrived: u64, now: Instant) -> Option<f64> {
        self.bytes += arrived;
        let span = now.duration_since(self.since);
        if span < SPAN {
            return self.speed;
        }
        let newest = self.bytes as f64 / span.as_secs_f64();
        self.speed = Some(self.speed.map_or(newest, |speed| speed + NEWEST * (newest - speed)));
        (self.since, self.bytes) = (now, 0);
        self.speed
    }
}

/// The part of one file.
#[derive(Debug)]
pub(crate) struct FileMeter<'a> {
    meter: &'a Meter<'a>,
    counted: u64,
}

impl<'a> FileMeter<'a> {
    pub(crate) fn new(meter: &'a Meter<'a>) -> Self {
        Self { meter, counted: 0 }
    }

    /// So many bytes of it are here, from before or not at all any more.
    pub(crate) fn stands_at(&mut self, bytes: u64) {
        self.meter.count(self.counted, bytes, 0);
        self.counted = bytes;
    }

    /// So many more came.
    pub(crate) fn arrived(&mut self, bytes: u64) {
        self.meter.count(self.counted, self.counted + bytes, bytes);
        self.counted += bytes;
        self.meter.phase(Phase::Downloading);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_here_before_is_done_but_not_fast() {
        let watcher = watch::Sender::new(Progress::default());
        let meter = Meter::new(&watcher);
        meter.plan(1, 100);
        let mut file = FileMeter::new(&meter);
        file.stands_at(60);
        file.arrived(10);
        let now = meter.now();
        assert_eq!((now.bytes_done, now.bytes_total, now.bytes_per_second), (70, 100, 0));
        file.stands_at(0);
        assert_eq!(meter.now().bytes_done, 0);
    }

    #[test]
    fn the_speed_follows_the_last_seconds() {
        let start = Instant::now();
        let mut pace = Pace { since: start, bytes: 0, speed: None };
        assert_eq!(pace.speed(1_000, start + Duration::from_millis(100)), None);
        assert_eq!(pace.speed(1_000, start + Duration::from_secs(1)), Some(2_000.0));
        assert_eq!(pace.speed(12_000, start + Duration::from_secs(2)), Some(5_000.0));
    }
}
