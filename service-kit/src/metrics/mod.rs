//! Figures for Prometheus: one page for the process, whatever runs in it.
//!
//! What happens is counted as it happens ([`Answers`]); what is (queues, connections) is asked for when the page is ([`watch`]).

mod answers;
mod listen;
mod sample;

use std::sync::{LazyLock, Mutex, PoisonError};

use prometheus_client::{
    encoding::prometheus_text::encode,
    registry::{Metric, Registry},
};

pub use self::{
    answers::Answers,
    listen::{CONTENT_TYPE, MetricsArgs},
    sample::{Kind, Sample, watch},
};

/// Every name begins with it.
const PREFIX: &str = "nutgraf";

static REGISTRY: LazyLock<Mutex<Registry>> = LazyLock::new(|| {
    let mut registry = Registry::with_prefix(PREFIX);
    registry.register_collector(Box::new(sample::Watched));
    Mutex::new(registry)
});

/// The page, in Prometheus' text format.
pub fn page() -> String {
    let mut page = String::new();
    let registry = REGISTRY.lock().unwrap_or_else(PoisonError::into_inner);
    if encode(&mut page, &registry).is_err() {
        // A string takes whatever is written.
        tracing::error!("the metrics could not be written");
    }
    page
}

fn register(name: &str, help: &str, metric: impl Metric) {
    REGISTRY.lock().unwrap_or_else(PoisonError::into_inner).register(name, help, metric);
}
