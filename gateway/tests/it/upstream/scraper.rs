//! The scraper's side.
#![expect(clippy::disallowed_types, reason = "a gRPC server is an edge")]

use nutgraf_proto::scraper::v1::{
    GetArticleRequest, GetArticleResponse, GetRandomArticleRequest, GetRandomArticleResponse,
    ListHeadlinesRequest, ListHeadlinesResponse, ListSourcesRequest, ListSourcesResponse, Source,
    scraper_service_server::ScraperService,
};
use service_kit::grpc;
use tonic::{Request, Response, Status};

use super::{SeenCall, Upstream};

impl Upstream {
    /// Notes a call; hangs if it is told to.
    pub(super) async fn arrive<T: std::fmt::Debug>(&self, method: &'static str, request: &Request<T>) {
        let call = SeenCall {
            method,
            request_id: grpc::request_id(request).map(|id| id.to_string()),
            timeout: grpc::remaining(request),
            message: format!("{:?}", request.get_ref()),
        };
        self.seen.calls.lock().unwrap().push(call);
        if self.hangs.contains(&method) {
            self.seen.clone().hang().await;
        }
    }
}

#[tonic::async_trait]
impl ScraperService for Upstream {
    async fn list_sources(
        &self,
        request: Request<ListSourcesRequest>,
    ) -> Result<Response<ListSourcesResponse>, Status> {
        self.arrive("list_sources", &request).await;
        let source = |id: &str, name: &str, is_default| Source {
            id: id.into(),
            name: name.into(),
            homepage_url: "https://news.example/".into(),
            is_default,
            is_demo: is_default,
            ..Source::default()
        };
        let sources =
            vec![source("courier", "The <b>Courier</b>", true), source("gazette", "Gazette", false)];
        Ok(Response::new(ListSourcesResponse { sources }))
    }

    async fn list_headlines(
        &self,
        request: Request<ListHeadlinesRequest>,
    ) -> Result<Response<ListHeadlinesResponse>, Status> {
        self.arrive("list_headlines", &request).await;
        let source_id = request.into_inner().source_id;
        let headlines = self.headlines.clone().map_err(|reason| self.refusal(reason).into_status())?;
        Ok(Response::new(ListHeadlinesResponse { headlines, skipped: 0, source_id }))
    }

    async fn get_article(
        &self,
        request: Request<GetArticleRequest>,
    ) -> Result<Response<GetArticleResponse>, Status> {
        self.arrive("get_article", &request).await;
        let article = self.article.clone().map_err(|reason| self.refusal(reason).into_status())?;
        Ok(Response::new(GetArticleResponse { article: Some(article) }))
    }

    async fn get_random_article(
        &self,
        request: Request<GetRandomArticleRequest>,
    ) -> Result<Response<GetRandomArticleResponse>, Status> {
        self.arrive("get_random_article", &request).await;
        let article = self.article.clone().map_err(|reason| self.refusal(reason).into_status())?;
        let headline_url = self.headline_url.map_or_else(|| article.url.clone(), str::to_owned);
        Ok(Response::new(GetRandomArticleResponse { article: Some(article), headline_url }))
    }
}
