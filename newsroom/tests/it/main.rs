//! The site as a visitor's browser and feed reader see it.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

use axum::{body::Body, http::Request};
use http_body_util::BodyExt as _;
use scraper::{Html, Selector};
use tower::ServiceExt as _;

const BASE: &str = "http://127.0.0.1:9";

async fn get(path: &str) -> (u16, String, String) {
    let request = Request::get(path).body(Body::empty()).unwrap();
    let response = newsroom::router(BASE).unwrap().oneshot(request).await.unwrap();
    let status = response.status().as_u16();
    let content_type = response.headers().get("content-type").map(|value| value.to_str().unwrap().to_owned());
    let body = response.into_body().collect().await.unwrap().to_bytes();
    (status, content_type.unwrap_or_default(), String::from_utf8(body.to_vec()).unwrap())
}

fn texts(html: &str, selector: &str) -> Vec<String> {
    let page = Html::parse_document(html);
    page.select(&Selector::parse(selector).unwrap()).map(|element| element.text().collect()).collect()
}

#[tokio::test]
async fn every_item_of_the_feed_is_a_page_with_its_title_and_its_data() {
    let (status, content_type, feed) = get("/rss.xml").await;
    assert_eq!((status, content_type.as_str()), (200, "application/rss+xml; charset=utf-8"));
    let feed = feed_rs::parser::parse(feed.as_bytes()).unwrap();
    assert_eq!(feed.entries.len(), newsroom::edition::Edition::bundled().unwrap().articles.len());
    for entry in feed.entries {
        assert!(entry.published.is_some(), "{entry:?}");
        let path = entry.links[0].href.strip_prefix(BASE).unwrap().to_owned();
        let (status, _, page) = get(&path).await;
        assert_eq!(status, 200, "{path}");
        assert_eq!(texts(&page, "h1"), [entry.title.unwrap().content]);
        let data: serde_json::Value =
            serde_json::from_str(&texts(&page, "script[type='application/ld+json']")[0]).unwrap();
        assert_eq!(data["@type"], "NewsArticle");
        assert!(texts(&page, ".story-body > p").len() > 4, "{path}");
        for furniture in
            [".comment", ".ad-slot", ".newsletter-box", ".read-more", ".share-bar", ".cookie-banner"]
        {
            assert!(!texts(&page, furniture).is_empty(), "{path} has no {furniture}");
        }
    }
}

#[tokio::test]
async fn the_front_page_links_to_every_article() {
    let (status, _, page) = get("/").await;
    assert_eq!(status, 200);
    let articles = &newsroom::edition::Edition::bundled().unwrap().articles;
    assert_eq!(texts(&page, "h2.teaser a").len(), articles.len());
}

#[tokio::test]
async fn an_unknown_address_is_a_404_and_a_page() {
    for path in ["/news/nothing", "/nowhere"] {
        let (status, content_type, page) = get(path).await;
        assert_eq!((status, content_type.as_str()), (404, "text/html; charset=utf-8"));
        assert!(page.contains("front page"));
    }
}

#[tokio::test]
async fn robots_txt_points_to_a_sitemap_that_lists_every_article() {
    let (_, _, robots) = get("/robots.txt").await;
    assert!(robots.contains("Disallow: /account/") && robots.contains("/news-sitemap.xml"), "{robots}");
    let (_, _, sitemap) = get("/news-sitemap.xml").await;
    for article in &newsroom::edition::Edition::bundled().unwrap().articles {
        assert!(sitemap.contains(&format!("{BASE}/news/{}<", article.slug)), "{}", article.slug);
    }
}

#[tokio::test]
async fn a_taken_port_gives_way_to_a_free_one() {
    let first = newsroom::bind("127.0.0.1:0".parse().unwrap()).await.unwrap();
    let taken = first.local_addr().unwrap();
    let second = newsroom::bind(taken).await.unwrap().local_addr().unwrap();
    assert_eq!(second.ip(), taken.ip());
    assert_ne!(second.port(), taken.port());
}
