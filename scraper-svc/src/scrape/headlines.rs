//! What a source has now.

use std::sync::Arc;

use futures::future::join_all;

use super::{ScrapeError, Scraper};
use crate::{
    article::ArticleUrl,
    discovery::{self, Found},
    extract::{self, ExtractError},
    fetch::{FeedDocument, FetchError, Wanted},
    sources::Source,
};

/// How a document lists headlines.
type Reader = fn(&FeedDocument, &Source) -> Option<Found>;

impl Scraper {
    /// What a source has now, newest first. Kept for a minute; callers at the same time share one visit.
    ///
    /// # Errors
    ///
    /// [`ScrapeError`] when no feed, no sitemap and no front page has headlines.
    pub async fn headlines(&self, source: &Arc<Source>) -> Result<Arc<Found>, ScrapeError> {
        let visit = Box::pin(async {
            let mut problems = Vec::new();
            let found = self.discover(source, &mut problems).await;
            match &found {
                // Says nothing of the source.
                Err(error) if error.is_ours() => {}
                found => self.inner.health.note(&source.id, found.is_ok(), &problems),
            }
            found.map(Arc::new)
        });
        let found = self.inner.headlines.try_get_with(source.id.clone(), visit).await;
        found.map_err(|error: Arc<ScrapeError>| ScrapeError::clone(&error))
    }

    /// Feeds and sitemaps together; the front page where they have nothing. `problems` gets what went wrong at each.
    async fn discover(&self, source: &Arc<Source>, problems: &mut Vec<String>) -> Result<Found, ScrapeError> {
        let feeds = source.feeds.iter().map(|url| (url, discovery::of_feed as Reader));
        let sitemaps = source.sitemaps.iter().map(|url| (url, discovery::of_sitemap as Reader));
        let visits = feeds
            .chain(sitemaps)
            .map(|(url, reader)| async move { (url, self.read_list(source, url, reader).await) });
        let mut found = Found::default();
        let mut failure = ScrapeError::NoHeadlines;
        for (url, visit) in join_all(visits).await {
            match visit {
                Ok(more) => found = found.and(more),
                Err(error) => {
                    tracing::info!(source = source.id, %url, %error, "a feed or sitemap gave nothing");
                    if !error.is_ours() {
                        problems.push(format!("{url}: {error}"));
                    }
                    failure = error;
                }
            }
        }
        if !found.headlines.is_empty() {
            return Ok(found);
        }
        match self.front_page(source).await {
            Ok(Some(front)) => return Ok(found.and(front)),
            Ok(None) => {}
            Err(error) => failure = error,
        }
        problems.extend(problems.is_empty().then(|| failure.to_string()));
        Err(failure)
    }

    /// What a feed or sitemap has; that may be nothing at the moment.
    async fn read_list(
        &self,
        source: &Arc<Source>,
        url: &ArticleUrl,
        read: Reader,
    ) -> Result<Found, ScrapeError> {
        let document = self.inner.fetcher.feed(url).await?;
        let source = Arc::clone(source);
        let found = self.on_a_core(move || read(&document, &source)).await?;
        Ok(found.ok_or(FetchError::UnsupportedContent { wanted: Wanted::Feed })?)
    }

    /// None where the source has no way to find headlines there.
    async fn front_page(&self, source: &Arc<Source>) -> Result<Option<Found>, ScrapeError> {
        let (Some(selector), Some(homepage)) = (&source.headline_selector, &source.homepage) else {
            return Ok(None);
        };
        let page = self.inner.fetcher.page(homepage).await?;
        let (selector, source) = (selector.clone(), Arc::clone(source));
        let read = move || {
            let html = extract::parse(&page.html)?;
            Ok::<_, ExtractError>(discovery::of_front_page(&html, &page, &selector, &source))
        };
        let found = self.on_a_core(read).await??;
        if found.headlines.is_empty() { Err(ScrapeError::NoHeadlines) } else { Ok(Some(found)) }
    }
}
