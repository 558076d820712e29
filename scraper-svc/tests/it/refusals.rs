//! What the scraper does not read, and why.

use std::io::Write as _;

use axum::{
    Router,
    http::{StatusCode, header},
    response::{IntoResponse, Redirect},
    routing::get,
};
use flate2::{Compression, write::GzEncoder};
use scraper_svc::{
    extract::ExtractError,
    fetch::{FetchConfig, FetchError},
    scrape::ScrapeError,
};

use crate::sites::{html, one_page, page, read, scraper, site, start};

fn fetch_error(error: ScrapeError) -> FetchError {
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
    assert!(matches!(error, FetchError::PrivateAddress | FetchError::ForbiddenPort(_)), "{error:?}");
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
    let site = site(Router::new().route("/a", get(std::future::pending::<&'static str>))).await;
    let error = fetch_error(read(&scraper(&site).await, &site.url("/a")).await.unwrap_err());
    assert_eq!(error, FetchError::Timeout);
}

#[tokio::test]
async fn a_site_that_is_not_there_is_unreachable() {
    let site = site(Router::new()).await;
    let (scraper, url) = (scraper(&site).await, site.url("/a"));
    drop(site);
    tokio::task::yield_now().await;
    let error = fetch_error(read(&scraper, &url).await.unwrap_err());
    assert!(matches!(error, FetchError::Unreachable { .. } | FetchError::RobotsUnavailable), "{error:?}");
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
async fn robots_txt_is_obeyed() {
    let allowed = || async { html(page("Public"), "text/html") };
    let router = Router::new()
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /private/\n" }))
        .route("/private/a", get(allowed))
        .route("/a", get(allowed));
    let polite = site(router).await;
    let scraper_of_polite = scraper(&polite).await;
    assert!(read(&scraper_of_polite, &polite.url("/a")).await.is_ok());
    let error = fetch_error(read(&scraper_of_polite, &polite.url("/private/a")).await.unwrap_err());
    assert_eq!(error, FetchError::RobotsDisallowed);
    let broken = site(
        Router::new()
            .route("/robots.txt", get(|| async { StatusCode::SERVICE_UNAVAILABLE }))
            .route("/a", get(allowed)),
    )
    .await;
    let error = fetch_error(read(&scraper(&broken).await, &broken.url("/a")).await.unwrap_err());
    assert_eq!(error, FetchError::RobotsUnavailable);
}

#[tokio::test]
async fn pages_are_decoded_as_they_are_encoded() {
    let russian = "В понедельник городской совет";
    let japanese = "月曜日の市議会は";
    let (cyrillic, _, _) = encoding_rs::WINDOWS_1251.encode(russian);
    let (shift_jis, _, _) = encoding_rs::SHIFT_JIS.encode(japanese);
    let in_page = |mark: &[u8], head: &str| {
        let template = page("@@").replacen("<head>", &format!("<head>{head}"), 1);
        let mut bytes = Vec::new();
        for (index, part) in template.split("@@").enumerate() {
            if index > 0 {
                bytes.extend_from_slice(mark);
            }
            bytes.extend_from_slice(part.as_bytes());
        }
        bytes
    };
    let utf_16: Vec<u8> =
        [0xfeff].into_iter().chain(page(russian).encode_utf16()).flat_map(u16::to_le_bytes).collect();
    for (body, content_type, expected) in [
        (in_page(&cyrillic, "<meta charset=windows-1251>"), "text/html", russian),
        (in_page(&shift_jis, ""), "text/html; charset=shift_jis", japanese),
        (utf_16, "text/html", russian),
        (page(russian).into_bytes(), "text/html; charset=utf-8", russian),
    ] {
        let site = one_page(body, content_type).await;
        let article = read(&scraper(&site).await, &site.url("/a")).await.unwrap();
        assert_eq!(article.paragraphs.len(), 5, "{content_type}");
        assert!(
            article.paragraphs[0].text.starts_with(expected),
            "{content_type}: {:?}",
            article.paragraphs[0]
        );
    }
}
