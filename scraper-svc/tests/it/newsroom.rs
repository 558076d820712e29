//! The bundled newspaper from end to end, over gRPC.

use std::time::Duration;

use nutgraf_proto::scraper::v1::{self as pb, scraper_service_client::ScraperServiceClient};
use scraper_svc::config::Config;
use service_kit::{
    grpc::{Fault, channel},
    shutdown::DrainArgs,
    testing::listener,
};
use tokio_util::sync::CancellationToken;
use tonic::transport::Channel;

async fn client() -> ScraperServiceClient<Channel> {
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let config = Config { newsroom: "127.0.0.1:0".parse().unwrap(), ..Config::default() };
    let drain = DrainArgs::at_once(Duration::from_secs(5));
    tokio::spawn(async move { scraper_svc::serve(listener, config, &drain, CancellationToken::new()).await });
    ScraperServiceClient::new(channel(&address.into()))
}

#[tokio::test]
async fn every_article_of_the_newspaper_is_read_whole_and_without_its_furniture() {
    let mut client = client().await;
    let headlines = client.list_headlines(pb::ListHeadlinesRequest::default()).await.unwrap().into_inner();
    assert_eq!((headlines.source_id.as_str(), headlines.skipped), ("demo", 0));
    let edition = newsroom::edition::Edition::bundled().unwrap();
    assert_eq!(headlines.headlines.len(), edition.articles.len());
    for headline in headlines.headlines {
        let request = pb::GetArticleRequest { url: headline.url.clone() };
        let article = client.get_article(request).await.unwrap().into_inner().article.unwrap();
        let slug = headline.url.rsplit('/').next().unwrap();
        let written = edition.article(slug).unwrap();
        assert_eq!(article.title, written.title);
        assert_eq!((article.site_name.as_str(), article.source_id.as_str()), (newsroom::NAME, "demo"));
        assert_eq!(article.language, written.language);
        assert!(
            article.published_at.starts_with(&written.published.to_string()[..10]),
            "{}",
            article.published_at
        );
        assert!(!article.byline.is_empty(), "{slug}");
        let text: String = article.paragraphs.iter().map(|paragraph| paragraph.text.as_str()).collect();
        for block in written.blocks() {
            if let newsroom::edition::Block::Paragraph(paragraph) = block {
                let paragraph = paragraph.split_whitespace().collect::<Vec<_>>().join(" ");
                assert!(text.contains(&paragraph), "{slug} lost: {paragraph}");
            }
        }
        for furniture in ["cookies", "Sign up", "Most read", "Share by e-mail", &written.comments[0].text] {
            assert!(!text.contains(furniture), "{slug} kept: {furniture}");
        }
    }
}

#[tokio::test]
async fn the_same_seed_picks_the_same_article() {
    let mut client = client().await;
    let mut urls = Vec::new();
    for seed in [1, 1, 2, 3, 4, 5] {
        let request = any_of("demo", Some(seed), &[]);
        let article = client.get_random_article(request).await.unwrap().into_inner().article.unwrap();
        urls.push(article.url);
    }
    assert_eq!(urls[0], urls[1]);
    assert!(urls.iter().any(|url| *url != urls[0]), "{urls:?}");
}

#[tokio::test]
async fn without_a_seed_every_article_comes_once_before_one_comes_twice() {
    let mut client = client().await;
    let count = newsroom::edition::Edition::bundled().unwrap().articles.len();
    let mut urls = std::collections::HashSet::new();
    for _ in 0..count {
        let request = any_of("demo", None, &[]);
        urls.insert(client.get_random_article(request).await.unwrap().into_inner().article.unwrap().url);
    }
    assert_eq!(urls.len(), count);
}

#[tokio::test]
async fn sources_are_listed_with_the_newspaper_as_the_default() {
    let mut client = client().await;
    let sources = client.list_sources(pb::ListSourcesRequest {}).await.unwrap().into_inner().sources;
    assert_eq!(sources.len(), 12);
    assert!(sources[0].is_default && sources[0].is_demo);
}

#[tokio::test]
async fn refusals_arrive_with_their_reason() {
    let mut client = client().await;
    for (url, expected) in [
        ("no address", "INVALID_URL"),
        ("ftp://example.org/", "INVALID_URL"),
        ("https://user:secret@example.org/", "INVALID_URL"),
        ("http://192.168.0.1/", "PRIVATE_ADDRESS"),
    ] {
        let status = client.get_article(pb::GetArticleRequest { url: url.to_owned() }).await.unwrap_err();
        assert_eq!(Fault::from_status(&status).reason.as_deref(), Some(expected), "{url}");
    }
    let request = pb::ListHeadlinesRequest { source_id: "nowhere".to_owned(), limit: 0 };
    let status = client.list_headlines(request).await.unwrap_err();
    assert_eq!(Fault::from_status(&status).reason.as_deref(), Some("UNKNOWN_SOURCE"));
}

fn any_of(source: &str, seed: Option<u64>, excluded: &[String]) -> pb::GetRandomArticleRequest {
    pb::GetRandomArticleRequest { source_id: source.to_owned(), seed, exclude_urls: excluded.to_vec() }
}

#[tokio::test]
async fn a_reader_who_says_what_he_has_had_gets_the_rest_and_then_the_oldest() {
    let mut client = client().await;
    let count = newsroom::edition::Edition::bundled().unwrap().articles.len();
    let mut had: Vec<String> = Vec::new();
    for turn in 0..count {
        let answer = client.get_random_article(any_of("demo", None, &had)).await.unwrap().into_inner();
        assert!(!had.contains(&answer.headline_url), "{} after {turn}", answer.headline_url);
        // Another reader, who tells nothing, takes nothing away.
        client.get_random_article(any_of("demo", None, &[])).await.unwrap();
        had.push(answer.headline_url);
    }
    let again = client.get_random_article(any_of("demo", None, &had)).await.unwrap().into_inner();
    assert_eq!(again.headline_url, had[0]);
}

#[tokio::test]
async fn too_many_excluded_addresses_and_bad_ones_are_refused() {
    let mut client = client().await;
    let many = vec!["https://news.example/".to_owned(); 129];
    let long = format!("https://news.example/{}", "a".repeat(2_048));
    for (excluded, expected) in [
        (&many[..], "TOO_MANY_EXCLUDED"),
        (&["news".to_owned()], "INVALID_URL"),
        (&[long], "INVALID_URL"),
        (&["https://user:secret@news.example/".to_owned()], "INVALID_URL"),
    ] {
        let status = client.get_random_article(any_of("demo", None, excluded)).await.unwrap_err();
        assert_eq!(Fault::from_status(&status).reason.as_deref(), Some(expected));
    }
    client.get_random_article(any_of("demo", None, &many[1..])).await.unwrap();
}
