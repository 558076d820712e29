//! What a command reads: an address, a file, or standard input.

use std::{
    ffi::OsString,
    fmt,
    io::{self, Read, stdin},
    path::{Path, PathBuf},
};

use flate2::read::MultiGzDecoder;
use scraper_svc::{
    article::{Article, ArticleUrl, Paragraph, ParagraphKind},
    extract::{self, Extracted, Hints, Verdict},
    fetch::decode,
};
use serde::Serialize;
use url::Url;

use crate::exit::Failure;

/// Largest file, once unpacked, in bytes; the same as for a page of the web.
const MAX_BYTES: u64 = 10_000_000;

/// Where an input comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// Whatever begins with `http://` or `https://`.
    Url(String),
    /// `-`.
    Stdin,
    /// Anything else.
    File(PathBuf),
}

impl From<OsString> for Input {
    fn from(argument: OsString) -> Self {
        let is_web = |text: &str| {
            let starts = |scheme: &str| {
                text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
            };
            starts("http://") || starts("https://")
        };
        match argument.to_str() {
            Some("-") => Self::Stdin,
            Some(text) if is_web(text) => Self::Url(text.to_owned()),
            // A file's name need not be text.
            _ => Self::File(argument.into()),
        }
    }
}

impl fmt::Display for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => f.write_str(url),
            Self::Stdin => f.write_str("standard input"),
            Self::File(path) => path.display().fmt(f),
        }
    }
}

impl Input {
    /// Short name for a row of output: the file's name without `.html` or `.html.gz`, the address itself, or `-`.
    pub(crate) fn id(&self) -> String {
        match self {
            Self::Url(url) => url.clone(),
            Self::Stdin => "-".to_owned(),
            Self::File(path) => {
                let name = path.file_name().unwrap_or_default().to_string_lossy();
                let name = name.strip_suffix(".gz").unwrap_or(&name);
                let name = [".html", ".htm", ".xhtml"]
                    .iter()
                    .find_map(|ending| name.strip_suffix(ending))
                    .unwrap_or(name);
                name.to_owned()
            }
        }
    }

    /// The address as the scraper takes it.
    pub(crate) fn article_url(url: &str) -> Result<ArticleUrl, Failure> {
        ArticleUrl::parse(url).map_err(|error| Failure::Unreadable(format!("{url}: {error}")))
    }
}

/// Reads a file or standard input, unpacked where it is gzip. Blocks.
pub(crate) fn read(input: &Input) -> Result<Vec<u8>, Failure> {
    let bytes = match input {
        Input::File(path) => std::fs::File::open(path).and_then(bounded),
        Input::Stdin => bounded(stdin().lock()),
        Input::Url(_) => Err(io::ErrorKind::Unsupported.into()),
    };
    let bytes = bytes.and_then(|bytes| {
        if bytes.starts_with(&[0x1f, 0x8b]) { bounded(MultiGzDecoder::new(&*bytes)) } else { Ok(bytes) }
    });
    bytes.map_err(|error| Failure::Unreadable(format!("{input}: {error}")))
}

fn bounded(reader: impl Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(io::Error::other(format!("larger than {MAX_BYTES} bytes")));
    }
    Ok(bytes)
}

/// Whether a file holds a web page, by its name or its first bytes.
pub(crate) fn is_html(path: &Path, bytes: &[u8]) -> bool {
    let name = path.to_string_lossy().to_ascii_lowercase();
    let name = name.strip_suffix(".gz").unwrap_or(&name);
    let start: Vec<u8> = bytes
        .iter()
        .skip_while(|byte| byte.is_ascii_whitespace())
        .take(14)
        .map(u8::to_ascii_lowercase)
        .collect();
    [".html", ".htm", ".xhtml"].iter().any(|ending| name.ends_with(ending))
        || [&b"<!doctype html"[..], b"<html", b"<head"].iter().any(|mark| start.starts_with(mark))
}

/// An article, wherever it was read.
#[derive(Debug, Serialize)]
pub(crate) struct Document {
    pub(crate) id: String,
    pub(crate) url: Option<String>,
    pub(crate) title: String,
    pub(crate) byline: Option<String>,
    pub(crate) authors: Vec<String>,
    pub(crate) published_at: Option<String>,
    pub(crate) site_name: Option<String>,
    pub(crate) language: Option<String>,
    /// Its paragraphs, but for captions, a line each.
    pub(crate) text: String,
    pub(crate) extractor: &'static str,
    pub(crate) confidence: f64,
    pub(crate) verdict: &'static str,
    #[serde(skip)]
    pub(crate) paragraphs: Vec<Paragraph>,
}

impl Document {
    /// Reads the article of a page that is at hand. Blocks.
    pub(crate) fn of_page(id: String, bytes: &[u8], base: Option<&Url>) -> Result<Self, Failure> {
        let html = decode(bytes, None, base.and_then(Url::domain));
        let page = extract::extract(&html, base, &Hints::default())
            .map_err(|error| Failure::Unsuitable(format!("{id}: {error}")))?;
        Ok(Self::of_extracted(id, base, page))
    }

    fn of_extracted(id: String, base: Option<&Url>, page: Extracted) -> Self {
        Self {
            id,
            url: page.canonical_url.as_ref().or(base).map(Url::to_string),
            title: page.title,
            byline: page.byline,
            authors: page.authors,
            published_at: page.published_at,
            site_name: page.site_name,
            language: page.language,
            text: lines(&page.paragraphs),
            extractor: page.extractor,
            confidence: page.confidence,
            verdict: verdict(page.verdict),
            paragraphs: page.paragraphs,
        }
    }

    /// An article that the scraper fetched.
    pub(crate) fn of_article(id: String, article: Article) -> Self {
        let known = |text: String| Some(text).filter(|text| !text.is_empty());
        Self {
            id,
            url: Some(article.url.to_string()),
            title: article.title,
            byline: known(article.byline),
            authors: article.authors,
            published_at: known(article.published_at),
            site_name: known(article.site_name),
            language: known(article.language),
            text: lines(&article.paragraphs),
            extractor: article.extractor,
            confidence: article.confidence,
            verdict: verdict(article.verdict),
            paragraphs: article.paragraphs,
        }
    }
}

fn lines(paragraphs: &[Paragraph]) -> String {
    let kept = paragraphs.iter().filter(|paragraph| paragraph.kind != ParagraphKind::Caption);
    kept.map(|paragraph| paragraph.text.as_str()).collect::<Vec<_>>().join("\n")
}

fn verdict(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Article => "article",
        Verdict::Paywalled => "paywalled",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(text: &str) -> Input {
        OsString::from(text).into()
    }

    #[test]
    fn an_input_is_told_by_its_look() {
        assert_eq!(input("-"), Input::Stdin);
        assert_eq!(input("HTTPS://a.example/x"), Input::Url("HTTPS://a.example/x".to_owned()));
        assert_eq!(input("httpé"), Input::File("httpé".into()));
    }

    #[test]
    fn an_id_is_the_name_without_its_endings() {
        for (name, id) in [
            ("a/de__x_2024.html.gz", "de__x_2024"),
            ("b.html", "b"),
            ("c.htm", "c"),
            ("d", "d"),
            ("e.v2.html", "e.v2"),
        ] {
            assert_eq!(input(name).id(), id);
        }
    }

    #[test]
    fn pages_are_told_from_texts() {
        assert!(is_html(Path::new("a.HTML.gz"), b""));
        assert!(is_html(Path::new("page"), b"\n <!DOCTYPE html><p>"));
        assert!(!is_html(Path::new("notes.txt"), b"The <html> element"));
    }
}
