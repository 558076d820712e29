//! Limits that hold before and while a page is parsed, so that no page can cost more than a real one does.
//!
//! html5ever takes quadratic time on deep nesting, on long lists of unclosed formatting elements and on tags with
//! very many attributes. The parse is therefore fed in small pieces, and its tree is looked at in between.

use std::time::{Duration, Instant};

use html5ever::driver::{self, ParseOpts};
use html5ever::tendril::{StrTendril, TendrilSink};
use scraper::{Html, HtmlTreeSink};

use super::ExtractError;

/// The most HTML that is read, in bytes; the largest real page that we know of has 2.2 MB.
pub(super) const MAX_BYTES: usize = 3_000_000;
/// The deepest nesting of a page, in elements; real pages stay below 50.
pub(super) const MAX_DEPTH: usize = 256;
/// The most nodes of a page; real pages stay below 30,000.
const MAX_NODES: usize = 400_000;
/// The longest that a parse may take; a page of 3 MB needs a fiftieth of it. Only tags with tens of thousands of
/// attributes come near it.
const MAX_TIME: Duration = Duration::from_secs(2);
/// How much is parsed between two looks at the tree, in bytes.
const PIECE: usize = 4_096;

/// Parses a page within the limits of size, depth, nodes and attributes.
///
/// # Errors
/// `TooLarge` for too many bytes or nodes, `TooDeep` for nesting or tags that no real page has.
pub(super) fn parse(html: &str) -> Result<Html, ExtractError> {
    if html.len() > MAX_BYTES {
        return Err(ExtractError::TooLarge);
    }
    let sink = HtmlTreeSink::new(Html::new_document());
    let mut parser = driver::parse_document(sink, ParseOpts::default());
    let started = Instant::now();
    let mut rest = html;
    while !rest.is_empty() {
        let (piece, left) = rest.split_at(rest.floor_char_boundary(PIECE));
        rest = left;
        parser.process(StrTendril::from_slice(piece));
        check(&parser.tokenizer.sink.sink.0.borrow())?;
        if started.elapsed() > MAX_TIME {
            return Err(ExtractError::TooDeep);
        }
    }
    let page = parser.finish();
    check(&page)?;
    Ok(page)
}

/// Looks at how many nodes there are and how deep the newest of them stands.
fn check(page: &Html) -> Result<(), ExtractError> {
    let nodes = page.tree.nodes();
    if nodes.len() > MAX_NODES {
        return Err(ExtractError::TooLarge);
    }
    let newest = nodes.rev().find(|node| node.parent().is_some());
    if newest.is_some_and(|node| node.ancestors().nth(MAX_DEPTH).is_some()) {
        return Err(ExtractError::TooDeep);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_in_time(html: &str) -> Result<Html, ExtractError> {
        let started = Instant::now();
        let parsed = parse(html);
        assert!(started.elapsed() < MAX_TIME * 2, "took {:?}", started.elapsed());
        parsed
    }

    #[test]
    fn nesting_as_deep_as_the_limit_is_parsed_and_deeper_is_refused() {
        let nested = |depth: usize| format!("{}text{}", "<div>".repeat(depth), "</div>".repeat(depth));
        assert!(parse(&nested(MAX_DEPTH - 10)).is_ok());
        assert_eq!(parse_in_time(&nested(100_000)).err(), Some(ExtractError::TooDeep));
    }

    #[test]
    fn a_stray_end_tag_inside_a_cell_does_not_hide_the_depth() {
        let html = "<div><table><tr><td></div>".repeat(5_000);
        assert_eq!(parse_in_time(&html).err(), Some(ExtractError::TooDeep));
    }

    #[test]
    fn unclosed_formatting_elements_are_refused_before_they_multiply() {
        let html = (0..50_000).map(|i| format!("<font size={i}><p>")).collect::<Vec<_>>().concat();
        assert!(parse_in_time(&html).is_err());
    }

    #[test]
    fn a_tag_with_hundreds_of_thousands_of_attributes_is_refused_in_time() {
        let attributes = (0..300_000).map(|i| format!("a{i} ")).collect::<Vec<_>>().concat();
        assert_eq!(parse_in_time(&format!("<p {attributes}>")).err(), Some(ExtractError::TooDeep));
    }

    #[test]
    fn a_page_of_more_than_three_megabytes_is_too_large() {
        assert_eq!(parse(&" ".repeat(MAX_BYTES + 1)).err(), Some(ExtractError::TooLarge));
    }

    #[test]
    fn a_page_of_more_nodes_than_the_limit_is_too_large() {
        let page = Html::parse_document(&"<br>".repeat(MAX_NODES + 1));
        assert_eq!(check(&page), Err(ExtractError::TooLarge));
    }

    #[test]
    fn pieces_join_to_the_same_page_as_a_parse_in_one() {
        let html = "<p class=\"tëxt\">Grüße aus 日本 &amp; 🎉</p>".repeat(700);
        assert_eq!(parse(&html).unwrap().html(), Html::parse_document(&html).html());
    }
}
