//! Headlines of a news sitemap: the sitemaps.org protocol with Google's news extension.

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use quick_xml::{Reader, escape::resolve_xml_entity, events::Event};

use super::{Found, LONGEST_TITLE, MOST_ENTRIES, clipped};
use crate::{
    article::{ArticleUrl, Headline},
    fetch::FeedDocument,
    sources::Source,
};

/// Bytes of one value that are kept.
const LONGEST_VALUE: usize = 4_096;

/// An entry as it is read.
#[derive(Default)]
struct Row {
    address: String,
    title: String,
    published: String,
}

/// The headlines of a news sitemap. None where it is no sitemap; entries without a title, as other sitemaps have them, are
/// counted as skipped.
pub fn of_sitemap(document: &FeedDocument, source: &Source) -> Option<Found> {
    let text = document.text();
    let mut reader = Reader::from_str(&text);
    reader.config_mut().check_end_names = false;
    let (mut rows, mut row, mut field) = (Vec::new(), None::<Row>, None);
    let mut is_sitemap = false;
    while rows.len() < MOST_ENTRIES {
        match reader.read_event() {
            Ok(Event::Start(tag)) => match tag.local_name().as_ref() {
                "urlset" => is_sitemap = true,
                "url" => row = Some(Row::default()),
                name => field = Field::of(name),
            },
            Ok(Event::End(tag)) => {
                field = None;
                if tag.local_name().as_ref() == "url" {
                    rows.extend(row.take());
                }
            }
            Ok(Event::Text(text)) => add(row.as_mut(), field, &text.xml10_content()),
            Ok(Event::CData(text)) => add(row.as_mut(), field, &text.xml10_content()),
            Ok(Event::GeneralRef(name)) => {
                let character = name.resolve_char_ref().ok().flatten().map(String::from);
                let text = character.or_else(|| resolve_xml_entity(&name).map(str::to_owned));
                add(row.as_mut(), field, &text.unwrap_or_default());
            }
            // What was whole before a fault counts.
            Ok(Event::Eof) | Err(_) => break,
            Ok(_) => {}
        }
    }
    is_sitemap.then(|| rows.into_iter().map(|row| row.headline(source)).collect())
}

/// What an element of an entry says.
#[derive(Clone, Copy)]
enum Field {
    Address,
    Title,
    Published,
}

impl Field {
    fn of(name: &str) -> Option<Self> {
        match name {
            "loc" => Some(Self::Address),
            "title" => Some(Self::Title),
            "publication_date" => Some(Self::Published),
            _ => None,
        }
    }
}

fn add(row: Option<&mut Row>, field: Option<Field>, text: &str) {
    let (Some(row), Some(field)) = (row, field) else { return };
    let value = match field {
        Field::Address => &mut row.address,
        Field::Title => &mut row.title,
        Field::Published => &mut row.published,
    };
    if value.len() + text.len() <= LONGEST_VALUE {
        value.push_str(text);
    }
}

impl Row {
    fn headline(self, source: &Source) -> Option<Headline> {
        let url = ArticleUrl::parse(&self.address).ok()?;
        let title = clipped(&self.title, LONGEST_TITLE);
        (!title.is_empty()).then(|| Headline {
            url,
            title,
            summary: String::new(),
            published_at: instant(self.published.trim()),
            source_id: source.id.clone(),
        })
    }
}

/// A W3C date and time (a profile of ISO 8601); a bare date is its midnight in UTC.
fn instant(text: &str) -> Option<Timestamp> {
    let day = || TimeZone::UTC.to_timestamp(text.parse::<Date>().ok()?.at(0, 0, 0, 0)).ok();
    text.parse().ok().or_else(day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sources::Sources;

    fn read(text: &str) -> Option<Found> {
        let url = ArticleUrl::parse("https://a.example/news.xml").unwrap();
        let document = FeedDocument { url, body: text.as_bytes().to_vec().into(), charset: None };
        of_sitemap(&document, Sources::built_in().unwrap().find("").unwrap())
    }

    const NEWS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9">
<url><loc>https://a.example/1?a=1&amp;b=2</loc><news:news><news:publication><news:name>A</news:name>
  <news:language>en</news:language></news:publication><news:publication_date>2026-03-02T08:00:00+01:00</news:publication_date>
  <news:title>Salt &amp; sand &#8211; again</news:title></news:news></url>
<url><loc>https://a.example/2</loc><news:news><news:publication_date>2026-03-03</news:publication_date>
  <news:title><![CDATA[Fish & chips]]></news:title></news:news></url>
<url><loc>https://a.example/3</loc></url>
<url><loc>ftp://a.example/4</loc><news:news><news:title>Elsewhere</news:title></news:news></url>
</urlset>"#;

    #[test]
    fn a_news_sitemap_gives_titles_and_times_and_counts_what_has_none() {
        let found = read(NEWS).unwrap();
        let rows: Vec<_> = found
            .headlines
            .iter()
            .map(|headline| (headline.title.as_str(), headline.published_at.unwrap().to_string()))
            .collect();
        assert_eq!(
            rows,
            [
                ("Fish & chips", "2026-03-03T00:00:00Z".to_owned()),
                ("Salt & sand – again", "2026-03-02T07:00:00Z".to_owned())
            ]
        );
        assert_eq!(found.headlines[1].url.to_string(), "https://a.example/1?a=1&b=2");
        assert_eq!(found.skipped, 2);
    }

    #[test]
    fn what_is_cut_off_gives_what_was_whole_and_what_is_no_sitemap_gives_nothing() {
        let cut = NEWS.find("<url><loc>https://a.example/3").unwrap() + 9;
        assert_eq!(read(&NEWS[..cut]).unwrap().headlines.len(), 2);
        assert!(read("<rss version='2.0'><channel/></rss>").is_none());
        assert!(read("").is_none());
    }
}
