//! The HTTP server: bounded connections, and a drain that lets requests under way end.

use std::{io, sync::Arc, time::Duration};

use axum::{Router, extract::Request};
use hyper_util::{
    rt::{TokioExecutor, TokioIo, TokioTimer},
    server::conn::auto::Builder,
    service::TowerToHyperService,
};
use service_kit::shutdown::DrainArgs;
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;

use crate::{
    app,
    caller::Peer,
    config::{Config, ServiceAddresses},
    state::AppState,
};

/// How long to wait when the process has no file descriptor left for a connection.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Serves until `shutdown` is cancelled and the requests under way have ended, or the drain limit has passed.
///
/// From the shutdown on, `/readyz` says that the gateway stops. After the notice no connection is taken; half of the
/// drain limit later, streams that are still open end with an error that says to try again.
///
/// # Errors
///
/// When the listener has no address.
pub async fn serve(
    listener: TcpListener,
    services: &ServiceAddresses,
    config: Config,
    drain: &DrainArgs,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let address = listener.local_addr()?;
    let server = Server::new(AppState::new(services, config));
    tracing::info!(%address, "serving");
    let mut connections = JoinSet::new();
    tokio::select! {
        () = server.accept(&listener, &mut connections) => {}
        () = server.until_stop(&shutdown, drain.drain_notice) => {}
    }
    drop(listener);
    server.draining.cancel();
    let cut = async {
        sleep(drain.drain_limit / 2).await;
        server.state.cut_streams.cancel();
        std::future::pending::<()>().await;
    };
    let ended = async { while connections.join_next().await.is_some() {} };
    let drained = async {
        tokio::select! { () = ended => {}, () = cut => {} }
    };
    if timeout(drain.drain_limit, drained).await.is_err() {
        tracing::warn!("requests were still under way when the drain limit passed; they are cut");
    }
    Ok(())
}

struct Server {
    state: AppState,
    app: Router,
    read_timeout: Duration,
    permits: Arc<Semaphore>,
    draining: CancellationToken,
}

impl Server {
    fn new(state: AppState) -> Self {
        Self {
            app: app(state.clone()),
            read_timeout: state.config.read_timeout,
            permits: Arc::new(Semaphore::new(state.config.max_connections.min(Semaphore::MAX_PERMITS))),
            draining: CancellationToken::new(),
            state,
        }
    }

    /// Waits for the shutdown and its notice.
    async fn until_stop(&self, shutdown: &CancellationToken, notice: Duration) {
        shutdown.cancelled().await;
        self.state.stopping.cancel();
        sleep(notice).await;
    }

    /// Takes connections, for ever.
    async fn accept(&self, listener: &TcpListener, connections: &mut JoinSet<()>) {
        loop {
            // Never closed.
            let Ok(permit) = Arc::clone(&self.permits).acquire_owned().await else { return };
            match listener.accept().await {
                Ok((stream, peer)) => {
                    connections.spawn(connection(
                        (stream, Peer(peer.ip())),
                        self.app.clone(),
                        self.read_timeout,
                        self.draining.clone(),
                        permit,
                    ));
                }
                Err(error) => {
                    tracing::warn!(%error, "a connection could not be taken");
                    sleep(ACCEPT_PAUSE).await;
                }
            }
            while connections.try_join_next().is_some() {}
        }
    }
}

/// Serves one connection (HTTP/1.1).
async fn connection(
    (stream, peer): (TcpStream, Peer),
    app: Router,
    read_timeout: Duration,
    draining: CancellationToken,
    _permit: OwnedSemaphorePermit,
) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "no TCP_NODELAY");
    }
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder.http1().timer(TokioTimer::new()).header_read_timeout(read_timeout);
    let app = app.map_request(from_peer(peer));
    let connection = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(app));
    let mut connection = std::pin::pin!(connection);
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = draining.cancelled() => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(error) = ended {
        // Clients leave as they please.
        tracing::debug!(%error, "a connection ended early");
    }
}

/// Notes where a request comes from.
fn from_peer<B>(peer: Peer) -> impl Fn(Request<B>) -> Request<B> + Clone {
    move |mut request| {
        request.extensions_mut().insert(peer);
        request
    }
}
