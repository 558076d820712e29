//! A scraper and a summarizer that answer what a test tells them.
#![expect(clippy::disallowed_types, reason = "a gRPC server is an edge")]

use std::{pin::Pin, time::Duration};

use futures::Stream;
use gateway::{app, config::Config, state::AppState};
use nutgraf_proto::{
    scraper::v1::{self as scraper, scraper_service_server as scraping},
    summarizer::v1::{self as summarizer, summarizer_service_server as summarizing},
};
use service_kit::{
    grpc::{Rejection, Services, serve},
    shutdown::DrainArgs,
    testing::listener,
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Request, Response, Status};

/// An error as a service names it.
pub(crate) type Reason = (Code, &'static str);

/// What the two services answer.
#[derive(Clone)]
pub(crate) struct Upstream {
    pub(crate) article: Result<scraper::Article, Reason>,
    pub(crate) headlines: Result<Vec<scraper::Headline>, Reason>,
    pub(crate) summary: Result<summarizer::Summary, Reason>,
}

/// The gateway in front of them; they stop when it is dropped.
pub(crate) struct Stage {
    pub(crate) app: axum::Router,
    _stop: DropGuard,
}

impl Upstream {
    /// Starts both services and the gateway.
    pub(crate) async fn start(self) -> Stage {
        let stop = CancellationToken::new();
        let (scraper, summarizer) = (listener().await.unwrap(), listener().await.unwrap());
        let config = Config {
            scraper: scraper.local_addr().unwrap().into(),
            summarizer: summarizer.local_addr().unwrap().into(),
            ..Config::default()
        };
        let scraping = scraping::ScraperServiceServer::new(self.clone());
        let summarizing = summarizing::SummarizerServiceServer::new(self);
        for (listener, services) in [
            (scraper, Services::new(scraper::DESCRIPTORS).with(scraping)),
            (summarizer, Services::new(summarizer::DESCRIPTORS).with(summarizing)),
        ] {
            let stop = stop.clone();
            tokio::spawn(async move {
                let drain = DrainArgs::at_once(Duration::from_secs(1));
                serve(listener, services, watch::channel(true).1, &drain, stop).await.unwrap();
            });
        }
        Stage { app: app(AppState::new(config)), _stop: stop.drop_guard() }
    }
}

/// The gateway with nothing behind it.
pub(crate) async fn alone() -> Stage {
    let closed = {
        let listener = listener().await.unwrap();
        listener.local_addr().unwrap()
    };
    let config = Config { scraper: closed.into(), summarizer: closed.into(), ..Config::default() };
    Stage { app: app(AppState::new(config)), _stop: CancellationToken::new().drop_guard() }
}

fn refuse((code, reason): Reason) -> Status {
    let message = "not for the reader".to_owned();
    Rejection { code, reason, message, metadata: Vec::new(), retry_after: None }.into_status()
}

#[tonic::async_trait]
impl scraping::ScraperService for Upstream {
    async fn list_sources(
        &self,
        _: Request<scraper::ListSourcesRequest>,
    ) -> Result<Response<scraper::ListSourcesResponse>, Status> {
        let source = |id: &str, name: &str, is_default| scraper::Source {
            id: id.into(),
            name: name.into(),
            homepage_url: "https://news.example/".into(),
            is_default,
            is_demo: is_default,
            ..scraper::Source::default()
        };
        let sources =
            vec![source("courier", "The <b>Courier</b>", true), source("gazette", "Gazette", false)];
        Ok(Response::new(scraper::ListSourcesResponse { sources }))
    }

    async fn list_headlines(
        &self,
        request: Request<scraper::ListHeadlinesRequest>,
    ) -> Result<Response<scraper::ListHeadlinesResponse>, Status> {
        let source_id = request.into_inner().source_id;
        let headlines = self.headlines.clone().map_err(refuse)?;
        Ok(Response::new(scraper::ListHeadlinesResponse { headlines, skipped: 0, source_id }))
    }

    async fn get_article(
        &self,
        _: Request<scraper::GetArticleRequest>,
    ) -> Result<Response<scraper::GetArticleResponse>, Status> {
        let article = self.article.clone().map_err(refuse)?;
        Ok(Response::new(scraper::GetArticleResponse { article: Some(article) }))
    }

    async fn get_random_article(
        &self,
        _: Request<scraper::GetRandomArticleRequest>,
    ) -> Result<Response<scraper::GetRandomArticleResponse>, Status> {
        let article = self.article.clone().map_err(refuse)?;
        Ok(Response::new(scraper::GetRandomArticleResponse { article: Some(article) }))
    }
}

#[tonic::async_trait]
impl summarizing::SummarizerService for Upstream {
    type StreamSummaryStream =
        Pin<Box<dyn Stream<Item = Result<summarizer::StreamSummaryResponse, Status>> + Send>>;

    async fn summarize(
        &self,
        request: Request<summarizer::SummarizeRequest>,
    ) -> Result<Response<summarizer::SummarizeResponse>, Status> {
        let format = request.into_inner().input.map(|input| input.format).unwrap_or_default();
        let summary = self.summary.clone().map_err(refuse)?;
        Ok(Response::new(summarizer::SummarizeResponse {
            summary: Some(summarizer::Summary { format, ..summary }),
        }))
    }

    async fn stream_summary(
        &self,
        _: Request<summarizer::StreamSummaryRequest>,
    ) -> Result<Response<Self::StreamSummaryStream>, Status> {
        Err(refuse((Code::Internal, "INTERNAL")))
    }

    async fn list_models(
        &self,
        _: Request<summarizer::ListModelsRequest>,
    ) -> Result<Response<summarizer::ListModelsResponse>, Status> {
        Err(refuse((Code::Internal, "INTERNAL")))
    }
}
