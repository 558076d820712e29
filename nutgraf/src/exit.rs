//! How the process ends, and what its status means to a script.

use std::{
    io::{ErrorKind, Write as _, stdout},
    process::ExitCode,
};

use scraper_svc::scrape::ScrapeError;

/// Why a command failed. The status is the same for every command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Status 1: a fault of this program, or of the machine.
    #[error("{0}")]
    Fault(String),
    /// Status 2: the command line asks for what there is not.
    #[error("{0}")]
    Usage(String),
    /// Status 3: an input could not be read or fetched.
    #[error("{0}")]
    Unreadable(String),
    /// Status 4: it was read, and is no article, or there is nothing to summarize.
    #[error("{0}")]
    Unsuitable(String),
    /// Status 0: whoever read the results has seen enough, as `head` does.
    #[error("standard output is closed")]
    Closed,
    /// Status of the worst of several inputs; each was reported already.
    #[error("{failed} of {total} inputs failed")]
    Several {
        /// How many failed.
        failed: usize,
        /// How many there were.
        total: usize,
        /// The status.
        status: u8,
    },
}

impl Failure {
    pub(crate) fn status(&self) -> u8 {
        match self {
            Self::Closed => 0,
            Self::Fault(_) => 1,
            // As clap has it.
            Self::Usage(_) => 2,
            Self::Unreadable(_) => 3,
            Self::Unsuitable(_) => 4,
            Self::Several { status, .. } => *status,
        }
    }
}

impl Failure {
    /// Why an address gave no article.
    pub(crate) fn of_scraping(url: &str, error: &ScrapeError) -> Self {
        let text = format!("{url}: {error}");
        match error {
            ScrapeError::Extract(_) => Self::Unsuitable(text),
            ScrapeError::Internal => Self::Fault(text),
            ScrapeError::UnknownSource | ScrapeError::NoHeadlines | ScrapeError::Fetch(_) => {
                Self::Unreadable(text)
            }
        }
    }
}

/// Writes a result to standard output.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    writeln!(stdout(), "{text}").map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::Closed,
        _ => Failure::Fault(format!("standard output: {error}")),
    })
}

/// Tells the user something that is no result.
#[expect(clippy::print_stderr, reason = "a command-line program talks to its user there")]
pub(crate) fn say(kind: &str, text: impl std::fmt::Display) {
    eprintln!("{kind}: {text}");
}

/// Says on standard error what went wrong, and gives the status.
pub(crate) fn report(ended: Result<(), Failure>) -> ExitCode {
    match ended {
        Ok(()) | Err(Failure::Closed) => ExitCode::SUCCESS,
        Err(failure) => {
            say("error", &failure);
            ExitCode::from(failure.status())
        }
    }
}
