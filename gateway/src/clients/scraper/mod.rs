//! The scraper: sources, headlines, articles.

mod error;
mod wire;

use nutgraf_proto::scraper::v1::{
    GetArticleRequest, GetRandomArticleRequest, ListHeadlinesRequest, ListSourcesRequest,
    scraper_service_client::ScraperServiceClient,
};
use service_kit::grpc::Balanced;

pub use self::error::ScraperError;
use super::Upstream;
use crate::{
    article::{Article, ArticleUrl},
    digest::{Call, Choice},
    source::{Headlines, Sources},
};

/// The scraper, all its replicas. Clones share their connections.
#[derive(Debug, Clone)]
pub struct Scraper {
    upstream: Upstream,
}

impl Scraper {
    /// The scraper over there.
    pub fn new(upstream: Upstream) -> Self {
        Self { upstream }
    }

    fn client(&self) -> ScraperServiceClient<Balanced> {
        ScraperServiceClient::new(self.upstream.channel().clone())
    }

    /// The sources that the scraper knows.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn sources(&self, call: &Call) -> Result<Sources, ScraperError> {
        let send = |request| {
            let mut client = self.client();
            async move { client.list_sources(request).await }
        };
        Ok(self.upstream.ask(ListSourcesRequest {}, call, send).await?.into())
    }

    /// What `source` (the default one without a name) has now; at most `limit`, or as many as the scraper likes.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn headlines(
        &self,
        source: Option<&str>,
        limit: Option<u32>,
        call: &Call,
    ) -> Result<Headlines, ScraperError> {
        let message = ListHeadlinesRequest {
            source_id: source.unwrap_or_default().to_owned(),
            limit: limit.unwrap_or_default(),
        };
        let send = |request| {
            let mut client = self.client();
            async move { client.list_headlines(request).await }
        };
        Ok(self.upstream.ask(message, call, send).await?.into())
    }

    /// The article at `url`.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn article(&self, url: &ArticleUrl, call: &Call) -> Result<Article, ScraperError> {
        let message = GetArticleRequest { url: url.as_str().to_owned() };
        let send = |request| {
            let mut client = self.client();
            async move { client.get_article(request).await }
        };
        wire::article(self.upstream.ask(message, call, send).await?.article)
    }

    /// Some article, with the address of its headline.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn random_article(
        &self,
        choice: &Choice,
        call: &Call,
    ) -> Result<(String, Article), ScraperError> {
        let message = GetRandomArticleRequest {
            source_id: choice.source.clone().unwrap_or_default(),
            seed: choice.seed,
            exclude_urls: choice.excluded.iter().map(ToString::to_string).collect(),
        };
        let send = |request| {
            let mut client = self.client();
            async move { client.get_random_article(request).await }
        };
        let picked = self.upstream.ask(message, call, send).await?;
        Ok((picked.headline_url, wire::article(picked.article)?))
    }
}
