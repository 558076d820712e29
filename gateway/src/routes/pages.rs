//! The page: every route works without scripts, through links and forms.

mod article;
mod front;
mod seen;
mod text;

use axum::{
    Router,
    extract::DefaultBodyLimit,
    response::Response,
    routing::{get, post},
};
use http::header::RETRY_AFTER;
use serde::Deserialize;
use service_kit::request_id::RequestId;

use super::static_files;
use crate::{
    caller::Caller,
    error::Problem,
    options::{EngineChoice, InvalidOption, RawOptions, SummaryOptions},
    source::Sources,
    state::AppState,
    views::{
        Panel, ProblemPage,
        engines::Engines,
        front::{Failure, FrontPage, Place},
        page,
    },
};

/// The routes that answer HTML, and the files that go with it.
pub(crate) fn router() -> Router<AppState> {
    // Bodies are bounded, and read, by the middleware.
    let from_form = post(text::summary).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/", get(front::front))
        .route("/random", get(front::random))
        .route("/article", get(article::article))
        .route("/summary", get(article::summary).merge(from_form))
        .route("/favicon.ico", get(static_files::icon))
        .route("/robots.txt", get(robots))
        .merge(static_files::router())
}

/// Every page but the front page is fetched anew from a news site, and a crawler would follow them all.
async fn robots() -> &'static str {
    "User-agent: *\nAllow: /$\nDisallow: /\n"
}

/// A problem as a page, for callers that asked for HTML. The caller sets the headers that go with it.
pub(crate) fn problem_page(problem: &Problem, request_id: &RequestId) -> Response {
    page(problem.kind.status(), &ProblemPage { panel: Panel::new(problem, request_id, true) })
}

/// What every page needs to know of its request.
struct Visit {
    state: AppState,
    request_id: RequestId,
    caller: Caller,
}

/// What a visitor had put into the front page's forms.
#[derive(Debug, Default)]
struct Given {
    source: Option<String>,
    url: String,
    title: String,
    text: String,
    options: SummaryOptions,
}

impl Visit {
    /// The front page with a problem beside the form that it belongs to, and with what the visitor had put in.
    async fn refuse(&self, place: Place, problem: &Problem, given: Given) -> Response {
        let call = self.state.article_call(&self.request_id);
        let (sources, engines) = tokio::join!(self.state.digests.sources(&call), self.engines());
        let is_get = place != Place::Text;
        let failure = Some(self.failure(place, problem, is_get));
        let template = FrontPage { failure, ..form(sources.map_err(Problem::from), engines, given) };
        with_retry_after(page(problem.kind.status(), &template), problem)
    }

    /// The engines and models to pick from; none where the summarizer doesn't tell, since pages work without.
    async fn engines(&self) -> Engines {
        match self.state.digests.models(&self.state.ready_call(&self.request_id)).await {
            Ok(found) => Engines::new(found.models),
            Err(error) => {
                Problem::from(error).log();
                Engines::default()
            }
        }
    }

    fn failure(&self, place: Place, problem: &Problem, is_get: bool) -> Failure {
        Failure { place, panel: self.panel(problem, is_get) }
    }

    /// The problem for a page; whoever shows it has it logged here.
    fn panel(&self, problem: &Problem, is_get: bool) -> Panel {
        problem.log();
        Panel::new(problem, &self.request_id, is_get)
    }
}

/// The front page's forms.
fn form<E: Into<Problem>>(sources: Result<Sources, E>, engines: Engines, given: Given) -> FrontPage {
    let sources = sources.map_or_else(
        |error| {
            error.into().log();
            Vec::new()
        },
        |found| found.sources,
    );
    FrontPage {
        sources,
        chosen: given.source,
        headlines: Vec::new(),
        url: given.url,
        title: given.title,
        text: given.text,
        options: given.options,
        engines,
        failure: None,
    }
}

/// The choices of a form, as they come in.
#[derive(Debug, Clone, Default, Deserialize)]
struct Choices {
    engine: Option<String>,
    model: Option<String>,
    length: Option<String>,
    format: Option<String>,
    language: Option<String>,
}

impl TryFrom<Choices> for SummaryOptions {
    type Error = InvalidOption;

    fn try_from(choices: Choices) -> Result<Self, InvalidOption> {
        let Choices { engine, model, length, format, language } = choices;
        let raw = RawOptions { engine, model, length, format, language, ..RawOptions::default() };
        let options = Self::try_from(raw)?;
        Ok(match options.engine {
            // A button offers this engine beside a list in which a model is still picked.
            EngineChoice::Extractive => Self { model: None, ..options },
            EngineChoice::Auto | EngineChoice::Abstractive => options,
        })
    }
}

fn with_retry_after(mut response: Response, problem: &Problem) -> Response {
    if let Some(seconds) = problem.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
