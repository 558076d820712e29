//! How the scraper behaves at other people's sites.

use std::sync::{Arc, Mutex};

use axum::{
    Router,
    extract::Request,
    http::{HeaderMap, StatusCode, header},
    middleware::{Next, from_fn},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use scraper_svc::{
    article::RobotsVerdict,
    fetch::{FetchConfig, FetchError},
};

use crate::{
    refusals::fetch_error,
    sites::{allowing, html, one_page, page, read, scraper, scraper_of_source, site, start},
};

async fn public() -> Response {
    html(page("Public"), "text/html").into_response()
}

#[tokio::test]
async fn robots_txt_is_obeyed() {
    let router = Router::new()
        .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /private/\n" }))
        .route("/private/a", get(public))
        .route("/moved", get(|| async { Redirect::temporary("/private/a") }))
        .route("/a", get(public));
    let site = site(router).await;
    let scraper = scraper(&site).await;
    assert_eq!(read(&scraper, &site.url("/a")).await.unwrap().robots, RobotsVerdict::Allowed);
    for path in ["/private/a", "/moved"] {
        let error = fetch_error(read(&scraper, &site.url(path)).await.unwrap_err());
        assert_eq!(error, FetchError::RobotsDisallowed, "{path}");
    }
    let fetch = FetchConfig { ignore_robots: true, ..allowing(&[&site]) };
    let article = read(&start(fetch).await, &site.url("/private/a")).await.unwrap();
    assert_eq!(article.robots, RobotsVerdict::Ignored);
}

#[tokio::test]
async fn a_robots_txt_that_fails_forbids_and_one_that_is_absent_allows() {
    for (status, expected) in [
        (StatusCode::NOT_FOUND, Ok(RobotsVerdict::Absent)),
        (StatusCode::FORBIDDEN, Ok(RobotsVerdict::Absent)),
        (StatusCode::SERVICE_UNAVAILABLE, Err(FetchError::RobotsUnavailable)),
        (StatusCode::INTERNAL_SERVER_ERROR, Err(FetchError::RobotsUnavailable)),
    ] {
        let router = Router::new().route("/robots.txt", get(move || async move { status }));
        let site = site(router.route("/a", get(public))).await;
        let read = read(&scraper(&site).await, &site.url("/a")).await;
        assert_eq!(read.map(|article| article.robots).map_err(fetch_error), expected, "{status}");
    }
}

#[tokio::test]
async fn robots_txt_is_read_once_and_follows_redirects() {
    let visits = Arc::new(Mutex::new(0));
    let count = Arc::clone(&visits);
    let rules = move || async move {
        *count.lock().unwrap() += 1;
        "User-agent: Nutgraf\nDisallow: /private/\n"
    };
    let router = Router::new()
        .route("/robots.txt", get(|| async { Redirect::permanent("/rules") }))
        .route("/rules", get(rules))
        .route("/private/a", get(public))
        .route("/a", get(public));
    let site = site(router).await;
    let scraper = scraper(&site).await;
    let (public, private) = (site.url("/a"), site.url("/private/a"));
    let (first, second, third) =
        tokio::join!(read(&scraper, &public), read(&scraper, &public), read(&scraper, &private));
    assert!(first.is_ok() && second.is_ok());
    assert_eq!(fetch_error(third.unwrap_err()), FetchError::RobotsDisallowed);
    assert_eq!(*visits.lock().unwrap(), 1);
}

#[tokio::test]
async fn requests_say_who_asks_and_carry_nothing_from_elsewhere() {
    let seen = Arc::new(Mutex::new(Vec::<HeaderMap>::new()));
    let record = Arc::clone(&seen);
    let record = from_fn(move |request: Request, next: Next| {
        record.lock().unwrap().push(request.headers().clone());
        next.run(request)
    });
    let target = one_page(page("Arrived").into_bytes(), "text/html").await;
    let there = target.url("/a");
    let door = move || async move { ([(header::SET_COOKIE, "session=1")], Redirect::temporary(&there)) };
    let inner = || async { ([(header::SET_COOKIE, "session=2")], Redirect::temporary("/door")) };
    let router = Router::new().route("/door", get(door)).route("/a", get(inner)).layer(record);
    let site = site(router).await;
    let fetch =
        FetchConfig { contact_url: "https://example.org/bot".to_owned(), ..allowing(&[&site, &target]) };
    assert!(read(&start(fetch).await, &site.url("/a")).await.is_ok());
    let seen = seen.lock().unwrap();
    assert_eq!(seen.len(), 3, "robots.txt and two hops");
    for headers in seen.iter() {
        let agent = headers[header::USER_AGENT].to_str().unwrap();
        assert_eq!(agent, concat!("Nutgraf/", env!("CARGO_PKG_VERSION"), " (+https://example.org/bot)"));
        for absent in [header::REFERER, header::COOKIE, header::AUTHORIZATION] {
            assert!(!headers.contains_key(&absent), "{absent}");
        }
    }
}

#[tokio::test]
async fn robots_txt_is_obeyed_for_feeds_and_sitemaps_and_the_source_says_so() {
    let item = "<item><title>News</title><link>/a</link></item>";
    let feed = format!("<rss version='2.0'><channel>{item}</channel></rss>");
    let visits = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&visits);
    let watch = from_fn(move |request: Request, next: Next| {
        seen.lock().unwrap().push(request.uri().path().to_owned());
        next.run(request)
    });
    let rules = "User-agent: *\nDisallow: /closed/\nCrawl-delay: 40\n";
    let router = Router::new()
        .route("/robots.txt", get(move || async move { rules }))
        .route("/moved", get(|| async { Redirect::temporary("/closed/feed") }))
        .route("/feed", get(move || async move { html(feed, "application/rss+xml") }))
        .layer(watch);
    let site = site(router).await;
    let lists = "feeds=['SITE/closed/feed', 'SITE/feed', 'SITE/moved']\nsitemaps=['SITE/closed/map']";
    let scraper = scraper_of_source(&site, lists).await;
    let source = &scraper.source("").unwrap();
    assert_eq!(scraper.headlines(source).await.unwrap().headlines.len(), 1);
    let health = scraper.health(source);
    assert!(health.last_success.is_some() && health.last_failure.is_some());
    let first = format!("{}: {}", site.url("/closed/feed"), FetchError::RobotsDisallowed);
    assert_eq!(health.last_error, format!("{first} (2 more failed)"));
    assert!(!visits.lock().unwrap().iter().any(|path| path.starts_with("/closed")), "{visits:?}");

    let scraper = scraper_of_source(&site, "feeds=['SITE/closed/feed']").await;
    let source = &scraper.source("").unwrap();
    let error = fetch_error(scraper.headlines(source).await.unwrap_err());
    assert_eq!(error, FetchError::RobotsDisallowed);
    assert_eq!(scraper.health(source).last_error, first);
    assert_eq!(scraper.health(source).last_success, None);
}

#[tokio::test]
async fn a_feed_whose_robots_txt_fails_is_not_read() {
    let router = Router::new()
        .route("/robots.txt", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/feed", get(|| async { html("<rss version='2.0'><channel/></rss>", "text/xml") }));
    let site = site(router).await;
    let scraper = scraper_of_source(&site, "feeds=['SITE/feed']").await;
    let error = fetch_error(scraper.headlines(&scraper.source("").unwrap()).await.unwrap_err());
    assert_eq!(error, FetchError::RobotsUnavailable);
}

#[tokio::test]
async fn a_robots_txt_is_followed_over_five_redirects_and_no_further_whatever_is_set_for_pages() {
    let hop = |axum::extract::Path(left): axum::extract::Path<u32>| async move {
        match left {
            0 => "User-agent: *\nDisallow: /\n".into_response(),
            left => Redirect::temporary(&format!("/hop/{}", left - 1)).into_response(),
        }
    };
    for (hops, expected) in [(4, Err(FetchError::RobotsDisallowed)), (5, Ok(RobotsVerdict::Absent))] {
        let first = Redirect::temporary(&format!("/hop/{hops}"));
        let router = Router::new()
            .route("/robots.txt", get(move || async move { first }))
            .route("/hop/{left}", get(hop))
            .route("/a", get(public));
        let site = site(router).await;
        let scraper = start(FetchConfig { fetch_max_redirects: 0, ..allowing(&[&site]) }).await;
        let read = read(&scraper, &site.url("/a")).await;
        assert_eq!(read.map(|article| article.robots).map_err(fetch_error), expected, "{hops}");
    }
}

#[tokio::test]
async fn half_a_megabyte_of_a_robots_txt_is_read_and_no_more() {
    let filler = "# nothing to see here, and nothing to forbid\n".repeat(512_000 / 45);
    let rules = format!("User-agent: *\nDisallow: /early/\n{filler}{filler}\nDisallow: /late/\n");
    let router = Router::new()
        .route("/robots.txt", get(move || async move { rules }))
        .route("/early/a", get(public))
        .route("/late/a", get(public));
    let site = site(router).await;
    let scraper = scraper(&site).await;
    let error = fetch_error(read(&scraper, &site.url("/early/a")).await.unwrap_err());
    assert_eq!(error, FetchError::RobotsDisallowed);
    assert!(read(&scraper, &site.url("/late/a")).await.is_ok());
}
