//! What the scraper speaks of: articles, headlines and their addresses.

use std::fmt;

use jiff::Timestamp;
use url::Url;

use crate::extract::Verdict;

/// Longest address that is taken, in bytes; what browsers and proxies agree on.
const MAX_URL_BYTES: usize = 2048;

/// An article as it was read from its page.
#[derive(Debug, Clone, PartialEq)]
pub struct Article {
    /// Where it was fetched from, after redirects.
    pub url: Url,
    /// The address that the page gives for itself; `url` where it gives none.
    pub canonical_url: Url,
    /// Headline.
    pub title: String,
    /// The authors as one line, as a reader would see it; empty when unknown.
    pub byline: String,
    /// The authors' names.
    pub authors: Vec<String>,
    /// Name of the site; empty when unknown.
    pub site_name: String,
    /// RFC 3339 with the page's own offset, or a full-date; empty when unknown.
    pub published_at: String,
    /// BCP 47; empty when unknown.
    pub language: String,
    /// The picture at the top.
    pub lead_image_url: Option<Url>,
    /// The text, in document order.
    pub paragraphs: Vec<Paragraph>,
    /// Words of the text.
    pub word_count: usize,
    /// Name of the extraction method that won.
    pub extractor: &'static str,
    /// How sure the method is, 0 to 1.
    pub confidence: f64,
    /// Whether the text is whole.
    pub verdict: Verdict,
    /// When the page was fetched.
    pub fetched_at: Timestamp,
    /// What the site's robots.txt says of the address.
    pub robots: RobotsVerdict,
    /// The source that it belongs to, where one matches.
    pub source_id: Option<String>,
}

/// A block of an article. Its text is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paragraph {
    /// Text with white space collapsed and no line break.
    pub text: String,
    /// What the block is.
    pub kind: ParagraphKind,
}

/// What a block of an article is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ParagraphKind {
    /// Running text.
    Text,
    /// A heading inside the text.
    Heading,
    /// A block quotation.
    Quote,
    /// An item of a list.
    ListItem,
    /// The caption of a picture.
    Caption,
}

/// What a site's robots.txt (RFC 9309) says of an address that was fetched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RobotsVerdict {
    /// It permits the address.
    Allowed,
    /// The site has none.
    Absent,
    /// The operator told the service not to ask.
    Ignored,
}

/// A link to an article, as a source gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Headline {
    /// Where the article is.
    pub url: ArticleUrl,
    /// Headline; never empty.
    pub title: String,
    /// The feed's own description as plain text; may be empty.
    pub summary: String,
    /// When it was published, where the feed says so.
    pub published_at: Option<Timestamp>,
    /// Id of the source.
    pub source_id: String,
}

/// An absolute http or https address with a host and without credentials.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArticleUrl(Url);

/// Why a text is no [`ArticleUrl`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidUrl {
    /// No absolute address at all.
    #[error("This is not a web address. Give one that starts with http:// or https://.")]
    NotAbsolute,
    /// Another scheme.
    #[error("Only http and https addresses can be read. Give one that starts with http:// or https://.")]
    Scheme,
    /// A user name or password in it.
    #[error("The address contains a user name or password. Remove it and try again.")]
    Credentials,
    /// Longer than any real address.
    #[error("The address is longer than {MAX_URL_BYTES} bytes. Give a shorter one.")]
    TooLong,
}

impl ArticleUrl {
    /// Parses what a person typed; white space around it is ignored.
    ///
    /// # Errors
    /// [`InvalidUrl`] says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, InvalidUrl> {
        let text = text.trim();
        if text.len() > MAX_URL_BYTES {
            return Err(InvalidUrl::TooLong);
        }
        Url::parse(text).map_err(|_| InvalidUrl::NotAbsolute)?.try_into()
    }

    /// The address as a URL.
    pub fn as_url(&self) -> &Url {
        &self.0
    }
}

impl TryFrom<Url> for ArticleUrl {
    type Error = InvalidUrl;

    fn try_from(mut url: Url) -> Result<Self, InvalidUrl> {
        if !matches!(url.scheme(), "http" | "https") {
            return Err(InvalidUrl::Scheme);
        }
        if url.host().is_none() {
            return Err(InvalidUrl::NotAbsolute);
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(InvalidUrl::Credentials);
        }
        if url.as_str().len() > MAX_URL_BYTES {
            return Err(InvalidUrl::TooLong);
        }
        url.set_fragment(None);
        Ok(Self(url))
    }
}

impl fmt::Display for ArticleUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_address_of_a_page_is_taken_without_its_fragment() {
        let url = ArticleUrl::parse("  https://example.org/news/1?page=2#comments\n").unwrap();
        assert_eq!(url.to_string(), "https://example.org/news/1?page=2");
    }

    #[test]
    fn what_is_no_public_page_address_is_refused() {
        for (text, why) in [
            ("", InvalidUrl::NotAbsolute),
            ("example.org/news", InvalidUrl::NotAbsolute),
            ("/news/1", InvalidUrl::NotAbsolute),
            ("http://", InvalidUrl::NotAbsolute),
            ("file:///etc/passwd", InvalidUrl::Scheme),
            ("javascript:alert(1)", InvalidUrl::Scheme),
            ("ftp://example.org/", InvalidUrl::Scheme),
            ("https://user@example.org/", InvalidUrl::Credentials),
            ("https://:secret@example.org/", InvalidUrl::Credentials),
        ] {
            assert_eq!(ArticleUrl::parse(text), Err(why), "{text}");
        }
        let long = format!("https://example.org/{}", "a".repeat(MAX_URL_BYTES));
        assert_eq!(ArticleUrl::parse(&long), Err(InvalidUrl::TooLong));
    }

    proptest! {
        #[test]
        fn parsing_never_panics_and_keeps_its_promise(text in "\\PC*") {
            if let Ok(url) = ArticleUrl::parse(&text) {
                prop_assert!(matches!(url.as_url().scheme(), "http" | "https"));
                prop_assert!(url.as_url().has_host());
                prop_assert_eq!(ArticleUrl::parse(&url.to_string()), Ok(url));
            }
        }

        #[test]
        fn anything_after_a_scheme_parses_or_is_refused(rest in "\\PC{0,80}") {
            let parsed = ArticleUrl::parse(&format!("http://{rest}"));
            if let Ok(url) = parsed {
                prop_assert!(url.as_url().username().is_empty() && url.as_url().password().is_none());
            }
        }
    }
}
