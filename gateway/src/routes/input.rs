//! What comes in: queries and JSON bodies, with problems of our own where they can't be used.

use std::{error::Error as _, str::FromStr as _};

use axum::{
    extract::{FromRequest, FromRequestParts, Query, Request},
    http::request::Parts,
};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use serde::de::DeserializeOwned;
use serde_json::error::Category;

use crate::{
    article::ArticleUrl,
    error::{Problem, ProblemKind},
    state::AppState,
};

/// The query, read as `T`.
#[derive(Debug)]
pub(super) struct ApiQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for ApiQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        Query::try_from_uri(&parts.uri).map(|Query(value)| Self(value)).map_err(|rejection| {
            // Without the framework's own words around it.
            query_problem(&rejection.source().map(ToString::to_string).unwrap_or_default())
        })
    }
}

/// The query, read as `T`, in which a name may come again to add a value to a list.
#[derive(Debug)]
pub(super) struct ListQuery<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequestParts<AppState> for ListQuery<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &AppState) -> Result<Self, Problem> {
        let query = parts.uri.query().unwrap_or_default();
        serde_html_form::from_str(query).map(Self).map_err(|error| query_problem(&error.to_string()))
    }
}

/// A query that can't be read, and why.
pub(super) fn query_problem(reason: &str) -> Problem {
    let kind = ProblemKind::InvalidQuery;
    Problem::new(kind).with_detail(format!("{} ({reason}).", kind.detail().trim_end_matches('.')))
}

/// A body of JSON that says that it is JSON, read as `T`.
#[derive(Debug)]
pub(super) struct JsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for JsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        if !is_json(&request) {
            return Err(ProblemKind::UnsupportedMediaType.into());
        }
        let LaxJsonBody(value) = LaxJsonBody::from_request(request, state).await?;
        Ok(Self(value))
    }
}

/// A body of JSON, whatever it says that it is, read as `T`.
#[derive(Debug)]
pub(super) struct LaxJsonBody<T>(pub(super) T);

impl<T: DeserializeOwned> FromRequest<AppState> for LaxJsonBody<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, Problem> {
        // The middleware has read the body already.
        let body = Bytes::from_request(request, state)
            .await
            .map_err(|rejection| Problem::new(ProblemKind::Internal).with_cause(rejection.body_text()))?;
        serde_json::from_slice(&body).map(Self).map_err(|error| json_problem(&error))
    }
}

fn is_json(request: &Request) -> bool {
    let header =
        request.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let essence = header.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    essence == "application/json" || (essence.starts_with("application/") && essence.ends_with("+json"))
}

fn json_problem(error: &serde_json::Error) -> Problem {
    let kind = match error.classify() {
        Category::Data => ProblemKind::InvalidBody,
        Category::Syntax | Category::Eof | Category::Io => ProblemKind::InvalidJson,
    };
    Problem::new(kind).with_detail(format!("{} ({error}).", kind.detail().trim_end_matches('.')))
}

/// The address in the field `url`.
///
/// # Errors
///
/// [`ProblemKind::InvalidUrl`], also where there is none.
pub(super) fn article_url(text: Option<&str>) -> Result<ArticleUrl, Problem> {
    ArticleUrl::from_str(text.unwrap_or_default())
        .map_err(|_| Problem::new(ProblemKind::InvalidUrl).with_field("url"))
}
