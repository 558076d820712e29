//! Articles, as the gateway answers them.

use std::{fmt, str::FromStr};

use jiff::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

/// Longest article address that the gateway takes, in bytes.
pub const MAX_URL_BYTES: usize = 2048;

/// An absolute http or https address without credentials, at most [`MAX_URL_BYTES`] long, in its normal form
/// (WHATWG URL) and without a fragment.
///
/// Whether it may be fetched is for the scraper to say.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArticleUrl(String);

impl ArticleUrl {
    /// The address as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ArticleUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an absolute http or https address without credentials, of at most {MAX_URL_BYTES} bytes")]
pub struct InvalidUrl;

impl FromStr for ArticleUrl {
    type Err = InvalidUrl;

    fn from_str(text: &str) -> Result<Self, InvalidUrl> {
        let text = text.trim();
        if text.len() > MAX_URL_BYTES {
            return Err(InvalidUrl);
        }
        let mut url = url::Url::parse(text).map_err(|_| InvalidUrl)?;
        let plain = url.username().is_empty() && url.password().is_none();
        if !plain || !matches!(url.scheme(), "http" | "https") || url.host_str().is_none_or(str::is_empty) {
            return Err(InvalidUrl);
        }
        url.set_fragment(None);
        Ok(Self(url.into()))
    }
}

/// An article as it was read from its page. What the page doesn't tell is `null`.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Article {
    /// Where it was fetched from, after redirects.
    pub url: String,
    /// The address that the page gives for itself; `url` where it gives none.
    pub canonical_url: String,
    /// Headline.
    pub title: String,
    /// The authors as one line, as a reader would see it.
    pub byline: Option<String>,
    /// The authors one by one.
    pub authors: Vec<String>,
    /// Name of the site.
    pub site_name: Option<String>,
    /// RFC 3339 with the page's own offset, or a full-date where the page gives no time.
    pub published_at: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// Address of the main picture.
    pub lead_image_url: Option<String>,
    /// The text, block by block.
    pub paragraphs: Vec<Paragraph>,
    /// Words in `paragraphs`.
    pub word_count: u32,
    /// How the text was found.
    pub extraction: Extraction,
    /// When the page was fetched (RFC 3339, UTC).
    #[schema(value_type = Option<String>, format = DateTime)]
    pub fetched_at: Option<Timestamp>,
    /// What the site's robots.txt (RFC 9309) says of the address.
    pub robots: Option<Robots>,
    /// Id of the source that it belongs to.
    pub source_id: Option<String>,
}

impl Article {
    /// The text with one line a paragraph.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.paragraphs.iter().map(|paragraph| paragraph.text.as_str()).collect();
        lines.join("\n")
    }
}

/// A block of an article: one line of text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Paragraph {
    /// The text, without line breaks.
    pub text: String,
    /// What the block is.
    pub kind: ParagraphKind,
}

/// What a block of an article is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ParagraphKind {
    /// Running text.
    Text,
    /// A heading; a summary never quotes it.
    Heading,
    /// A quotation set apart.
    Quote,
    /// An item of a list.
    ListItem,
    /// The caption of a picture; a summary never quotes it.
    Caption,
}

/// How an article's text was found.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
pub struct Extraction {
    /// Name of the method that won, such as `selectors`, `density`, `json-ld` or `state`.
    pub extractor: String,
    /// 0 to 1.
    pub confidence: f64,
    /// What the page is.
    pub verdict: Verdict,
}

/// What a page is, as far as can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// A whole article.
    Article,
    /// The beginning of an article; the rest is for subscribers.
    Paywalled,
}

/// What a site's robots.txt says of an address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Robots {
    /// We may fetch it.
    Allowed,
    /// The site has no robots.txt.
    Absent,
    /// The operator told the scraper not to ask.
    Ignored,
}

/// The paragraphs of a pasted text: its lines that aren't blank, as they are. A summary's spans count these from 0.
pub fn lines_as_paragraphs(text: &str) -> Vec<Paragraph> {
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| Paragraph { text: line.to_owned(), kind: ParagraphKind::Text }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_kept_in_its_normal_form() {
        let url: ArticleUrl = "  HTTPS://Example.ORG/a b?x=1#part ".parse().unwrap();
        assert_eq!(url.as_str(), "https://example.org/a%20b?x=1");
    }

    #[test]
    fn what_is_no_web_address_is_refused() {
        let long = format!("https://example.org/{}", "a".repeat(MAX_URL_BYTES));
        for text in [
            "",
            "news",
            "/a",
            "//example.org/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https://",
            "javascript:alert(1)",
            "https://user@example.org/",
            "https://:secret@example.org/",
            &long,
        ] {
            assert_eq!(text.parse::<ArticleUrl>(), Err(InvalidUrl), "{text}");
        }
    }

    #[test]
    fn blank_lines_of_a_text_are_no_paragraphs() {
        let paragraphs = lines_as_paragraphs("One.\r\n\n \t\n  Two. ");
        let texts: Vec<&str> = paragraphs.iter().map(|paragraph| paragraph.text.as_str()).collect();
        assert_eq!(texts, ["One.", "  Two. "]);
    }
}
