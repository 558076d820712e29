//! One replica: its connection, how it is, and what it works on.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{
    collections::BTreeMap,
    fmt,
    net::SocketAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::uri::PathAndQuery;
use tokio::{sync::watch, time::Instant};
use tonic::{Code, transport::Channel};

use super::{ejection::Ejection, latency::Latencies, pick::Offer};
use crate::grpc::client::{GrpcAddress, channel};

/// What an answer counts that says "not now": as if the call had waited that long for its turn.
const REFUSAL: Duration = Duration::from_secs(1);

/// How a replica is, by its `grpc.health.v1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplicaHealth {
    /// It was not heard of yet.
    Connecting,
    /// It takes calls.
    Serving,
    /// It is there, and takes none now.
    NotServing,
    /// It does not answer.
    Unreachable,
}

/// A replica as it is at one moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReplicaState {
    /// Where it is.
    pub address: SocketAddr,
    /// What it says of itself.
    pub health: ReplicaHealth,
    /// Calls that it works on, streams until their last message.
    pub in_flight: usize,
    /// What its slowest method takes for each call that it works on; None before the first answer.
    pub latency: Option<Duration>,
    /// How much longer it gets no calls, because the last ones broke; None where it gets some.
    pub ejected_for: Option<Duration>,
    /// How often that was so.
    pub ejections: u64,
    /// Calls that it was given.
    pub calls: u64,
    /// Those of them that broke on the way.
    pub failures: u64,
}

pub(super) struct Replica {
    pub(super) address: SocketAddr,
    pub(super) channel: Channel,
    state: Mutex<State>,
    changed: watch::Sender<()>,
}

struct State {
    health: ReplicaHealth,
    in_flight: usize,
    /// Calls that wait for their answer, by their number.
    waiting: BTreeMap<u64, Waiting>,
    latencies: Latencies,
    ejection: Ejection,
    calls: u64,
    failures: u64,
}

/// A call that waits for its answer.
struct Waiting {
    method: PathAndQuery,
    since: Instant,
    /// Calls in flight when it came.
    ahead: u32,
}

impl Waiting {
    /// What it has waited so far, for each call that it waits for.
    fn share(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.since) / self.ahead.saturating_add(1)
    }
}

impl State {
    /// What `method` takes for each call, by its answers and by those that wait for one.
    fn latency(&self, method: &PathAndQuery, now: Instant) -> Option<Duration> {
        let known = self.latencies.of(method, now);
        let waiting = self.waiting.values().filter(|waiting| waiting.method == *method);
        let waited = waiting.map(|waiting| waiting.share(now)).max();
        // Without any answer yet it is as fast as the others, until it proves slower.
        known.map(|known| waited.map_or(known, |waited| known.max(waited)))
    }
}

impl Replica {
    /// Not connected yet; `changed` hears of what may make it one to pick, or no longer one.
    pub(super) fn new(address: SocketAddr, changed: watch::Sender<()>) -> Self {
        let state = State {
            health: ReplicaHealth::Connecting,
            in_flight: 0,
            waiting: BTreeMap::new(),
            latencies: Latencies::default(),
            ejection: Ejection::default(),
            calls: 0,
            failures: 0,
        };
        Self { address, channel: channel(&GrpcAddress::from(address)), state: Mutex::new(state), changed }
    }

    /// What it is worth for a call of `method`; None where it must get none.
    pub(super) fn offer(&self, method: &PathAndQuery, now: Instant) -> Option<Offer> {
        let state = self.lock();
        let usable = state.health == ReplicaHealth::Serving && state.ejection.left(now).is_none();
        usable.then(|| Offer { in_flight: state.in_flight, latency: state.latency(method, now) })
    }

    /// How much longer it is ejected, if nothing else speaks against it.
    pub(super) fn back_in(&self, now: Instant) -> Option<Duration> {
        let state = self.lock();
        state.ejection.left(now).filter(|_| state.health == ReplicaHealth::Serving)
    }

    /// What it says of itself, or that it says nothing.
    pub(super) fn is(&self, health: ReplicaHealth) {
        let mut state = self.lock();
        if state.health == health {
            return;
        }
        tracing::debug!(address = %self.address, ?health, "a replica changed");
        state.health = health;
        if health == ReplicaHealth::Serving {
            // What was known is of before.
            state.latencies = Latencies::default();
            state.ejection.lift();
        }
        drop(state);
        self.changed.send_replace(());
    }

    pub(super) fn snapshot(&self, now: Instant) -> ReplicaState {
        let state = self.lock();
        ReplicaState {
            address: self.address,
            health: state.health,
            in_flight: state.in_flight,
            latency: state.latencies.highest(now),
            ejected_for: state.ejection.left(now),
            ejections: state.ejection.total(),
            calls: state.calls,
            failures: state.failures,
        }
    }

    /// A call of `method` comes; gives its number.
    pub(super) fn take(&self, method: &PathAndQuery) -> u64 {
        let mut state = self.lock();
        let ahead = u32::try_from(state.in_flight).unwrap_or(u32::MAX);
        state.in_flight += 1;
        state.calls += 1;
        let number = state.calls;
        state.waiting.insert(number, Waiting { method: method.clone(), since: Instant::now(), ahead });
        number
    }

    /// Its answer is there, or what says why there is none; only the first word counts.
    ///
    /// Only a good answer makes a replica look faster, else one that refuses everything would get everything.
    pub(super) fn answered(&self, number: u64, refused: Option<Code>) {
        let now = Instant::now();
        let mut state = self.lock();
        state.ejection.answered();
        let Some(waiting) = state.waiting.remove(&number) else { return };
        let share = waiting.share(now);
        match refused {
            None | Some(Code::Ok) => state.latencies.observe(&waiting.method, share, now),
            Some(Code::ResourceExhausted | Code::Unavailable) => {
                state.latencies.raise(&waiting.method, share.max(REFUSAL), now);
            }
            Some(_) => state.latencies.raise(&waiting.method, share, now),
        }
    }

    /// It answers, if not yet with what was asked for.
    pub(super) fn is_alive(&self) {
        self.lock().ejection.answered();
    }

    /// A call's connection broke.
    pub(super) fn broke(&self, number: u64) {
        let mut state = self.lock();
        state.waiting.remove(&number);
        state.failures += 1;
        let ejected = state.ejection.eject(Instant::now());
        drop(state);
        if let Some(time) = ejected {
            tracing::info!(address = %self.address, ?time, "a call broke; the replica gets none for a while");
        }
        self.changed.send_replace(());
    }

    /// A call is over.
    pub(super) fn give_back(&self, number: u64) {
        let now = Instant::now();
        let mut state = self.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if let Some(waiting) = state.waiting.remove(&number) {
            // Its time was up, or its caller left: that long at least it would have taken.
            state.latencies.raise(&waiting.method, waiting.share(now), now);
        }
    }

    /// A panic while the lock is held leaves the state whole: every change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Replica {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Replica").field(&self.address).finish()
    }
}
