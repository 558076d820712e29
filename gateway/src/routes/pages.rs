//! The page: every route works without scripts, through links and forms.

use axum::{
    Extension, Form, Router,
    extract::{DefaultBodyLimit, State, rejection::FormRejection},
    response::{IntoResponse as _, Redirect, Response},
    routing::{get, post},
};
use http::{StatusCode, header::RETRY_AFTER};
use serde::Deserialize;
use service_kit::request_id::RequestId;

use super::{
    input::{ApiQuery, article_url},
    static_files,
    summaries::headline,
};
use crate::{
    article::lines_as_paragraphs,
    digest::{DigestError, DigestInput},
    error::{Problem, ProblemKind},
    options::{InvalidOption, RawOptions, SummaryOptions},
    state::AppState,
    views::{
        Panel, ProblemPage,
        front::{Failure, FrontPage, Place, Teaser},
        page,
        story::{Outcome, Pasted, StoryPage},
    },
};

/// The routes that answer HTML, and the files that go with it.
pub(crate) fn router() -> Router<AppState> {
    // Bodies are bounded, and read, by the middleware.
    let from_form = post(summary_of_text).layer(DefaultBodyLimit::disable());
    Router::new()
        .route("/", get(front))
        .route("/random", get(random))
        .route("/article", get(article))
        .route("/summary", get(summary_of_article).merge(from_form))
        .merge(static_files::router())
}

/// A problem as a page, for callers that asked for HTML. The caller sets the headers that go with it.
pub(crate) fn problem_page(problem: &Problem, request_id: &RequestId) -> Response {
    page(problem.kind.status(), &ProblemPage { panel: Panel::new(problem, request_id, true) })
}

/// What every page needs to know of its request.
struct Visit {
    state: AppState,
    request_id: RequestId,
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
    /// The front page, with the headlines of the source that is picked.
    async fn front(&self, source: Option<String>) -> Response {
        let call = self.state.article_call(&self.request_id);
        let digests = &self.state.digests;
        let headlines = digests.headlines(source.as_deref(), None, &call);
        let (sources, headlines) = tokio::join!(digests.sources(&call), headlines);
        let (headlines, problem) = match headlines {
            Ok(found) => (found.headlines, None),
            Err(error) => (Vec::new(), Some(Problem::from(error))),
        };
        let status = match &problem {
            Some(problem) if problem.kind == ProblemKind::UnknownSource => problem.kind.status(),
            // The rest of the page works without headlines.
            _ => StatusCode::OK,
        };
        let template = FrontPage {
            headlines: headlines.into_iter().map(Teaser::from).collect(),
            failure: problem.as_ref().map(|problem| self.failure(Place::Headlines, problem, true)),
            ..self.form(sources, Given { source, ..Given::default() })
        };
        page(status, &template)
    }

    /// The front page with a problem beside the form that it belongs to, and with what the visitor had put in.
    async fn refuse(&self, place: Place, problem: &Problem, given: Given) -> Response {
        let sources = self.state.digests.sources(&self.state.article_call(&self.request_id)).await;
        let is_get = place != Place::Text;
        let failure = Some(self.failure(place, problem, is_get));
        let template = FrontPage { failure, ..self.form(sources.map_err(Problem::from), given) };
        with_retry_after(page(problem.kind.status(), &template), problem)
    }

    /// The front page's forms.
    fn form<E: Into<Problem>>(&self, sources: Result<crate::source::Sources, E>, given: Given) -> FrontPage {
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
            max_text: self.state.config.max_text,
            options: given.options,
            failure: None,
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

#[derive(Debug, Deserialize)]
struct SourceQuery {
    source: Option<String>,
}

impl SourceQuery {
    /// The source; an empty value is one that was not given.
    fn id(self) -> Option<String> {
        self.source.filter(|source| !source.is_empty())
    }
}

async fn front(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<SourceQuery>,
) -> Response {
    Visit { state, request_id }.front(query.id()).await
}

/// Get News: leads to some article of the source, so that the page has an address to reload and share.
async fn random(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<SourceQuery>,
) -> Response {
    let visit = Visit { state, request_id };
    let source = query.id();
    let call = visit.state.article_call(&visit.request_id);
    match visit.state.digests.random_article(source.as_deref(), None, &call).await {
        Ok(article) => {
            let mut query = url::form_urlencoded::Serializer::new(String::new());
            query.append_pair("url", &article.url);
            Redirect::to(&format!("/article?{}", query.finish())).into_response()
        }
        Err(error) => visit.refuse(Place::Source, &error.into(), Given { source, ..Given::default() }).await,
    }
}

#[derive(Debug, Deserialize)]
struct ArticleQuery {
    url: Option<String>,
    #[serde(flatten)]
    choices: Choices,
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
        RawOptions { engine, model, length, format, language }.try_into()
    }
}

async fn article(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<ArticleQuery>,
) -> Response {
    let visit = Visit { state, request_id };
    visit.story(query, false).await
}

async fn summary_of_article(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    ApiQuery(query): ApiQuery<ArticleQuery>,
) -> Response {
    let visit = Visit { state, request_id };
    visit.story(query, true).await
}

impl Visit {
    /// An article, with its summary when it is asked for.
    async fn story(&self, query: ArticleQuery, summarize: bool) -> Response {
        let given = query.url.clone().unwrap_or_default();
        let (url, options) = match checked(query) {
            Ok(checked) => checked,
            Err(problem) => return self.refuse_url(&problem, given, SummaryOptions::default()).await,
        };
        let call = self.state.summary_call(&self.request_id);
        let article = match self.state.digests.article(&url, &self.state.article_call(&self.request_id)).await
        {
            Ok(article) => article,
            Err(error) => return self.refuse_url(&error.into(), given, options).await,
        };
        if !summarize {
            return page(StatusCode::OK, &StoryPage::article(&article, options, Outcome::NotAsked));
        }
        match self.state.digests.digest(DigestInput::Url { url, title: None }, &options, &call).await {
            Ok(digest) => {
                // What was summarized is what is shown, also where the page has changed in between.
                let article = digest.article.unwrap_or(article);
                page(
                    StatusCode::OK,
                    &StoryPage::article(&article, options, Outcome::Summary(&digest.summary)),
                )
            }
            Err(error) => {
                let problem = Problem::from(error);
                let outcome = Outcome::Failed(self.panel(&problem, true));
                let template = StoryPage::article(&article, options, outcome);
                with_retry_after(page(problem.kind.status(), &template), &problem)
            }
        }
    }

    async fn refuse_url(&self, problem: &Problem, url: String, options: SummaryOptions) -> Response {
        self.refuse(Place::Url, problem, Given { url, options, ..Given::default() }).await
    }
}

fn checked(query: ArticleQuery) -> Result<(crate::article::ArticleUrl, SummaryOptions), Problem> {
    Ok((article_url(query.url.as_deref())?, query.choices.try_into()?))
}

#[derive(Debug, Default, Deserialize)]
struct TextForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    title: String,
    #[serde(flatten)]
    choices: Choices,
}

async fn summary_of_text(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    form: Result<Form<TextForm>, FormRejection>,
) -> Response {
    let visit = Visit { state, request_id };
    let Form(form) = match form {
        Ok(form) => form,
        Err(rejection) => {
            let problem = Problem::new(ProblemKind::InvalidBody).with_cause(rejection.body_text());
            return visit.refuse(Place::Text, &problem, Given::default()).await;
        }
    };
    let TextForm { text, title, choices } = form;
    match visit.text_summary(&text, &title, choices.clone()).await {
        Ok(response) => response,
        Err(problem) => {
            let options = SummaryOptions::try_from(choices).unwrap_or_default();
            visit.refuse(Place::Text, &problem, Given { text, title, options, ..Given::default() }).await
        }
    }
}

impl Visit {
    async fn text_summary(&self, text: &str, title: &str, choices: Choices) -> Result<Response, Problem> {
        let options = SummaryOptions::try_from(choices)?;
        let heading = headline(Some(title.to_owned()))?;
        let input = DigestInput::Text { text: text.to_owned(), title: heading };
        let call = self.state.summary_call(&self.request_id);
        let digest = self.state.digests.digest(input, &options, &call).await.map_err(own_words)?;
        let pasted = Pasted { text: text.to_owned(), title: title.trim().to_owned() };
        let template = StoryPage::pasted(pasted, &lines_as_paragraphs(text), options, &digest.summary);
        Ok(page(StatusCode::OK, &template))
    }
}

/// A form's visitor knows of megabytes, not of fields.
fn own_words(error: DigestError) -> Problem {
    match error {
        DigestError::TextTooLarge { limit_bytes } => {
            let limit = limit_bytes as f64 / 1e6;
            let detail = format!("At most {limit:.1} MB can be summarized; shorten it and try again.");
            Problem::from(error).with_detail(detail)
        }
        DigestError::EmptyText | DigestError::Scraper(_) | DigestError::Summarizer(_) => error.into(),
    }
}

fn with_retry_after(mut response: Response, problem: &Problem) -> Response {
    if let Some(seconds) = problem.retry_after_s() {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    response
}
