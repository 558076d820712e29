//! The wire: requests parsed into the domain's types, answers and errors translated back.
#![expect(clippy::disallowed_types, reason = "the edge of the service")]

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use nutgraf_proto::scraper::v1::{
    self as pb, DESCRIPTORS,
    scraper_service_server::{ScraperService, ScraperServiceServer},
};
use service_kit::grpc::{Rejection, Services, remaining};
use tokio::time::timeout;
use tonic::{Code, Request, Response, Status};

use crate::{
    article::{Article, ArticleUrl, Headline, InvalidUrl, Paragraph, ParagraphKind, RobotsVerdict},
    discovery::MOST_HEADLINES,
    extract::{ExtractError, Verdict},
    fetch::FetchError,
    scrape::{Excluded, InvalidExcluded, ScrapeError, Scraper},
    sources::Source,
    visits::Visits,
};

/// For callers that set no deadline.
const LONGEST_CALL: Duration = Duration::from_mins(1);

struct Grpc {
    scraper: Scraper,
}

/// The service, ready to be served.
pub(crate) fn services(scraper: Scraper) -> Services {
    Services::new(DESCRIPTORS).with(ScraperServiceServer::new(Grpc { scraper }))
}

#[tonic::async_trait]
impl ScraperService for Grpc {
    async fn list_sources(
        &self,
        _request: Request<pb::ListSourcesRequest>,
    ) -> Result<Response<pb::ListSourcesResponse>, Status> {
        let sources = self.scraper.sources();
        let wire = |source: &Arc<Source>| {
            wire_source(source, sources.is_default(source), self.scraper.health(source))
        };
        Ok(Response::new(pb::ListSourcesResponse { sources: sources.iter().map(wire).collect() }))
    }

    async fn list_headlines(
        &self,
        request: Request<pb::ListHeadlinesRequest>,
    ) -> Result<Response<pb::ListHeadlinesResponse>, Status> {
        let limit = remaining(&request);
        let request = request.into_inner();
        let source = self.scraper.source(&request.source_id).map_err(|error| status(&error))?;
        let found = within(limit, Box::pin(self.scraper.headlines(&source))).await?;
        let most = if request.limit == 0 { MOST_HEADLINES } else { request.limit as usize };
        Ok(Response::new(pb::ListHeadlinesResponse {
            headlines: found.headlines.iter().take(most).map(wire_headline).collect(),
            skipped: found.skipped as u32,
            source_id: source.id.clone(),
        }))
    }

    async fn get_article(
        &self,
        request: Request<pb::GetArticleRequest>,
    ) -> Result<Response<pb::GetArticleResponse>, Status> {
        let limit = remaining(&request);
        let url = ArticleUrl::parse(&request.get_ref().url).map_err(invalid_url)?;
        let article = within(limit, Box::pin(self.scraper.article(&url))).await?;
        Ok(Response::new(pb::GetArticleResponse { article: Some(wire_article(article)) }))
    }

    async fn get_random_article(
        &self,
        request: Request<pb::GetRandomArticleRequest>,
    ) -> Result<Response<pb::GetRandomArticleResponse>, Status> {
        let limit = remaining(&request);
        let request = request.into_inner();
        let source = self.scraper.source(&request.source_id).map_err(|error| status(&error))?;
        let excluded = Excluded::parse(&request.exclude_urls).map_err(invalid_excluded)?;
        let picked = self.scraper.random(&source, request.seed, &excluded);
        let picked = within(limit, Box::pin(picked)).await?;
        Ok(Response::new(pb::GetRandomArticleResponse {
            headline_url: picked.headline.to_string(),
            article: Some(wire_article(picked.article)),
        }))
    }
}

/// Stops the work when the caller's time is up.
async fn within<T>(
    limit: Option<Duration>,
    work: impl Future<Output = Result<T, ScrapeError>>,
) -> Result<T, Status> {
    let limit = limit.unwrap_or(LONGEST_CALL).min(LONGEST_CALL);
    timeout(limit, work).await.unwrap_or(Err(FetchError::Timeout.into())).map_err(|error| status(&error))
}

fn invalid_url(error: InvalidUrl) -> Status {
    invalid("INVALID_URL", error.to_string())
}

fn invalid_excluded(error: InvalidExcluded) -> Status {
    match error {
        InvalidExcluded::TooMany => invalid("TOO_MANY_EXCLUDED", error.to_string()),
        InvalidExcluded::Url(error) => invalid_url(error),
    }
}

fn invalid(reason: &'static str, message: String) -> Status {
    let code = Code::InvalidArgument;
    Rejection { code, reason, message, metadata: vec![], retry_after: None }.into_status()
}

fn status(error: &ScrapeError) -> Status {
    let message = error.to_string();
    let (code, reason) = match error {
        ScrapeError::UnknownSource => (Code::NotFound, "UNKNOWN_SOURCE"),
        ScrapeError::NoHeadlines => (Code::Unavailable, "NO_HEADLINES"),
        ScrapeError::Fetch(error) => fetch_reason(error),
        ScrapeError::Extract(error) => extract_reason(*error),
        ScrapeError::Internal => (Code::Internal, "INTERNAL"),
    };
    let metadata = match error {
        ScrapeError::Fetch(
            FetchError::Status(status)
            | FetchError::BadRedirect { status }
            | FetchError::SiteBusy { status, .. },
        ) => vec![("status", status.to_string())],
        ScrapeError::Fetch(FetchError::TooLarge { limit }) => vec![("limit_bytes", limit.to_string())],
        _ => vec![],
    };
    let retry_after = match error {
        ScrapeError::Fetch(FetchError::Busy { retry_after } | FetchError::SiteBusy { retry_after, .. }) => {
            Some(*retry_after)
        }
        _ => None,
    };
    if let ScrapeError::Fetch(FetchError::Unreachable { cause }) = error {
        tracing::info!(cause, "a site can't be reached");
    }
    Rejection { code, reason, message, metadata, retry_after }.into_status()
}

fn fetch_reason(error: &FetchError) -> (Code, &'static str) {
    match error {
        FetchError::PrivateAddress | FetchError::ForbiddenPort(_) => {
            (Code::PermissionDenied, "PRIVATE_ADDRESS")
        }
        FetchError::RobotsDisallowed | FetchError::RobotsUnavailable => {
            (Code::PermissionDenied, "ROBOTS_DISALLOWED")
        }
        FetchError::Unreachable { .. } => (Code::Unavailable, "UNREACHABLE"),
        FetchError::Timeout => (Code::DeadlineExceeded, "TIMEOUT"),
        FetchError::TooManyRedirects => (Code::FailedPrecondition, "TOO_MANY_REDIRECTS"),
        FetchError::TooLarge { .. } => (Code::FailedPrecondition, "TOO_LARGE"),
        FetchError::UnsupportedContent { .. } => (Code::FailedPrecondition, "UNSUPPORTED_CONTENT"),
        FetchError::Status(404 | 410) => (Code::NotFound, "PAGE_NOT_FOUND"),
        FetchError::Status(_) | FetchError::BadRedirect { .. } => (Code::FailedPrecondition, "SITE_ERROR"),
        FetchError::SiteBusy { .. } => (Code::Unavailable, "SITE_ERROR"),
        FetchError::Challenged => (Code::FailedPrecondition, "BLOCKED"),
        FetchError::Busy { .. } => (Code::ResourceExhausted, "BUSY"),
    }
}

fn extract_reason(error: ExtractError) -> (Code, &'static str) {
    let reason = match error {
        ExtractError::NotArticle => "NOT_ARTICLE",
        ExtractError::Paywalled => "PAYWALLED",
        ExtractError::Blocked => "BLOCKED",
        ExtractError::TooLarge | ExtractError::TooDeep => "MALFORMED_PAGE",
    };
    (Code::FailedPrecondition, reason)
}

fn wire_source(source: &Source, is_default: bool, health: Visits) -> pb::Source {
    pb::Source {
        id: source.id.clone(),
        name: source.name.clone(),
        homepage_url: source.homepage.as_ref().map(ArticleUrl::to_string).unwrap_or_default(),
        language: source.language.clone(),
        is_default,
        is_demo: source.demo,
        health: Some(pb::SourceHealth {
            last_success_at: health.last_success.map(wire_time),
            last_failure_at: health.last_failure.map(wire_time),
            last_error: health.last_error,
        }),
    }
}

fn wire_headline(headline: &Headline) -> pb::Headline {
    pb::Headline {
        url: headline.url.to_string(),
        title: headline.title.clone(),
        summary: headline.summary.clone(),
        published_at: headline.published_at.map(|at| at.to_string()).unwrap_or_default(),
        source_id: headline.source_id.clone(),
    }
}

fn wire_article(article: Article) -> pb::Article {
    let verdict = match article.verdict {
        Verdict::Article => pb::PageVerdict::Article,
        Verdict::Paywalled => pb::PageVerdict::Paywalled,
    };
    let robots = match article.robots {
        RobotsVerdict::Allowed => pb::RobotsVerdict::Allowed,
        RobotsVerdict::Absent => pb::RobotsVerdict::Absent,
        RobotsVerdict::Ignored => pb::RobotsVerdict::Ignored,
    };
    pb::Article {
        url: article.url.to_string(),
        canonical_url: article.canonical_url.to_string(),
        title: article.title,
        byline: article.byline,
        authors: article.authors,
        site_name: article.site_name,
        published_at: article.published_at,
        language: article.language,
        lead_image_url: article.lead_image_url.map(|url| url.to_string()).unwrap_or_default(),
        paragraphs: article.paragraphs.into_iter().map(wire_paragraph).collect(),
        word_count: article.word_count as u32,
        extraction: Some(pb::Extraction {
            extractor: article.extractor.to_owned(),
            confidence: article.confidence,
            verdict: verdict.into(),
        }),
        fetched_at: Some(wire_time(article.fetched_at)),
        robots: robots.into(),
        source_id: article.source_id.unwrap_or_default(),
    }
}

fn wire_paragraph(paragraph: Paragraph) -> pb::Paragraph {
    let kind = match paragraph.kind {
        ParagraphKind::Text => pb::ParagraphKind::Text,
        ParagraphKind::Heading => pb::ParagraphKind::Heading,
        ParagraphKind::Quote => pb::ParagraphKind::Quote,
        ParagraphKind::ListItem => pb::ParagraphKind::ListItem,
        ParagraphKind::Caption => pb::ParagraphKind::Caption,
    };
    pb::Paragraph { text: paragraph.text, kind: kind.into() }
}

fn wire_time(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

#[cfg(test)]
mod tests {
    use service_kit::grpc::Fault;

    use super::*;

    #[test]
    fn every_reason_is_one_of_the_contract() {
        let fetch = [
            FetchError::PrivateAddress,
            FetchError::ForbiddenPort(22),
            FetchError::RobotsDisallowed,
            FetchError::RobotsUnavailable,
            FetchError::Unreachable { cause: "secret".to_owned() },
            FetchError::Timeout,
            FetchError::TooManyRedirects,
            FetchError::BadRedirect { status: 302 },
            FetchError::TooLarge { limit: 10_000_000 },
            FetchError::UnsupportedContent { wanted: crate::fetch::Wanted::Page },
            FetchError::Status(404),
            FetchError::Status(503),
            FetchError::Challenged,
            FetchError::SiteBusy { status: 429, retry_after: Duration::from_secs(9) },
            FetchError::Busy { retry_after: Duration::from_secs(2) },
        ];
        let extract = [
            ExtractError::NotArticle,
            ExtractError::Paywalled,
            ExtractError::Blocked,
            ExtractError::TooLarge,
            ExtractError::TooDeep,
        ];
        let ours = [ScrapeError::UnknownSource, ScrapeError::NoHeadlines, ScrapeError::Internal];
        let all = fetch.map(ScrapeError::from).into_iter().chain(extract.map(ScrapeError::from)).chain(ours);
        for error in all {
            let fault = Fault::from_status(&status(&error));
            let reason = format!("ERROR_REASON_{}", fault.reason.unwrap());
            assert!(pb::ErrorReason::from_str_name(&reason).is_some(), "{reason}");
            assert!(!fault.message.contains("secret") && fault.message.ends_with('.'), "{}", fault.message);
        }
    }
}
