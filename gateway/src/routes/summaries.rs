//! Summaries at once, and the models for them.

use axum::{
    Extension, Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use serde::{Deserialize, Serialize};
use service_kit::request_id::RequestId;
use utoipa::ToSchema;

use super::input::{JsonBody, article_url};
use crate::{
    article::Article,
    caller::Caller,
    digest::DigestInput,
    error::{Problem, ProblemDocument, ProblemKind},
    generation::RawGeneration,
    model::Models,
    options::{EngineChoice, Format, InvalidOption, Length, RawOptions, SummaryOptions},
    state::AppState,
    summary::Summary,
};

/// Longest headline that is taken, in bytes.
const MAX_TITLE_BYTES: usize = 2048;

/// What to summarize, and how: either `url` or `text`.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct SummaryRequest {
    /// Absolute http or https address of an article.
    url: Option<String>,
    /// Plain text; its lines that aren't blank are its paragraphs, counted from 0.
    text: Option<String>,
    /// Headline; in place of the article's own where `url` is given.
    title: Option<String>,
    /// `auto` without it.
    #[schema(value_type = Option<EngineChoice>)]
    engine: Option<String>,
    /// A model by name; the engine's own default without it.
    model: Option<String>,
    /// `medium` without it.
    #[schema(value_type = Option<Length>)]
    length: Option<String>,
    /// `paragraph` without it.
    #[schema(value_type = Option<Format>)]
    format: Option<String>,
    /// BCP 47; detected without it.
    language: Option<String>,
    /// Overrides of the model's own generation settings; the extractive engine has none.
    generation: Option<RawGeneration>,
    /// Take the extractive engine rather than wait too long for a model; the answer's `degraded` says so. `false`
    /// without it.
    allow_degraded: Option<bool>,
}

impl SummaryRequest {
    /// What to summarize, and how, or what is wrong with the request.
    pub(super) fn parse(self) -> Result<(DigestInput, SummaryOptions), Problem> {
        let Self { url, text, title, engine, model, length, format, language, generation, allow_degraded } =
            self;
        let generation = generation.unwrap_or_default();
        let options =
            RawOptions { engine, model, length, format, language, generation, allow_degraded }.try_into()?;
        let title = headline(title)?;
        let input = match (url, text) {
            (Some(url), None) => DigestInput::Url { url: article_url(Some(&url))?, title },
            (None, Some(text)) => DigestInput::Text { text, title },
            (Some(_), Some(_)) | (None, None) => return Err(ProblemKind::UrlXorText.into()),
        };
        Ok((input, options))
    }
}

/// A headline that is not blank.
pub(super) fn headline(title: Option<String>) -> Result<Option<String>, InvalidOption> {
    let title = title.filter(|title| !title.trim().is_empty());
    if title.as_ref().is_some_and(|title| title.len() > MAX_TITLE_BYTES) {
        return Err(InvalidOption { field: "title", expected: "at most 2048 bytes long" });
    }
    Ok(title)
}

/// A summary, with the article that it was made of.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct SummaryAnswer<'a> {
    /// The article, when it was given by its address.
    #[schema(value_type = Option<Article>)]
    article: Option<&'a Article>,
    /// The summary.
    #[schema(value_type = Summary)]
    summary: &'a Summary,
}

/// Summarizes an article or a text.
///
/// The same request is computed once, and its summary kept for a while; `Cache-Control: no-cache` asks for a fresh one.
#[utoipa::path(
    post, path = "/api/v1/summaries", tag = "summaries", request_body = SummaryRequest,
    responses(
        (status = 200, description = "The summary.", body = SummaryAnswer),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn summarize(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    JsonBody(request): JsonBody<SummaryRequest>,
) -> Result<Response, Problem> {
    let (input, options) = request.parse()?;
    let digest = state.digests.digest(input, &options, &state.summary_call(&request_id, caller)).await?;
    let answer = SummaryAnswer { article: digest.article.as_deref(), summary: &digest.summary };
    Ok(Json(answer).into_response())
}

/// The models to pick from, whether they can be used, and how far their downloads are.
#[utoipa::path(
    get, path = "/api/v1/models", tag = "summaries",
    responses(
        (status = 200, description = "The models of the replica that answered.", body = Models),
        (status = "default", description = "Any problem.", body = ProblemDocument, content_type = "application/problem+json"),
    )
)]
pub(super) async fn models(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
) -> Result<Json<Models>, Problem> {
    Ok(Json(state.digests.models(&state.article_call(&request_id)).await?))
}
