//! The replicas of a service, as probes get to see them.

use serde::Serialize;
use service_kit::grpc::{ReplicaHealth, ReplicaState};
use utoipa::ToSchema;

/// How a service is, as its replicas' `grpc.health.v1` say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum UpstreamState {
    /// It takes requests.
    Serving,
    /// It is there, and takes none now.
    NotServing,
    /// It does not answer.
    Unreachable,
}

impl UpstreamState {
    /// Of a service none of whose replicas takes requests.
    pub(super) fn without_any(replicas: &[ReplicaState]) -> Self {
        let there = replicas.iter().any(|replica| replica.health == ReplicaHealth::NotServing);
        if there { Self::NotServing } else { Self::Unreachable }
    }
}

/// A replica of a service.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct Replica {
    /// Where it is.
    #[schema(example = "10.0.0.7:50052")]
    address: String,
    /// What it says of itself.
    health: Health,
    /// Requests that it works on.
    in_flight: usize,
    /// What its answers take, in milliseconds; null before the first.
    latency_ms: Option<u64>,
    /// How often it was left alone for a while because requests broke there.
    ejections: u64,
    /// For how many more milliseconds it is; null where it isn't.
    ejected_for_ms: Option<u64>,
}

/// How a replica is.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ReplicaHealth)]
enum Health {
    /// It was not heard of yet.
    Connecting,
    /// It takes requests.
    Serving,
    /// It is there, and takes none now.
    NotServing,
    /// It does not answer.
    Unreachable,
}

impl From<ReplicaState> for Replica {
    fn from(state: ReplicaState) -> Self {
        let health = match state.health {
            ReplicaHealth::Connecting => Health::Connecting,
            ReplicaHealth::Serving => Health::Serving,
            ReplicaHealth::NotServing => Health::NotServing,
            ReplicaHealth::Unreachable => Health::Unreachable,
        };
        let ms = |time: std::time::Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        Self {
            address: state.address.to_string(),
            health,
            in_flight: state.in_flight,
            latency_ms: state.latency.map(ms),
            ejections: state.ejections,
            ejected_for_ms: state.ejected_for.map(ms),
        }
    }
}
