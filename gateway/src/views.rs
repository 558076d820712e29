//! Pages: what the templates in `web/templates` get to show. Everything is text that the templates escape.

pub(crate) mod choices;
mod date;
pub(crate) mod engines;
pub(crate) mod front;
pub(crate) mod measure;
mod passages;
pub(crate) mod story;
mod summary;

use askama::Template;
use axum::response::{Html, IntoResponse as _, Response};
use http::{HeaderValue, StatusCode, header};
use service_kit::request_id::RequestId;

use self::engines::StateWords;
use crate::{
    error::{Problem, ProblemKind},
    routes::static_files,
};

/// A problem within a page.
#[derive(Debug, Clone)]
pub(crate) struct Panel {
    title: &'static str,
    detail: String,
    request_id: String,
    /// Whether loading the same address again may help.
    can_reload: bool,
    /// The model that is not ready, and its state.
    awaited: Option<(String, StateWords)>,
    /// Whether another engine would do, and there is one.
    offers_extractive: bool,
}

impl Panel {
    /// `is_get` tells whether the page has an address that can be loaded again.
    pub(crate) fn new(problem: &Problem, request_id: &RequestId, is_get: bool) -> Self {
        Self {
            title: problem.kind.title(),
            detail: problem.detail.to_string(),
            request_id: request_id.to_string(),
            can_reload: is_get && problem.is_retryable(),
            awaited: problem
                .awaited
                .as_deref()
                .and_then(|model| Some((model.id.clone()?, StateWords::of_awaited(model)?))),
            offers_extractive: matches!(
                problem.kind,
                ProblemKind::ModelNotReady | ProblemKind::UnknownModel | ProblemKind::EngineUnavailable
            ),
        }
    }
}

/// A page that has nothing but a problem to show.
#[derive(Debug, Template)]
#[template(path = "problem.html")]
pub(crate) struct ProblemPage {
    /// The problem.
    pub(crate) panel: Panel,
}

/// Renders a page. Browsers keep it for their history, but ask again before they show it anew.
pub(crate) fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => {
            let kept = [(header::CACHE_CONTROL, HeaderValue::from_static("private, no-cache"))];
            (status, kept, Html(html)).into_response()
        }
        Err(error) => Problem::new(ProblemKind::Internal).with_cause(error.to_string()).into_response(),
    }
}
