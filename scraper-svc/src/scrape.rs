//! The use cases: sources, headlines, an article, any article.

mod headlines;
mod random;

use std::{io, net::SocketAddr, num::NonZero, sync::Arc, thread::available_parallelism, time::Duration};

pub use self::random::{Excluded, InvalidExcluded, MOST_EXCLUDED, Picked};

use arc_swap::ArcSwap;
use moka::future::Cache;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use crate::{
    article::{Article, ArticleUrl},
    config::Config,
    discovery::Found,
    extract::{self, ExtractError, Extracted, Hints},
    fetch::{Allowance, ClientError, FetchError, Fetcher, Page, RETRY_AFTER},
    served::Served,
    slots::Slots,
    sources::{
        InvalidSources, Source, Sources,
        watch::{self, Stamp},
    },
    visits::{Health, Visits},
};

/// How long a source's headlines are good for.
const HEADLINES_AGE: Duration = Duration::from_mins(1);

/// Finds and reads articles. Clones share everything.
#[derive(Debug, Clone)]
pub struct Scraper {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sources: ArcSwap<Sources>,
    fetcher: Fetcher,
    headlines: Cache<String, Arc<Found>>,
    /// Articles that are being read.
    reading: Cache<ArticleUrl, Arc<Article>>,
    served: Served,
    health: Health,
    /// Where the bundled newspaper is, if it is there.
    newsroom: Option<SocketAddr>,
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

    /// Whether another page of the same site would meet the same fate.
    fn meets_others(&self) -> bool {
        self.is_ours() || matches!(self, Self::Fetch(FetchError::SiteBusy { .. }))
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
        // Before the file is read, so that no change falls in between.
        let watched = config.sources.clone().map(|path| (Stamp::of(&path), path));
        let mut sources = config.read_sources()?;
        let mut fetch = config.fetch.clone();
        let newsroom = if sources.has_newspaper() {
            let address = print_newspaper(config.newsroom, shutdown.clone()).await?;
            fetch.fetch_allow.push(Allowance::Socket(address));
            sources.place_newspaper(address);
            Some(address)
        } else {
            None
        };
        let cores = available_parallelism().map_or(1, NonZero::get);
        let inner = Inner {
            sources: ArcSwap::from_pointee(sources),
            fetcher: Fetcher::new(&fetch)?,
            headlines: Cache::builder().max_capacity(1_000).time_to_live(HEADLINES_AGE).build(),
            reading: Cache::builder().max_capacity(1_000).build(),
            served: Served::default(),
            health: Health::default(),
            newsroom,
            cores: Slots::new(cores, fetch.max_waiting_fetches).watched("extract"),
        };
        let scraper = Self { inner: Arc::new(inner) };
        if let Some((known, path)) = watched {
            let taker = scraper.clone();
            let follow = watch::follow(path, known, move |sources| taker.replace_sources(sources));
            tokio::spawn(shutdown.run_until_cancelled_owned(follow));
        }
        Ok(scraper)
    }

    /// Takes other sources from now on.
    fn replace_sources(&self, mut sources: Sources) -> Result<(), InvalidSources> {
        match self.inner.newsroom {
            Some(address) => sources.place_newspaper(address),
            None if sources.has_newspaper() => {
                let why = "the bundled newspaper comes and goes only with a restart";
                return Err(InvalidSources(vec![why.to_owned()]));
            }
            None => {}
        }
        self.inner.sources.store(Arc::new(sources));
        self.inner.headlines.invalidate_all();
        Ok(())
    }

    /// The sources.
    pub fn sources(&self) -> Arc<Sources> {
        self.inner.sources.load_full()
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
    pub fn source(&self, id: &str) -> Result<Arc<Source>, ScrapeError> {
        self.sources().find(id).cloned().ok_or(ScrapeError::UnknownSource)
    }

    /// Fetches and extracts an article. Callers for one address at the same time share one visit.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`].
    pub async fn article(&self, url: &ArticleUrl) -> Result<Article, ScrapeError> {
        let read = Box::pin(async { self.read(url).await.map(Arc::new) });
        let article = self.inner.reading.try_get_with_by_ref(url, read).await;
        // Only callers at the same time share: the HTTP cache knows for how long a page is good.
        self.inner.reading.invalidate(url).await;
        article.map(Arc::unwrap_or_clone).map_err(|error| ScrapeError::clone(&error))
    }

    async fn read(&self, url: &ArticleUrl) -> Result<Article, ScrapeError> {
        let page = self.inner.fetcher.page(url).await?;
        let sources = self.sources();
        let source = sources.of_url(&page.url).or_else(|| sources.of_url(url));
        let hints = source.map(|source| hints(source)).unwrap_or_default();
        let source_id = source.map(|source| source.id.clone());
        let read = move || {
            let extracted = extract::extract(&page.html, Some(page.url.as_url()), &hints)?;
            Ok::<_, ExtractError>(article(&page, extracted, source_id))
        };
        Ok(self.on_a_core(read).await??)
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

/// Serves the bundled newspaper until `shutdown` is cancelled; says where.
async fn print_newspaper(at: SocketAddr, shutdown: CancellationToken) -> io::Result<SocketAddr> {
    let listener = newsroom::bind(at).await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        if let Err(error) = newsroom::serve(listener, shutdown).await {
            tracing::error!(%error, "the bundled newspaper stopped");
        }
    });
    Ok(address)
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
