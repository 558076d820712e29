//! Sources, headlines and articles.

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use service_kit::request_id::RequestId;
use utoipa::IntoParams;

use super::input::{ApiQuery, ListQuery, article_url};
use crate::{
    article::Article,
    digest::{Choice, MOST_EXCLUDED},
    error::{Problem, ProblemDocument, ProblemKind},
    source::{Headlines, Sources},
    state::AppState,
};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct HeadlinesQuery {
    /// Id of a source; the default one without it.
    source: Option<String>,
    /// At most this many; as many as the scraper gives without it.
    limit: Option<u32>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct ArticleQuery {
    /// Absolute http or https address of an article.
    #[param(required = true, value_type = String)]
    url: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(super) struct RandomQuery {
    /// Id of a source; the default one without it.
    source: Option<String>,
    /// The same seed picks the same article as long as the headlines and `exclude` are the same.
    seed: Option<u64>,
    /// Address of an article that the caller has had; again for each, oldest first, at most 128. None of them comes while
    /// the source has another.
    #[serde(default)]
    #[param(max_items = 128)]
    exclude: Vec<String>,
}

impl TryFrom<RandomQuery> for Choice {
    type Error = Problem;

    fn try_from(query: RandomQuery) -> Result<Self, Problem> {
        if query.exclude.len() > MOST_EXCLUDED {
            let detail = format!("Exclude at most {MOST_EXCLUDED} addresses; leave out the oldest.");
            return Err(Problem::new(ProblemKind::InvalidQuery).with_detail(detail).with_field("exclude"));
        }
        let url = |text: &String| article_url(Some(text)).map_err(|problem| problem.with_field("exclude"));
        let excluded = query.exclude.iter().map(url).collect::<Result<_, _>>()?;
        Ok(Self { source: query.source, seed: query.seed, excluded })
    }
}

/// The sources to pick from.
#[utoipa::path(
    get, path = "/api/v1/sources", tag = "articles",
    responses(
        (status = 200, description = "The sources, in the order of the scraper's configuration.", body = Sources),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn sources(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
) -> Result<Json<Sources>, Problem> {
    Ok(Json(state.digests.sources(&state.article_call(&request_id)).await?))
}

/// What a source has now.
#[utoipa::path(
    get, path = "/api/v1/headlines", tag = "articles", params(HeadlinesQuery),
    responses(
        (status = 200, description = "The headlines, newest first.", body = Headlines),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn headlines(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<HeadlinesQuery>,
) -> Result<Json<Headlines>, Problem> {
    let call = state.article_call(&request_id);
    Ok(Json(state.digests.headlines(query.source.as_deref(), query.limit, &call).await?))
}

/// The article at an address.
#[utoipa::path(
    get, path = "/api/v1/articles", tag = "articles", params(ArticleQuery),
    responses(
        (status = 200, description = "The article.", body = Article),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn article(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<ArticleQuery>,
) -> Result<Response, Problem> {
    let url = article_url(query.url.as_deref())?;
    let article = state.digests.article(&url, &state.article_call(&request_id)).await?;
    Ok(Json(article.as_ref()).into_response())
}

/// Some article of a source.
#[utoipa::path(
    get, path = "/api/v1/articles/random", tag = "articles", params(RandomQuery),
    responses(
        (status = 200, description = "The article.", body = Article),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn random_article(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ListQuery(query): ListQuery<RandomQuery>,
) -> Result<Response, Problem> {
    let picked = state.digests.random_article(&query.try_into()?, &state.article_call(&request_id)).await?;
    Ok(Json(picked.article.as_ref()).into_response())
}
