//! The use cases: sources, headlines, an article, any article.

use std::{io, num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

use moka::future::Cache;
use rand::RngExt as _;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::{
    article::{Article, ArticleUrl},
    config::Config,
    discovery::{self, Found},
    extract::{self, ExtractError, Extracted, Hints},
    fetch::{Allowance, ClientError, FetchError, Fetcher, Page, RETRY_AFTER},
    slots::Slots,
    sources::{InvalidSources, Source, Sources},
    visits::{Health, Visits},
};

/// How long a source's headlines are good for.
const HEADLINES_AGE: Duration = Duration::from_mins(1);
/// How many of a source's articles are tried for a random one.
const ATTEMPTS: usize = 4;

/// Finds and reads articles. Clones share everything.
#[derive(Debug, Clone)]
pub struct Scraper {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sources: Sources,
    fetcher: Fetcher,
    headlines: Cache<String, Arc<Found>>,
    health: Health,
    /// Extraction keeps a core busy; more at once would only take turns.
    cores: Slots,
}

/// Why the scraper can't start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The sources are wrong.
    #[error("the sources can't be used: {0}")]
    Sources(#[from] InvalidSources),
    /// TLS or the HTTP client.
    #[error(transparent)]
    Client(#[from] ClientError),
    /// The bundled newspaper found no port.
    #[error("the bundled newspaper can't listen: {0}")]
    Newsroom(#[from] io::Error),
}

/// Why there is no article.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ScrapeError {
    /// No source has this id.
    #[error("There is no source with this name. Ask for the list of sources.")]
    UnknownSource,
    /// The source gave no headline.
    #[error("The source has no headlines at the moment. Try again later, or pick another one.")]
    NoHeadlines,
    /// The page could not be fetched.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// The page is no article.
    #[error(transparent)]
    Extract(#[from] ExtractError),
    /// A fault of ours.
    #[error("The page could not be read. Please report its address.")]
    Internal,
}

impl ScrapeError {
    /// Whether the cause is on our side, so that it says nothing of the site.
    fn is_ours(&self) -> bool {
        matches!(self, Self::Internal | Self::Fetch(FetchError::Busy { .. }))
    }
}

impl Scraper {
    /// Reads the sources, sets up the fetcher, and starts the bundled newspaper where it is one of the sources; that goes
    /// on until `shutdown` is cancelled.
    ///
    /// # Errors
    ///
    /// [`StartError`].
    pub async fn start(config: &Config, shutdown: CancellationToken) -> Result<Self, StartError> {
        let mut sources = config.read_sources()?;
        let mut fetch = config.fetch.clone();
        if sources.iter().any(|source| source.demo) {
            let listener = newsroom::bind(config.newsroom).await?;
            let address = listener.local_addr()?;
            fetch.fetch_allow.push(Allowance::Socket(address));
            for source in sources.iter_mut().filter(|source| source.demo) {
                source.homepage = ArticleUrl::parse(&format!("http://{address}/")).ok();
                source.feeds = ArticleUrl::parse(&format!("http://{address}/rss.xml")).into_iter().collect();
            }
            tokio::spawn(async move {
                if let Err(error) = newsroom::serve(listener, shutdown).await {
                    tracing::error!(%error, "the bundled newspaper stopped");
                }
            });
        }
        let cores = available_parallelism().map_or(1, NonZero::get);
        let cores = Slots::new(cores, fetch.max_waiting_fetches);
        let headlines = Cache::builder().max_capacity(1_000).time_to_live(HEADLINES_AGE).build();
        let fetcher = Fetcher::new(&fetch)?;
        Ok(Self { inner: Arc::new(Inner { sources, fetcher, headlines, health: Health::default(), cores }) })
    }

    /// The sources.
    pub fn sources(&self) -> &Sources {
        &self.inner.sources
    }

    /// How the last visits to a source went.
    pub fn health(&self, source: &Source) -> Visits {
        self.inner.health.of(&source.id)
    }

    /// The source with this id; the default one for an empty id.
    ///
    /// # Errors
    ///
    /// [`ScrapeError::UnknownSource`].
    pub fn source(&self, id: &str) -> Result<&Source, ScrapeError> {
        self.inner.sources.find(id).ok_or(ScrapeError::UnknownSource)
    }

    /// What a source has now, newest first. Kept for a minute; callers at the same time share one visit.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`] when no feed and no front page has headlines.
    pub async fn headlines(&self, source: &Source) -> Result<Arc<Found>, ScrapeError> {
        let visit = async {
            let found = self.discover(source).await;
            match &found {
                // Says nothing of the source.
                Err(error) if error.is_ours() => {}
                found => self.inner.health.note(&source.id, found.as_ref().err()),
            }
            found.map(Arc::new)
        };
        let found = self.inner.headlines.try_get_with(source.id.clone(), visit).await;
        found.map_err(|error: Arc<ScrapeError>| ScrapeError::clone(&error))
    }

    async fn discover(&self, source: &Source) -> Result<Found, ScrapeError> {
        let mut failure = ScrapeError::NoHeadlines;
        for feed in &source.feeds {
            match self.inner.fetcher.feed(feed).await {
                Ok(document) => {
                    let source = source.clone();
                    let found = self.on_a_core(move || discovery::of_feed(&document, &source)).await?;
                    if let Some(found) = found.filter(|found| !found.headlines.is_empty()) {
                        return Ok(found);
                    }
                }
                Err(error) => failure = error.into(),
            }
        }
        if let (Some(selector), Some(homepage)) = (&source.headline_selector, &source.homepage) {
            let page = self.inner.fetcher.front_page(homepage).await?;
            let (selector, source) = (selector.clone(), source.clone());
            let read = move || {
                let html = extract::parse(&page.html)?;
                Ok::<_, ExtractError>(discovery::of_front_page(&html, &page, &selector, &source))
            };
            let found = self.on_a_core(read).await??;
            if !found.headlines.is_empty() {
                return Ok(found);
            }
            failure = ScrapeError::NoHeadlines;
        }
        Err(failure)
    }

    /// Fetches and extracts an article.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`].
    pub async fn article(&self, url: &ArticleUrl) -> Result<Article, ScrapeError> {
        let page = self.inner.fetcher.page(url).await?;
        let source = self.inner.sources.of_url(&page.url).or_else(|| self.inner.sources.of_url(url));
        let hints = source.map(hints).unwrap_or_default();
        let source_id = source.map(|source| source.id.clone());
        let read = move || {
            let extracted = extract::extract(&page.html, Some(page.url.as_url()), &hints)?;
            Ok::<_, ExtractError>(article(&page, extracted, source_id))
        };
        Ok(self.on_a_core(read).await??)
    }

    /// Any article of a source; the same for the same seed as long as the headlines are the same. Where one can't be
    /// read, up to three others are tried.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`] of the last that was tried, or of the first that failed for a reason of ours.
    pub async fn random(&self, source: &Source, seed: Option<u64>) -> Result<Article, ScrapeError> {
        let found = self.headlines(source).await?;
        let mut seed = seed.unwrap_or_else(|| rand::rng().random());
        let mut left: Vec<&ArticleUrl> = found.headlines.iter().map(|headline| &headline.url).collect();
        let mut failure = ScrapeError::NoHeadlines;
        for _ in 0..ATTEMPTS.min(left.len()) {
            let index = (split_mix(&mut seed) % left.len().max(1) as u64) as usize;
            match self.article(left.swap_remove(index)).await {
                Ok(article) => return Ok(article),
                // Another page would meet the same fate.
                Err(error) if error.is_ours() => return Err(error),
                Err(error) => failure = error,
            }
        }
        Err(failure)
    }

    /// Runs what keeps a core busy, where it holds nobody up. It keeps its place until it is done, even when its caller
    /// has gone.
    async fn on_a_core<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, ScrapeError> {
        let busy = FetchError::Busy { retry_after: RETRY_AFTER };
        let core = self.inner.cores.enter().await.ok_or(busy)?;
        let work = move || {
            let _core = core;
            work()
        };
        spawn_blocking(work).await.map_err(|error| {
            tracing::error!(%error, "reading a page panicked");
            ScrapeError::Internal
        })
    }
}

/// SplitMix64 (Steele, Lea and Flood 2014): the same on every machine and in every version, as `rand`'s generators are
/// not.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let z = (*state ^ (*state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn hints(source: &Source) -> Hints {
    Hints {
        body_selectors: source.body_selectors.clone(),
        site_name: Some(source.name.clone()).filter(|_| !source.demo),
        language: Some(source.language.clone()).filter(|language| !language.is_empty()),
    }
}

fn article(page: &Page, extracted: Extracted, source_id: Option<String>) -> Article {
    let url = page.url.as_url().clone();
    Article {
        canonical_url: extracted.canonical_url.unwrap_or_else(|| url.clone()),
        url,
        title: extracted.title,
        byline: extracted.byline.unwrap_or_default(),
        authors: extracted.authors,
        site_name: extracted.site_name.unwrap_or_default(),
        published_at: extracted.published_at.unwrap_or_default(),
        language: extracted.language.unwrap_or_default(),
        lead_image_url: extracted.lead_image_url,
        paragraphs: extracted.paragraphs,
        word_count: extracted.word_count,
        extractor: extracted.extractor,
        confidence: extracted.confidence,
        verdict: extracted.verdict,
        fetched_at: page.fetched_at,
        robots: page.robots,
        source_id,
    }
}
