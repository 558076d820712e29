//! Answers by what was asked and how it ended, and how long they took.

use std::time::Duration;

use prometheus_client::metrics::{counter::Counter, family::Family, histogram::Histogram};

use super::register;

type Labels = Vec<(&'static str, String)>;

/// From a cached answer to a model's longest summary, in seconds.
const BUCKETS: [f64; 16] =
    [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 40.0, 60.0];

/// Counts answers, and times them.
#[derive(Debug)]
pub struct Answers {
    labels: (&'static str, &'static str),
    count: Family<Labels, Counter>,
    time: Family<Labels, Histogram, fn() -> Histogram>,
}

impl Answers {
    /// `nutgraf_{name}_total` by both labels and `nutgraf_{name}_seconds` by the first. To be made once for each name.
    pub fn register(name: &str, help: &str, labels: (&'static str, &'static str)) -> Self {
        let count = Family::default();
        let time = Family::new_with_constructor((|| Histogram::new(BUCKETS)) as fn() -> Histogram);
        register(name, help, count.clone());
        register(&format!("{name}_seconds"), &format!("{help}: how long they took"), time.clone());
        Self { labels, count, time }
    }

    /// One more. `what` must be one of a bounded number of names, and none that a caller makes up.
    pub fn add(&self, what: &str, end: &str, took: Duration) {
        let what = (self.labels.0, what.to_owned());
        self.count.get_or_create(&vec![what.clone(), (self.labels.1, end.to_owned())]).inc();
        self.time.get_or_create(&vec![what]).observe(took.as_secs_f64());
    }
}
