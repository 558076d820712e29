//! How many summaries may be under way at once.

use std::sync::{
    Arc,
    atomic::{AtomicU64, Ordering},
};

use service_kit::metrics::{Kind, Sample, watch};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// One of the summaries that may be under way at once; dropping it makes room for another.
#[derive(Debug)]
pub struct Place(#[expect(dead_code, reason = "it is held")] OwnedSemaphorePermit);

/// A bounded number of places. Clones are the same.
#[derive(Debug, Clone)]
pub(super) struct Places(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    free: Arc<Semaphore>,
    all: usize,
    refused: AtomicU64,
}

impl Places {
    pub(super) fn new(places: usize) -> Self {
        let all = places.min(Semaphore::MAX_PERMITS);
        let inner = Arc::new(Inner { free: Arc::new(Semaphore::new(all)), all, refused: AtomicU64::new(0) });
        let watched = Arc::downgrade(&inner);
        watch(move || watched.upgrade().map(|inner| inner.figures()));
        Self(inner)
    }

    /// None, at once, when all are taken.
    pub(super) fn take(&self) -> Option<Place> {
        let place = Arc::clone(&self.0.free).try_acquire_owned().ok();
        if place.is_none() {
            self.0.refused.fetch_add(1, Ordering::Relaxed);
        }
        place.map(Place)
    }
}

impl Inner {
    fn figures(&self) -> Vec<Sample> {
        let labels = vec![("service", "summarizer".to_owned())];
        let under_way = self.all.saturating_sub(self.free.available_permits());
        vec![
            Sample {
                name: "gateway_places_taken",
                help: "Requests under way to a service, of those that may be",
                kind: Kind::Gauge,
                labels: labels.clone(),
                value: under_way as f64,
            },
            Sample {
                name: "gateway_shed",
                help: "Requests that were refused because as many were under way as may be",
                kind: Kind::Counter,
                labels,
                value: self.refused.load(Ordering::Relaxed) as f64,
            },
        ]
    }
}
