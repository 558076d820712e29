//! The command line.

use std::{ffi::OsString, net::SocketAddr, process::ExitCode};

use clap::{CommandFactory as _, Parser, Subcommand, ValueEnum};
use service_kit::{
    config::{Validate, try_parse_from},
    health::HealthCommand,
    telemetry::TelemetryArgs,
};

use crate::{extract, model, serve, sources, summarize};

/// Self-hosted news summaries: reads a news article, summarizes it on this machine, and shows where each sentence comes
/// from.
///
/// Without a command it serves the page. Exit status: 0 done, 1 a fault of this program, 2 a command line that makes no
/// sense, 3 an input that can't be read, 4 an input that is no article or holds nothing to summarize.
#[derive(Debug, Parser)]
#[command(name = "nutgraf", version)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) telemetry: TelemetryArgs,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Serve the page and the REST API, with all services in this process. This is what happens without a command.
    Serve(Box<serve::Arguments>),
    /// Summarize an article.
    Summarize(Box<summarize::Arguments>),
    /// Read articles out of web pages.
    Extract(Box<extract::Arguments>),
    /// Fetch models that write summaries, and look after those that are here.
    Model(model::Arguments),
    /// Make files of sources.
    Sources(sources::Arguments),
    /// Ask a server that runs on this machine how it is.
    Health(HealthArguments),
}

#[derive(Debug, clap::Args)]
pub(crate) struct HealthArguments {
    /// Where it listens.
    #[arg(long, env = "NUTGRAF_LISTEN", value_name = "ADDR", default_value_t = gateway::config::DEFAULT_LISTEN)]
    listen: SocketAddr,
    #[command(flatten)]
    health: HealthCommand,
}

impl HealthArguments {
    pub(crate) async fn run(self) -> ExitCode {
        gateway::health::check(self.listen, self.health.timeout).await.into()
    }
}

impl Validate for Cli {
    fn problems(&self) -> Vec<String> {
        match &self.command {
            Command::Serve(arguments) => arguments.problems(),
            Command::Summarize(arguments) => arguments.problems(),
            Command::Extract(arguments) => arguments.problems(),
            Command::Health(_) | Command::Model(_) | Command::Sources(_) => Vec::new(),
        }
    }
}

/// Length of a summary.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Length {
    /// Two sentences.
    Short,
    /// Three sentences.
    Medium,
    /// Five sentences.
    Long,
}

/// How a summary is set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// Running text.
    Paragraph,
    /// One sentence a line.
    Bullets,
}

/// Reads the command line; says what is wrong with it, and exits, where it makes no sense.
pub(crate) fn parse() -> Cli {
    try_parse_from(with_command(std::env::args_os().collect())).unwrap_or_else(|error| error.exit())
}

/// `nutgraf --listen …` is `nutgraf serve --listen …`.
fn with_command(mut arguments: Vec<OsString>) -> Vec<OsString> {
    let command = Cli::command();
    let known = |argument: &OsString| {
        let built_in = ["help", "-h", "--help", "-V", "--version"];
        argument
            .to_str()
            .is_some_and(|name| built_in.contains(&name) || command.find_subcommand(name).is_some())
    };
    let flags_only = arguments.get(1).is_none_or(|first| first.as_encoded_bytes().starts_with(b"-"));
    if flags_only && !arguments.iter().skip(1).any(known) {
        arguments.insert(1.min(arguments.len()), "serve".into());
    }
    arguments
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<OsString> {
        text.split_whitespace().map(OsString::from).collect()
    }

    #[test]
    fn no_two_services_claim_the_same_flag() {
        Cli::command().debug_assert();
    }

    #[test]
    fn serve_does_not_ask_where_its_own_services_are() {
        for flag in ["--scraper", "--summarizer"] {
            let refused = Cli::try_parse_from(["nutgraf", "serve", flag, "http://127.0.0.1:9"]).unwrap_err();
            assert_eq!(refused.kind(), clap::error::ErrorKind::UnknownArgument, "{flag}");
        }
    }

    #[test]
    fn flags_alone_mean_serve() {
        assert_eq!(with_command(words("nutgraf")), words("nutgraf serve"));
        assert_eq!(with_command(words("nutgraf --listen [::1]:0")), words("nutgraf serve --listen [::1]:0"));
        for line in [
            "nutgraf --help",
            "nutgraf --log debug extract a.html",
            "nutgraf summarize -",
            "nutgraf sumarize x",
        ] {
            assert_eq!(with_command(words(line)), words(line));
        }
    }
}
