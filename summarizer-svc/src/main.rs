//! Starts the summarizer.

use std::{net::SocketAddr, process::ExitCode};

use clap::{Parser, Subcommand};
use service_kit::{
    config::{Validate, parse},
    grpc::ServeError,
    health::HealthCommand,
    metrics::MetricsArgs,
    shutdown::{DrainArgs, on_signal},
    telemetry::{TelemetryArgs, init},
};
use summarizer_svc::config::{Config, DEFAULT_LISTEN};
use tokio::net::TcpListener;

/// Nutgraf's summarizer: article in, grounded summary out, over gRPC.
#[derive(Debug, Parser)]
#[command(version)]
struct Cli {
    /// Where to listen.
    #[arg(long, env = "NUTGRAF_LISTEN", value_name = "ADDR", default_value_t = DEFAULT_LISTEN, global = true)]
    listen: SocketAddr,
    #[command(flatten)]
    config: Config,
    #[command(flatten)]
    metrics: MetricsArgs,
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
        Some(Command::Health(health)) => health.check_grpc(cli.listen).await.into(),
        None => serve(cli).await.map_or_else(
            |error| {
                tracing::error!(%error, "the summarizer can't serve");
                ExitCode::FAILURE
            },
            |()| ExitCode::SUCCESS,
        ),
    }
}

async fn serve(cli: Cli) -> Result<(), ServeError> {
    let shutdown = on_signal()?;
    let _metrics = cli.metrics.serve().await?;
    let listener = TcpListener::bind(cli.listen).await?;
    summarizer_svc::serve(listener, cli.config, &cli.drain, shutdown).await
}
