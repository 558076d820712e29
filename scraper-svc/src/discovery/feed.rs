//! Headlines of a feed: RSS 0.9 to 2.0 and Atom.

use feed_rs::{model::Entry, parser};
use jiff::Timestamp;

use super::{Found, LONGEST_SUMMARY, LONGEST_TITLE, MOST_ENTRIES, clipped, plain_text};
use crate::{
    article::{ArticleUrl, Headline},
    fetch::FeedDocument,
    sources::Source,
};

/// The headlines of a feed. None where it is no feed.
pub fn of_feed(feed: &FeedDocument, source: &Source) -> Option<Found> {
    let base = feed.url.to_string();
    let parsed = parser::Builder::new().base_uri(Some(&base)).build().parse(&feed.body[..]).ok()?;
    let headlines = parsed.entries.into_iter().take(MOST_ENTRIES).map(|entry| of_entry(entry, source));
    Some(headlines.collect())
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
