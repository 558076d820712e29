//! The Kelvane Courier: a small news site of original articles, to try Nutgraf on without a network.
//!
//! It is served over HTTP like any live site, with the clutter that real pages have: navigation, a cookie banner, share
//! bars, related links, a newsletter box, captions and comments.
//!
//! # Layout
//!
//! - [`edition`]: the articles and their authors.
//! - `site`: pages, feed, sitemap and robots.txt.

use std::{io, net::SocketAddr};

use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub mod edition;
mod site;

pub use site::router;

/// Name of the newspaper.
pub const NAME: &str = "The Kelvane Courier";

/// Binds the preferred address, or a free port of the same interface where that one is taken.
///
/// # Errors
///
/// When neither can be bound.
pub async fn bind(preferred: SocketAddr) -> io::Result<TcpListener> {
    match TcpListener::bind(preferred).await {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => {
            tracing::info!(%preferred, "the newsroom's address is taken; a free port will do");
            TcpListener::bind((preferred.ip(), 0)).await
        }
        bound => bound,
    }
}

/// Serves the site until `shutdown` is cancelled. Its links name the listener's own address.
///
/// # Errors
///
/// When the socket fails or the bundled articles can't be read.
pub async fn serve(listener: TcpListener, shutdown: CancellationToken) -> io::Result<()> {
    let base = format!("http://{}", listener.local_addr()?);
    let router = router(&base).map_err(io::Error::other)?;
    axum::serve(listener, router).with_graceful_shutdown(shutdown.cancelled_owned()).await
}
