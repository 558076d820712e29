//! The replicas as metrics.

use super::replica::{ReplicaHealth, ReplicaState};
use crate::metrics::{Kind, Sample};

/// What is known of the replicas of a service.
pub(super) fn figures(service: &'static str, replicas: &[ReplicaState]) -> Vec<Sample> {
    replicas.iter().flat_map(|replica| of_one(service, replica)).collect()
}

fn of_one(service: &'static str, replica: &ReplicaState) -> Vec<Sample> {
    use Kind::{Counter, Gauge};
    let labels = vec![("service", service.to_owned()), ("replica", replica.address.to_string())];
    let sample = |name, help, kind, value| Sample { name, help, kind, labels: labels.clone(), value };
    let serving = replica.health == ReplicaHealth::Serving && replica.ejected_for.is_none();
    let mut samples = vec![
        sample("upstream_serving", "Whether the replica gets calls", Gauge, f64::from(u8::from(serving))),
        sample("upstream_in_flight", "Calls that it works on", Gauge, replica.in_flight as f64),
        sample("upstream_calls", "Calls that it was given", Counter, replica.calls as f64),
        sample("upstream_failures", "Calls that broke on the way", Counter, replica.failures as f64),
        sample("upstream_ejections", "How often it was put out for that", Counter, replica.ejections as f64),
    ];
    samples.extend(replica.latency.map(|latency| {
        let help = "What its slowest method takes for each call in flight, by the balancer's fading peak";
        sample("upstream_latency_seconds", help, Gauge, latency.as_secs_f64())
    }));
    samples
}
