//! The page on a port of its own, for services that speak no HTTP otherwise.

use std::{io, net::SocketAddr};

use axum::{Router, http::header, routing::get};
use clap::Args;
use tokio::net::TcpListener;
use tokio_util::task::AbortOnDropHandle;

/// What the page is, by its media type.
pub const CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Where metrics are to be had.
#[derive(Debug, Clone, Args)]
pub struct MetricsArgs {
    /// Where to answer `GET /metrics` for Prometheus; nowhere without it. Keep it inside your network.
    #[arg(long, env = "NUTGRAF_METRICS_LISTEN", value_name = "ADDR", global = true)]
    pub metrics_listen: Option<SocketAddr>,
}

impl MetricsArgs {
    /// Answers until the handle is dropped.
    ///
    /// # Errors
    ///
    /// When the address can't be listened on.
    pub async fn serve(&self) -> io::Result<Option<AbortOnDropHandle<()>>> {
        let Some(address) = self.metrics_listen else { return Ok(None) };
        let listener = TcpListener::bind(address).await?;
        tracing::info!(address = %listener.local_addr()?, "metrics");
        Ok(Some(AbortOnDropHandle::new(tokio::spawn(answer(listener)))))
    }
}

async fn answer(listener: TcpListener) {
    let page = async || ([(header::CONTENT_TYPE, CONTENT_TYPE)], super::page());
    let router = Router::new().route("/metrics", get(page));
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "metrics are no longer served");
    }
}
