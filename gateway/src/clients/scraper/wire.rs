//! From the scraper's messages to the gateway's own types.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

use jiff::Timestamp;
use nutgraf_proto::scraper::v1 as pb;

use super::ScraperError;
use crate::{
    article::{Article, ArticleUrl, Extraction, Paragraph, ParagraphKind, Robots, Verdict},
    source::{Headline, Headlines, Source, SourceHealth, Sources},
};

/// An article with an address that a page may link to.
pub(super) fn article(article: Option<pb::Article>) -> Result<Article, ScraperError> {
    let broken = |cause: &str| ScraperError::Internal { cause: cause.to_owned() };
    let article = article.ok_or_else(|| broken("an answer without an article"))?;
    let url = web_address(&article.url).ok_or_else(|| broken("an article without an address"))?;
    let robots = match article.robots() {
        pb::RobotsVerdict::Unspecified => None,
        pb::RobotsVerdict::Allowed => Some(Robots::Allowed),
        pb::RobotsVerdict::Absent => Some(Robots::Absent),
        pb::RobotsVerdict::Ignored => Some(Robots::Ignored),
    };
    Ok(Article {
        canonical_url: web_address(&article.canonical_url).unwrap_or_else(|| url.clone()),
        url,
        title: article.title,
        byline: known(article.byline),
        authors: article.authors,
        site_name: known(article.site_name),
        published_at: known(article.published_at),
        language: known(article.language),
        lead_image_url: web_address(&article.lead_image_url),
        paragraphs: article.paragraphs.into_iter().map(Into::into).collect(),
        word_count: article.word_count,
        extraction: article.extraction.unwrap_or_default().into(),
        fetched_at: article.fetched_at.and_then(timestamp),
        robots,
        source_id: known(article.source_id),
    })
}

impl From<pb::Paragraph> for Paragraph {
    fn from(paragraph: pb::Paragraph) -> Self {
        let kind = match paragraph.kind() {
            pb::ParagraphKind::Unspecified | pb::ParagraphKind::Text => ParagraphKind::Text,
            pb::ParagraphKind::Heading => ParagraphKind::Heading,
            pb::ParagraphKind::Quote => ParagraphKind::Quote,
            pb::ParagraphKind::ListItem => ParagraphKind::ListItem,
            pb::ParagraphKind::Caption => ParagraphKind::Caption,
        };
        Self { text: paragraph.text, kind }
    }
}

impl From<pb::Extraction> for Extraction {
    fn from(extraction: pb::Extraction) -> Self {
        let verdict = match extraction.verdict() {
            pb::PageVerdict::Unspecified | pb::PageVerdict::Article => Verdict::Article,
            pb::PageVerdict::Paywalled => Verdict::Paywalled,
        };
        // JSON has no infinities.
        let confidence = if extraction.confidence.is_finite() { extraction.confidence } else { 0.0 };
        Self { extractor: extraction.extractor, confidence, verdict }
    }
}

impl From<pb::ListSourcesResponse> for Sources {
    fn from(response: pb::ListSourcesResponse) -> Self {
        Self { sources: response.sources.into_iter().map(Into::into).collect() }
    }
}

impl From<pb::Source> for Source {
    fn from(source: pb::Source) -> Self {
        let health = source.health.unwrap_or_default();
        Self {
            id: source.id,
            name: source.name,
            homepage_url: source.homepage_url,
            language: known(source.language),
            is_default: source.is_default,
            is_demo: source.is_demo,
            health: SourceHealth {
                last_success_at: health.last_success_at.and_then(timestamp),
                last_failure_at: health.last_failure_at.and_then(timestamp),
                last_error: known(health.last_error),
            },
        }
    }
}

impl From<pb::ListHeadlinesResponse> for Headlines {
    /// A headline that leads to no web address counts as skipped.
    fn from(response: pb::ListHeadlinesResponse) -> Self {
        let all = response.headlines.len();
        let headlines: Vec<Headline> = response.headlines.into_iter().filter_map(headline).collect();
        let dropped = u32::try_from(all - headlines.len()).unwrap_or(u32::MAX);
        Self { source_id: response.source_id, headlines, skipped: response.skipped.saturating_add(dropped) }
    }
}

fn headline(headline: pb::Headline) -> Option<Headline> {
    Some(Headline {
        url: web_address(&headline.url)?,
        title: headline.title,
        summary: known(headline.summary),
        published_at: known(headline.published_at),
        source_id: known(headline.source_id),
    })
}

/// The address as it is, if a page may link to it.
fn web_address(text: &str) -> Option<String> {
    text.parse::<ArticleUrl>().ok().map(|_| text.to_owned())
}

/// On the wire, an empty string is one that is not known.
fn known(text: String) -> Option<String> {
    (!text.is_empty()).then_some(text)
}

fn timestamp(timestamp: prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(timestamp.seconds, timestamp.nanos).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_without_an_address_is_a_fault_of_the_scraper() {
        for url in ["", "javascript:alert(1)"] {
            let message = pb::Article { url: url.to_owned(), ..pb::Article::default() };
            assert!(matches!(article(Some(message)), Err(ScraperError::Internal { .. })), "{url}");
        }
        assert!(matches!(article(None), Err(ScraperError::Internal { .. })));
    }

    #[test]
    fn what_the_page_does_not_tell_is_none() {
        let message = pb::Article {
            url: "https://example.org/a".to_owned(),
            canonical_url: "nonsense".to_owned(),
            lead_image_url: "data:image/png;base64,AA==".to_owned(),
            fetched_at: Some(prost_types::Timestamp { seconds: i64::MAX, nanos: 0 }),
            ..pb::Article::default()
        };
        let article = article(Some(message)).unwrap();
        assert_eq!(article.canonical_url, "https://example.org/a");
        assert_eq!((article.byline, article.lead_image_url, article.fetched_at), (None, None, None));
    }

    #[test]
    fn a_headline_that_leads_nowhere_is_counted_as_skipped() {
        let good = pb::Headline { url: "https://example.org/a".to_owned(), ..pb::Headline::default() };
        let bad = pb::Headline { url: "javascript:alert(1)".to_owned(), ..pb::Headline::default() };
        let response =
            pb::ListHeadlinesResponse { headlines: vec![good, bad], skipped: 2, source_id: "x".to_owned() };
        let headlines = Headlines::from(response);
        assert_eq!((headlines.headlines.len(), headlines.skipped), (1, 3));
    }
}
