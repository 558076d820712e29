//! Problems: every error that leaves the gateway, as RFC 9457 describes it. The one place that picks HTTP statuses.

use std::{borrow::Cow, time::Duration};

use axum::response::{IntoResponse, Response};
use http::HeaderValue;

use crate::{
    clients::{scraper::ScraperError, summarizer::SummarizerError},
    digest::DigestError,
    model::{AwaitedModel, ModelState},
    options::InvalidOption,
};
pub use crate::{
    problem_document::ProblemDocument,
    problem_kind::{Fault, ProblemKind},
};

/// Seconds that a caller is told to wait when the failing service named no time.
const DEFAULT_RETRY: Duration = Duration::from_secs(2);

/// An error as the caller gets to see it.
///
/// As a response it is empty: the middleware knows the request and writes the body, as problem+json or as a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its kind, which sets type, status and title.
    pub kind: ProblemKind,
    /// What happened and what to do next: one or two sentences.
    pub detail: Cow<'static, str>,
    /// The field of the request that has the mistake.
    pub field: Option<Cow<'static, str>>,
    /// When to try again.
    pub retry_after: Option<Duration>,
    /// The limit that was passed, in bytes.
    pub limit_bytes: Option<usize>,
    /// The status that the news site answered with.
    pub site_status: Option<u16>,
    /// The model that is not ready; for [`ProblemKind::ModelNotReady`].
    pub awaited: Option<Box<AwaitedModel>>,
    /// What the Allow header says; for [`ProblemKind::MethodNotAllowed`].
    pub allow: Option<Box<HeaderValue>>,
    /// What went wrong inside, for the log only.
    pub cause: Option<Box<str>>,
}

impl Problem {
    /// A problem with the kind's own words.
    pub fn new(kind: ProblemKind) -> Self {
        let waits = matches!(kind.status().as_u16(), 429 | 503);
        Self {
            kind,
            detail: Cow::Borrowed(kind.detail()),
            field: None,
            retry_after: waits.then_some(DEFAULT_RETRY),
            limit_bytes: None,
            site_status: None,
            awaited: None,
            allow: None,
            cause: None,
        }
    }

    /// The same with other words for the caller.
    pub fn with_detail(self, detail: impl Into<Cow<'static, str>>) -> Self {
        Self { detail: detail.into(), ..self }
    }

    /// The same with the field that has the mistake.
    pub fn with_field(self, field: impl Into<Cow<'static, str>>) -> Self {
        Self { field: Some(field.into()), ..self }
    }

    /// The same with a time to wait; the kind's own where there is none.
    pub fn with_retry_after(self, retry_after: Option<Duration>) -> Self {
        Self { retry_after: retry_after.or(self.retry_after), ..self }
    }

    /// The same with what went wrong inside, which only the log gets to see.
    pub fn with_cause(self, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into().into_boxed_str()), ..self }
    }

    /// Something larger than `limit_bytes`.
    pub fn too_large(kind: ProblemKind, limit_bytes: usize) -> Self {
        let detail = format!("{} At most {limit_bytes} bytes are taken.", kind.detail());
        Self { limit_bytes: Some(limit_bytes), ..Self::new(kind) }.with_detail(detail)
    }

    /// Whether the same request may succeed later.
    pub fn is_retryable(&self) -> bool {
        self.kind.is_retryable()
    }

    /// The whole seconds to wait, at least 1; for the Retry-After header (RFC 9110, 10.2.3).
    pub fn retry_after_s(&self) -> Option<u64> {
        self.retry_after.map(|wait| wait.as_millis().div_ceil(1000).try_into().unwrap_or(u64::MAX).max(1))
    }

    /// Writes the one log line about it, at the level of its fault.
    pub fn log(&self) {
        let (problem, status) = (self.kind.slug(), self.kind.status().as_u16());
        let cause = self.cause.as_deref().unwrap_or_default();
        match self.kind.fault() {
            Fault::Caller => tracing::info!(problem, status, cause, "refused"),
            Fault::Site => tracing::warn!(problem, status, cause, "a news site failed"),
            Fault::Ours => tracing::error!(problem, status, cause, "failed"),
        }
    }
}

impl From<ProblemKind> for Problem {
    fn from(kind: ProblemKind) -> Self {
        Self::new(kind)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.kind.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}

impl From<InvalidOption> for Problem {
    fn from(invalid: InvalidOption) -> Self {
        Self::new(ProblemKind::InvalidOption)
            .with_detail(format!("The field {invalid}."))
            .with_field(invalid.field)
    }
}

impl From<DigestError> for Problem {
    fn from(error: DigestError) -> Self {
        match error {
            DigestError::EmptyText => Self::new(ProblemKind::EmptyInput).with_field("text"),
            DigestError::TextTooLarge { limit_bytes } => {
                Self::too_large(ProblemKind::InputTooLarge, limit_bytes).with_field("text")
            }
            DigestError::Scraper(error) => error.into(),
            DigestError::Summarizer(error) => error.into(),
        }
    }
}

impl From<ScraperError> for Problem {
    fn from(error: ScraperError) -> Self {
        use ProblemKind as Kind;
        let cause = error.to_string();
        let problem = match error {
            ScraperError::InvalidUrl => Self::new(Kind::InvalidUrl).with_field("url"),
            ScraperError::UnknownSource => Self::new(Kind::UnknownSource).with_field("source"),
            ScraperError::PrivateAddress => Self::new(Kind::PrivateAddress).with_field("url"),
            ScraperError::RobotsDisallowed => Self::new(Kind::RobotsDisallowed),
            ScraperError::Unreachable => Self::new(Kind::Unreachable),
            ScraperError::SiteTimeout => Self::new(Kind::SiteTimeout),
            ScraperError::TooManyRedirects => Self::new(Kind::TooManyRedirects),
            ScraperError::PageTooLarge => Self::new(Kind::PageTooLarge),
            ScraperError::UnsupportedContent => Self::new(Kind::UnsupportedContent),
            ScraperError::SiteError { status, retry_after } => site_error(status, retry_after),
            ScraperError::PageNotFound => Self::new(Kind::PageNotFound),
            ScraperError::NotArticle => Self::new(Kind::NotArticle),
            ScraperError::Paywalled => Self::new(Kind::Paywalled),
            ScraperError::Blocked => Self::new(Kind::Blocked),
            ScraperError::MalformedPage => Self::new(Kind::MalformedPage),
            ScraperError::NoHeadlines => Self::new(Kind::NoHeadlines),
            ScraperError::TooManyExcluded => Self::new(Kind::InvalidQuery).with_field("exclude"),
            ScraperError::Busy { retry_after } => Self::new(Kind::Busy).with_retry_after(retry_after),
            ScraperError::Unavailable { .. } => Self::new(Kind::ScraperUnavailable),
            ScraperError::DeadlineExceeded => Self::new(Kind::DeadlineExceeded),
            ScraperError::Internal { .. } => Self::new(Kind::Internal),
        };
        problem.with_cause(cause)
    }
}

impl From<SummarizerError> for Problem {
    fn from(error: SummarizerError) -> Self {
        use ProblemKind as Kind;
        let cause = error.to_string();
        let problem = match error {
            SummarizerError::EmptyInput => Self::new(Kind::EmptyInput).with_field("text"),
            SummarizerError::InputTooLarge { limit_bytes: Some(limit) } => {
                Self::too_large(Kind::InputTooLarge, limit)
            }
            SummarizerError::InputTooLarge { limit_bytes: None } => Self::new(Kind::InputTooLarge),
            SummarizerError::InvalidOption { field: Some(field) } => {
                let detail =
                    format!("The field {field} can't have this value. {}", Kind::InvalidOption.detail());
                Self::new(Kind::InvalidOption).with_detail(detail).with_field(field)
            }
            SummarizerError::InvalidOption { field: None } => Self::new(Kind::InvalidOption),
            SummarizerError::EngineUnavailable { model } => engine_unavailable(model),
            SummarizerError::UnknownModel => Self::new(Kind::UnknownModel).with_field("model"),
            SummarizerError::ModelNotReady { retry_after, model } => not_ready(retry_after, model),
            SummarizerError::QueueFull { retry_after } => {
                Self::new(Kind::QueueFull).with_retry_after(retry_after)
            }
            SummarizerError::NothingToSummarize => Self::new(Kind::NothingToSummarize),
            SummarizerError::Interrupted { .. } => Self::new(Kind::SummaryInterrupted),
            SummarizerError::Unavailable { .. } => Self::new(Kind::SummarizerUnavailable),
            SummarizerError::DeadlineExceeded => Self::new(Kind::DeadlineExceeded),
            SummarizerError::Internal { .. } => Self::new(Kind::Internal),
        };
        problem.with_cause(cause)
    }
}

/// An engine that is not there, or whose model is broken.
fn engine_unavailable(model: Option<String>) -> Problem {
    let problem = Problem::new(ProblemKind::EngineUnavailable).with_field("engine");
    match model {
        Some(model) => problem.with_detail(format!(
            "The model {model} can't be loaded, and GET /api/v1/models says why; pick another one, or the extractive engine."
        )),
        None => problem,
    }
}

/// A model that is on its way, or that will not come.
fn not_ready(retry_after: Option<Duration>, model: AwaitedModel) -> Problem {
    let problem = Problem::new(ProblemKind::ModelNotReady).with_retry_after(retry_after);
    let problem = match model.state {
        Some(ModelState::Failed) => problem.with_detail(
            "It could not be loaded, and GET /api/v1/models says why; pick another one, or the extractive engine.",
        ),
        _ => problem,
    };
    Problem { awaited: Some(Box::new(model)), ..problem }
}

/// The site's own words, as far as they are known.
fn site_error(status: Option<u16>, retry_after: Option<Duration>) -> Problem {
    let problem = Problem::new(ProblemKind::SiteError).with_retry_after(retry_after);
    let next = match problem.retry_after_s() {
        Some(seconds) => {
            format!("It asks to be left alone for {seconds} s; try again then, or pick another article.")
        }
        None => ProblemKind::SiteError.detail().to_owned(),
    };
    match status {
        Some(status) => Problem { site_status: Some(status), ..problem }
            .with_detail(format!("The site answered with status {status}. {next}")),
        None => problem,
    }
}
