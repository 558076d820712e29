//! The server's side: services with health and reflection, and a drain that loses nothing.

use std::{future::pending, io, net::SocketAddr, time::Duration};

use axum::{middleware::from_fn, response::IntoResponse};
use http::Request;
use tokio::{net::TcpListener, sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use tonic::{
    body::Body,
    server::NamedService,
    service::Routes,
    transport::{Server, server::TcpIncoming},
};
use tonic_health::{ServingStatus, server::HealthReporter};
use tower::Service;

use super::observe::observe;
use crate::shutdown::DrainArgs;

/// Room for a call's headers and for a peer's pings.
const KEEP_ALIVE: Duration = Duration::from_secs(20);
/// Calls that one connection may have under way.
const MAX_CONCURRENT_STREAMS: u32 = 1024;

/// The services of one server.
pub struct Services {
    routes: Routes,
    names: Vec<&'static str>,
    descriptors: &'static [u8],
}

/// Why a server ended early.
#[derive(Debug, thiserror::Error)]
pub enum ServeError {
    /// The descriptor set is broken.
    #[error("reflection can't be served: {0}")]
    Reflection(#[from] tonic_reflection::server::Error),
    /// The socket failed.
    #[error("the gRPC server failed: {0}")]
    Transport(#[from] tonic::transport::Error),
    /// The listener has no address.
    #[error("the listener failed: {0}")]
    Listener(#[from] io::Error),
}

impl Services {
    /// None yet; `descriptors` is the encoded `FileDescriptorSet` that reflection shows.
    pub fn new(descriptors: &'static [u8]) -> Self {
        Self { routes: Routes::default(), names: Vec::new(), descriptors }
    }

    /// Adds a generated server.
    pub fn with<S>(mut self, service: S) -> Self
    where
        S: Service<Request<Body>, Error = std::convert::Infallible>
            + NamedService
            + Clone
            + Send
            + Sync
            + 'static,
        S::Response: IntoResponse,
        S::Future: Send + 'static,
    {
        self.names.push(S::NAME);
        self.routes = self.routes.add_service(service);
        self
    }
}

/// Serves until `shutdown` is cancelled and the calls under way have ended, or the drain limit has passed.
///
/// Health says NOT_SERVING until `ready` holds true, follows it from then on, and says NOT_SERVING again as soon as the
/// shutdown begins. `grpc.health.v1` and reflection (v1 and v1alpha) are there beside the services.
///
/// # Errors
///
/// When the descriptors are broken or the socket fails.
pub async fn serve(
    listener: TcpListener,
    services: Services,
    ready: watch::Receiver<bool>,
    drain: &DrainArgs,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let address: SocketAddr = listener.local_addr()?;
    let (reporter, health) = tonic_health::server::health_reporter();
    let names: Vec<&'static str> = services.names.iter().copied().chain([""]).collect();
    report(&reporter, &names, false).await;
    let reflect = |builder: tonic_reflection::server::Builder<'static>| {
        builder
            .register_encoded_file_descriptor_set(services.descriptors)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
    };
    let routes = services
        .routes
        .add_service(health)
        .add_service(reflect(tonic_reflection::server::Builder::configure()).build_v1()?)
        .add_service(reflect(tonic_reflection::server::Builder::configure()).build_v1alpha()?);
    let routes = Routes::from(routes.into_axum_router().layer(from_fn(observe)));

    let draining = CancellationToken::new();
    let lifecycle = announce(reporter, names, ready, drain.drain_notice, shutdown, draining.clone());
    let lifecycle = tokio::spawn(lifecycle);
    let server = Server::builder()
        .http2_keepalive_interval(Some(KEEP_ALIVE))
        .http2_keepalive_timeout(Some(KEEP_ALIVE))
        .max_concurrent_streams(MAX_CONCURRENT_STREAMS)
        .add_routes(routes)
        .serve_with_incoming_shutdown(
            TcpIncoming::from(listener).with_nodelay(Some(true)),
            draining.clone().cancelled_owned(),
        );
    let ended = tokio::select! {
        ended = server => ended.map_err(ServeError::from),
        () = hard_stop(draining, drain.drain_limit) => {
            tracing::warn!(%address, "calls were still under way when the drain limit passed; they are cut");
            Ok(())
        }
    };
    lifecycle.abort();
    ended
}

/// Keeps health true from start to end, and starts the drain when its time has come.
async fn announce(
    mut reporter: HealthReporter,
    names: Vec<&'static str>,
    mut ready: watch::Receiver<bool>,
    notice: Duration,
    shutdown: CancellationToken,
    draining: CancellationToken,
) {
    let follow = async {
        loop {
            let serving = *ready.borrow_and_update();
            report(&reporter, &names, serving).await;
            if ready.changed().await.is_err() {
                // Whoever knew better is gone; the last word stands.
                pending::<()>().await;
            }
        }
    };
    tokio::select! {
        () = shutdown.cancelled() => {}
        () = follow => {}
    }
    report(&reporter, &names, false).await;
    // Balancers that watch look away now; those that only poll need this long.
    sleep(notice).await;
    for name in &names {
        // Ends open Watch streams, which would hold the drain up.
        reporter.clear_service_status(name).await;
    }
    draining.cancel();
}

async fn report(reporter: &HealthReporter, names: &[&'static str], serving: bool) {
    let status = if serving { ServingStatus::Serving } else { ServingStatus::NotServing };
    for name in names {
        reporter.set_service_status(name, status).await;
    }
}

async fn hard_stop(draining: CancellationToken, limit: Duration) {
    draining.cancelled().await;
    sleep(limit).await;
}
