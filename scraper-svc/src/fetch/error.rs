//! Why a page could not be fetched.

use std::time::Duration;

/// Why a page could not be fetched. The text is for users; causes are for the log.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FetchError {
    /// The address, or one that it leads to, is loopback, private or otherwise special.
    #[error(
        "This address is, or leads to, one that is not on the public internet. Give the address of a public page."
    )]
    PrivateAddress,
    /// A port that no website uses.
    #[error("Pages are not read from port {0}. Give an address with an ordinary web port.")]
    ForbiddenPort(u16),
    /// robots.txt excludes the page.
    #[error("The site asks programs not to read this page. Open it in a browser, or try another article.")]
    RobotsDisallowed,
    /// robots.txt can't be had, which RFC 9309 counts as a complete exclusion.
    #[error("The site can't say at the moment whether programs may read it. Try again later.")]
    RobotsUnavailable,
    /// No such host, no connection, no TLS, or a connection that broke.
    #[error("The site can't be reached. Check the address, or try again later.")]
    Unreachable {
        /// What the network said; for the log.
        cause: String,
    },
    /// The time limit passed.
    #[error("The site took too long to answer. Try again later.")]
    Timeout,
    /// More redirects than the limit, or a loop.
    #[error(
        "The address redirects too often, so the page can't be read. Try the address that your browser ends up at."
    )]
    TooManyRedirects,
    /// A redirect to something that is no web address.
    #[error("The site redirects to something that is no web page. Try another address.")]
    BadRedirect {
        /// HTTP status of the redirect.
        status: u16,
    },
    /// The body is larger than the limit.
    #[error("The page is larger than {} MB. Try another one.", .limit / 1_000_000)]
    TooLarge {
        /// Most bytes of a decoded body.
        limit: usize,
    },
    /// Another kind of content than was asked for.
    #[error("This address holds no {wanted}. Give the address of {}.", match .wanted { Wanted::Page => "an article", Wanted::Feed => "a feed" })]
    UnsupportedContent {
        /// What was asked for.
        wanted: Wanted,
    },
    /// The site answered with an HTTP status that is no success.
    #[error("{}", status_message(*.0))]
    Status(u16),
    /// The site asks to be left alone for a while.
    #[error("The site asks to be left alone for a while. Try again in {}, or pick another one.", span(*.retry_after))]
    SiteBusy {
        /// HTTP status with which it said so: 429 or 503.
        status: u16,
        /// When to try again.
        retry_after: Duration,
    },
    /// The site asks for proof of a human.
    #[error(
        "The site checks that its visitors are human, so the page can't be read. Open it in a browser and paste the text."
    )]
    Challenged,
    /// Too many fetches wait already.
    #[error("Too many pages are being read at the moment. Try again in {}.", span(*.retry_after))]
    Busy {
        /// When to try again.
        retry_after: Duration,
    },
}

/// What a fetch is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// An HTML page.
    Page,
    /// RSS or Atom.
    Feed,
}

impl std::fmt::Display for Wanted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Page => "web page",
            Self::Feed => "news feed",
        })
    }
}

/// A span of time in words, rounded up.
fn span(time: Duration) -> String {
    match time.as_secs_f64().ceil() as u64 {
        0 | 1 => "a second".to_owned(),
        seconds @ 2..100 => format!("{seconds} seconds"),
        seconds => format!("{} minutes", seconds.div_ceil(60)),
    }
}

fn status_message(status: u16) -> String {
    match status {
        404 | 410 => "The site has no such page. Check the address.".to_owned(),
        401..=403 | 451 => {
            format!(
                "The site refuses to show this page (status {status}). Open it in a browser, or try another article."
            )
        }
        429 => "The site gets too many requests at the moment. Try again later.".to_owned(),
        _ => format!("The site answered with an error (status {status}). Try again later."),
    }
}
