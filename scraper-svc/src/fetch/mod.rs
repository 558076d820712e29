//! The one way out: every request to the web is made here.
//!
//! # Layout
//!
//! - [`Fetcher`]: a page, a front page or a feed, within limits of time, size and number.
//! - `guard`, `address`, `resolver`: where connections may go.
//! - `host`: how often.
//! - `transport`, `redirect`, `tls`: how requests are made; `cache`: and which are not.
//! - `robots`: whether the site wants us.
//! - `answer`, `content`, `charset`: what came back.

mod address;
mod answer;
mod cache;
mod charset;
mod config;
mod content;
mod error;
mod guard;
mod host;
mod redirect;
mod resolver;
mod robots;
mod tls;
mod transport;

use std::{
    sync::Arc,
    time::{Duration, SystemTime},
};

use bytes::Bytes;
use jiff::Timestamp;
use mime::Mime;
use tokio::time::timeout;

use self::{
    answer::Answer,
    robots::{NoPause, Robots},
    transport::Transport,
};
pub use self::{
    charset::decode,
    config::FetchConfig,
    error::{FetchError, Wanted},
    guard::{Allowance, AllowanceError},
    robots::Rules,
    transport::ClientError,
};
use crate::{
    article::{ArticleUrl, RobotsVerdict},
    slots::{Slot, Slots},
};

const ACCEPT_PAGE: &str = "text/html, application/xhtml+xml;q=0.9, */*;q=0.1";
const ACCEPT_FEED: &str =
    "application/rss+xml, application/atom+xml, application/xml;q=0.9, text/xml;q=0.9, */*;q=0.1";
/// When a caller who was sent away may come back.
pub(crate) const RETRY_AFTER: Duration = Duration::from_secs(2);

/// Fetches from the web, and from nowhere else.
#[derive(Debug)]
pub struct Fetcher {
    transport: Arc<Transport>,
    robots: Robots,
    slots: Slots,
    timeout: Duration,
    max_bytes: usize,
    max_redirects: usize,
}

/// An HTML page as text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page {
    /// Where it was found, after redirects.
    pub url: ArticleUrl,
    /// The decoded HTML.
    pub html: String,
    /// What robots.txt says of `url`.
    pub robots: RobotsVerdict,
    /// When it came.
    pub fetched_at: Timestamp,
}

/// A feed or sitemap as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FeedDocument {
    /// Where it was found, after redirects.
    pub url: ArticleUrl,
    /// The document.
    pub body: Bytes,
    /// The charset that its header names.
    pub charset: Option<String>,
}

impl FeedDocument {
    /// The document as text.
    pub fn text(&self) -> String {
        charset::decode(&self.body, self.charset.as_deref(), self.url.as_url().domain())
    }
}

impl Fetcher {
    /// A fetcher with the limits of `config`.
    ///
    /// # Errors
    ///
    /// When TLS or the HTTP client can't be set up.
    pub fn new(config: &FetchConfig) -> Result<Self, ClientError> {
        let transport = Arc::new(Transport::new(config)?);
        Ok(Self {
            robots: Robots::new(Arc::clone(&transport), config.ignore_robots),
            transport,
            slots: Slots::new(config.max_fetches, config.max_waiting_fetches).watched("fetch"),
            timeout: config.fetch_timeout,
            max_bytes: config.fetch_max_bytes,
            max_redirects: config.fetch_max_redirects,
        })
    }

    /// Fetches an article's page, if the robots.txt of each site on the way permits it.
    ///
    /// # Errors
    ///
    /// [`FetchError`] says what went wrong.
    pub async fn page(&self, url: &ArticleUrl) -> Result<Page, FetchError> {
        self.bounded(self.read_page(url)).await
    }

    /// Fetches a feed or news sitemap, if the robots.txt of each site on the way permits it. A pause that it asks for is
    /// one between pages.
    ///
    /// # Errors
    ///
    /// [`FetchError`] says what went wrong.
    pub async fn feed(&self, url: &ArticleUrl) -> Result<FeedDocument, FetchError> {
        self.bounded(async {
            let gate = NoPause(&self.robots);
            let answer = self.transport.follow(url, ACCEPT_FEED, &gate, self.max_redirects).await?;
            let url = answer.url.clone();
            let (body, media_type) = self.body(answer, Wanted::Feed).await?;
            let charset = media_type.as_ref().and_then(|it| it.get_param(mime::CHARSET));
            Ok(FeedDocument { url, body, charset: charset.map(|label| label.as_str().to_owned()) })
        })
        .await
    }

    async fn read_page(&self, url: &ArticleUrl) -> Result<Page, FetchError> {
        let answer = self.transport.follow(url, ACCEPT_PAGE, &self.robots, self.max_redirects).await?;
        let (url, robots) = (answer.url.clone(), answer.robots);
        let (body, media_type) = self.body(answer, Wanted::Page).await?;
        let label = media_type.as_ref().and_then(|media_type| media_type.get_param(mime::CHARSET));
        let html = charset::decode(&body, label.map(|label| label.as_str()), url.as_url().domain());
        Ok(Page { url, html, robots, fetched_at: Timestamp::now() })
    }

    /// The body, if the answer is a success of the wanted kind.
    async fn body(&self, answer: Answer, wanted: Wanted) -> Result<(Bytes, Option<Mime>), FetchError> {
        // Cloudflare's way to say that the body is a test for humans.
        if answer.headers.get("cf-mitigated").is_some_and(|value| value == "challenge") {
            return Err(FetchError::Challenged);
        }
        if !answer.status.is_success() {
            return Err(refusal(&answer));
        }
        let media_type = answer.media_type();
        content::check_type(wanted, media_type.as_ref())?;
        let body = answer.body(self.max_bytes).await?;
        content::check_body(wanted, media_type.as_ref(), &body)?;
        Ok((body, media_type))
    }

    /// Runs `work` when there is a place, for as long as it may take.
    async fn bounded<T>(&self, work: impl Future<Output = Result<T, FetchError>>) -> Result<T, FetchError> {
        let _slot: Slot = self.slots.enter().await.ok_or(FetchError::Busy { retry_after: RETRY_AFTER })?;
        timeout(self.timeout, work).await.unwrap_or(Err(FetchError::Timeout))
    }
}

/// Why an answer that is no success is none.
fn refusal(answer: &Answer) -> FetchError {
    let status = answer.status.as_u16();
    match host::retry_after(&answer.headers, SystemTime::now()).filter(|_| matches!(status, 429 | 503)) {
        Some(retry_after) => FetchError::SiteBusy { status, retry_after },
        None => FetchError::Status(status),
    }
}
