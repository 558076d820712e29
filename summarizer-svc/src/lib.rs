//! Article in, grounded summary out; behind gRPC.
//!
//! # Layout
//!
//! - [`document`]: the article as sentences with exact ranges.
//! - [`engine`]: the border behind which summaries are made; [`engine::extractive`] is the one that is built in,
//!   [`engine::abstractive`] the one that writes with a language model.
//! - [`grounding`]: where written sentences come from, and what of them the article does not support.
//! - [`models`]: the language models that are here, or on their way.
//! - [`queue`]: bounded, with a pool of worker threads behind it.
//! - [`summarize`]: the use case; it knows no transport.
//! - [`summary`]: what it speaks of.
//! - [`config`], `grpc`, `health`: the edges.

pub mod config;
pub mod document;
pub mod engine;
pub mod grounding;
mod grpc;
mod health;
pub mod models;
pub mod queue;
pub mod summarize;
pub mod summary;

use std::{convert::Infallible, future::pending};

use service_kit::{grpc::ServeError, shutdown::DrainArgs};
use tokio::{net::TcpListener, sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;

pub use summarize::{SummarizeError, Summarizer};

/// Serves until `shutdown` is cancelled and the summaries under way are done, or the drain limit has passed.
///
/// # Errors
///
/// When the socket fails.
pub async fn serve(
    listener: TcpListener,
    config: config::Config,
    drain: &DrainArgs,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    serve_with(listener, Summarizer::start(&config), drain, shutdown).await
}

/// [`serve`] with a summarizer that is there already: for engines other than the built-in ones.
///
/// # Errors
///
/// When the socket fails.
pub async fn serve_with(
    listener: TcpListener,
    summarizer: Summarizer,
    drain: &DrainArgs,
    shutdown: CancellationToken,
) -> Result<(), ServeError> {
    let address = listener.local_addr()?;
    let (ready, serving) = watch::channel(false);
    tracing::info!(%address, replica = summarizer.replica(), "serving");
    let services = grpc::services(summarizer.clone());
    let server = service_kit::grpc::serve(listener, services, serving, drain, shutdown.clone());
    tokio::select! {
        ended = server => ended,
        never = close(&summarizer, drain, shutdown) => match never {},
        never = health::follow(&summarizer, ready) => match never {},
    }
}

/// Refuses new requests once the notice is over, and not before: balancers still send some until then.
async fn close(summarizer: &Summarizer, drain: &DrainArgs, shutdown: CancellationToken) -> Infallible {
    shutdown.cancelled().await;
    sleep(drain.drain_notice).await;
    summarizer.close();
    pending().await
}
