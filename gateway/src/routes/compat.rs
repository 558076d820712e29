//! Two routes kept for older clients, which know exactly these fields.

use axum::{Extension, Json, extract::State};
use serde::{Deserialize, Serialize};
use service_kit::request_id::RequestId;
use utoipa::ToSchema;

use super::input::LaxJsonBody;
use crate::{
    caller::Caller,
    digest::{Choice, DigestInput},
    error::{Problem, ProblemDocument},
    options::SummaryOptions,
    state::AppState,
};

/// An article.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct News {
    /// Headline.
    title: String,
    /// The paragraphs, one a line.
    content: String,
}

/// What to summarize. Other fields are passed over.
#[derive(Debug, Deserialize, ToSchema)]
pub(super) struct Content {
    /// The text.
    content: String,
}

/// A summary.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct ShortSummary {
    /// The text.
    summary: String,
}

/// Some article of the default source.
#[utoipa::path(
    get, path = "/api/v1/get/news", tag = "compatibility",
    responses(
        (status = 200, description = "The article.", body = News),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn news(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
) -> Result<Json<News>, Problem> {
    let call = state.article_call(&request_id);
    let article = state.digests.random_article(&Choice::default(), &call).await?.article;
    Ok(Json(News { title: article.title.clone(), content: article.text() }))
}

/// Summarizes a text. The body comes with a GET, as older clients send it.
#[utoipa::path(
    get, path = "/api/v1/get/summary", tag = "compatibility", request_body = Content,
    responses(
        (status = 200, description = "The summary.", body = ShortSummary),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn summary(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    LaxJsonBody(body): LaxJsonBody<Content>,
) -> Result<Json<ShortSummary>, Problem> {
    let input = DigestInput::Text { text: body.content, title: None };
    let call = state.summary_call(&request_id, caller);
    let digest = state.digests.digest(input, &SummaryOptions::default(), &call).await?;
    Ok(Json(ShortSummary { summary: digest.summary.text.clone() }))
}
