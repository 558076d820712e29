//! A service with all its replicas, and tries of a call at more than one of them.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

use std::{
    future::Future,
    mem,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use service_kit::{
    deadline::Deadline,
    grpc::{Attempt, Balanced, Fault, FaultKind, GrpcAddress, request},
    metrics::{Kind, Sample, watch},
};
use tokio::time::timeout;
use tonic::{Request, Response, Status};
use tower::retry::budget::{Budget as _, TpsBudget};

use crate::digest::Call;

/// Most tries after the first.
const MOST_RETRIES: usize = 2;
/// A peer that hangs is found by the pings of its connection in this time, and its calls end.
const HUNG_FOR: Duration = Duration::from_secs(2);
/// The budget looks back so far.
const BUDGET_WINDOW: Duration = Duration::from_secs(10);
/// Retries that are always possible, by second: without them a quiet gateway could make none.
const BUDGET_FLOOR: u32 = 10;
/// Retries for each call beyond that.
const BUDGET_SHARE: f32 = 0.2;

/// A service: its replicas, and the budget for retries, so that a service in trouble doesn't get more calls than a healthy
/// one. Clones are the same.
#[derive(Debug, Clone)]
pub struct Upstream {
    channel: Balanced,
    budget: Option<Arc<TpsBudget>>,
    retries: Arc<AtomicU64>,
}

impl Upstream {
    /// To every address that the host of `address` has. `service` is its name in logs and metrics. Must be called within
    /// a tokio runtime.
    pub fn connect(service: &'static str, address: &GrpcAddress) -> Self {
        Self::over(Balanced::connect(service, address))
    }

    /// Over a channel that is there already.
    pub fn over(channel: Balanced) -> Self {
        let budget = TpsBudget::new(BUDGET_WINDOW, BUDGET_FLOOR, BUDGET_SHARE);
        let retries = Arc::new(AtomicU64::new(0));
        let (watched, service) = (Arc::downgrade(&retries), channel.service());
        watch(move || {
            let labels = vec![("service", service.to_owned())];
            let value = watched.upgrade()?.load(Ordering::Relaxed) as f64;
            let help = "Calls that were tried at another replica";
            Some(vec![Sample { name: "upstream_retries", help, kind: Kind::Counter, labels, value }])
        });
        Self { channel, budget: Some(Arc::new(budget)), retries }
    }

    /// The same without retries.
    pub fn without_retries(self) -> Self {
        Self { budget: None, ..self }
    }

    /// The channel to its replicas.
    pub fn channel(&self) -> &Balanced {
        &self.channel
    }

    /// The tries of one call.
    pub(super) fn tries(&self, call: &Call) -> Tries {
        if let Some(budget) = &self.budget {
            budget.deposit();
        }
        let (upstream, call) = (self.clone(), call.clone());
        Tries { upstream, call, streams: false, tried: Vec::new(), last: Last::default() }
    }

    /// The tries of a call whose answer is a stream: how fast a replica is shows when [`Tries::worked`] is said.
    pub(super) fn stream_tries(&self, call: &Call) -> Tries {
        Tries { streams: true, ..self.tries(call) }
    }

    /// The answer to an idempotent call, from whichever replica gives one.
    pub(super) async fn ask<M: Clone, T, A>(
        &self,
        message: M,
        call: &Call,
        send: impl Fn(Request<M>) -> A,
    ) -> Result<T, Fault>
    where
        A: Future<Output = Result<Response<T>, Status>>,
    {
        self.tries(call).open(&message, send).await
    }
}

/// What became of the last try.
#[derive(Debug, Default)]
struct Last {
    attempt: Attempt,
    /// It was given less time than the call has.
    capped: bool,
    /// One was full already.
    refused: bool,
}

/// The tries of one call, no two of them at the same replica.
#[derive(Debug)]
pub(super) struct Tries {
    upstream: Upstream,
    call: Call,
    streams: bool,
    tried: Vec<SocketAddr>,
    last: Last,
}

impl Tries {
    /// When the call's time is up.
    pub(super) fn deadline(&self) -> Deadline {
        self.call.deadline
    }

    /// The stream has brought the first that its replica had to work for.
    pub(super) fn worked(&self) {
        self.last.attempt.worked();
    }

    /// Tries until there is an answer, or nothing is left to try.
    pub(super) async fn open<M: Clone, T, A>(
        &mut self,
        message: &M,
        send: impl Fn(Request<M>) -> A,
    ) -> Result<T, Fault>
    where
        A: Future<Output = Result<Response<T>, Status>>,
    {
        loop {
            match self.once(message.clone(), &send).await {
                Err(fault) if self.again(&fault) => {}
                ended => return ended,
            }
        }
    }

    async fn once<M, T, A>(&mut self, message: M, send: impl Fn(Request<M>) -> A) -> Result<T, Fault>
    where
        A: Future<Output = Result<Response<T>, Status>>,
    {
        let cap = self.cap();
        let attempt = Attempt::avoiding(&self.tried);
        let attempt = if self.streams { attempt.telling() } else { attempt };
        let mut request = request(message, self.call.deadline, &self.call.request_id);
        request.extensions_mut().insert(attempt.clone());
        let answer = timeout(cap.unwrap_or(self.call.deadline.remaining()), send(request)).await;
        self.last.capped = cap.is_some();
        self.tried.extend(attempt.picked());
        self.last.attempt = attempt;
        match answer {
            Ok(answer) => answer.map(Response::into_inner).map_err(|status| Fault::from_status(&status)),
            Err(_) => Err(Fault::timeout("no answer in time")),
        }
    }

    /// How long this try may take where that is less than what the call has.
    ///
    /// A hung peer is found by its connection, and so no try is cut short that has time for that: the work may just be
    /// long. With less time than finding one takes twice, half of it goes to this try, if there is another replica.
    fn cap(&self) -> Option<Duration> {
        let half = self.call.deadline.remaining() / 2;
        let goes_on = self.upstream.budget.is_some() && self.tried.len() < MOST_RETRIES;
        let others = self.upstream.channel.others_than(&self.tried);
        (goes_on && half < HUNG_FOR && others > 1).then_some(half)
    }

    /// Whether to try again after `fault`; a retry is taken from the budget then.
    pub(super) fn again(&mut self, fault: &Fault) -> bool {
        let Some(budget) = self.upstream.budget.clone() else { return false };
        let elsewhere = self.last.attempt.picked().is_some()
            && self.tried.len() <= MOST_RETRIES
            && !self.call.deadline.has_passed()
            && self.upstream.channel.others_than(&self.tried) > 0;
        let again = elsewhere && self.may_help(fault) && budget.withdraw();
        if again {
            self.upstream.retries.fetch_add(1, Ordering::Relaxed);
            let service = self.upstream.channel.service();
            tracing::info!(service, %fault, tried = ?self.tried, "trying another replica");
        }
        again
    }

    /// Whether another replica may do better.
    fn may_help(&mut self, fault: &Fault) -> bool {
        match (fault.kind, fault.reason.as_deref()) {
            (FaultKind::Unreachable, _) | (FaultKind::Rejected, Some("SHUTTING_DOWN")) => true,
            // One may be full while another has room; a second one says that they all are.
            (FaultKind::Rejected, Some("QUEUE_FULL" | "BUSY")) => !mem::replace(&mut self.last.refused, true),
            (FaultKind::Timeout, _) => self.last.capped,
            (FaultKind::Rejected | FaultKind::Cancelled | FaultKind::Internal, _) => false,
        }
    }
}
