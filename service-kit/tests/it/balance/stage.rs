//! Servers that answer as a test wants, and a resolver that says what it wants.
#![expect(clippy::disallowed_types, reason = "a gRPC server is an edge")]

use std::{
    convert::Infallible,
    future::pending,
    io,
    net::SocketAddr,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use futures::{FutureExt as _, future::BoxFuture};
use http::{Request, Response};
use service_kit::{
    grpc::{Attempt, Balanced, ReplicaState, Resolver, Services, serve},
    shutdown::DrainArgs,
    testing::{Wire, listener},
};
use tokio::{
    sync::watch,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Status, body::Body, server::NamedService};
use tonic_health::pb::FILE_DESCRIPTOR_SET;
use tower::{Service, ServiceExt as _};

pub(crate) const LONG: Duration = Duration::from_secs(10);

/// What a server does with a call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Manner {
    Answer,
    AnswerAfter(Duration),
    /// No answer.
    Hang,
    /// Headers, and a body that has no end.
    Stream,
    /// The same, with as much in it as the caller takes.
    Flood,
    Refuse,
}

#[derive(Clone)]
struct Stub {
    manner: watch::Receiver<Manner>,
    calls: Arc<AtomicUsize>,
}

impl NamedService for Stub {
    const NAME: &'static str = "test.Stub";
}

impl Service<Request<Body>> for Stub {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<Body>) -> Self::Future {
        self.calls.fetch_add(1, Ordering::SeqCst);
        let manner = *self.manner.borrow();
        async move {
            match manner {
                Manner::Answer => {}
                Manner::AnswerAfter(time) => sleep(time).await,
                Manner::Hang => pending().await,
                Manner::Stream => return Ok(Response::new(endless())),
                Manner::Flood => return Ok(Response::new(flood())),
                Manner::Refuse => return Ok(Status::resource_exhausted("full").into_http()),
            }
            Ok(Response::new(Body::empty()))
        }
        .boxed()
    }
}

fn endless() -> Body {
    Body::new(axum::body::Body::from_stream(futures::stream::pending::<Result<Vec<u8>, Infallible>>()))
}

fn flood() -> Body {
    let chunks = futures::stream::repeat_with(|| Ok::<_, Infallible>(vec![0; 16 << 10]));
    Body::new(axum::body::Body::from_stream(chunks))
}

/// A server with a wire before it.
pub(crate) struct Replica {
    pub(crate) wire: Wire,
    pub(crate) manner: watch::Sender<Manner>,
    pub(crate) serving: watch::Sender<bool>,
    calls: Arc<AtomicUsize>,
    _stop: DropGuard,
}

impl Replica {
    pub(crate) async fn start() -> Self {
        let listener = listener().await.unwrap();
        let wire = Wire::to(listener.local_addr().unwrap()).await.unwrap();
        let (manner, told) = watch::channel(Manner::Answer);
        let (serving, ready) = watch::channel(true);
        let calls = Arc::new(AtomicUsize::new(0));
        let services = Services::new(FILE_DESCRIPTOR_SET).with(Stub { manner: told, calls: calls.clone() });
        let stop = CancellationToken::new();
        let stopped = stop.clone();
        tokio::spawn(async move {
            serve(listener, services, ready, &DrainArgs::at_once(Duration::ZERO), stopped).await.unwrap();
        });
        Self { wire, manner, serving, calls, _stop: stop.drop_guard() }
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.wire.address
    }

    /// Calls that came, whatever became of them.
    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }
}

/// A name server under a test's control.
#[derive(Clone, Default)]
pub(crate) struct Names(Arc<Mutex<Option<Vec<SocketAddr>>>>);

impl Names {
    pub(crate) fn are(&self, addresses: impl IntoIterator<Item = SocketAddr>) {
        *self.0.lock().unwrap() = Some(addresses.into_iter().collect());
    }

    pub(crate) fn fail(&self) {
        *self.0.lock().unwrap() = None;
    }
}

impl Resolver for Names {
    fn resolve(&self) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>> {
        let found = self.0.lock().unwrap().clone();
        async { found.ok_or_else(|| io::Error::other("no name server")) }.boxed()
    }
}

/// Servers, and a balanced channel to them.
pub(crate) struct Stage {
    pub(crate) replicas: Vec<Replica>,
    pub(crate) names: Names,
    pub(crate) channel: Balanced,
}

impl Stage {
    /// `count` servers that all serve, and a channel that knows it.
    pub(crate) async fn of(count: usize) -> Self {
        let mut replicas = Vec::new();
        for _ in 0..count {
            replicas.push(Replica::start().await);
        }
        let names = Names::default();
        names.are(replicas.iter().map(Replica::address));
        let channel = Balanced::over("stub", names.clone());
        let stage = Self { replicas, names, channel };
        stage.until("all serve", |states| states.iter().filter(|state| usable(state)).count() == count).await;
        stage
    }

    pub(crate) fn state_of(&self, replica: &Replica) -> ReplicaState {
        let states = self.channel.replicas();
        states.into_iter().find(|state| state.address == replica.address()).unwrap()
    }

    /// Waits until the channel sees the replicas so.
    pub(crate) async fn until(&self, what: &str, reached: impl Fn(&[ReplicaState]) -> bool) {
        self.wait(what, || reached(&self.channel.replicas())).await;
    }

    pub(crate) async fn wait(&self, what: &str, reached: impl Fn() -> bool) {
        let look = async {
            while !reached() {
                // What is waited for happens on sockets and has no event of its own.
                sleep(Duration::from_millis(5)).await;
            }
        };
        assert!(timeout(LONG, look).await.is_ok(), "{what}: {:?}", self.channel.replicas());
    }

    pub(crate) async fn call(&self) -> Result<Response<Body>, Code> {
        self.try_to(&Attempt::default()).await
    }

    pub(crate) async fn try_to(&self, attempt: &Attempt) -> Result<Response<Body>, Code> {
        send(&self.channel, attempt).await
    }
}

pub(crate) async fn send(channel: &Balanced, attempt: &Attempt) -> Result<Response<Body>, Code> {
    send_to(channel, "/test.Stub/Call", attempt).await
}

pub(crate) async fn send_to(
    channel: &Balanced,
    path: &str,
    attempt: &Attempt,
) -> Result<Response<Body>, Code> {
    let request = request_to(path, attempt);
    let response = timeout(LONG, channel.clone().oneshot(request)).await.unwrap();
    let response = response.map_err(|status| status.code())?;
    match Status::from_header_map(response.headers()).map(|status| status.code()) {
        Some(code) if code != Code::Ok => Err(code),
        _ => Ok(response),
    }
}

pub(crate) fn request_to(path: &str, attempt: &Attempt) -> Request<Body> {
    let mut request = Request::new(Body::empty());
    *request.uri_mut() = format!("http://stub{path}").parse().unwrap();
    *request.method_mut() = http::Method::POST;
    request.headers_mut().insert("content-type", "application/grpc".parse().unwrap());
    request.extensions_mut().insert(attempt.clone());
    request
}

pub(crate) fn usable(state: &ReplicaState) -> bool {
    state.health == service_kit::grpc::ReplicaHealth::Serving && state.ejected_for.is_none()
}
