//! One replica: its connection, how it is, and what it works on.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use http::{Request, Response, uri::PathAndQuery};
use tokio::{sync::watch, time::Instant};
use tonic::{Code, Status, body::Body, transport::Channel};
use tower::{Service as _, ServiceExt as _};

use super::{ejection::Ejection, latency::Latencies, pick::Offer};
use crate::grpc::{
    client::{GrpcAddress, channel},
    ended::{End, on_end},
    fault::{Fault, FaultKind},
};

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
    /// What its slowest method takes; None before the first answer.
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
    /// Calls that wait for their answer, by their number: what is asked, and since when.
    waiting: BTreeMap<u64, (PathAndQuery, Instant)>,
    latencies: Latencies,
    ejection: Ejection,
    calls: u64,
    failures: u64,
}

impl State {
    /// What `method` takes, by its answers and by the call that has waited longest for one.
    fn latency(&self, method: &PathAndQuery, now: Instant) -> Option<Duration> {
        let known = self.latencies.of(method, now);
        let oldest = self.waiting.values().find(|(asked, _)| asked == method);
        let waited = oldest.map(|(_, since)| now.saturating_duration_since(*since));
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

    /// A panic while the lock is held leaves the state whole: every change to it is a single step.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A call's place at a replica, from the pick to the end of the answer's body; dropping it gives it back.
pub(super) struct Place {
    replica: Arc<Replica>,
    method: PathAndQuery,
    began: Instant,
    number: u64,
}

impl Place {
    pub(super) fn at(replica: Arc<Replica>, method: PathAndQuery) -> Self {
        let began = Instant::now();
        let mut state = replica.lock();
        state.in_flight += 1;
        state.calls += 1;
        let number = state.calls;
        state.waiting.insert(number, (method.clone(), began));
        drop(state);
        Self { replica, method, began, number }
    }

    pub(super) fn address(&self) -> SocketAddr {
        self.replica.address
    }

    /// Sends the call; the place is kept until the answer's body has ended.
    pub(super) async fn send(self, request: Request<Body>) -> Result<Response<Body>, Status> {
        let mut channel = self.replica.channel.clone();
        let answer = async { channel.ready().await?.call(request).await }.await;
        match answer {
            Ok(response) => {
                self.answered(Status::from_header_map(response.headers()).map(|status| status.code()));
                Ok(response.map(|body| on_end(body, move |end| self.ended(end))))
            }
            Err(error) => {
                let status = Status::from_error(Box::new(error));
                // A timeout is told by the place when it is dropped.
                if Fault::from_status(&status).kind != FaultKind::Timeout {
                    self.broke();
                }
                Err(status)
            }
        }
    }

    /// The headers are there: for a unary call the whole answer, for a stream the word that it was accepted. How long the
    /// rest of a stream takes is its work, and shows in what is in flight.
    ///
    /// Only a good answer makes a replica look faster, else one that refuses everything would get everything.
    pub(super) fn answered(&self, refused: Option<Code>) {
        let (now, took) = (Instant::now(), self.began.elapsed());
        let mut state = self.replica.lock();
        state.waiting.remove(&self.number);
        state.ejection.answered();
        match refused {
            None | Some(Code::Ok) => state.latencies.observe(&self.method, took, now),
            Some(Code::ResourceExhausted | Code::Unavailable) => {
                state.latencies.raise(&self.method, took.max(REFUSAL), now);
            }
            Some(_) => state.latencies.raise(&self.method, took, now),
        }
    }

    fn ended(self, end: End) {
        if end == End::Broken {
            self.broke();
        }
    }

    pub(super) fn broke(&self) {
        let mut state = self.replica.lock();
        state.waiting.remove(&self.number);
        state.failures += 1;
        let ejected = state.ejection.eject(Instant::now());
        drop(state);
        if let Some(time) = ejected {
            tracing::info!(address = %self.replica.address, ?time, "a call broke; the replica gets none for a while");
        }
        self.replica.changed.send_replace(());
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.replica.lock();
        state.in_flight = state.in_flight.saturating_sub(1);
        if state.waiting.remove(&self.number).is_some() {
            // Its time was up, or its caller left: that long at least it would have taken.
            state.latencies.raise(&self.method, self.began.elapsed(), Instant::now());
        }
    }
}
