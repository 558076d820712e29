//! What a source has now: headlines from its feeds, or from its front page.

use std::collections::HashSet;

use feed_rs::{model::Entry, parser};
use jiff::Timestamp;
use scraper::{ElementRef, Html, Selector};

use crate::{
    article::{ArticleUrl, Headline},
    extract,
    fetch::{FeedDocument, Page},
    sources::Source,
};

/// Headlines that are kept of one source.
pub const MOST_HEADLINES: usize = 200;
/// Entries of one feed that are looked at.
const MOST_ENTRIES: usize = 1_000;
/// Bytes of a title or description that are looked at.
const MOST_HTML: usize = 16 * 1024;
/// A headline's link on a front page is at most so many elements above it.
const MOST_ANCESTORS: usize = 6;
/// Longest title and description, in characters.
const LONGEST_TITLE: usize = 300;
const LONGEST_SUMMARY: usize = 1_000;

/// Headlines, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// At most [`MOST_HEADLINES`].
    pub headlines: Vec<Headline>,
    /// Entries without a usable link or title.
    pub skipped: usize,
}

/// The headlines of a feed (RSS 0.9 to 2.0, Atom). None where it is no feed.
pub fn of_feed(feed: &FeedDocument, source: &Source) -> Option<Found> {
    let base = feed.url.to_string();
    let parsed = parser::Builder::new().base_uri(Some(&base)).build().parse(&feed.body[..]).ok()?;
    let mut found = Found::default();
    for entry in parsed.entries.into_iter().take(MOST_ENTRIES) {
        match of_entry(entry, source) {
            Some(headline) => found.headlines.push(headline),
            None => found.skipped += 1,
        }
    }
    Some(found.tidied())
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

/// The headlines of a front page that the source's selector names.
pub fn of_front_page(html: &Html, page: &Page, selector: &Selector, source: &Source) -> Found {
    let mut found = Found::default();
    for element in html.select(selector) {
        let title = clipped(&element.text().collect::<String>(), LONGEST_TITLE);
        let address = link_of(element).and_then(|href| page.url.as_url().join(href).ok());
        match address.and_then(|url| ArticleUrl::try_from(url).ok()).filter(|_| !title.is_empty()) {
            Some(url) => found.headlines.push(Headline {
                url,
                title,
                summary: String::new(),
                published_at: None,
                source_id: source.id.clone(),
            }),
            None => found.skipped += 1,
        }
    }
    found.tidied()
}

/// The link that a headline is, holds, or stands within.
fn link_of(element: ElementRef<'_>) -> Option<&str> {
    let own = element.attr("href");
    let inside = || element.descendants().filter_map(ElementRef::wrap).find_map(|inner| inner.attr("href"));
    let around = || {
        element
            .ancestors()
            .take(MOST_ANCESTORS)
            .filter_map(ElementRef::wrap)
            .find_map(|outer| outer.attr("href"))
    };
    own.or_else(inside).or_else(around)
}

impl Found {
    /// Each address once, newest first (those without a time keep their order, at the end), not too many.
    fn tidied(mut self) -> Self {
        let mut seen = HashSet::new();
        self.headlines.retain(|headline| seen.insert(headline.url.clone()));
        self.headlines.sort_by_key(|headline| std::cmp::Reverse(headline.published_at));
        self.headlines.truncate(MOST_HEADLINES);
        self
    }
}

/// The text of a piece of HTML, as feeds have it in titles and descriptions.
fn plain_text(html: &str) -> String {
    let html = html.get(..html.floor_char_boundary(MOST_HTML)).unwrap_or_default();
    extract::parse(html).map(|html| html.root_element().text().collect()).unwrap_or_default()
}

/// White space collapsed, at most `longest` characters.
fn clipped(text: &str, longest: usize) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default().trim_end()),
        None => line,
    }
}
