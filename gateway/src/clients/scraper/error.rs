//! Why the scraper gave no answer.

use std::time::Duration;

use nutgraf_proto::scraper::v1::ErrorReason;
use service_kit::grpc::{Fault, FaultKind};

/// Why the scraper gave no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScraperError {
    /// The address is none that can be fetched.
    #[error("the address is not valid")]
    InvalidUrl,
    /// No source has this id.
    #[error("the source is not known")]
    UnknownSource,
    /// The address, or one that it leads to, is not public.
    #[error("the address is private")]
    PrivateAddress,
    /// robots.txt forbids it.
    #[error("robots.txt forbids it")]
    RobotsDisallowed,
    /// No such host, connection refused, TLS failure.
    #[error("the site can't be reached")]
    Unreachable,
    /// The site was too slow.
    #[error("the site was too slow")]
    SiteTimeout,
    /// More redirects than allowed, or a loop.
    #[error("too many redirects")]
    TooManyRedirects,
    /// The page is larger than the limit.
    #[error("the page is too large")]
    PageTooLarge,
    /// No HTML.
    #[error("the page is no HTML")]
    UnsupportedContent,
    /// The site answered with an error.
    #[error("the site answered with an error")]
    SiteError {
        /// Its HTTP status.
        status: Option<u16>,
        /// When it wants to be asked again.
        retry_after: Option<Duration>,
    },
    /// The site answered 404 or 410.
    #[error("the site has no such page")]
    PageNotFound,
    /// The page is no article.
    #[error("the page is no article")]
    NotArticle,
    /// Only subscribers can read it.
    #[error("the article is behind a paywall")]
    Paywalled,
    /// A bot wall or a consent wall.
    #[error("the site turned the scraper away")]
    Blocked,
    /// The HTML can't be parsed within the limits.
    #[error("the page is malformed")]
    MalformedPage,
    /// The source lists nothing.
    #[error("the source has no headlines")]
    NoHeadlines,
    /// More addresses are excluded from a choice than the scraper takes.
    #[error("too many addresses are excluded")]
    TooManyExcluded,
    /// More calls than the scraper takes at once.
    #[error("the scraper is busy")]
    Busy {
        /// When to try again.
        retry_after: Option<Duration>,
    },
    /// The scraper is not there.
    #[error("the scraper is unavailable: {cause}")]
    Unavailable {
        /// What the transport said.
        cause: String,
    },
    /// There was no answer in time.
    #[error("the scraper did not answer in time")]
    DeadlineExceeded,
    /// The scraper failed, or answered what it must not.
    #[error("the scraper failed: {cause}")]
    Internal {
        /// What it said.
        cause: String,
    },
}

impl From<Fault> for ScraperError {
    fn from(fault: Fault) -> Self {
        match fault.kind {
            FaultKind::Rejected => rejected(fault),
            FaultKind::Timeout => Self::DeadlineExceeded,
            FaultKind::Unreachable | FaultKind::Cancelled => Self::Unavailable { cause: fault.message },
            FaultKind::Internal => Self::Internal { cause: fault.message },
        }
    }
}

/// The reason that the scraper gave.
fn rejected(fault: Fault) -> ScraperError {
    let reason = fault.reason.as_deref().unwrap_or_default();
    let Some(reason) = ErrorReason::from_str_name(&format!("ERROR_REASON_{reason}")) else {
        return ScraperError::Internal { cause: format!("unknown reason {reason}: {}", fault.message) };
    };
    match reason {
        ErrorReason::InvalidUrl => ScraperError::InvalidUrl,
        ErrorReason::UnknownSource => ScraperError::UnknownSource,
        ErrorReason::PrivateAddress => ScraperError::PrivateAddress,
        ErrorReason::RobotsDisallowed => ScraperError::RobotsDisallowed,
        ErrorReason::Unreachable => ScraperError::Unreachable,
        ErrorReason::Timeout => ScraperError::SiteTimeout,
        ErrorReason::TooManyRedirects => ScraperError::TooManyRedirects,
        ErrorReason::TooLarge => ScraperError::PageTooLarge,
        ErrorReason::UnsupportedContent => ScraperError::UnsupportedContent,
        ErrorReason::SiteError => ScraperError::SiteError {
            status: fault.metadata.get("status").and_then(|status| status.parse().ok()),
            retry_after: fault.retry_after,
        },
        ErrorReason::PageNotFound => ScraperError::PageNotFound,
        ErrorReason::NotArticle => ScraperError::NotArticle,
        ErrorReason::Paywalled => ScraperError::Paywalled,
        ErrorReason::Blocked => ScraperError::Blocked,
        ErrorReason::MalformedPage => ScraperError::MalformedPage,
        ErrorReason::NoHeadlines => ScraperError::NoHeadlines,
        ErrorReason::TooManyExcluded => ScraperError::TooManyExcluded,
        ErrorReason::Busy => ScraperError::Busy { retry_after: fault.retry_after },
        ErrorReason::Unspecified | ErrorReason::Internal => ScraperError::Internal { cause: fault.message },
    }
}
