//! The use case: find an article, read it, summarize it. It knows no transport.
//!
//! Articles are kept for a short while by their address, so that what a page shows is what gets summarized.

mod material;
mod pick;

use std::{pin::Pin, sync::Arc};

use futures::{Stream, StreamExt as _, TryStreamExt as _, stream};
use moka::future::Cache;
use service_kit::{deadline::Deadline, request_id::RequestId};
use tokio::time::timeout;

pub(crate) use self::material::Material;
pub use self::pick::{Choice, MOST_EXCLUDED, Picked};
use crate::{
    article::{Article, ArticleUrl, Paragraph, lines_as_paragraphs},
    cache::{Order, Reader, Summaries},
    caller::Caller,
    clients::{
        Upstreams,
        scraper::{Scraper, ScraperError},
        summarizer::{Place, Summarizer, SummarizerError},
    },
    config::Config,
    model::Models,
    options::SummaryOptions,
    source::{Headlines, Sources},
    summary::{Phase, Progress, Summary, SummaryEvent},
};

/// What is known of a request besides its content; it travels to every service that works on it.
#[derive(Debug, Clone)]
pub struct Call {
    /// When the answer must be there.
    pub deadline: Deadline,
    /// Name of the request in the logs.
    pub request_id: RequestId,
    /// Who asks.
    pub caller: Caller,
}

/// What to summarize.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DigestInput {
    /// The article at an address.
    Url {
        /// Where it is.
        url: ArticleUrl,
        /// A headline in place of the article's own.
        title: Option<String>,
    },
    /// A pasted text; its lines that aren't blank are its paragraphs.
    Text {
        /// The text.
        text: String,
        /// Headline, if it has one.
        title: Option<String>,
    },
}

/// A summary, with its article when it was given by its address.
#[derive(Debug, Clone, PartialEq)]
pub struct Digest {
    /// The article that was summarized.
    pub article: Option<Arc<Article>>,
    /// The summary.
    pub summary: Arc<Summary>,
}

/// Why there is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DigestError {
    /// Nothing but white space.
    #[error("the text is empty")]
    EmptyText,
    /// More text than the gateway takes.
    #[error("the text is longer than {limit_bytes} bytes")]
    TextTooLarge {
        /// The limit in bytes.
        limit_bytes: usize,
    },
    /// The article could not be read.
    #[error(transparent)]
    Scraper(#[from] ScraperError),
    /// The summary could not be written.
    #[error(transparent)]
    Summarizer(#[from] SummarizerError),
}

/// Events on the way to a summary. It ends after the first error or after `Done`, and always with one of the two;
/// dropping it stops the work.
pub type EventStream = Pin<Box<dyn Stream<Item = Result<SummaryEvent, DigestError>> + Send>>;

/// Finds, reads and summarizes articles. Clones share their connections and the articles they keep.
#[derive(Debug, Clone)]
pub struct DigestService {
    scraper: Scraper,
    summarizer: Summarizer,
    articles: Cache<ArticleUrl, Arc<Article>>,
    summaries: Summaries,
    max_text: usize,
}

impl DigestService {
    /// Over these services.
    pub fn new(upstreams: Upstreams, config: &Config) -> Self {
        let articles = Cache::builder()
            .max_capacity(config.article_cache as u64)
            .weigher(|_, article: &Arc<Article>| weight(article))
            .time_to_live(config.article_age)
            .build();
        let summarizer = Summarizer::new(upstreams.summarizer, config.stream_silence, config.max_summaries);
        Self {
            scraper: Scraper::new(upstreams.scraper),
            summaries: Summaries::new(summarizer.clone(), &config.cache, config.ready_timeout),
            summarizer,
            articles,
            max_text: config.max_text,
        }
    }

    /// The sources to pick from.
    ///
    /// # Errors
    ///
    /// [`DigestError::Scraper`].
    pub async fn sources(&self, call: &Call) -> Result<Sources, DigestError> {
        Ok(self.scraper.sources(call).await?)
    }

    /// What a source (the default one without a name) has now, at most `limit`.
    ///
    /// # Errors
    ///
    /// [`DigestError::Scraper`].
    pub async fn headlines(
        &self,
        source: Option<&str>,
        limit: Option<u32>,
        call: &Call,
    ) -> Result<Headlines, DigestError> {
        Ok(self.scraper.headlines(source, limit, call).await?)
    }

    /// The models to pick from.
    ///
    /// # Errors
    ///
    /// [`DigestError::Summarizer`].
    pub async fn models(&self, call: &Call) -> Result<Models, DigestError> {
        Ok(self.summarizer.models(call).await?)
    }

    /// The article at an address, fetched now or a short while ago.
    ///
    /// # Errors
    ///
    /// [`DigestError::Scraper`].
    pub async fn article(&self, url: &ArticleUrl, call: &Call) -> Result<Arc<Article>, DigestError> {
        let first = self.shared_article(url, call).await;
        // Callers for one address share one fetch, and with it the deadline of whoever came first.
        match first {
            Err(ScraperError::DeadlineExceeded) if !call.deadline.has_passed() => {
                Ok(self.shared_article(url, call).await?)
            }
            first => Ok(first?),
        }
    }

    async fn shared_article(&self, url: &ArticleUrl, call: &Call) -> Result<Arc<Article>, ScraperError> {
        let fetch = async {
            let article = Arc::new(self.scraper.article(url, call).await?);
            self.keep(&article, Some(url)).await;
            Ok(article)
        };
        let shared = self.articles.try_get_with_by_ref(url, fetch);
        match timeout(call.deadline.remaining(), shared).await {
            Ok(article) => article.map_err(|error: Arc<ScraperError>| ScraperError::clone(&error)),
            Err(_) => Err(ScraperError::DeadlineExceeded),
        }
    }

    /// Keeps an article by the address that it names, unless that is the one it is kept by anyway.
    async fn keep(&self, article: &Arc<Article>, but: Option<&ArticleUrl>) {
        if let Ok(url) = article.url.parse::<ArticleUrl>()
            && Some(&url) != but
        {
            self.articles.insert(url, Arc::clone(article)).await;
        }
    }

    /// The summary of what `input` holds.
    ///
    /// # Errors
    ///
    /// As [`DigestError`] says.
    pub async fn digest(
        &self,
        input: DigestInput,
        options: &SummaryOptions,
        call: &Call,
    ) -> Result<Digest, DigestError> {
        let place = self.place_to_fetch(&input)?;
        let material = Arc::new(self.material(input, options.clone(), call).await?);
        let article = material.article.clone();
        let order = Order { material, call: call.clone(), stepwise: false, place };
        let summary = Reader::new(self.summaries.clone(), order).end().await?;
        Ok(Digest { article, summary })
    }

    /// The same step by step.
    ///
    /// # Errors
    ///
    /// What is wrong with a text, and that there is no place, is said at once; all else comes as the stream's last item.
    pub async fn stream(
        &self,
        input: DigestInput,
        options: SummaryOptions,
        call: Call,
    ) -> Result<EventStream, DigestError> {
        let fetching = Progress { phase: Phase::Fetching, done: 0, total: 0 };
        let is_named = matches!(input, DigestInput::Url { .. });
        let first = stream::iter(is_named.then_some(Ok(SummaryEvent::Progress(fetching))));
        let place = self.place_to_fetch(&input)?;
        let fetches = place.is_some();
        let rest = self.clone().told(input, options, call, place);
        Ok(if fetches {
            first.chain(stream::once(rest).try_flatten()).boxed()
        } else {
            first.chain(rest.await?).boxed()
        })
    }

    /// The events from the article on; by now the summary is there, on its way or begun.
    async fn told(
        self,
        input: DigestInput,
        options: SummaryOptions,
        call: Call,
        place: Option<Arc<Place>>,
    ) -> Result<impl Stream<Item = Result<SummaryEvent, DigestError>> + Send, DigestError> {
        let material = Arc::new(self.material(input, options, &call).await?);
        let article = material.article.clone().map(SummaryEvent::Article).map(Ok);
        let order = Order { material, call, stepwise: true, place };
        let events = Reader::new(self.summaries, order).on_board().await?.events();
        Ok(stream::iter(article).chain(events.map_err(DigestError::from)))
    }

    /// A place for a summary whose article has to be fetched first; any other gets one when it begins to be made, for what
    /// is kept needs none.
    fn place_to_fetch(&self, input: &DigestInput) -> Result<Option<Arc<Place>>, SummarizerError> {
        let fetches = matches!(input, DigestInput::Url { url, .. } if !self.articles.contains_key(url));
        fetches.then(|| self.summarizer.place().map(Arc::new)).transpose()
    }

    /// Reads the article, or takes the text to pieces.
    async fn material(
        &self,
        input: DigestInput,
        options: SummaryOptions,
        call: &Call,
    ) -> Result<Material, DigestError> {
        match input {
            DigestInput::Url { url, title } => {
                // In a box, so that texts don't carry the room for a fetch along.
                let article = Box::pin(self.article(&url, call)).await?;
                Ok(Material { article: Some(article), title, lines: Vec::new(), options })
            }
            DigestInput::Text { text, title } => {
                self.check(&text)?;
                Ok(Material { article: None, title, lines: lines_as_paragraphs(&text), options })
            }
        }
    }

    fn check(&self, text: &str) -> Result<(), DigestError> {
        if text.len() > self.max_text {
            return Err(DigestError::TextTooLarge { limit_bytes: self.max_text });
        }
        if text.trim().is_empty() { Err(DigestError::EmptyText) } else { Ok(()) }
    }
}

/// What an article takes in memory, in bytes, more or less.
fn weight(article: &Article) -> u32 {
    const FIXED: usize = 1024;
    let text: usize =
        article.paragraphs.iter().map(|paragraph| size_of::<Paragraph>() + paragraph.text.len()).sum();
    u32::try_from(FIXED + text).unwrap_or(u32::MAX)
}
