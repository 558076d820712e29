//! Starts the gateway.

use std::{net::SocketAddr, process::ExitCode};

use clap::{Parser, Subcommand};
use gateway::config::{Config, DEFAULT_LISTEN, ServiceAddresses};
use service_kit::{
    config::{Validate, parse},
    health::HealthCommand,
    shutdown::{DrainArgs, on_signal},
    telemetry::{TelemetryArgs, init},
};
use tokio::net::TcpListener;

/// Nutgraf's REST API and page, over its scraper and its summarizer.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Where to listen.
    #[arg(long, env = "NUTGRAF_LISTEN", value_name = "ADDR", default_value_t = DEFAULT_LISTEN, global = true)]
    listen: SocketAddr,
    #[command(flatten)]
    services: ServiceAddresses,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    telemetry: TelemetryArgs,
    #[command(flatten)]
    drain: DrainArgs,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    Health(HealthCommand),
}

impl Validate for Cli {
    fn problems(&self) -> Vec<String> {
        self.config.problems()
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli: Cli = parse();
    init(&cli.telemetry);
    match &cli.command {
        Some(Command::Health(health)) => gateway::health::check(cli.listen, health.timeout).await.into(),
        None => serve(cli).await.map_or_else(
            |error| {
                tracing::error!(%error, "the gateway can't serve");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        ),
    }
}

async fn serve(cli: Cli) -> std::io::Result<()> {
    let shutdown = on_signal()?;
    let listener = TcpListener::bind(cli.listen).await?;
    gateway::serve(listener, &cli.services, cli.config, &cli.drain, shutdown).await
}
