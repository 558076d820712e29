//! Benchmarks of a running Nutgraf. Each prints one table, with medians and spread.

use clap::{Parser, Subcommand};

mod chaos;
mod child;
mod floor;
mod load;
mod null;
mod replica;
mod saturation;
mod startup;
mod stats;
mod steady;
mod texts;

#[derive(Debug, Parser)]
#[command(about, version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Time from process start to the first ready answer.
    Startup(startup::Arguments),
    /// Time from an article's address to its summary, through all three services.
    Load(load::Arguments),
    /// Requests a second that a core of the gateway serves, beside the least that a gateway can do.
    Saturation(saturation::Arguments),
    /// Steady load: which replicas answered, and what failed.
    Steady(steady::Arguments),
    /// Replicas that are killed, hung, slowed and cut off while calls go on.
    Chaos(chaos::Arguments),
    /// What a gateway holds after a long time under load, while replicas go and come.
    Soak(chaos::soak::Arguments),
    /// What several replicas do in a second, beside one.
    Scaling(chaos::scaling::Arguments),
    #[command(hide = true)]
    Child(child::Arguments),
}

/// Why a benchmark gave no figures.
#[derive(Debug, thiserror::Error)]
enum BenchError {
    #[error("the server failed: {0}")]
    Process(#[from] std::io::Error),
    #[error("a request failed: {0}")]
    Http(#[from] reqwest::Error),
    #[error("{0}")]
    Unexpected(String),
}

#[tokio::main]
async fn main() -> Result<(), BenchError> {
    // Built in one go with the scraper, reqwest has TLS and wants to be told whose. A second call changes nothing.
    let _ = rustls::crypto::ring::default_provider().install_default();
    match Cli::parse().command {
        Command::Startup(arguments) => startup::run(arguments).await,
        Command::Load(arguments) => load::run(arguments).await,
        Command::Saturation(arguments) => saturation::run(arguments).await,
        Command::Steady(arguments) => steady::run(arguments).await,
        Command::Chaos(arguments) => chaos::run(arguments).await,
        Command::Soak(arguments) => chaos::soak::run(arguments).await,
        Command::Scaling(arguments) => chaos::scaling::run(arguments).await,
        Command::Child(arguments) => child::run(arguments).await,
    }
}
