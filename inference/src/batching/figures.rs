//! What was done so far.

use std::sync::{
    Arc, Weak,
    atomic::{AtomicU64, AtomicUsize, Ordering},
};

/// Counted as it happens.
#[derive(Debug, Default)]
pub(super) struct Figures {
    steps: AtomicU64,
    rows: AtomicU64,
    decoding: AtomicUsize,
}

/// What a batch has done, and does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BatchFigures {
    /// Steps that were taken: each moves the weights once.
    pub steps: u64,
    /// Rows of all steps: tokens that were decoded, of all beams, and guesses. By the steps, how full the batch was.
    pub rows: u64,
    /// Requests that are decoding now, in a step or between two.
    pub decoding: usize,
}

/// A view of a batch that doesn't keep it.
#[derive(Debug, Clone)]
pub struct BatchWatch(Weak<Figures>);

impl BatchWatch {
    /// None when the batch is gone.
    pub fn figures(&self) -> Option<BatchFigures> {
        self.0.upgrade().map(|figures| figures.read())
    }
}

impl Figures {
    pub(super) fn stepped(&self, rows: usize) {
        self.steps.fetch_add(1, Ordering::Relaxed);
        self.rows.fetch_add(rows as u64, Ordering::Relaxed);
    }

    pub(super) fn decoding(&self) -> usize {
        self.decoding.load(Ordering::Relaxed)
    }

    pub(super) fn read(&self) -> BatchFigures {
        BatchFigures {
            steps: self.steps.load(Ordering::Relaxed),
            rows: self.rows.load(Ordering::Relaxed),
            decoding: self.decoding(),
        }
    }

    pub(super) fn watch(self: &Arc<Self>) -> BatchWatch {
        BatchWatch(Arc::downgrade(self))
    }
}

/// A place among those who are decoding, until it is dropped.
#[derive(Debug)]
pub(super) struct Seat(Arc<Figures>);

impl Seat {
    pub(super) fn take(figures: &Arc<Figures>) -> Self {
        figures.decoding.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(figures))
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.0.decoding.fetch_sub(1, Ordering::Relaxed);
    }
}
