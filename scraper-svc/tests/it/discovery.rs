//! Headlines from feeds and front pages, and articles picked from them.

use std::{
    fmt::Write as _,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use axum::{Router, extract::Path, http::StatusCode, response::IntoResponse as _, routing::get};
use scraper_svc::{
    Scraper,
    discovery::Found,
    fetch::FetchError,
    scrape::{Excluded, ScrapeError},
};

use crate::sites::{html, page, scraper_of_source, site};

const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Local</title><link>https://local.example/</link><description>News</description>
<item><title>Older &amp;amp; wiser</title><link>https://local.example/older</link>
  <description>&lt;p&gt;A  &lt;b&gt;bold&lt;/b&gt;
  plan&lt;/p&gt;</description><pubDate>Mon, 02 Mar 2026 08:00:00 +0100</pubDate></item>
<item><title>Newer</title><link>/newer#comments</link><pubDate>Tue, 03 Mar 2026 08:00:00 GMT</pubDate></item>
<item><title>Newer again</title><link>/newer</link></item>
<item><title>Undated</title><guid isPermaLink="true">https://local.example/undated</guid></item>
<item><title></title><link>https://local.example/untitled</link></item>
<item><title>No link</title></item>
<item><title>A script</title><link>javascript:alert(1)</link></item>
<item><title>With a password</title><link>https://a:b@local.example/</link></item>
</channel></rss>"#;

const FRONT: &str = r#"<!doctype html><title>Local</title>
<h2 class="story"><a href="/within#top">Link  within</a></h2>
<a href="/around"><h2 class="story">Link around</h2></a>
<h2 class="story"><a href="/within">Twice</a></h2>
<h2 class="story">No link</h2>
<h2 class="story"><a href="mailto:x@local.example">Mail</a></h2>
<h2><a href="/other">Not asked for</a></h2>"#;

async fn headlines(scraper: &Scraper) -> Result<Arc<Found>, ScrapeError> {
    scraper.headlines(&scraper.source("local").unwrap()).await
}

fn titles(found: &Found) -> Vec<&str> {
    found.headlines.iter().map(|headline| headline.title.as_str()).collect()
}

#[tokio::test]
async fn a_feed_gives_its_good_entries_newest_first_and_counts_the_others() {
    // Feeds are often served as HTML.
    let site =
        site(Router::new().route("/feed", get(|| async { html(RSS, "text/html; charset=utf-8") }))).await;
    let found = headlines(&scraper_of_source(&site, "feeds=['SITE/feed']").await).await.unwrap();
    assert_eq!(titles(&found), ["Newer", "Older & wiser", "Undated"]);
    assert_eq!(found.skipped, 4);
    assert_eq!(found.headlines[0].url.to_string(), site.url("/newer"));
    assert_eq!(found.headlines[1].summary, "A bold plan");
    assert_eq!(found.headlines[1].published_at.unwrap().to_string(), "2026-03-02T07:00:00Z");
    assert_eq!(found.headlines[2].published_at, None);
}

#[tokio::test]
async fn a_source_whose_feeds_fail_is_read_from_its_front_page() {
    let router = Router::new()
        .route("/", get(|| async { html(FRONT, "text/html") }))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/empty", get(|| async { html("<rss version='2.0'><channel/></rss>", "text/xml") }));
    let site = site(router).await;
    let rows = "feeds=['SITE/broken', 'SITE/empty']\nheadline_selector='h2.story'";
    let found = headlines(&scraper_of_source(&site, rows).await).await.unwrap();
    assert_eq!(titles(&found), ["Link within", "Link around"]);
    assert_eq!(found.headlines[0].url.to_string(), site.url("/within"));
    assert_eq!(found.skipped, 2);
}

#[tokio::test]
async fn a_source_without_headlines_says_why_and_is_noted() {
    let nested = format!("<rss version='2.0'><channel>{}", "<item>".repeat(100_000));
    let router = Router::new()
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/nested", get(move || async { html(nested, "text/xml") }))
        .route("/empty", get(|| async { html("<rss version='2.0'><channel/></rss>", "text/xml") }));
    let site = site(router).await;
    for (feed, expected) in [
        ("broken", FetchError::Status(500).into()),
        ("empty", ScrapeError::NoHeadlines),
        ("nested", ScrapeError::NoHeadlines),
    ] {
        let scraper = scraper_of_source(&site, &format!("feeds=['SITE/{feed}']")).await;
        let source = &scraper.source("").unwrap();
        assert_eq!(scraper.health(source).last_failure, None);
        assert_eq!(headlines(&scraper).await.unwrap_err(), expected, "{feed}");
        let health = scraper.health(source);
        assert!(health.last_failure.is_some() && health.last_success.is_none());
        assert!(health.last_error.ends_with(&expected.to_string()), "{}", health.last_error);
    }
}

#[tokio::test]
async fn feeds_and_news_sitemaps_are_put_together_and_each_article_comes_once() {
    let entry = |path: &str, day: u32| {
        format!(
            "<url><loc>https://local.example/{path}</loc><n:news><n:title>{path}</n:title><n:publication_date>2026-03-{day:02}</n:publication_date></n:news></url>"
        )
    };
    let sitemap =
        format!("<urlset xmlns:n='x'>{}{}</urlset>", entry("older?utm_source=map", 2), entry("mapped", 4));
    let router = Router::new()
        .route("/feed", get(|| async { html(RSS, "application/rss+xml") }))
        .route("/broken", get(|| async { StatusCode::INTERNAL_SERVER_ERROR }))
        .route("/map", get(move || async { html(sitemap, "application/xml") }));
    let site = site(router).await;
    let rows = "feeds=['SITE/broken', 'SITE/feed']\nsitemaps=['SITE/map']";
    let found = headlines(&scraper_of_source(&site, rows).await).await.unwrap();
    assert_eq!(titles(&found), ["mapped", "Newer", "Older & wiser", "Undated"]);
}

#[tokio::test]
async fn callers_at_the_same_time_and_soon_after_share_one_visit() {
    let visits = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&visits);
    let feed = move || async move {
        count.fetch_add(1, Ordering::Relaxed);
        html(RSS, "application/rss+xml")
    };
    let site = site(Router::new().route("/feed", get(feed))).await;
    let scraper = scraper_of_source(&site, "feeds=['SITE/feed']").await;
    let (first, second) = tokio::join!(headlines(&scraper), headlines(&scraper));
    assert_eq!(first.unwrap(), second.unwrap());
    headlines(&scraper).await.unwrap();
    assert_eq!(visits.load(Ordering::Relaxed), 1);
    assert!(scraper.health(&scraper.source("").unwrap()).last_success.is_some());
}

/// A scraper of a source with `count` headlines, of which only the last can be read, and the visits to the others.
async fn one_good_of(count: usize) -> (Scraper, service_kit::testing::Site, Arc<AtomicUsize>) {
    let mut items = String::new();
    for index in 1..=count {
        write!(items, "<item><title>{index}</title><link>/story/{index}</link></item>").unwrap();
    }
    let feed = format!("<rss version='2.0'><channel>{items}</channel></rss>");
    let failures = Arc::new(AtomicUsize::new(0));
    let failed = Arc::clone(&failures);
    let story = move |Path(index): Path<usize>| async move {
        if index == count {
            return html(page("Good"), "text/html").into_response();
        }
        failed.fetch_add(1, Ordering::Relaxed);
        StatusCode::NOT_FOUND.into_response()
    };
    let router = Router::new()
        .route("/feed", get(move || async { html(feed, "application/rss+xml") }))
        .route("/story/{index}", get(story));
    let site = site(router).await;
    let scraper = scraper_of_source(&site, "feeds=['SITE/feed']").await;
    (scraper, site, failures)
}

#[tokio::test]
async fn a_random_article_that_can_not_be_read_gives_way_to_another() {
    let (scraper, site, failures) = one_good_of(4).await;
    let source = &scraper.source("").unwrap();
    for seed in 0..12 {
        let article = scraper.random(source, Some(seed), &Excluded::default()).await.unwrap().article;
        assert_eq!(article.url.as_str(), site.url("/story/4"));
        assert_eq!(article.source_id.as_deref(), Some("local"));
    }
    assert!(failures.load(Ordering::Relaxed) > 0, "every seed hit the good one at once");
}

#[tokio::test]
async fn no_more_than_four_articles_are_tried_and_a_seed_tries_the_same_ones() {
    let (scraper, _site, failures) = one_good_of(40).await;
    let source = &scraper.source("").unwrap();
    let mut outcomes = Vec::new();
    for seed in [7, 7, 8] {
        let before = failures.load(Ordering::Relaxed);
        let picked = scraper.random(source, Some(seed), &Excluded::default()).await;
        let outcome = picked.map(|picked| picked.article.url);
        let tried = failures.load(Ordering::Relaxed) - before;
        assert!(outcome.is_ok() || tried == 4, "{tried}");
        outcomes.push((outcome, tried));
    }
    assert_eq!(outcomes[0], outcomes[1]);
}

#[tokio::test]
async fn a_sources_own_selectors_find_the_text() {
    let body = page("Marked").replace("<article>", "<div><p class='body'>").replace("</article>", "</div>");
    let body = body.replace("<p>", "<p class='body'>");
    let site = site(Router::new().route("/a", get(move || async { html(body, "text/html") }))).await;
    let scraper = scraper_of_source(&site, "headline_selector='h2'\nbody_selectors=['p.body']").await;
    let article = crate::sites::read(&scraper, &site.url("/a")).await.unwrap();
    assert_eq!((article.extractor, article.paragraphs.len()), ("selectors", 5));
    assert_eq!((article.source_id.as_deref(), article.site_name.as_str()), (Some("local"), "Local"));
}

#[tokio::test]
async fn an_article_that_was_had_by_where_its_headline_leads_comes_only_when_there_is_no_other() {
    let feed = "<rss version='2.0'><channel><item><title>Moved</title><link>/moved</link></item>\
                <item><title>Plain</title><link>/plain</link></item></channel></rss>";
    let router = Router::new()
        .route("/feed", get(move || async move { html(feed, "application/rss+xml") }))
        .route("/moved", get(|| async { axum::response::Redirect::temporary("/there") }))
        .route("/there", get(|| async { html(page("There"), "text/html") }))
        .route("/plain", get(|| async { html(page("Plain"), "text/html") }));
    let site = site(router).await;
    let scraper = scraper_of_source(&site, "feeds=['SITE/feed']").await;
    let source = &scraper.source("").unwrap();
    let had = Excluded::parse(&[site.url("/there")]).unwrap();
    for seed in 0..6 {
        let picked = scraper.random(source, Some(seed), &had).await.unwrap();
        assert_eq!(picked.headline.to_string(), site.url("/plain"));
    }
    let had = Excluded::parse(&[site.url("/there"), site.url("/plain")]).unwrap();
    let picked = scraper.random(source, None, &had).await.unwrap();
    assert_eq!(picked.article.url.as_str(), site.url("/there"));
}

#[tokio::test]
async fn lists_complete_each_other_and_a_time_in_the_future_is_none() {
    let item =
        |path: &str, rest: &str| format!("<item><title>{path}</title><link>/{path}</link>{rest}</item>");
    let dated = |date: &str| format!("<pubDate>{date}</pubDate>");
    let plain = [item("a", ""), item("b", &dated("Tue, 03 Mar 2026 08:00:00 GMT"))].concat();
    let full = [
        item("future", &dated("Tue, 03 Mar 2099 08:00:00 GMT")),
        item("a", &(dated("Wed, 04 Mar 2026 08:00:00 GMT") + "<description>Told</description>")),
    ]
    .concat();
    let feed = |items: String| {
        get(move || async move {
            html(format!("<rss version='2.0'><channel>{items}</channel></rss>"), "application/rss+xml")
        })
    };
    let site = site(Router::new().route("/plain", feed(plain)).route("/full", feed(full))).await;
    let found =
        headlines(&scraper_of_source(&site, "feeds=['SITE/plain', 'SITE/full']").await).await.unwrap();
    assert_eq!(titles(&found), ["a", "b", "future"]);
    assert_eq!(found.headlines[0].summary, "Told");
    assert_eq!(found.headlines[2].published_at, None);
}

#[tokio::test]
async fn a_front_pages_own_base_counts() {
    let front = r#"<!doctype html><title>Local</title><base href="/news/"><h2><a href="1">One</a></h2>"#;
    let site = site(Router::new().route("/", get(move || async move { html(front, "text/html") }))).await;
    let found = headlines(&scraper_of_source(&site, "headline_selector='h2'").await).await.unwrap();
    assert_eq!(found.headlines[0].url.to_string(), site.url("/news/1"));
}
