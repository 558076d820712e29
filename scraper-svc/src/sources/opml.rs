//! Subscriptions of a feed reader (OPML 2.0) as a file of sources.

use std::collections::{BTreeMap, HashSet};

use quick_xml::{
    Reader, XmlVersion,
    events::{BytesStart, Event},
};
use serde::Serialize;
use url::Url;

use crate::article::ArticleUrl;

/// Subscriptions that are taken from one file.
const MOST: usize = 1_000;
/// Characters of an id, before a number that makes it unique.
const LONGEST_ID: usize = 40;

/// Why a text gives no sources.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OpmlError {
    /// No XML, or other XML.
    #[error("this is no OPML: {0}")]
    Malformed(String),
    /// No outline has a usable `xmlUrl`.
    #[error("no subscription with the address of a feed in it")]
    Empty,
}

/// What was read of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Imported {
    /// A file of sources, as `--sources` reads it.
    pub toml: String,
    /// How many sources are in it.
    pub sources: usize,
    /// Subscriptions that were left out because their feed has no usable address.
    pub skipped: usize,
}

#[derive(Serialize)]
struct Row {
    id: String,
    name: String,
    homepage: String,
    language: String,
    feeds: Vec<String>,
}

/// Reads the subscriptions of an OPML file. `language` (BCP 47) is for those that name none.
///
/// # Errors
///
/// [`OpmlError`].
pub fn import(text: &str, language: &str) -> Result<Imported, OpmlError> {
    let mut reader = Reader::from_str(text);
    let (mut rows, mut skipped, mut ids) = (Vec::new(), 0, HashSet::new());
    let mut is_opml = false;
    loop {
        match reader.read_event() {
            Ok(Event::Start(tag) | Event::Empty(tag)) => match tag.local_name().as_ref() {
                "opml" => is_opml = true,
                "outline" if rows.len() < MOST => match row(&tag, language, &mut ids) {
                    Outline::Feed(row) => rows.push(row),
                    Outline::Unusable => skipped += 1,
                    Outline::Folder => {}
                },
                _ => {}
            },
            Ok(Event::Eof) => break,
            Ok(_) => {}
            Err(error) => return Err(OpmlError::Malformed(error.to_string())),
        }
    }
    if !is_opml {
        return Err(OpmlError::Malformed("it has no <opml> element".to_owned()));
    }
    if rows.is_empty() {
        return Err(OpmlError::Empty);
    }
    let sources = rows.len();
    let toml = toml::to_string(&BTreeMap::from([("source", rows)]));
    Ok(Imported { toml: toml.map_err(|error| OpmlError::Malformed(error.to_string()))?, sources, skipped })
}

enum Outline {
    Feed(Row),
    /// A feed without a usable address.
    Unusable,
    /// No feed.
    Folder,
}

fn row(tag: &BytesStart<'_>, language: &str, ids: &mut HashSet<String>) -> Outline {
    let mut values: BTreeMap<String, String> = BTreeMap::new();
    for attribute in tag.attributes().flatten() {
        if let Ok(value) = attribute.normalized_value(XmlVersion::Implicit1_0) {
            values.insert(attribute.key.local_name().as_ref().to_lowercase(), value.trim().to_owned());
        }
    }
    let value = |name: &str| values.get(name).filter(|value| !value.is_empty());
    let Some(address) = value("xmlurl") else { return Outline::Folder };
    let Ok(feed) = ArticleUrl::parse(address) else { return Outline::Unusable };
    let home = value("htmlurl").and_then(|text| ArticleUrl::parse(text).ok());
    let home = home.map_or_else(|| origin(feed.as_url()), |url| url.to_string());
    let host = feed.as_url().host_str().unwrap_or_default();
    let name = value("title").or_else(|| value("text")).map_or(host, String::as_str).to_owned();
    let tag = value("language").filter(|tag| tag.chars().all(|c| c.is_ascii_alphanumeric() || c == '-'));
    Outline::Feed(Row {
        id: unique(&slug(&name, host), ids),
        name,
        homepage: home,
        language: tag.filter(|tag| tag.len() >= 2).map_or(language, String::as_str).to_owned(),
        feeds: vec![feed.to_string()],
    })
}

fn origin(url: &Url) -> String {
    format!("{}/", url.origin().ascii_serialization())
}

/// A name as an id: its letters and digits of ASCII, or else the host's.
fn slug(name: &str, host: &str) -> String {
    let slug = |text: &str| {
        let words: Vec<&str> =
            text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
        words.join("-").to_ascii_lowercase().chars().take(LONGEST_ID).collect::<String>()
    };
    [slug(name), slug(host)].into_iter().find(|slug| !slug.is_empty()).unwrap_or_else(|| "source".to_owned())
}

fn unique(slug: &str, ids: &mut HashSet<String>) -> String {
    let numbered = (2..).map(|number| format!("{slug}-{number}"));
    let mut candidates = std::iter::once(slug.to_owned()).chain(numbered);
    candidates.find(|id| ids.insert(id.clone())).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    const FILE: &str = r#"<?xml version="1.0"?><opml version="2.0"><head><title>Mine</title></head><body>
<outline text="News"><outline type="rss" text="The Isle &amp; Shore" xmlUrl="https://isle.example/rss" htmlUrl="https://isle.example/home" language="de"/>
<outline type="rss" title="The Isle &amp; Shore" xmlUrl="https://isle.example/sport.rss"/></outline>
<outline text="日本" xmlUrl="https://jp.example/feed"/>
<outline text="Broken" xmlUrl="nowhere"/><outline text="A note"/></body></opml>"#;

    #[test]
    fn subscriptions_become_a_file_that_the_scraper_reads() {
        let imported = import(FILE, "en").unwrap();
        assert_eq!((imported.sources, imported.skipped), (3, 1));
        let sources: Sources = imported.toml.parse().unwrap();
        let rows: Vec<_> = sources
            .iter()
            .map(|source| {
                let home = source.homepage.as_ref().unwrap().to_string();
                (source.id.as_str(), source.name.as_str(), source.language.as_str(), home)
            })
            .collect();
        assert_eq!(
            rows,
            [
                ("the-isle-shore", "The Isle & Shore", "de", "https://isle.example/home".to_owned()),
                ("the-isle-shore-2", "The Isle & Shore", "en", "https://isle.example/".to_owned()),
                ("jp-example", "日本", "en", "https://jp.example/".to_owned()),
            ]
        );
    }

    #[test]
    fn what_is_no_opml_or_names_no_feed_says_so() {
        assert!(matches!(import("<rss/>", "en"), Err(OpmlError::Malformed(_))));
        assert!(matches!(import("<opml><outline", "en"), Err(OpmlError::Malformed(_))));
        assert_eq!(import("<opml><body><outline text='x'/></body></opml>", "en"), Err(OpmlError::Empty));
    }
}
