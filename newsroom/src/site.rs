//! Pages, feed, sitemap and robots.txt.

use askama::Template;
use axum::{
    Router,
    extract::{Path, State},
    http::{StatusCode, header},
    response::{Html, IntoResponse, Response},
    routing::get,
};
use serde_json::json;

use crate::{
    NAME,
    edition::{Article, Author, Block, Edition, EditionError},
};

/// What every page gets to see.
#[derive(Debug, Clone)]
struct Site {
    edition: &'static Edition,
    /// `http://host:port`, no slash at the end.
    base: String,
}

/// The site, with absolute links that begin with `base` (`http://host:port`).
///
/// # Errors
///
/// When the bundled articles can't be read.
pub fn router(base: &str) -> Result<Router, EditionError> {
    let site = Site { edition: Edition::bundled()?, base: base.trim_end_matches('/').to_owned() };
    Ok(Router::new()
        .route("/", get(front))
        .route("/news/{slug}", get(story))
        .route("/rss.xml", get(feed))
        .route("/news-sitemap.xml", get(sitemap))
        .route("/robots.txt", get(robots))
        .route("/static/courier.css", get(stylesheet))
        .fallback(missing)
        .with_state(site))
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front<'a> {
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "story.html")]
struct Story<'a> {
    site: &'a Site,
    article: &'a Article,
    authors: Vec<&'a Author>,
    /// `NewsArticle` of schema.org.
    json_ld: String,
}

#[derive(Template)]
#[template(path = "missing.html")]
struct Missing<'a> {
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "rss.xml", escape = "html")]
struct Feed<'a> {
    site: &'a Site,
}

#[derive(Template)]
#[template(path = "sitemap.xml", escape = "html")]
struct Sitemap<'a> {
    site: &'a Site,
}

impl Site {
    fn url(&self, article: &Article) -> String {
        format!("{}/news/{}", self.base, article.slug)
    }

    fn byline(&self, article: &Article) -> String {
        let names: Vec<&str> = self.authors(article).into_iter().map(|author| author.name.as_str()).collect();
        names.join(" and ")
    }

    fn authors(&self, article: &Article) -> Vec<&'static Author> {
        article.authors.iter().filter_map(|slug| self.edition.author(slug)).collect()
    }

    fn listed<'a>(&'a self, slugs: &'a [String]) -> impl Iterator<Item = &'static Article> + 'a {
        slugs.iter().filter_map(|slug| self.edition.article(slug))
    }

    /// RFC 2822, as RSS has it.
    fn feed_date(at: &jiff::Timestamp) -> String {
        at.strftime("%a, %d %b %Y %H:%M:%S GMT").to_string()
    }

    fn shown_date(at: &jiff::Timestamp) -> String {
        at.strftime("%-d %B %Y, %H:%M").to_string()
    }

    fn json_ld(&self, article: &Article) -> String {
        let url = self.url(article);
        let authors: Vec<_> = self
            .authors(article)
            .iter()
            .map(|author| json!({"@type": "Person", "name": author.name}))
            .collect();
        let data = json!({
            "@context": "https://schema.org",
            "@type": "NewsArticle",
            "headline": article.title,
            "description": article.standfirst,
            "datePublished": article.published.to_string(),
            "dateModified": article.updated.unwrap_or(article.published).to_string(),
            "author": authors,
            "publisher": {"@type": "NewsMediaOrganization", "name": NAME, "url": self.base},
            "mainEntityOfPage": url,
            "articleSection": article.section,
            "inLanguage": article.language,
            "isAccessibleForFree": true,
        });
        // Inside a script element, `<` could end it.
        data.to_string().replace('<', "\\u003c")
    }
}

async fn front(State(site): State<Site>) -> Response {
    page(StatusCode::OK, &Front { site: &site })
}

async fn story(State(site): State<Site>, Path(slug): Path<String>) -> Response {
    match site.edition.article(&slug) {
        Some(article) => {
            let (authors, json_ld) = (site.authors(article), site.json_ld(article));
            page(StatusCode::OK, &Story { site: &site, article, authors, json_ld })
        }
        None => missing(State(site)).await,
    }
}

async fn missing(State(site): State<Site>) -> Response {
    page(StatusCode::NOT_FOUND, &Missing { site: &site })
}

async fn feed(State(site): State<Site>) -> Response {
    xml("application/rss+xml; charset=utf-8", &Feed { site: &site })
}

async fn sitemap(State(site): State<Site>) -> Response {
    xml("application/xml; charset=utf-8", &Sitemap { site: &site })
}

async fn robots(State(site): State<Site>) -> String {
    format!(
        "User-agent: *\nDisallow: /account/\nDisallow: /search\n\nSitemap: {}/news-sitemap.xml\n",
        site.base
    )
}

async fn stylesheet() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("../static/courier.css"))
}

fn page(status: StatusCode, template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => (status, Html(html)).into_response(),
        Err(error) => failed(&error),
    }
}

fn xml(content_type: &'static str, template: &impl Template) -> Response {
    match template.render() {
        Ok(text) => ([(header::CONTENT_TYPE, content_type)], text).into_response(),
        Err(error) => failed(&error),
    }
}

fn failed(error: &askama::Error) -> Response {
    tracing::error!(%error, "a page of the newsroom can't be rendered");
    StatusCode::INTERNAL_SERVER_ERROR.into_response()
}
