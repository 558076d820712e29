//! What the scraper does not read, and why.

use std::{io::Write as _, time::Duration};

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use futures::StreamExt as _;
use scraper_svc::{
    extract::ExtractError,
    fetch::{FetchConfig, FetchError},
    scrape::ScrapeError,
};

use crate::sites::{allowing, html, one_page, page, read, scraper, site, start};

pub(crate) fn fetch_error(error: ScrapeError) -> FetchError {
    match error {
        ScrapeError::Fetch(error) => error,
        other => unreachable!("{other:?}"),
    }
}

#[tokio::test]
async fn no_spelling_of_a_private_address_is_fetched() {
    let scraper = start(FetchConfig::default()).await;
    for url in [
        "http://127.0.0.1/",
        "http://2130706433/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:127.0.0.1]/",
        "http://[64:ff9b::7f00:1]/",
        "http://[2002:7f00:1::]/",
        "http://①②⑦.⓪.⓪.①/",
        "http://127。0。0。1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://10.1.2.3/",
        "http://172.16.0.1/",
        "http://192.168.1.1/",
        "http://100.64.0.1/",
        "http://224.0.0.1/",
        "http://[fe80::1]/",
        "http://[fc00::1]/",
        "http://localhost/",
    ] {
        let error = fetch_error(read(&scraper, url).await.unwrap_err());
        assert_eq!(error, FetchError::PrivateAddress, "{url}");
    }
}

#[tokio::test]
async fn a_redirect_into_private_space_is_refused() {
    let inside = one_page(page("Secret").into_bytes(), "text/html").await;
    let target = inside.url("/a");
    let outside =
        site(Router::new().route("/", get(move || async move { Redirect::temporary(&target) }))).await;
    let scraper = scraper(&outside).await;
    let error = fetch_error(read(&scraper, &outside.url("/")).await.unwrap_err());
    assert_eq!(error, FetchError::PrivateAddress);
}

#[tokio::test]
async fn redirects_are_followed_up_to_a_limit_and_never_in_circles() {
    let hop = |axum::extract::Path(left): axum::extract::Path<u32>| async move {
        match left {
            0 => html(page("Arrived"), "text/html").into_response(),
            left => Redirect::temporary(&format!("/hop/{}", left - 1)).into_response(),
        }
    };
    let router = Router::new()
        .route("/hop/{left}", get(hop))
        .route("/loop", get(|| async { Redirect::temporary("/loop") }));
    let site = site(router).await;
    let scraper = scraper(&site).await;
    let article = read(&scraper, &site.url("/hop/5")).await.unwrap();
    assert_eq!(article.url.as_str(), site.url("/hop/0"));
    for path in ["/hop/6", "/loop"] {
        let error = fetch_error(read(&scraper, &site.url(path)).await.unwrap_err());
        assert_eq!(error, FetchError::TooManyRedirects, "{path}");
    }
}

#[tokio::test]
async fn a_page_that_unpacks_beyond_the_limit_is_refused() {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    let megabyte = vec![b' '; 1_000_000];
    for _ in 0..50 {
        encoder.write_all(&megabyte).unwrap();
    }
    let bomb = encoder.finish().unwrap();
    let send = move || async move {
        ([(header::CONTENT_TYPE, "text/html"), (header::CONTENT_ENCODING, "gzip")], bomb)
    };
    let site = site(Router::new().route("/a", get(send))).await;
    let error = fetch_error(read(&scraper(&site).await, &site.url("/a")).await.unwrap_err());
    assert_eq!(error, FetchError::TooLarge { limit: 1_000_000 });
}

#[tokio::test]
async fn a_site_that_never_answers_is_given_up() {
    let half = || async {
        let pieces = futures::stream::once(async { Ok::<_, std::io::Error>("<!doctype html>") });
        let body = axum::body::Body::from_stream(pieces.chain(futures::stream::pending()));
        ([(header::CONTENT_TYPE, "text/html")], body)
    };
    let router =
        Router::new().route("/a", get(std::future::pending::<&'static str>)).route("/half", get(half));
    let site = site(router).await;
    let fetch = FetchConfig { fetch_timeout: Duration::from_millis(300), ..allowing(&[&site]) };
    let scraper = start(fetch).await;
    for path in ["/a", "/half"] {
        let error = fetch_error(read(&scraper, &site.url(path)).await.unwrap_err());
        assert_eq!(error, FetchError::Timeout, "{path}");
    }
}

#[tokio::test]
async fn a_site_that_is_not_there_is_unreachable() {
    let site = site(Router::new()).await;
    let (scraper, url) = (scraper(&site).await, site.url("/a"));
    drop(site);
    tokio::task::yield_now().await;
    let error = fetch_error(read(&scraper, &url).await.unwrap_err());
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn what_is_no_page_or_no_article_says_so() {
    let pdf = one_page(b"%PDF-1.7".to_vec(), "application/pdf").await;
    let error = fetch_error(read(&scraper(&pdf).await, &pdf.url("/a")).await.unwrap_err());
    assert!(matches!(error, FetchError::UnsupportedContent { .. }), "{error:?}");
    let error = fetch_error(read(&scraper(&pdf).await, &pdf.url("/nothing")).await.unwrap_err());
    assert_eq!(error, FetchError::Status(404));
    let empty = one_page(b"<!doctype html><title>x</title><p>Hello.".to_vec(), "text/html").await;
    let error = read(&scraper(&empty).await, &empty.url("/a")).await.unwrap_err();
    assert_eq!(error, ScrapeError::Extract(ExtractError::NotArticle));
    let deep =
        one_page(format!("<!doctype html>{}", "<div>".repeat(100_000)).into_bytes(), "text/html").await;
    let error = read(&scraper(&deep).await, &deep.url("/a")).await.unwrap_err();
    assert_eq!(error, ScrapeError::Extract(ExtractError::TooDeep));
}

#[tokio::test]
async fn a_name_for_a_private_address_is_read_only_where_its_network_is_allowed() {
    let site = one_page(page("Inside").into_bytes(), "text/html").await;
    let url = format!("http://localhost:{}/a", site.address.port());
    let mut fetch = FetchConfig { fetch_ports: vec![site.address.port()], ..allowing(&[&site]) };
    let error = fetch_error(read(&start(fetch.clone()).await, &url).await.unwrap_err());
    assert_eq!(error, FetchError::PrivateAddress);
    fetch.fetch_allow = ["127.0.0.0/8", "::1/128"].map(|net| net.parse().unwrap()).to_vec();
    assert!(read(&start(fetch).await, &url).await.is_ok());
}

#[tokio::test]
async fn a_body_that_can_not_be_unpacked_is_a_broken_connection() {
    let garbage = || async {
        ([(header::CONTENT_TYPE, "text/html"), (header::CONTENT_ENCODING, "gzip")], "this is no gzip")
    };
    let site = site(Router::new().route("/a", get(garbage))).await;
    let error = fetch_error(read(&scraper(&site).await, &site.url("/a")).await.unwrap_err());
    assert!(matches!(error, FetchError::Unreachable { .. }), "{error:?}");
}

#[tokio::test]
async fn a_site_that_asks_for_proof_of_a_human_says_so() {
    let wall = || async { (StatusCode::FORBIDDEN, [("cf-mitigated", "challenge")], "Just a moment...") };
    let site = site(Router::new().route("/a", get(wall))).await;
    let error = fetch_error(read(&scraper(&site).await, &site.url("/a")).await.unwrap_err());
    assert_eq!(error, FetchError::Challenged);
}
