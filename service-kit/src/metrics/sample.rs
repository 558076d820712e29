//! What is asked for when the page is.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, NoLabelSet},
    metrics::MetricType,
};
use tokio::runtime::Handle;

/// What a sample's value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// It goes up and down.
    Gauge,
    /// It only goes up; `_total` is added to its name.
    Counter,
}

/// One value at one moment.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Without `nutgraf_` and `_total`; one name has one kind and one help.
    pub name: &'static str,
    /// What it is.
    pub help: &'static str,
    /// Whether it can go down.
    pub kind: Kind,
    /// What tells it from others of its name; at least one, from a bounded number of values.
    pub labels: Vec<(&'static str, String)>,
    /// In base units: seconds, bytes.
    pub value: f64,
}

type Ask = Box<dyn Fn() -> Option<Vec<Sample>> + Send + Sync>;

static WATCHED: Mutex<Vec<Ask>> = Mutex::new(Vec::new());

/// Puts on the page what `ask` says whenever the page is asked for, until it says None: what it spoke of is gone then.
pub fn watch(ask: impl Fn() -> Option<Vec<Sample>> + Send + Sync + 'static) {
    let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
    watched.retain(|ask| ask().is_some());
    watched.push(Box::new(ask));
}

#[derive(Debug)]
pub(super) struct Watched;

impl Collector for Watched {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> fmt::Result {
        let samples: Vec<Sample> = {
            let mut watched = WATCHED.lock().unwrap_or_else(PoisonError::into_inner);
            let mut samples = Vec::new();
            watched.retain(|ask| ask().map(|more| samples.extend(more)).is_some());
            samples.extend(runtime());
            samples
        };
        let mut by_name: BTreeMap<&str, Vec<Sample>> = BTreeMap::new();
        for sample in samples {
            by_name.entry(sample.name).or_default().push(sample);
        }
        for (name, samples) in by_name {
            let Some(&Sample { kind, help, .. }) = samples.first() else { continue };
            let metric_type = match kind {
                Kind::Gauge => MetricType::Gauge,
                Kind::Counter => MetricType::Counter,
            };
            let mut metric = encoder.encode_descriptor(name, help, None, metric_type)?;
            for Sample { labels, value, .. } in samples {
                let mut one = metric.encode_family(&labels)?;
                match kind {
                    Kind::Gauge => one.encode_gauge(&value)?,
                    Kind::Counter => one.encode_counter::<NoLabelSet, _, u64>(&value, None)?,
                }
            }
        }
        Ok(())
    }
}

/// What the runtime that the page is asked in has to do: a number that only grows is a leak.
fn runtime() -> Option<Sample> {
    let tasks = Handle::try_current().ok()?.metrics().num_alive_tasks();
    Some(Sample {
        name: "runtime_tasks",
        help: "Tasks that have begun and not ended",
        kind: Kind::Gauge,
        labels: vec![("runtime", "tokio".to_owned())],
        value: tasks as f64,
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::metrics::page;

    #[test]
    fn what_is_watched_is_on_the_page_until_it_is_gone() {
        let things = ["a\"b", "c"].map(|label| Arc::new(label.to_owned()));
        for thing in &things {
            let watched = Arc::downgrade(thing);
            watch(move || {
                let labels = vec![("thing", watched.upgrade()?.to_string())];
                let gauge =
                    Sample { name: "test_things", help: "Things", kind: Kind::Gauge, labels, value: 1.5 };
                Some(vec![gauge.clone(), Sample { name: "test_seen", kind: Kind::Counter, ..gauge }])
            });
        }
        let shown = page();
        for line in [
            "# TYPE nutgraf_test_things gauge",
            "nutgraf_test_things{thing=\"a\\\"b\"} 1.5",
            "nutgraf_test_things{thing=\"c\"} 1.5",
            "# TYPE nutgraf_test_seen_total counter",
            "nutgraf_test_seen_total{thing=\"c\"} 1.5",
        ] {
            assert_eq!(shown.lines().filter(|shown| *shown == line).count(), 1, "{line}\n{shown}");
        }
        drop(things);
        assert!(!page().contains("test_things"));
    }
}
