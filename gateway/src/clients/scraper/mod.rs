//! The scraper: sources, headlines, articles.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

mod error;
mod wire;

use std::future::Future;

use nutgraf_proto::scraper::v1::{
    GetArticleRequest, GetRandomArticleRequest, ListHeadlinesRequest, ListSourcesRequest,
    scraper_service_client::ScraperServiceClient,
};
use service_kit::grpc::{Fault, GrpcAddress, channel, request};
use tokio::time::timeout;
use tonic::{Response, Status, transport::Channel};

pub use self::error::ScraperError;
use crate::{
    article::{Article, ArticleUrl},
    digest::{Call, Choice},
    source::{Headlines, Sources},
};

/// A scraper at an address. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Scraper {
    client: ScraperServiceClient<Channel>,
}

impl Scraper {
    /// Connects when it is first used. Must be called within a tokio runtime.
    pub fn new(address: &GrpcAddress) -> Self {
        Self { client: ScraperServiceClient::new(channel(address)) }
    }

    /// The sources that the scraper knows.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn sources(&self, call: &Call) -> Result<Sources, ScraperError> {
        let mut client = self.client.clone();
        let message = request(ListSourcesRequest {}, call.deadline, &call.request_id);
        Ok(answer(call, client.list_sources(message)).await?.into())
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
        let mut client = self.client.clone();
        let message = ListHeadlinesRequest {
            source_id: source.unwrap_or_default().to_owned(),
            limit: limit.unwrap_or_default(),
        };
        let message = request(message, call.deadline, &call.request_id);
        Ok(answer(call, client.list_headlines(message)).await?.into())
    }

    /// The article at `url`.
    ///
    /// # Errors
    ///
    /// As [`ScraperError`] says.
    pub async fn article(&self, url: &ArticleUrl, call: &Call) -> Result<Article, ScraperError> {
        let mut client = self.client.clone();
        let message = GetArticleRequest { url: url.as_str().to_owned() };
        let message = request(message, call.deadline, &call.request_id);
        wire::article(answer(call, client.get_article(message)).await?.article)
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
        let mut client = self.client.clone();
        let message = GetRandomArticleRequest {
            source_id: choice.source.clone().unwrap_or_default(),
            seed: choice.seed,
            exclude_urls: choice.excluded.iter().map(ToString::to_string).collect(),
        };
        let message = request(message, call.deadline, &call.request_id);
        let picked = answer(call, client.get_random_article(message)).await?;
        Ok((picked.headline_url, wire::article(picked.article)?))
    }
}

/// The answer's message, if it is there by the deadline.
async fn answer<T>(
    call: &Call,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, ScraperError> {
    match timeout(call.deadline.remaining(), answer).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(Fault::from_status(&status).into()),
        Err(_) => Err(ScraperError::DeadlineExceeded),
    }
}
