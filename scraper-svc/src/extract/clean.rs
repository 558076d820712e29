//! Turns the blocks of an article's element into its paragraphs, and drops those that do not belong to it.

use std::collections::HashSet;
use std::ops::Range;

use super::blocks::Block;
use super::evidence::Evidence;
use super::lines;
use super::metadata::{Metadata, folded};
use super::page::{NodeIndex, Page};
use super::tag::Tag;
use super::weigh::Weights;
use crate::article::{Paragraph, ParagraphKind};

/// The most paragraphs of an article.
const MAX_PARAGRAPHS: usize = 5_000;
/// How many blocks at the end may be about the authors.
const AFTERWORD: usize = 4;

/// Below this size a line at either end that stands in no paragraph and ends no sentence is a label.
const LABEL: usize = 80;

/// The paragraphs of the blocks inside `root`.
pub(super) fn paragraphs(
    page: &Page<'_>,
    blocks: &[Block],
    root: NodeIndex,
    weights: &Weights,
    cut: &[bool],
    metadata: &Metadata,
) -> Vec<Paragraph> {
    let range = page.subtree(root);
    let mut found: Vec<(&Block, ParagraphKind)> = blocks
        .iter()
        .filter(|block| range.contains(&block.owner) && !cut[block.owner] && !cut[block.first])
        .map(|block| (block, kind(page, block, weights, &range)))
        .take(MAX_PARAGRAPHS)
        .collect();
    drop_masthead(page, &mut found, &metadata.title);
    drop_furniture(page, &mut found, &metadata.title);
    drop_repeats(&mut found);
    drop_author_boxes(&mut found, &metadata.authors);
    drop_loose_ends(page, &mut found);
    found.into_iter().map(|(block, kind)| Paragraph { text: block.text.clone(), kind }).collect()
}

/// What a block is, by the elements around it inside the article.
fn kind(page: &Page<'_>, block: &Block, weights: &Weights, article: &Range<NodeIndex>) -> ParagraphKind {
    if block.evidence(page).has(Evidence::CAPTION) || lines::is_credited(block) {
        return ParagraphKind::Caption;
    }
    let around = std::iter::once(block.owner).chain(page.ancestors(block.owner));
    for element in around.take_while(|index| article.contains(index)) {
        let node = &page[element];
        let caption = node.evidence.has(Evidence::CAPTION) && block.size < 600;
        match node.tag {
            // Some editors put tables and listings into figures.
            Tag::Table | Tag::Preformatted => return ParagraphKind::Text,
            Tag::Figure | Tag::Caption => return ParagraphKind::Caption,
            _ if caption || weights.is_captioned_picture(page, element) => return ParagraphKind::Caption,
            Tag::Heading | Tag::Title => return ParagraphKind::Heading,
            Tag::ListItem => return ParagraphKind::ListItem,
            Tag::Quote => return ParagraphKind::Quote,
            _ => {}
        }
    }
    // A short line that is all bold heads what follows, whatever its element.
    if block.strong * 10 >= block.size * 9 && block.size < 120 && !block.ends_sentence() {
        return ParagraphKind::Heading;
    }
    ParagraphKind::Text
}

/// Drops what stands above the headline, where that is little: names of the site, of sections, of editors.
fn drop_masthead(page: &Page<'_>, blocks: &mut Vec<(&Block, ParagraphKind)>, title: &str) {
    let wanted = folded(title);
    let is_title = |block: &Block| {
        matches!(page[block.owner].tag, Tag::Title | Tag::Heading | Tag::Block)
            && folded(&block.text) == wanted
    };
    let Some(title) = blocks.iter().position(|(block, _)| is_title(block)) else { return };
    let prose = |blocks: &[(&Block, ParagraphKind)]| {
        blocks.iter().filter(|(block, _)| block.is_prose()).map(|(block, _)| block.size).sum::<usize>()
    };
    if prose(blocks.get(..title).unwrap_or_default()) * 10 < prose(blocks) {
        blocks.drain(..title);
    }
}

/// Drops the blocks that do not belong to the article, and the lists right under lines such as "Read more:".
fn drop_furniture(page: &Page<'_>, blocks: &mut Vec<(&Block, ParagraphKind)>, title: &str) {
    let about_cookies = title.to_lowercase().contains("cookie");
    let mut under_furniture = false;
    blocks.retain(|(block, kind)| {
        let points_elsewhere = lines::points_elsewhere(block);
        let caption = *kind == ParagraphKind::Caption;
        let furniture = points_elsewhere
            || lines::is_labelled_link(block)
            || lines::is_contact(block)
            || (!about_cookies && lines::asks_consent(block));
        // A post that the article quotes ends in its date, and so may the row of a table.
        let dated =
            *kind == ParagraphKind::Text && page[block.owner].tag != Tag::Cell && lines::is_date(block);
        under_furniture = match kind {
            ParagraphKind::ListItem => under_furniture,
            _ => block.size < 80 && points_elsewhere,
        };
        !(furniture && !caption || dated || under_furniture) && belongs(page, block, *kind, title)
    });
}

/// Whether a block inside the article's element is part of the article.
fn belongs(page: &Page<'_>, block: &Block, kind: ParagraphKind, title: &str) -> bool {
    let owner = &page[block.owner];
    if owner.tag == Tag::Title || block.text == title {
        return false;
    }
    if owner.tag != Tag::Paragraph && is_marked(block.evidence(page)) && block.size < 300 {
        return false;
    }
    let links_only = block.link_density() > if is_row_of_links(block) { 0.5 } else { 0.85 };
    match kind {
        ParagraphKind::Caption => block.size >= 10,
        ParagraphKind::ListItem if links_only => false,
        ParagraphKind::Heading if is_numbered(&block.text) => true,
        ParagraphKind::Text | ParagraphKind::Heading if links_only && !block.is_sentence() => false,
        ParagraphKind::Text if is_offer(page, block) => false,
        _ => true,
    }
}

impl Block {
    /// A whole sentence, even if all of it is a link.
    fn is_sentence(&self) -> bool {
        self.size >= 60 && self.ends_sentence()
    }
}

/// Whether a heading counts, as those of lists do: "3. The old wall".
fn is_numbered(text: &str) -> bool {
    let rest = text.trim_start_matches(['#', '№']).trim_start_matches(|c: char| c.is_ascii_digit());
    text.len() > rest.len() && rest.starts_with(['.', ')', ':'])
}

/// Whether a line is a label with a link, outside of any paragraph: "The new cooker. Buy now".
fn is_offer(page: &Page<'_>, block: &Block) -> bool {
    page[block.owner].tag == Tag::Block
        && block.size < 60
        && !block.ends_sentence()
        && block.link_density() > 0.25
}

/// Whether a line is parted by marks as rows of links are: "Home | News | Sport".
fn is_row_of_links(block: &Block) -> bool {
    let marks = [" | ", " · ", " • ", " / ", " » ", " > ", " – "];
    !block.ends_sentence() && marks.iter().any(|mark| block.text.matches(mark).count() >= 2)
}

/// Whether the elements around just this block say that it is furniture.
fn is_marked(evidence: Evidence) -> bool {
    [Evidence::FURNITURE, Evidence::BYLINE, Evidence::HIDDEN].into_iter().any(|kind| evidence.has(kind))
}

/// Drops blocks that a page holds twice, as for a wide and a narrow screen.
fn drop_repeats(blocks: &mut Vec<(&Block, ParagraphKind)>) {
    let mut seen = HashSet::new();
    blocks.retain(|(block, _)| block.size < 120 || seen.insert(block.text.as_str()));
}

/// Drops what the page says of its authors after the text: "Jane Roe is a reporter in Riga."
fn drop_author_boxes(blocks: &mut Vec<(&Block, ParagraphKind)>, authors: &[String]) {
    let end = blocks.len().saturating_sub(AFTERWORD).max(1);
    let introduces =
        |block: &Block| authors.iter().any(|name| name.contains(' ') && lines::introduces(block, name));
    let mut index = 0;
    blocks.retain(|(block, kind)| {
        index += 1;
        let box_like = *kind != ParagraphKind::Caption && block.size < 700 && !block.confirmed;
        index <= end || !box_like || !introduces(block)
    });
}

/// Drops what stands loose at both ends: labels before the text, headings and labels with nothing after them.
fn drop_loose_ends(page: &Page<'_>, blocks: &mut Vec<(&Block, ParagraphKind)>) {
    let is_label = |(block, kind): &(&Block, ParagraphKind), size: usize| match kind {
        // A line that stands in no paragraph may be longer, and still be a label.
        ParagraphKind::Text if page[block.owner].tag == Tag::Block => {
            block.size < size.max(LABEL) && !block.ends_sentence()
        }
        ParagraphKind::Text => block.size < size && !block.ends_sentence(),
        ParagraphKind::Heading => true,
        _ => false,
    };
    while blocks.last().is_some_and(|block| is_label(block, 60)) {
        blocks.pop();
    }
    let labels = blocks.iter().take_while(|block| is_label(block, 40)).count();
    blocks.drain(..labels);
}
