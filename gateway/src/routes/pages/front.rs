//! The front page, and *Get News*.

use axum::{
    Extension,
    extract::State,
    response::{IntoResponse as _, Redirect, Response},
};
use http::{HeaderMap, StatusCode};
use serde::Deserialize;
use service_kit::request_id::RequestId;

use super::{Given, Visit, form, seen::Seen};
use crate::{
    caller::Caller,
    digest::{Choice, DigestError},
    error::{Fault, Problem, ProblemKind},
    routes::input::ApiQuery,
    state::AppState,
    views::{
        front::{FrontPage, Place, Teaser},
        page,
    },
};

#[derive(Debug, Deserialize)]
pub(super) struct SourceQuery {
    source: Option<String>,
}

impl SourceQuery {
    /// The source; an empty value is one that was not given.
    fn id(self) -> Option<String> {
        self.source.filter(|source| !source.is_empty())
    }
}

pub(super) async fn front(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    ApiQuery(query): ApiQuery<SourceQuery>,
) -> Response {
    Visit { state, request_id, caller }.front(query.id()).await
}

/// Get News: leads to some article of the source, so that the page has an address to reload and share.
pub(super) async fn random(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<SourceQuery>,
) -> Response {
    let visit = Visit { state, request_id, caller };
    let source = query.id();
    match visit.pick(source.clone(), &Seen::of(&headers)).await {
        Ok(url) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("url", &url);
            Redirect::to(&format!("/article?{}", query.finish())).into_response()
        }
        Err(error) => {
            visit.refuse(Place::Source, &of_source(error.into()), Given { source, ..Given::default() }).await
        }
    }
}

impl Visit {
    /// The address of some article of a source that the reader has not opened yet, where there is one.
    async fn pick(&self, source: Option<String>, seen: &Seen) -> Result<String, DigestError> {
        let call = self.state.article_call(&self.request_id);
        let digests = &self.state.digests;
        let excluded = if seen.is_empty() {
            Vec::new()
        } else {
            seen.among(&digests.headlines(source.as_deref(), None, &call).await?.headlines)
        };
        let picked = digests.random_article(&Choice { source, seed: None, excluded }, &call).await?;
        // The page that it leads to is opened by the headline's address, as the list of headlines has it.
        Ok(if picked.headline_url.is_empty() { picked.article.url.clone() } else { picked.headline_url })
    }

    /// The front page, with the headlines of the source that is picked.
    async fn front(&self, source: Option<String>) -> Response {
        let call = self.state.article_call(&self.request_id);
        let digests = &self.state.digests;
        let headlines = digests.headlines(source.as_deref(), None, &call);
        let (sources, engines, headlines) = tokio::join!(digests.sources(&call), self.engines(), headlines);
        let (headlines, problem) = match headlines {
            Ok(found) => (found.headlines, None),
            Err(error) => (Vec::new(), Some(of_source(error.into()))),
        };
        let status = match &problem {
            Some(problem) if problem.kind == ProblemKind::UnknownSource => problem.kind.status(),
            // The rest of the page works without headlines.
            _ => StatusCode::OK,
        };
        let template = FrontPage {
            headlines: headlines.into_iter().map(Teaser::from).collect(),
            failure: problem.as_ref().map(|problem| self.failure(Place::Headlines, problem, true)),
            ..form(sources, engines, Given { source, ..Given::default() })
        };
        page(status, &template)
    }
}

/// Nobody gave an address who picked a source.
fn of_source(problem: Problem) -> Problem {
    match problem.kind.fault() {
        _ if problem.kind == ProblemKind::UnknownSource => {
            problem.with_detail("Pick one of the sources from the list, then press Show headlines.")
        }
        Fault::Site => problem.with_detail("Pick another source, give an address, or try again later."),
        Fault::Caller | Fault::Ours => problem,
    }
}
