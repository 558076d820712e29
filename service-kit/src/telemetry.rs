//! Logs on standard error: text for people, JSON for machines. Standard output belongs to results.

use std::io::{IsTerminal, stderr};

use clap::{Args, ValueEnum};
use tracing_subscriber::{EnvFilter, filter::ParseError, fmt};

/// What is logged, and how.
#[derive(Debug, Clone, Args)]
pub struct TelemetryArgs {
    /// What to log: a level (error, warn, info, debug, trace), or directives such as `info,scraper_svc=debug`.
    /// Without it, `info` for what serves and `warn` for what answers once.
    #[arg(long = "log", env = "NUTGRAF_LOG", value_name = "FILTER", value_parser = filter, global = true)]
    pub filter: Option<String>,
    /// How to write it.
    #[arg(long, env = "NUTGRAF_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text, global = true)]
    pub log_format: LogFormat,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// Lines for people.
    Text,
    /// One JSON object a line.
    Json,
}

fn filter(text: &str) -> Result<String, ParseError> {
    EnvFilter::builder().parse(text).map(|_| text.to_owned())
}

/// Starts logging for the whole process. A second call changes nothing.
pub fn init(args: &TelemetryArgs) {
    init_with(args, "info");
}

/// The same where nobody asked to hear of every step of the work.
pub fn init_quietly(args: &TelemetryArgs) {
    init_with(args, "warn");
}

fn init_with(args: &TelemetryArgs, otherwise: &str) {
    // The filter was parsed once already, with the settings.
    let filter = EnvFilter::builder().parse_lossy(args.filter.as_deref().unwrap_or(otherwise));
    let builder = fmt().with_env_filter(filter).with_writer(stderr).with_ansi(stderr().is_terminal());
    let started = match args.log_format {
        LogFormat::Text => builder.try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
    if started.is_err() {
        tracing::debug!("logging was started before");
    }
}
