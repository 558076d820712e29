//! The queue as metrics.

use std::sync::Arc;

use service_kit::metrics::{
    Kind::{self, Counter, Gauge},
    Sample, watch,
};

use super::{Queue, State};

impl Queue {
    /// Shows the queue in the metrics as the one of `engine`, until it is gone.
    pub fn watched(self, engine: &'static str) -> Self {
        let (shared, workers) = (Arc::downgrade(&self.shared), self.workers);
        watch(move || shared.upgrade().map(|shared| shared.lock().figures(engine, workers)));
        self
    }
}

impl State {
    fn figures(&self, engine: &'static str, workers: usize) -> Vec<Sample> {
        let labels = vec![("engine", engine.to_owned())];
        let sample =
            |name, help, kind: Kind, value| Sample { name, help, kind, labels: labels.clone(), value };
        let waiting = self.waiting.len();
        let free = workers.saturating_sub(self.running);
        let wait = self.wait((waiting + 1).saturating_sub(free), workers);
        let help = "How long a request that comes now would wait for its turn";
        vec![
            sample("summarizer_queue_depth", "Requests that wait for a worker", Gauge, waiting as f64),
            sample("summarizer_running", "Summaries that are being made", Gauge, self.running as f64),
            sample("summarizer_wait_seconds", help, Gauge, wait.as_secs_f64()),
            sample("summarizer_refused", "Requests refused by a full queue", Counter, self.refused as f64),
        ]
    }
}
