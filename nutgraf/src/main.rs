//! Nutgraf: self-hosted news summaries.

use std::process::ExitCode;

use service_kit::telemetry;

mod cli;
mod document;
mod exit;
mod extract;
mod model;
mod serve;
mod sources;
mod summarize;

#[tokio::main]
async fn main() -> ExitCode {
    let cli = cli::parse();
    match cli.command {
        cli::Command::Serve(_) | cli::Command::Health(_) => telemetry::init(&cli.telemetry),
        // Standard error is for whoever typed the command.
        cli::Command::Summarize(_)
        | cli::Command::Extract(_)
        | cli::Command::Model(_)
        | cli::Command::Sources(_) => {
            telemetry::init_quietly(&cli.telemetry);
        }
    }
    let ended = match cli.command {
        cli::Command::Serve(arguments) => serve::run(*arguments).await,
        cli::Command::Summarize(arguments) => summarize::run(*arguments).await,
        cli::Command::Extract(arguments) => extract::run(*arguments).await,
        cli::Command::Model(arguments) => model::run(arguments).await,
        cli::Command::Sources(arguments) => sources::run(arguments),
        cli::Command::Health(arguments) => return arguments.run().await,
    };
    exit::report(ended)
}
