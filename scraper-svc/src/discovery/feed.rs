//! Headlines of a feed: RSS 0.9 to 2.0 and Atom.

use std::{borrow::Cow, sync::LazyLock};

use feed_rs::{
    model::{Entry, Feed},
    parser::{self, ParseFeedResult},
};
use jiff::Timestamp;
use regex::Regex;

use super::{Found, LONGEST_SUMMARY, LONGEST_TITLE, MOST_ENTRIES, clipped, plain_text};
use crate::{
    article::{ArticleUrl, Headline},
    fetch::FeedDocument,
    sources::Source,
};

/// Longest start tag of a feed, in bytes.
const LONGEST_ROOT: usize = 8 * 1024;

/// The XML declaration, which is no longer true once the feed is decoded.
static DECLARATION: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"^\s*<\?xml[^>]*\?>").ok());
static ROOT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"<(rss|feed|(?:[A-Za-z]+:)?RDF)(?:\s[^>]*)?>").ok());
static ENTRY: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"<(?:item|entry)[\s>]").ok());
static ENTRY_END: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"</(?:item|entry)\s*>").ok());

/// The headlines of a feed. None where it is no feed.
pub fn of_feed(feed: &FeedDocument, source: &Source) -> Option<Found> {
    let text = feed.text();
    let declaration = DECLARATION.as_ref()?;
    let text = declaration.replace(&text, "");
    match parse(&text, &feed.url) {
        Ok(parsed) => {
            Some(parsed.entries.into_iter().take(MOST_ENTRIES).map(|entry| of_entry(entry, source)).collect())
        }
        Err(error) => {
            tracing::debug!(url = %feed.url, %error, "a feed is read entry by entry");
            one_by_one(&text, &feed.url, source)
        }
    }
}

/// Reads a feed. Each time with a parser of its own: one that has failed keeps what it was in the middle of, and panics.
fn parse(text: &str, url: &ArticleUrl) -> ParseFeedResult<Feed> {
    parser::Builder::new().base_uri(Some(url.as_url())).build().parse(text.as_bytes())
}

/// The entries of a feed that is broken somewhere, each read as a feed of its own, so that it takes only those with it
/// that are broken themselves.
fn one_by_one(text: &str, url: &ArticleUrl, source: &Source) -> Option<Found> {
    let root = ROOT.as_ref()?.captures(text)?;
    let (tag, name) = (root.get(0)?, root.get(1)?.as_str());
    if tag.len() > LONGEST_ROOT || tag.as_str().ends_with("/>") {
        return None;
    }
    let rest = text.get(tag.end()..)?;
    let end = ENTRY_END.as_ref()?;
    let read = |from: usize, to: usize| {
        let entry = rest.get(from..to)?;
        let entry = entry.get(..end.find(entry)?.end())?;
        let entry = match name {
            "rss" => Cow::from(format!("<channel>{entry}</channel>")),
            "feed" => entry.into(),
            _ => format!("<channel/>{entry}").into(),
        };
        let alone = format!("{}{entry}</{name}>", tag.as_str());
        of_entry(parse(&alone, url).ok()?.entries.pop()?, source)
    };
    let starts: Vec<usize> =
        ENTRY.as_ref()?.find_iter(rest).take(MOST_ENTRIES).map(|start| start.start()).collect();
    let ends = starts.iter().skip(1).copied().chain([rest.len()]);
    Some(starts.iter().zip(ends).map(|(from, to)| read(*from, to)).collect())
}

fn of_entry(entry: Entry, source: &Source) -> Option<Headline> {
    let links = entry.links.iter();
    let link = links.clone().find(|link| link.rel.as_deref().is_none_or(|rel| rel == "alternate"));
    let address = link.or_else(|| entry.links.first()).map_or(entry.id.as_str(), |link| link.href.as_str());
    let url = ArticleUrl::parse(address).ok()?;
    let title = clipped(&plain_text(&entry.title?.content), LONGEST_TITLE);
    let summary = entry.summary.map(|summary| clipped(&plain_text(&summary.content), LONGEST_SUMMARY));
    let published = entry.published.or(entry.updated);
    let published_at = published.and_then(|at| Timestamp::from_second(at.timestamp()).ok());
    let source_id = source.id.clone();
    (!title.is_empty()).then(|| Headline {
        url,
        title,
        summary: summary.unwrap_or_default(),
        published_at,
        source_id,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    fn read(body: impl Into<Vec<u8>>, charset: Option<&str>) -> Option<Found> {
        let url = ArticleUrl::parse("https://a.example/feed.xml").unwrap();
        let document = FeedDocument { url, body: body.into().into(), charset: charset.map(str::to_owned) };
        of_feed(&document, Sources::built_in().unwrap().find("").unwrap())
    }

    fn titles(found: &Found) -> Vec<&str> {
        found.headlines.iter().map(|headline| headline.title.as_str()).collect()
    }

    const GOOD: &str = "<item><title>Good</title><link>/1</link><media:group><media:title>Picture</media:title></media:group></item>";

    #[test]
    fn a_broken_entry_is_counted_and_takes_no_other_with_it() {
        for broken in [
            "<item><title>A < B</title><link>/2</link></item>",
            "<item><title>Open<link>/2</link></item>",
            "<item><title a=b>Unquoted</title x><link>/2</link></item>",
            "<item><title>Half</ti",
            "<item><title>Half a group</title><media:group><media:content></item>",
        ] {
            let head =
                "<rss version='2.0' xmlns:media='http://search.yahoo.com/mrss/'><channel><title>T</title>";
            let found = read(format!("{head}{GOOD}{broken}"), None).unwrap();
            assert_eq!((titles(&found), found.skipped), (vec!["Good"], 1), "{broken}");
            assert_eq!(found.headlines[0].url.to_string(), "https://a.example/1");
        }
    }

    #[test]
    fn atom_and_rdf_are_read_entry_by_entry_too() {
        let atom = "<feed xmlns='http://www.w3.org/2005/Atom'><title>T</title>\
            <entry><id>1</id><title>Good</title><link href='/1'/><updated>2026-03-02T08:00:00Z</updated></entry>\
            <entry><title>Cut";
        let rdf = "<rdf:RDF xmlns:rdf='http://www.w3.org/1999/02/22-rdf-syntax-ns#' xmlns='http://purl.org/rss/1.0/'>\
            <channel><title>T</title><link>https://a.example/</link><description>D</description></channel>\
            <item rdf:about='/1'><title>Good</title><link>https://a.example/1</link></item><item><title>Cut";
        for text in [atom, rdf] {
            let found = read(text, None).unwrap();
            assert_eq!((titles(&found), found.skipped), (vec!["Good"], 1), "{text}");
        }
    }

    #[test]
    fn a_feed_is_decoded_as_its_header_or_its_declaration_says() {
        let feed = |declaration: &str, title: &str| {
            format!(
                "{declaration}<rss version='2.0'><channel><item><title>{title}</title><link>/1</link></item></channel></rss>"
            )
        };
        let russian = "В понедельник городской совет обсудил судьбу старого моста";
        let declared = feed("<?xml version='1.0' encoding='windows-1251'?>", russian);
        let bare = feed("<?xml version='1.0'?>", russian);
        let cyrillic = |text: &str| encoding_rs::WINDOWS_1251.encode(text).0.into_owned();
        let wide: Vec<u8> =
            [0xfeff].into_iter().chain(bare.encode_utf16()).flat_map(u16::to_le_bytes).collect();
        for (body, charset) in [
            (cyrillic(&declared), None),
            (cyrillic(&bare), Some("windows-1251")),
            // Saved anew as UTF-8.
            (declared.into_bytes(), None),
            (wide, None),
        ] {
            assert_eq!(titles(&read(body, charset).unwrap()), [russian], "{charset:?}");
        }
    }

    #[test]
    fn what_is_no_feed_gives_nothing() {
        for text in ["", "<html><body>x</body></html>", "<urlset/>", "<rss", "{}"] {
            assert!(read(text, None).is_none(), "{text}");
        }
    }
}
