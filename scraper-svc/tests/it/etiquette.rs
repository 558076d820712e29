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
    sites::{allowing, html, one_page, page, read, scraper, site, start},
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
