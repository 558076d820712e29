//! How hard sites are pressed: what is kept is not asked for again, and what they can't bear is not asked of them.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    http::{HeaderMap, StatusCode, header},
    response::{IntoResponse as _, Redirect, Response},
    routing::get,
};
use scraper_svc::fetch::{FetchConfig, FetchError};
use service_kit::testing::Site;
use tokio::sync::{Barrier, Notify};

use crate::{
    refusals::fetch_error,
    sites::{allowing, html, page, read, scraper, site, start},
};

/// Counts what it is asked, and how many of that is conditional.
#[derive(Clone, Default)]
struct Visits {
    all: Arc<AtomicUsize>,
    conditional: Arc<AtomicUsize>,
}

impl Visits {
    fn note(&self, headers: &HeaderMap) -> usize {
        let asks = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];
        if asks.iter().any(|name| headers.contains_key(name)) {
            self.conditional.fetch_add(1, Ordering::Relaxed);
        }
        self.all.fetch_add(1, Ordering::Relaxed) + 1
    }

    fn counts(&self) -> (usize, usize) {
        (self.all.load(Ordering::Relaxed), self.conditional.load(Ordering::Relaxed))
    }
}

/// A page at `/a` with these headers, which says 304 to whoever has it already.
async fn kept_page(headers: &'static [(header::HeaderName, &'static str)], visits: Visits) -> Site {
    let answer = move |asked: HeaderMap| async move {
        visits.note(&asked);
        let fields: HeaderMap =
            headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
        if asked.get(header::IF_NONE_MATCH).is_some_and(|tag| Some(tag) == fields.get(header::ETAG)) {
            return (StatusCode::NOT_MODIFIED, fields).into_response();
        }
        (fields, html(page("Kept"), "text/html")).into_response()
    };
    site(Router::new().route("/a", get(answer))).await
}

/// Settings that let `site` be read as any site is, and not as one of the operator's own.
fn as_a_stranger(site: &Site) -> FetchConfig {
    FetchConfig {
        fetch_allow: vec!["127.0.0.0/8".parse().unwrap()],
        fetch_ports: vec![site.address.port()],
        ..allowing(&[site])
    }
}

#[tokio::test]
async fn a_page_is_asked_for_as_often_as_its_site_wants() {
    for (headers, expected) in [
        (&[(header::CACHE_CONTROL, "max-age=600")][..], (1, 0)),
        (&[(header::CACHE_CONTROL, "no-cache"), (header::ETAG, "\"1\"")], (2, 1)),
        (&[(header::CACHE_CONTROL, "no-store"), (header::ETAG, "\"1\"")], (2, 0)),
        (&[], (2, 0)),
    ] {
        let visits = Visits::default();
        let site = kept_page(headers, visits.clone()).await;
        let scraper = scraper(&site).await;
        let first = read(&scraper, &site.url("/a")).await.unwrap();
        let second = read(&scraper, &site.url("/a")).await.unwrap();
        assert_eq!(first.paragraphs, second.paragraphs);
        assert_eq!(visits.counts(), expected, "{headers:?}");
    }
}

#[tokio::test]
async fn a_cache_of_no_size_keeps_nothing() {
    let visits = Visits::default();
    let site = kept_page(&[(header::CACHE_CONTROL, "max-age=600")], visits.clone()).await;
    let scraper = start(FetchConfig { fetch_cache: 0, ..allowing(&[&site]) }).await;
    for _ in 0..2 {
        read(&scraper, &site.url("/a")).await.unwrap();
    }
    assert_eq!(visits.counts(), (2, 0));
}

#[tokio::test]
async fn a_site_that_stumbles_is_asked_again_and_one_that_keeps_falling_is_not() {
    for (failures, retries, expected) in
        [(2, 2, Ok(3)), (2, 1, Err(FetchError::Status(503))), (1, 0, Err(FetchError::Status(503)))]
    {
        let visits = Visits::default();
        let count = visits.clone();
        let stumble = move |headers: HeaderMap| async move {
            if count.note(&headers) <= failures {
                return StatusCode::SERVICE_UNAVAILABLE.into_response();
            }
            html(page("Up again"), "text/html").into_response()
        };
        let site = site(Router::new().route("/a", get(stumble))).await;
        let scraper = start(FetchConfig { fetch_retries: retries, ..allowing(&[&site]) }).await;
        let outcome = read(&scraper, &site.url("/a")).await.map(|_| visits.counts().0);
        assert_eq!(outcome.map_err(fetch_error), expected);
    }
}

#[tokio::test]
async fn a_site_that_asks_for_a_rest_is_left_alone() {
    let visits = Visits::default();
    let count = visits.clone();
    let tired = move |headers: HeaderMap| async move {
        count.note(&headers);
        (StatusCode::TOO_MANY_REQUESTS, [(header::RETRY_AFTER, "120")]).into_response()
    };
    let site = site(Router::new().route("/a", get(tired.clone())).route("/b", get(tired))).await;
    let scraper = start(as_a_stranger(&site)).await;
    for path in ["/a", "/b"] {
        let error = fetch_error(read(&scraper, &site.url(path)).await.unwrap_err());
        let FetchError::SiteBusy { status: 429, retry_after } = error else { panic!("{error:?}") };
        assert!(retry_after > Duration::from_secs(100) && retry_after <= Duration::from_mins(2));
    }
    assert_eq!(visits.counts().0, 1);
}

#[tokio::test]
async fn one_host_gets_two_requests_at_once_where_two_is_the_limit() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    // Lets nobody go before two are there.
    let pair = Arc::new(Barrier::new(2));
    let (counted, peak) = (Arc::clone(&now), Arc::clone(&most));
    let answer = move || async move {
        peak.fetch_max(counted.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        pair.wait().await;
        counted.fetch_sub(1, Ordering::SeqCst);
        html(page("One of two"), "text/html").into_response()
    };
    let paths: Vec<String> = (0..8).map(|index| format!("/{index}")).collect();
    let router = paths.iter().fold(Router::new(), |router, path| router.route(path, get(answer.clone())));
    let site = site(router).await;
    let limits = FetchConfig {
        fetch_host_limit: 2,
        fetch_host_rate: 1_000.try_into().unwrap(),
        ..as_a_stranger(&site)
    };
    let scraper = start(limits).await;
    let urls: Vec<String> = paths.iter().map(|path| site.url(path)).collect();
    for outcome in futures::future::join_all(urls.iter().map(|url| read(&scraper, url))).await {
        outcome.unwrap();
    }
    assert_eq!(most.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn the_pause_that_robots_txt_asks_for_is_kept() {
    let router = Router::new()
        .route("/robots.txt", get(|| async { "User-agent: *\nCrawl-delay: 40\n" }))
        .route("/moved", get(|| async { Redirect::permanent("/a") }))
        .route("/a", get(|| async { html(page("First"), "text/html") }))
        .route("/b", get(|| async { html(page("Second"), "text/html") }));
    let site = site(router).await;
    let scraper = start(as_a_stranger(&site)).await;
    // A redirect on the way is part of the visit.
    read(&scraper, &site.url("/moved")).await.unwrap();
    let error = fetch_error(read(&scraper, &site.url("/b")).await.unwrap_err());
    let FetchError::Busy { retry_after } = error else { panic!("{error:?}") };
    assert!(retry_after > Duration::from_secs(30) && retry_after <= Duration::from_secs(40));
}

#[tokio::test]
async fn callers_for_one_address_at_the_same_time_share_one_visit() {
    let visits = Visits::default();
    let (asked, gate) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (count, door, bell) = (visits.clone(), Arc::clone(&gate), Arc::clone(&asked));
    let answer = move |headers: HeaderMap| async move {
        count.note(&headers);
        bell.notify_one();
        door.notified().await;
        Response::from(html(page("Shared"), "text/html").into_response())
    };
    let site = site(Router::new().route("/a", get(answer))).await;
    let scraper = scraper(&site).await;
    let url = site.url("/a");
    let open = async {
        asked.notified().await;
        gate.notify_one();
    };
    let (first, second, ()) = tokio::join!(read(&scraper, &url), read(&scraper, &url), open);
    assert_eq!(first.unwrap(), second.unwrap());
    assert_eq!(visits.counts().0, 1);
}
