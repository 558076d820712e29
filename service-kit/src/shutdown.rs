//! From a signal to an ordered end: SIGINT or SIGTERM cancels a token, and each server drains within a limit.

use std::{io, process, time::Duration};

use clap::Args;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

use crate::config::duration;

/// How a server goes down.
#[derive(Debug, Clone, Args)]
pub struct DrainArgs {
    /// How long to go on serving after saying that it stops, so that balancers look away first.
    #[arg(long, env = "NUTGRAF_DRAIN_NOTICE", value_name = "TIME", default_value = "1.5s", value_parser = duration, global = true)]
    pub drain_notice: Duration,
    /// How long requests under way may take after that; then they are cut.
    #[arg(long, env = "NUTGRAF_DRAIN_LIMIT", value_name = "TIME", default_value = "8s", value_parser = duration, global = true)]
    pub drain_limit: Duration,
}

impl DrainArgs {
    /// Stops without notice: for one process that nobody balances over, and for tests.
    pub const fn at_once(limit: Duration) -> Self {
        Self { drain_notice: Duration::ZERO, drain_limit: limit }
    }
}

/// A token that is cancelled by the first SIGINT or SIGTERM; a second one ends the process at once with status 130.
///
/// # Errors
///
/// When the process may not listen for signals.
pub fn on_signal() -> io::Result<CancellationToken> {
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let token = CancellationToken::new();
    let shutdown = token.clone();
    tokio::spawn(async move {
        let name = either(&mut interrupt, &mut terminate).await;
        tracing::info!(signal = name, "stopping; once more to stop at once");
        shutdown.cancel();
        either(&mut interrupt, &mut terminate).await;
        process::exit(130);
    });
    Ok(token)
}

async fn either(interrupt: &mut Signal, terminate: &mut Signal) -> &'static str {
    tokio::select! {
        _ = interrupt.recv() => "SIGINT",
        _ = terminate.recv() => "SIGTERM",
    }
}
