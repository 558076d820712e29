//! Reads the article out of a news page: its text as paragraphs, and who wrote it when.
//!
//! One parse, one flattening of its tree, and linear passes over it: the blocks of text (`blocks`), what holds how
//! much of them (`weigh`), which element is the article (`root`), what in it is no part of it (`clean`).
//! Everything is bounded by construction (`guard`); nothing here waits, recurses or panics.

mod blocks;
mod clean;
mod evidence;
mod guard;
mod lines;
mod metadata;
mod page;
mod root;
mod state;
mod tag;
mod verdict;
mod weigh;
mod witness;

#[cfg(test)]
mod kinds;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use scraper::Selector;
use url::Url;

use self::metadata::Metadata;
use self::page::Page;
use self::weigh::{Strictness, Weights};
use crate::article::{Paragraph, ParagraphKind};

/// Below this many bytes a text is looked for again by another way.
const SHORT: usize = 250;

/// What is known of a page's site beforehand.
#[derive(Debug, Clone, Default)]
pub struct Hints {
    /// CSS selectors of the elements that hold the text, best first; those that do not parse are passed over.
    pub body_selectors: Vec<String>,
    /// Name of the site, for pages that do not say it.
    pub site_name: Option<String>,
    /// BCP 47, for pages that do not say it.
    pub language: Option<String>,
}

/// An article as its page gives it.
#[derive(Debug, Clone, PartialEq)]
pub struct Extracted {
    /// The address that the page gives for itself.
    pub canonical_url: Option<Url>,
    /// Headline; empty when the page has none.
    pub title: String,
    /// The authors' names.
    pub authors: Vec<String>,
    /// The authors as one line.
    pub byline: Option<String>,
    /// Name of the site.
    pub site_name: Option<String>,
    /// RFC 3339 with the page's own offset, or a full-date.
    pub published_at: Option<String>,
    /// BCP 47.
    pub language: Option<String>,
    /// The picture at the top.
    pub lead_image_url: Option<Url>,
    /// The text, in document order.
    pub paragraphs: Vec<Paragraph>,
    /// Words of [`Self::text`].
    pub word_count: usize,
    /// Name of the method that found the text: `selectors`, `density`, `json-ld` or `state`.
    pub extractor: &'static str,
    /// How sure the method is, 0 to 1.
    pub confidence: f64,
    /// Whether the text is whole.
    pub verdict: Verdict,
}

impl Extracted {
    /// The running text, one paragraph a line: everything but captions.
    pub fn text(&self) -> String {
        text_of(&self.paragraphs)
    }
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// The whole article.
    Article,
    /// Its beginning; the rest is for subscribers.
    Paywalled,
}

/// Why a page gives no article.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ExtractError {
    /// Too little text, or a list of links.
    #[error("This page holds no article. Pick the page of a single article.")]
    NotArticle,
    /// Only subscribers can read it, and no text is left without them.
    #[error("This article is for subscribers only. Pick another one.")]
    Paywalled,
    /// A bot wall, a captcha or a consent wall.
    #[error("The site asks for a check that only a person in a browser can pass. Open the article there.")]
    Blocked,
    /// More HTML than a real page has.
    #[error("This page is larger than any article. Pick another one.")]
    TooLarge,
    /// Nested deeper than a real page.
    #[error("The HTML of this page is too deeply nested to be read. Pick another one.")]
    TooDeep,
}

/// A text that a method found.
struct Candidate {
    paragraphs: Vec<Paragraph>,
    /// Whether its paragraphs are teasers, each under a headline that is a link.
    is_list: bool,
    extractor: &'static str,
}

/// Reads the article of a page. Bounded in time and memory by the limits on the page's size and shape.
///
/// `url` is where the page was found: relative addresses are resolved against it.
///
/// # Errors
/// [`ExtractError`] says what the page is instead of an article.
pub fn extract(html: &str, url: Option<&Url>, hints: &Hints) -> Result<Extracted, ExtractError> {
    let parsed = guard::parse(html)?;
    let metadata = Metadata::read(&parsed, url, hints);
    let found = by_selectors(&parsed, hints, &metadata)
        .or_else(|| by_density(&Page::new(&parsed), &metadata))
        .unwrap_or(Candidate { paragraphs: Vec::new(), is_list: false, extractor: "density" });
    let found = with_state(with_json_ld(found, &metadata), &parsed);
    let (verdict, confidence) = verdict::judge(html, &metadata, &found)?;
    let byline = Some(metadata.authors.join(", ")).filter(|line| !line.is_empty());
    Ok(Extracted {
        word_count: text_of(&found.paragraphs).split_whitespace().count(),
        paragraphs: found.paragraphs,
        extractor: found.extractor,
        canonical_url: metadata.canonical_url,
        title: metadata.title,
        authors: metadata.authors,
        byline,
        site_name: metadata.site_name,
        published_at: metadata.published_at,
        language: metadata.language,
        lead_image_url: metadata.lead_image_url,
        confidence,
        verdict,
    })
}

/// Parses any HTML within the limits on size and depth.
///
/// # Errors
/// [`ExtractError::TooLarge`] and [`ExtractError::TooDeep`].
pub(crate) fn parse(html: &str) -> Result<scraper::Html, ExtractError> {
    guard::parse(html)
}

fn by_density(page: &Page<'_>, metadata: &Metadata) -> Option<Candidate> {
    let mut blocks = blocks::of_page(page);
    blocks::read_links(page, &mut blocks);
    witness::confirm(&mut blocks, metadata.body.as_deref());
    let all = Weights::of(page, &blocks, |_| true);
    let found = |strictness| {
        let cut = weigh::furniture(page, &all, strictness);
        let kept = Weights::of(page, &blocks, |block| !cut[block.owner]);
        let root = root::find(page, &blocks, &kept, &cut, &metadata.title)?;
        let paragraphs = clean::paragraphs(page, &blocks, root, &all, &cut, metadata);
        Some(Candidate { paragraphs, is_list: weigh::is_list(page, &blocks, root), extractor: "density" })
    };
    let length = |found: &Option<Candidate>| {
        found.as_ref().map_or(0, |candidate| text_of(&candidate.paragraphs).len())
    };
    [Strictness::Lenient, Strictness::Bare].into_iter().fold(found(Strictness::Strict), |best, strictness| {
        if length(&best) >= SHORT {
            return best;
        }
        let next = found(strictness);
        if length(&next) > length(&best) { next } else { best }
    })
}

/// The text of the elements that a source's selectors name, where they hold enough of it.
fn by_selectors(html: &scraper::Html, hints: &Hints, metadata: &Metadata) -> Option<Candidate> {
    hints.body_selectors.iter().filter_map(|text| Selector::parse(text).ok()).find_map(|selector| {
        let chosen: HashSet<_> = html.select(&selector).map(|element| element.id()).collect();
        let page = Page::of_parts(html, &chosen);
        let blocks = blocks::of_page(&page);
        let weights = Weights::of(&page, &blocks, |_| true);
        let cut = weigh::furniture(&page, &weights, Strictness::Strict);
        let paragraphs = clean::paragraphs(&page, &blocks, 0, &weights, &cut, metadata);
        (text_of(&paragraphs).len() >= SHORT).then_some(Candidate {
            paragraphs,
            is_list: false,
            extractor: "selectors",
        })
    })
}

/// The text of the page's JSON-LD where the one found in the page is under half as long.
fn with_json_ld(found: Candidate, metadata: &Metadata) -> Candidate {
    let Some(body) = &metadata.body else { return found };
    let found_length = text_of(&found.paragraphs).chars().count();
    if body.chars().count() < 400 || found_length * 2 >= body.chars().count() {
        return found;
    }
    let paragraphs = paragraphs_of(body);
    if text_of(&paragraphs).chars().count() <= found_length * 2 {
        return found;
    }
    Candidate { paragraphs, is_list: false, extractor: "json-ld" }
}

/// The text that the page's scripts hold, where it shows next to none.
fn with_state(found: Candidate, html: &scraper::Html) -> Candidate {
    if text_of(&found.paragraphs).len() >= SHORT {
        return found;
    }
    let paragraphs = state::longest_text(html).map(|text| paragraphs_of(&text)).unwrap_or_default();
    if paragraphs.is_empty() { found } else { Candidate { paragraphs, is_list: false, extractor: "state" } }
}

/// The paragraphs of a text that is plain, with a line each, or HTML.
fn paragraphs_of(body: &str) -> Vec<Paragraph> {
    let Ok(html) = guard::parse(&body.replace('\n', "<br><br>")) else { return Vec::new() };
    let blocks = blocks::of_page(&Page::new(&html));
    blocks.into_iter().map(|block| Paragraph { text: block.text, kind: ParagraphKind::Text }).collect()
}

fn text_of(paragraphs: &[Paragraph]) -> String {
    let kept = paragraphs.iter().filter(|paragraph| paragraph.kind != ParagraphKind::Caption);
    kept.map(|paragraph| paragraph.text.as_str()).collect::<Vec<_>>().join("\n")
}
