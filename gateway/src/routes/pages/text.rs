//! A text that a visitor pasted.

use axum::{
    Extension, Form,
    extract::{State, rejection::FormRejection},
    response::Response,
};
use http::StatusCode;
use serde::Deserialize;
use service_kit::request_id::RequestId;

use super::{Choices, Given, Visit};
use crate::{
    article::lines_as_paragraphs,
    caller::Caller,
    digest::{DigestError, DigestInput},
    error::{Problem, ProblemKind},
    options::SummaryOptions,
    routes::summaries::headline,
    state::AppState,
    views::{
        front::Place,
        page,
        story::{self, Pasted, StoryPage},
    },
};

#[derive(Debug, Default, Deserialize)]
pub(super) struct TextForm {
    #[serde(default)]
    text: String,
    #[serde(default)]
    title: String,
    #[serde(flatten)]
    choices: Choices,
}

pub(super) async fn summary(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    form: Result<Form<TextForm>, FormRejection>,
) -> Response {
    let visit = Visit { state, request_id, caller };
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
            visit.refuse(Place::Text, &problem, Given { title, text, options, ..Given::default() }).await
        }
    }
}

impl Visit {
    async fn text_summary(&self, text: &str, title: &str, choices: Choices) -> Result<Response, Problem> {
        let options = SummaryOptions::try_from(choices)?;
        let heading = headline(Some(title.to_owned()))?;
        let input = DigestInput::Text { text: text.to_owned(), title: heading };
        let call = self.state.summary_call(&self.request_id, self.caller.clone());
        let (digest, engines) =
            tokio::join!(self.state.digests.digest(input, &options, &call), self.engines());
        let digest = digest.map_err(own_words)?;
        let pasted = Pasted { text: text.to_owned(), title: title.trim().to_owned() };
        let choices = story::Choices { options, engines };
        let template = StoryPage::pasted(pasted, &lines_as_paragraphs(text), choices, &digest.summary);
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
