//! An article by its address, with its summary where one is asked for.

use axum::{Extension, extract::State, response::Response};
use http::{HeaderMap, StatusCode, header::SET_COOKIE};
use serde::Deserialize;
use service_kit::request_id::RequestId;

use super::{Choices, Given, Visit, seen::Seen, with_retry_after};
use crate::{
    article::ArticleUrl,
    caller::Caller,
    digest::DigestInput,
    error::Problem,
    options::SummaryOptions,
    routes::input::{ApiQuery, article_url},
    state::AppState,
    views::{
        front::Place,
        page,
        story::{self, Outcome, StoryPage},
    },
};

#[derive(Debug, Deserialize)]
pub(super) struct ArticleQuery {
    url: Option<String>,
    #[serde(flatten)]
    choices: Choices,
}

pub(super) async fn article(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    headers: HeaderMap,
    ApiQuery(query): ApiQuery<ArticleQuery>,
) -> Response {
    let visit = Visit { state, request_id, caller };
    let opened = query.url.clone().map(with_scheme).and_then(|url| url.parse().ok());
    let mut response = visit.story(query, false).await;
    if let Some(url) = opened.filter(|_| response.status() == StatusCode::OK)
        && let Ok(cookie) = Seen::of(&headers).and(&url)
    {
        response.headers_mut().append(SET_COOKIE, cookie);
    }
    response
}

pub(super) async fn summary(
    State(state): State<AppState>,
    Extension(request_id): Extension<RequestId>,
    caller: Caller,
    ApiQuery(query): ApiQuery<ArticleQuery>,
) -> Response {
    let visit = Visit { state, request_id, caller };
    visit.story(query, true).await
}

impl Visit {
    /// An article, with its summary when it is asked for.
    async fn story(&self, query: ArticleQuery, summarize: bool) -> Response {
        let query = ArticleQuery { url: query.url.map(with_scheme), ..query };
        let given = query.url.clone().unwrap_or_default();
        let (url, options) = match checked(query) {
            Ok(checked) => checked,
            Err(problem) => return self.refuse_url(&problem, given, SummaryOptions::default()).await,
        };
        let call = self.state.summary_call(&self.request_id, self.caller.clone());
        let digests = &self.state.digests;
        let article_call = self.state.article_call(&self.request_id);
        let (article, engines) = tokio::join!(digests.article(&url, &article_call), self.engines());
        let article = match article {
            Ok(article) => article,
            Err(error) => return self.refuse_url(&error.into(), given, options).await,
        };
        let choices = |options| story::Choices { options, engines };
        if !summarize {
            return page(StatusCode::OK, &StoryPage::article(&article, choices(options), Outcome::NotAsked));
        }
        match digests.digest(DigestInput::Url { url, title: None }, &options, &call).await {
            Ok(digest) => {
                // What was summarized is what is shown, also where the page has changed in between.
                let article = digest.article.unwrap_or(article);
                let outcome = Outcome::Summary(&digest.summary);
                page(StatusCode::OK, &StoryPage::article(&article, choices(options), outcome))
            }
            Err(error) => {
                let problem = Problem::from(error);
                let outcome = Outcome::Failed(self.panel(&problem, true));
                let template = StoryPage::article(&article, choices(options), outcome);
                with_retry_after(page(problem.kind.status(), &template), &problem)
            }
        }
    }

    async fn refuse_url(&self, problem: &Problem, url: String, options: SummaryOptions) -> Response {
        self.refuse(Place::Url, problem, Given { url, options, ..Given::default() }).await
    }
}

/// Whoever types an address leaves out what the browser leaves out: `news.example/a` is `https://news.example/a`.
fn with_scheme(text: String) -> String {
    let host = text.trim().split(['/', '?', '#']).next().unwrap_or_default();
    let is_host = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-');
    let is_name = host.contains('.') && host.starts_with(char::is_alphanumeric) && host.chars().all(is_host);
    if is_name { format!("https://{}", text.trim()) } else { text }
}

fn checked(query: ArticleQuery) -> Result<(ArticleUrl, SummaryOptions), Problem> {
    Ok((article_url(query.url.as_deref())?, query.choices.try_into()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_is_enough_of_an_address() {
        for text in ["news.example", " www.news.example/a?b=c#d ", "müller.example/x"] {
            assert_eq!(with_scheme(text.to_owned()), format!("https://{}", text.trim()));
        }
        for text in [
            "",
            "news",
            "http://news.example/",
            "ftp://a.example",
            ".example",
            "a b.example",
            "mail:a.b",
            "/a.html",
        ] {
            assert_eq!(with_scheme(text.to_owned()), text);
        }
    }
}
