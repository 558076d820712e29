//! The file of sources while the service runs.

use std::{fs, path::Path, time::Duration};

use axum::{Router, routing::get};
use scraper_svc::{Scraper, config::Config};
use tokio::time::{interval, timeout};
use tokio_util::sync::CancellationToken;

use crate::sites::{allowing, html, site};

fn write(path: &Path, ids: &[&str], homepage: &str) {
    let rows: Vec<String> = ids
        .iter()
        .map(|id| format!("[[source]]\nid='{id}'\nname='{id}'\nlanguage='en'\nhomepage='{homepage}'\nfeeds=['{homepage}feed']\n"))
        .collect();
    // Replaced as editors and operators do it, so that nobody reads half a file.
    let next = path.with_extension("next");
    fs::write(&next, rows.concat()).unwrap();
    fs::rename(next, path).unwrap();
}

async fn until(what: &str, mut holds: impl FnMut() -> bool) {
    let wait = async {
        let mut ticks = interval(Duration::from_millis(20));
        while !holds() {
            ticks.tick().await;
        }
    };
    assert!(timeout(Duration::from_secs(20), wait).await.is_ok(), "{what}");
}

#[tokio::test]
async fn sources_follow_their_file_and_a_bad_version_changes_nothing() {
    let feed = "<rss version='2.0'><channel><item><title>News</title><link>/1</link></item></channel></rss>";
    let site = site(Router::new().route("/feed", get(move || async move { html(feed, "text/xml") }))).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sources.toml");
    write(&path, &["first"], &site.url("/"));
    let config = Config { sources: Some(path.clone()), fetch: allowing(&[&site]), ..Config::default() };
    let scraper = Scraper::start(&config, CancellationToken::new()).await.unwrap();
    assert!(scraper.source("second").is_err());

    write(&path, &["first", "second"], &site.url("/"));
    until("the new source never came", || scraper.source("second").is_ok()).await;
    let found = scraper.headlines(&scraper.source("second").unwrap()).await.unwrap();
    assert_eq!(found.headlines[0].source_id, "second");

    // The bundled newspaper can't come without a restart, and half a file is none.
    fs::write(&path, "[[source]]\nid='demo'\nname='Demo'\nlanguage='en'\ndemo=true\n").unwrap();
    fs::write(&path, "[[source]]\nid='third'").unwrap();
    write(&path, &["fourth"], &site.url("/"));
    until("the last version never came", || scraper.source("fourth").is_ok()).await;
    assert!(scraper.source("demo").is_err() && scraper.source("third").is_err());
}
