//! What a source has now: headlines from its feeds and news sitemaps, or from its front page.

mod feed;
mod front_page;
mod sitemap;

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use self::{feed::of_feed, front_page::of_front_page, sitemap::of_sitemap};
use crate::{article::Headline, extract};

/// Headlines that are kept of one source.
pub const MOST_HEADLINES: usize = 200;
/// Entries of one feed or sitemap that are looked at.
const MOST_ENTRIES: usize = 1_000;
/// Bytes of a title or description that are looked at.
const MOST_HTML: usize = 16 * 1024;
/// Longest title and description, in characters.
const LONGEST_TITLE: usize = 300;
const LONGEST_SUMMARY: usize = 1_000;
/// A time further in the future is a mistake, and would stay on top for as long: it counts as none.
const EARLY: SignedDuration = SignedDuration::from_hours(24);
/// Parameters that feeds add to addresses, to see that readers came from there.
const TRACKING: [&str; 7] = ["ito", "cmp", "cmpid", "ns_campaign", "ns_mchannel", "fbclid", "traffic_source"];

/// Headlines, newest first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Found {
    /// At most [`MOST_HEADLINES`].
    pub headlines: Vec<Headline>,
    /// Entries without a usable link or title.
    pub skipped: usize,
}

impl FromIterator<Option<Headline>> for Found {
    /// None stands for an entry that has no usable link or title.
    fn from_iter<I: IntoIterator<Item = Option<Headline>>>(entries: I) -> Self {
        let mut found = Self::default();
        for entry in entries {
            match entry {
                Some(headline) => found.headlines.push(headline),
                None => found.skipped += 1,
            }
        }
        found.tidied()
    }
}

impl Found {
    /// Both together.
    pub fn and(mut self, other: Self) -> Self {
        self.headlines.extend(other.headlines);
        self.skipped += other.skipped;
        self.tidied()
    }

    /// Each article once, newest first (those without a time keep their order, at the end), not too many.
    fn tidied(mut self) -> Self {
        let latest = Timestamp::now() + EARLY;
        let mut kept: Vec<Headline> = Vec::new();
        let mut places = HashMap::new();
        for mut headline in self.headlines {
            headline.published_at = headline.published_at.filter(|at| *at <= latest);
            let place = *places.entry(identity(headline.url.as_url())).or_insert(kept.len());
            match kept.get_mut(place) {
                Some(first) => complete(first, headline),
                None => kept.push(headline),
            }
        }
        self.headlines = kept;
        self.headlines.sort_by_key(|headline| std::cmp::Reverse(headline.published_at));
        self.headlines.truncate(MOST_HEADLINES);
        self
    }
}

/// Adds what another list says of the same article.
fn complete(headline: &mut Headline, other: Headline) {
    headline.published_at = headline.published_at.or(other.published_at);
    if headline.summary.is_empty() {
        headline.summary = other.summary;
    }
}

/// An address without what only says where its reader came from.
pub(crate) fn identity(url: &Url) -> String {
    let mut bare = url.clone();
    let tells = |name: &str| TRACKING.contains(&name) || name.starts_with("utm_") || name.starts_with("at_");
    let kept: Vec<(String, String)> = url
        .query_pairs()
        .filter(|(name, _)| !tells(name))
        .map(|(k, v)| (k.into_owned(), v.into_owned()))
        .collect();
    bare.set_query(None);
    if !kept.is_empty() {
        bare.query_pairs_mut().extend_pairs(kept);
    }
    bare.into()
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_counts_once_whatever_its_address_says_of_its_reader() {
        let of = |text: &str| identity(&Url::parse(text).unwrap());
        let plain = of("https://a.example/story?id=7");
        assert_eq!(of("https://a.example/story?id=7&utm_source=rss&at_medium=RSS"), plain);
        assert_eq!(of("https://a.example/story?ito=1490&id=7"), plain);
        assert_ne!(of("https://a.example/story?id=8"), plain);
        assert_eq!(of("https://a.example/story?utm_source=rss"), of("https://a.example/story"));
    }

    #[test]
    fn long_lines_are_cut_at_a_character() {
        assert_eq!(clipped("  a\n b ", 10), "a b");
        assert_eq!(clipped("Zürich Ölpreis", 8), "Zürich Ö…");
    }
}
