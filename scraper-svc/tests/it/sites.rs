//! Sites and scrapers for tests.

use std::{io::Write as _, time::Duration};

use axum::{Router, http::header, response::IntoResponse, routing::get};
use scraper_svc::{
    Scraper,
    article::{Article, ArticleUrl},
    config::Config,
    fetch::{Allowance, FetchConfig},
    scrape::ScrapeError,
};
use service_kit::testing::{Site, serve_site};
use tokio_util::sync::CancellationToken;
use tower_http::compression::CompressionLayer;

const STORY: [&str; 5] = [
    "the council of the town met on Monday to talk about the old bridge, which has carried carts, buses and bicycles across the river for 140 years, and whether it can be saved.",
    "engineers had found cracks in four of its nine piers in March, and told the councillors that another winter of floods might be more than the masonry can bear.",
    "shop owners on the east bank fear for their customers, since the next crossing is three miles upstream, and few people walk so far for a loaf of bread.",
    "a repair would take two years and cost 14 million crowns, about as much as the town spends on its schools in a year, said the treasurer in her report.",
    "until then a free ferry is to cross the harbour every ten minutes from early morning to midnight, with room for bicycles and for prams, but not for cars.",
];

/// A page with an article whose paragraphs begin with `mark`.
pub(crate) fn page(mark: &str) -> String {
    let paragraphs = STORY.map(|text| format!("<p>{mark} {text}</p>")).concat();
    format!(
        "<!doctype html><html lang=en><head><title>The bridge</title></head><body><article><h1>The bridge</h1>{paragraphs}</article></body></html>"
    )
}

pub(crate) async fn site(router: Router) -> Site {
    // Without a robots.txt of its own a site answers 404, which allows everything.
    serve_site(router).await.unwrap()
}

pub(crate) fn html(body: impl Into<Vec<u8>>, content_type: &'static str) -> impl IntoResponse {
    ([(header::CONTENT_TYPE, content_type)], body.into())
}

/// Every way in which a body may be packed, by its name in `Content-Encoding`.
pub(crate) fn packings() -> [(&'static str, CompressionLayer); 4] {
    let none = || CompressionLayer::new().no_br().no_deflate().no_gzip().no_zstd();
    [
        ("br", none().br(true)),
        ("deflate", none().deflate(true)),
        ("gzip", none().gzip(true)),
        ("zstd", none().zstd(true)),
    ]
}

/// A scraper that may read `site`, with short limits.
pub(crate) async fn scraper(site: &Site) -> Scraper {
    start(allowing(&[site])).await
}

/// Settings that let `sites` be read, with short limits.
pub(crate) fn allowing(sites: &[&Site]) -> FetchConfig {
    FetchConfig {
        fetch_allow: sites.iter().map(|site| Allowance::Socket(site.address)).collect(),
        fetch_timeout: Duration::from_secs(5),
        fetch_max_bytes: 1_000_000,
        ..FetchConfig::default()
    }
}

/// A scraper whose one source, `local`, is at `site`; `rows` are more settings of that source.
pub(crate) async fn scraper_of_source(site: &Site, rows: &str) -> Scraper {
    let homepage = site.url("/");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    let rows = rows.replace("SITE", &site.url(""));
    write!(file, "[[source]]\nid='local'\nname='Local'\nlanguage='en'\nhomepage='{homepage}'\n{rows}")
        .unwrap();
    let config =
        Config { sources: Some(file.path().to_owned()), fetch: allowing(&[site]), ..Config::default() };
    Scraper::start(&config, CancellationToken::new()).await.unwrap()
}

pub(crate) async fn start(fetch: FetchConfig) -> Scraper {
    let config = Config { newsroom: "127.0.0.1:0".parse().unwrap(), fetch, ..Config::default() };
    Scraper::start(&config, CancellationToken::new()).await.unwrap()
}

pub(crate) async fn read(scraper: &Scraper, url: &str) -> Result<Article, ScrapeError> {
    scraper.article(&ArticleUrl::parse(url).unwrap()).await
}

/// A site with one page at `/a`.
pub(crate) async fn one_page(body: Vec<u8>, content_type: &'static str) -> Site {
    site(Router::new().route("/a", get(move || async move { html(body, content_type) }))).await
}
