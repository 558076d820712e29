//! How the process ends, and what its status means to a script.

use std::process::ExitCode;

use scraper_svc::scrape::ScrapeError;

/// Why a command failed. The status is the same for every command.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    /// Status 1: a fault of this program, or of the machine.
    #[error("{0}")]
    Fault(String),
    /// Status 3: an input could not be read or fetched.
    #[error("{0}")]
    Unreadable(String),
    /// Status 4: it was read, and is no article, or there is nothing to summarize.
    #[error("{0}")]
    Unsuitable(String),
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
        // 2 is clap's, for a command line that makes no sense.
        match self {
            Self::Fault(_) => 1,
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

/// Says on standard error what went wrong, and gives the status.
#[expect(clippy::print_stderr, reason = "the last word of a command-line program")]
pub(crate) fn report(ended: Result<(), Failure>) -> ExitCode {
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.status())
        }
    }
}
