//! Finds news articles and reads them; behind gRPC.
//!
//! # Layout
//!
//! - [`sources`]: the news sites; [`discovery`]: what they have now.
//! - [`fetch`]: the one way out to the web; [`extract`]: from a page to an article.
//! - [`scrape`]: the use cases; they know no transport.
//! - [`visits`]: how the sources are.
//! - [`article`]: what all of them speak of.
//! - [`config`], `grpc`: the edges.

pub mod article;
pub mod config;
pub mod discovery;
pub mod extract;
pub mod fetch;
mod grpc;
pub mod scrape;
mod served;
mod slots;
pub mod sources;
pub mod visits;

use service_kit::{grpc::ServeError, shutdown::DrainArgs};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;

pub use scrape::{Scraper, StartError};

/// Why the service ended.
#[derive(Debug, thiserror::Error)]
pub enum ServiceError {
    /// It could not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// It could not listen.
    #[error(transparent)]
    Listen(#[from] std::io::Error),
    /// The socket failed.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

/// Serves until `shutdown` is cancelled and the calls under way are done, or the drain limit has passed.
///
/// # Errors
///
/// When it can't start, or the socket fails.
pub async fn serve(
    listener: TcpListener,
    config: config::Config,
    drain: &DrainArgs,
    shutdown: CancellationToken,
) -> Result<(), ServiceError> {
    // The newspaper goes on until the last call is answered.
    let ended = CancellationToken::new();
    let scraper = Scraper::start(&config, ended.clone()).await?;
    let _ended = ended.drop_guard();
    let address = listener.local_addr()?;
    tracing::info!(%address, "serving");
    let (_ready, serving) = watch::channel(true);
    Ok(service_kit::grpc::serve(listener, grpc::services(scraper), serving, drain, shutdown).await?)
}
