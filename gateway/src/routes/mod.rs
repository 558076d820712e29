//! The routes, and the API description that is made from them.

mod articles;
mod compat;
mod input;
pub(crate) mod pages;
mod probes;
mod replicas;
pub(crate) mod static_files;
mod stream;
mod summaries;

use axum::{Router, response::IntoResponse as _, routing::get};
use bytes::Bytes;
use http::header::CONTENT_TYPE;
use service_kit::metrics;
use utoipa::OpenApi;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    error::ProblemDocument,
    state::AppState,
    summary::{Accepted, Delta, Progress},
};

/// What the API description says besides the routes themselves.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Nutgraf",
        description = "Reads news articles and summarizes them; each sentence of a summary names its source passages. \
                       Every error is an RFC 9457 problem."
    ),
    components(schemas(ProblemDocument, Progress, Accepted, Delta)),
    tags(
        (name = "articles", description = "Find and read articles."),
        (name = "summaries", description = "Summarize them."),
        (name = "compatibility", description = "Routes kept for older clients."),
        (name = "probes", description = "For whoever runs the service."),
    )
)]
struct Description;

/// All routes.
pub(crate) fn router() -> Router<AppState> {
    let (api, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(articles::sources))
        .routes(routes!(articles::headlines))
        .routes(routes!(articles::article))
        .routes(routes!(articles::random_article))
        .routes(routes!(summaries::summarize))
        .routes(routes!(summaries::models))
        .routes(routes!(stream::stream_summary, stream::stream_summary_of_url))
        .routes(routes!(compat::news))
        .routes(routes!(compat::summary))
        .routes(routes!(probes::livez))
        .routes(routes!(probes::readyz))
        .split_for_parts();
    // A description made of constants always serializes.
    let description = Bytes::from(description.to_json().unwrap_or_default());
    let describe = async move || ([(CONTENT_TYPE, "application/json")], description.clone()).into_response();
    // For the operator's Prometheus, and no part of the API.
    let figures = async || ([(CONTENT_TYPE, metrics::CONTENT_TYPE)], metrics::page());
    api.route("/api/v1/openapi.json", get(describe)).route("/metrics", get(figures)).merge(pages::router())
}
