//! A channel to all replicas of a service, which sends each call to the one that should answer it first.
//!
//! # Layout
//!
//! - `resolver`, `follow`: who is there, asked for every second, and who serves, by a `Health.Watch` to each.
//! - `replica`: one of them, with its connection, its `latency` and its `ejection`; `turn`: a call's place there.
//! - `pick`: who gets the next call; `replicas`: all of them, and a place at one.
//! - `figures`: the replicas as metrics; `attempt`: what a retry and the channel tell each other.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

mod attempt;
mod ejection;
mod figures;
mod follow;
mod latency;
mod pick;
mod replica;
mod replicas;
mod resolver;
#[cfg(test)]
mod tests;
mod turn;

use std::{
    fmt,
    net::SocketAddr,
    sync::Arc,
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response, uri::PathAndQuery};
use tokio::time::timeout;
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, body::Body};
use tower::Service;

use self::replicas::Replicas;
pub use self::{
    attempt::Attempt,
    replica::{ReplicaHealth, ReplicaState},
    resolver::Resolver,
};
use super::client::{GrpcAddress, timeout_of};
use crate::{deadline::Deadline, metrics};

/// How long a call waits where no replica is there to take it.
const PATIENCE: Duration = Duration::from_secs(1);

/// A channel to all replicas of a service. Clones are the same; what runs for it ends with the last one.
#[derive(Clone)]
pub struct Balanced {
    inner: Arc<Inner>,
}

struct Inner {
    service: &'static str,
    replicas: Arc<Replicas>,
    _follow: AbortOnDropHandle<()>,
}

impl Balanced {
    /// To every address that the host of `address` has. `service` is its name in logs and metrics. Must be called within
    /// a tokio runtime.
    pub fn connect(service: &'static str, address: &GrpcAddress) -> Self {
        Self::over(service, address.clone())
    }

    /// To every address that `resolver` names. Must be called within a tokio runtime.
    pub fn over(service: &'static str, resolver: impl Resolver) -> Self {
        let replicas = Arc::new(Replicas::new());
        let follow = tokio::spawn(follow::names(Arc::clone(&replicas), Arc::new(resolver), service));
        let inner = Arc::new(Inner { service, replicas, _follow: AbortOnDropHandle::new(follow) });
        let watched = Arc::downgrade(&inner);
        metrics::watch(move || {
            let inner = watched.upgrade()?;
            Some(figures::figures(service, &inner.replicas.snapshot()))
        });
        Self { inner }
    }

    /// The service's name.
    pub fn service(&self) -> &'static str {
        self.inner.service
    }

    /// The replicas as they are now.
    pub fn replicas(&self) -> Vec<ReplicaState> {
        self.inner.replicas.snapshot()
    }

    /// To how many replicas a call could go, now, that are none of `tried`.
    pub fn others_than(&self, tried: &[SocketAddr]) -> usize {
        self.inner.replicas.others_than(tried)
    }

    /// Waits until some replica takes calls, or all have been heard of; true if one does by the deadline.
    pub async fn serves(&self, deadline: Deadline) -> bool {
        let mut changed = self.inner.replicas.subscribe();
        let known = async {
            while self.others_than(&[]) == 0 && self.is_connecting() {
                // The sender is in `inner`.
                let _ = changed.changed().await;
            }
        };
        timeout(deadline.remaining(), known).await.is_ok() && self.others_than(&[]) > 0
    }

    /// Whether it is too early to tell who serves.
    fn is_connecting(&self) -> bool {
        let replicas = self.replicas();
        replicas.is_empty() || replicas.iter().any(|replica| replica.health == ReplicaHealth::Connecting)
    }
}

impl fmt::Debug for Balanced {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Balanced")
            .field("service", &self.inner.service)
            .field("replicas", &self.replicas())
            .finish_non_exhaustive()
    }
}

impl Service<Request<Body>> for Balanced {
    type Response = Response<Body>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Response<Body>, Status>>;

    /// Always: a call waits for a replica by itself, within its deadline.
    fn poll_ready(&mut self, _context: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.inner);
        async move {
            let attempt = request.extensions().get::<Attempt>().cloned().unwrap_or_default();
            let method = request.uri().path_and_query().cloned();
            let method = method.unwrap_or_else(|| PathAndQuery::from_static("/"));
            let left = timeout_of(request.headers()).unwrap_or(PATIENCE);
            let Some(place) = inner.replicas.place(&method, &attempt, left.min(PATIENCE)).await else {
                let message = format!("no replica of the {} is there", inner.service);
                let in_time = left >= PATIENCE;
                return Err(if in_time {
                    Status::unavailable(message)
                } else {
                    Status::deadline_exceeded(message)
                });
            };
            place.send(request, &attempt).await
        }
        .boxed()
    }
}
