//! The pages as a browser without scripts gets them.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod document;
mod engines;
mod errors;
mod files;
mod story;

use axum::body::Body;
use http::{Request, Response, StatusCode};
use http_body_util::BodyExt as _;
use nutgraf_proto::{scraper::v1 as scraping, summarizer::v1 as summarizing};
use scraper::{ElementRef, Html, Selector};
use tower::Service as _;

use crate::{
    material::{extractive, writer},
    upstream::{Stage, Upstream, refused},
};

/// What a site might put into a title to get into the page.
const HOSTILE: &str =
    r#"</h1></title></textarea><script>alert(1)</script>"'><img src=x onerror=alert(1)> &amp; 😀"#;
const URL: &str = "https://news.example/story?a=1&b=%22";

/// An answer, read to its end.
struct Page {
    head: Response<()>,
    html: Html,
}

impl Page {
    fn status(&self) -> u16 {
        self.head.status().as_u16()
    }

    fn header(&self, name: &str) -> &str {
        self.head.headers().get(name).map_or("", |value| value.to_str().unwrap())
    }

    fn all(&self, selector: &str) -> Vec<ElementRef<'_>> {
        self.html.select(&Selector::parse(selector).unwrap()).collect()
    }

    /// The one element that matches.
    fn one(&self, selector: &str) -> ElementRef<'_> {
        let found = self.all(selector);
        assert_eq!(found.len(), 1, "{selector} in {}", self.html.html());
        found[0]
    }

    fn text(&self, selector: &str) -> String {
        text(self.one(selector))
    }
}

fn text(element: ElementRef<'_>) -> String {
    element.text().collect()
}

impl Stage {
    async fn send(&self, request: Request<Body>) -> Page {
        let (head, body) = self.app.clone().call(request).await.unwrap().into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let html = Html::parse_document(str::from_utf8(&body).unwrap());
        Page { head: Response::from_parts(head, ()), html }
    }

    async fn get(&self, path: &str) -> Page {
        self.send(Request::get(path).header("accept", "text/html").body(Body::empty()).unwrap()).await
    }

    async fn post(&self, path: &str, fields: &[(&str, &str)]) -> Page {
        let request = Request::post(path)
            .header("accept", "text/html")
            .header("content-type", "application/x-www-form-urlencoded");
        self.send(request.body(Body::from(query(fields))).unwrap()).await
    }
}

fn query(fields: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish()
}

fn article_path(path: &str, more: &[(&str, &str)]) -> String {
    let fields: Vec<(&str, &str)> = [("url", URL)].into_iter().chain(more.iter().copied()).collect();
    format!("{path}?{}", query(&fields))
}

fn paragraph(text: &str, kind: scraping::ParagraphKind) -> scraping::Paragraph {
    scraping::Paragraph { text: text.into(), kind: kind.into() }
}

fn sentence(text: &str, spans: &[(u32, u32, u32)]) -> summarizing::SummarySentence {
    let span = |&(paragraph, start, end)| summarizing::SourceSpan { paragraph, start, end, score: 1.0 };
    summarizing::SummarySentence {
        text: text.into(),
        spans: spans.iter().map(span).collect(),
        unsupported: Vec::new(),
    }
}

/// Services that know one article; everything in it that is text is hostile.
fn upstream() -> Upstream {
    use scraping::ParagraphKind as Kind;
    let kinds = [Kind::Text, Kind::Heading, Kind::Quote, Kind::ListItem, Kind::ListItem, Kind::Caption];
    let article = scraping::Article {
        url: URL.into(),
        title: HOSTILE.into(),
        byline: HOSTILE.into(),
        site_name: HOSTILE.into(),
        published_at: "2026-11-04T09:05:30+05:30".into(),
        language: "en".into(),
        paragraphs: kinds.into_iter().map(|kind| paragraph(HOSTILE, kind)).collect(),
        extraction: Some(scraping::Extraction { verdict: 1, ..scraping::Extraction::default() }),
        ..scraping::Article::default()
    };
    let headline = scraping::Headline {
        url: URL.into(),
        title: HOSTILE.into(),
        summary: HOSTILE.into(),
        published_at: HOSTILE.into(),
        source_id: "courier".into(),
    };
    Upstream {
        article: Ok(article),
        headlines: Ok(vec![headline]),
        summary: Ok(summary()),
        ..Upstream::default()
    }
}

/// A summary of that article.
fn summary() -> summarizing::Summary {
    let whole = HOSTILE.chars().count() as u32;
    summarizing::Summary {
        sentences: vec![
            sentence(HOSTILE, &[(0, 5, 12), (2, 0, 3)]),
            sentence("Two 😀.", &[(0, whole - 1, whole)]),
        ],
        engine: summarizing::Engine::Extractive.into(),
        model: Some(summarizing::Model {
            id: "extractive".into(),
            revision: "1".into(),
            engine: summarizing::Engine::Extractive.into(),
            ..summarizing::Model::default()
        }),
        length: summarizing::Length::Medium.into(),
        format: summarizing::Format::Paragraph.into(),
        replica: "replica-1".into(),
        ..summarizing::Summary::default()
    }
}

/// The same with models to pick from, in every state; what they are called is hostile too.
fn upstream_with_models() -> Upstream {
    use summarizing::ModelState as State;
    let states = [State::Absent, State::Downloading, State::Loading, State::Ready, State::Failed];
    let writers = states.map(|state| summarizing::Model {
        error: HOSTILE.into(),
        ..writer(&format!("{state:?} {HOSTILE}"), state)
    });
    Upstream { models: Ok([extractive()].into_iter().chain(writers).collect()), ..upstream() }
}

/// One of each kind of page, without models to pick from and with them.
async fn every_page() -> Vec<(String, Page)> {
    let mut pages = Vec::new();
    for (name, upstream) in [("plain", upstream()), ("with models", upstream_with_models())] {
        let stage = upstream.start().await;
        pages
            .extend(pages_of(&stage).await.into_iter().map(|(kind, page)| (format!("{kind}, {name}"), page)));
    }
    let refusal = Err(refused("MODEL_NOT_READY"));
    let metadata = vec![("model", HOSTILE.into()), ("state", "downloading".into())];
    let stage = Upstream { summary: refusal, metadata, ..upstream_with_models() }.start().await;
    let refused =
        [stage.get(&article_path("/summary", &[])).await, stage.post("/summary", &[("text", "One.")]).await];
    pages.extend(refused.map(|page| ("a model that is not ready".to_owned(), page)));
    pages
}

async fn pages_of(stage: &Stage) -> Vec<(&'static str, Page)> {
    vec![
        ("front", stage.get("/").await),
        ("other source", stage.get("/?source=gazette").await),
        ("article", stage.get(&article_path("/article", &[])).await),
        ("summary", stage.get(&article_path("/summary", &[("format", "bullets")])).await),
        ("text", stage.post("/summary", &[("text", HOSTILE), ("title", HOSTILE)]).await),
        ("bad address", stage.get(&format!("/article?{}", query(&[("url", HOSTILE)]))).await),
        (
            "bad option",
            stage.post("/summary", &[("text", HOSTILE), ("title", HOSTILE), ("length", HOSTILE)]).await,
        ),
        ("nothing there", stage.get("/no/such/page").await),
    ]
}
