//! The passages of an article that a summary comes from, cut out of its paragraphs. Positions count code points.

use std::collections::BTreeSet;

use crate::{
    article::{Paragraph, ParagraphKind},
    summary::{Sentence, SourceSpan},
};

/// A block of the article's text.
#[derive(Debug)]
pub(crate) enum Block {
    /// Running text.
    Text(Cut),
    /// A heading.
    Heading(Cut),
    /// A quotation set apart.
    Quote(Cut),
    /// The caption of a picture.
    Caption(Cut),
    /// Items that follow each other.
    List(Vec<Cut>),
}

/// A paragraph in pieces.
#[derive(Debug)]
pub(crate) struct Cut {
    /// Its place in the article, from 0.
    pub(crate) index: usize,
    /// Its text, and the links back to the summary.
    pub(crate) pieces: Vec<Piece>,
}

/// A piece of a paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// Text that no sentence of the summary comes from.
    Text(String),
    /// Text that some do.
    Passage {
        /// The text.
        text: String,
        /// Where a sentence's link leads, if a span begins here.
        id: Option<String>,
        /// The sentences' places in the summary, from 0, between spaces.
        sentences: String,
    },
    /// The end of a passage of the sentence at this place in the summary, from 0.
    BackLink(usize),
}

/// The blocks of an article, with the passages of the summary's sentences marked.
pub(crate) fn blocks(paragraphs: &[Paragraph], sentences: &[Sentence]) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::with_capacity(paragraphs.len());
    for (index, paragraph) in paragraphs.iter().enumerate() {
        let cut = Cut { index, pieces: pieces(index, paragraph, sentences) };
        match (paragraph.kind, blocks.last_mut()) {
            (ParagraphKind::ListItem, Some(Block::List(items))) => items.push(cut),
            (ParagraphKind::ListItem, _) => blocks.push(Block::List(vec![cut])),
            (ParagraphKind::Text, _) => blocks.push(Block::Text(cut)),
            (ParagraphKind::Heading, _) => blocks.push(Block::Heading(cut)),
            (ParagraphKind::Quote, _) => blocks.push(Block::Quote(cut)),
            (ParagraphKind::Caption, _) => blocks.push(Block::Caption(cut)),
        }
    }
    blocks
}

/// Where the link to a span leads: the id of a passage. None for a span that the article doesn't have.
pub(crate) fn anchor(span: &SourceSpan, paragraphs: &[Paragraph]) -> Option<String> {
    let paragraph = paragraphs.get(span.paragraph as usize)?;
    let fits = span.start < span.end && span.end as usize <= paragraph.text.chars().count();
    fits.then(|| format!("s-{}-{}", span.paragraph, span.start))
}

/// A span of the paragraph at hand.
struct Claim {
    start: usize,
    end: usize,
    sentence: usize,
}

fn pieces(index: usize, paragraph: &Paragraph, sentences: &[Sentence]) -> Vec<Piece> {
    let text: Vec<char> = paragraph.text.chars().collect();
    let claims = claims(index, text.len(), sentences);
    // Spans may overlap, so the text is cut wherever one begins or ends.
    let ends = claims.iter().flat_map(|claim| [claim.start, claim.end]);
    let cuts: Vec<usize> = ends.chain([0, text.len()]).collect::<BTreeSet<_>>().into_iter().collect();
    let mut pieces = Vec::with_capacity(cuts.len());
    for (start, end) in cuts.iter().copied().zip(cuts.iter().copied().skip(1)) {
        let words: String = text.iter().skip(start).take(end - start).collect();
        pieces.push(piece(index, start, end, words, &claims));
        let closed = claims.iter().filter(|claim| claim.end == end).map(|claim| claim.sentence);
        pieces.extend(closed.collect::<BTreeSet<_>>().into_iter().map(Piece::BackLink));
    }
    pieces
}

fn piece(index: usize, start: usize, end: usize, text: String, claims: &[Claim]) -> Piece {
    let owners: BTreeSet<usize> = claims
        .iter()
        .filter(|claim| claim.start < end && start < claim.end)
        .map(|claim| claim.sentence)
        .collect();
    if owners.is_empty() {
        return Piece::Text(text);
    }
    let begins = claims.iter().any(|claim| claim.start == start);
    let owners: Vec<String> = owners.iter().map(usize::to_string).collect();
    Piece::Passage { text, id: begins.then(|| format!("s-{index}-{start}")), sentences: owners.join(" ") }
}

fn claims(index: usize, length: usize, sentences: &[Sentence]) -> Vec<Claim> {
    let mut claims = Vec::new();
    for (sentence, found) in sentences.iter().enumerate() {
        for span in found.spans.iter().filter(|span| span.paragraph as usize == index) {
            let (start, end) = (span.start as usize, span.end as usize);
            if start < end && end <= length {
                claims.push(Claim { start, end, sentence });
            }
        }
    }
    claims
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sentence(spans: &[(u32, u32, u32)]) -> Sentence {
        let span = |&(paragraph, start, end)| SourceSpan { paragraph, start, end, score: 1.0 };
        Sentence { text: "S.".into(), spans: spans.iter().map(span).collect(), unsupported: Vec::new() }
    }

    fn paragraph(text: &str, kind: ParagraphKind) -> Paragraph {
        Paragraph { text: text.into(), kind }
    }

    fn passage(text: &str, id: Option<&str>, sentences: &str) -> Piece {
        Piece::Passage { text: text.into(), id: id.map(str::to_owned), sentences: sentences.into() }
    }

    #[test]
    fn positions_count_code_points_and_not_bytes() {
        let pieces = pieces(2, &paragraph("Ä😀 bc.", ParagraphKind::Text), &[sentence(&[(2, 1, 4)])]);
        let expected = [
            Piece::Text("Ä".into()),
            passage("😀 b", Some("s-2-1"), "0"),
            Piece::BackLink(0),
            Piece::Text("c.".into()),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn overlapping_passages_belong_to_all_their_sentences() {
        let sentences = [sentence(&[(0, 0, 4)]), sentence(&[(0, 2, 6)])];
        let pieces = pieces(0, &paragraph("abcdef", ParagraphKind::Text), &sentences);
        let expected = [
            passage("ab", Some("s-0-0"), "0"),
            passage("cd", Some("s-0-2"), "0 1"),
            Piece::BackLink(0),
            passage("ef", None, "1"),
            Piece::BackLink(1),
        ];
        assert_eq!(pieces, expected);
    }

    #[test]
    fn a_span_that_the_article_does_not_have_is_left_out() {
        let paragraphs = [paragraph("abc", ParagraphKind::Text)];
        let bad = sentence(&[(0, 2, 2), (0, 3, 1), (0, 1, 4), (1, 0, 1), (u32::MAX, 0, u32::MAX)]);
        for span in &bad.spans {
            assert_eq!(anchor(span, &paragraphs), None, "{span:?}");
        }
        assert_eq!(pieces(0, &paragraphs[0], &[bad]), [Piece::Text("abc".into())]);
    }

    #[test]
    fn list_items_that_follow_each_other_make_one_list() {
        let kinds =
            [ParagraphKind::ListItem, ParagraphKind::ListItem, ParagraphKind::Text, ParagraphKind::ListItem];
        let paragraphs: Vec<Paragraph> = kinds.into_iter().map(|kind| paragraph("x", kind)).collect();
        let blocks = blocks(&paragraphs, &[]);
        assert!(
            matches!(&blocks[..], [Block::List(two), Block::Text(_), Block::List(one)]
                if two.len() == 2 && one[0].index == 3),
            "{blocks:?}"
        );
    }

    #[test]
    fn an_empty_paragraph_has_no_pieces() {
        assert_eq!(pieces(0, &paragraph("", ParagraphKind::Text), &[sentence(&[(0, 0, 0)])]), []);
    }
}
