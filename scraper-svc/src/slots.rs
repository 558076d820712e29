//! A bounded number of places, and a bounded queue before them.

use std::sync::Arc;

use service_kit::metrics::{Kind, Sample, watch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Places for work that must not run more than so many times at once.
#[derive(Debug, Clone)]
pub(crate) struct Slots {
    places: usize,
    /// Those at work and those who wait.
    admitted: Arc<Semaphore>,
    /// Those at work.
    working: Arc<Semaphore>,
}

/// A place; it is free again when this is dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    _working: OwnedSemaphorePermit,
    _admitted: OwnedSemaphorePermit,
}

impl Slots {
    /// `places` at once, and at most `waiting` in line.
    pub(crate) fn new(places: usize, waiting: usize) -> Self {
        let admitted = places.saturating_add(waiting).min(Semaphore::MAX_PERMITS);
        let places = places.min(Semaphore::MAX_PERMITS);
        Self {
            places,
            admitted: Arc::new(Semaphore::new(admitted)),
            working: Arc::new(Semaphore::new(places)),
        }
    }

    /// Shows in the metrics how many are at work, `what` they do, until the slots are gone.
    pub(crate) fn watched(self, what: &'static str) -> Self {
        let (working, places) = (Arc::downgrade(&self.working), self.places);
        let (name, help) = ("scraper_at_work", "What the scraper does at this moment");
        watch(move || {
            let value = places.saturating_sub(working.upgrade()?.available_permits()) as f64;
            let labels = vec![("work", what.to_owned())];
            Some(vec![Sample { name, help, kind: Kind::Gauge, labels, value }])
        });
        self
    }

    /// Waits for a place; None at once when too many wait already.
    pub(crate) async fn enter(&self) -> Option<Slot> {
        let admitted = Arc::clone(&self.admitted).try_acquire_owned().ok()?;
        let working = Arc::clone(&self.working).acquire_owned().await.ok()?;
        Some(Slot { _working: working, _admitted: admitted })
    }
}

#[cfg(test)]
mod tests {
    use futures::{FutureExt as _, poll};

    use super::*;

    #[tokio::test]
    async fn one_works_one_waits_and_the_third_is_sent_away() {
        let slots = Slots::new(1, 1);
        let first = slots.enter().await.unwrap();
        let mut second = Box::pin(slots.enter());
        assert!(poll!(&mut second).is_pending());
        assert!(slots.enter().now_or_never().unwrap().is_none());
        drop(first);
        assert!(second.await.is_some());
    }

    #[tokio::test]
    async fn one_who_gives_up_waiting_leaves_the_queue() {
        let slots = Slots::new(1, 1);
        let first = slots.enter().await.unwrap();
        let mut second = Box::pin(slots.enter());
        assert!(poll!(&mut second).is_pending());
        drop(second);
        let mut third = Box::pin(slots.enter());
        assert!(poll!(&mut third).is_pending());
        drop(first);
        assert!(third.await.is_some());
    }

    #[tokio::test]
    async fn the_metrics_show_how_many_are_at_work() {
        let slots = Slots::new(2, 0).watched("test");
        let _one = slots.enter().await.unwrap();
        let page = service_kit::metrics::page();
        assert!(page.contains("nutgraf_scraper_at_work{work=\"test\"} 1.0\n"), "{page}");
    }
}
