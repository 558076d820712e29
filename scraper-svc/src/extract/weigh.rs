//! How much text, link text and prose each element of a page holds, and which elements are furniture.

use super::blocks::Block;
use super::evidence::Evidence;
use super::page::{NodeIndex, Page};
use super::tag::Tag;

/// Sizes are in Latin-sized characters, see [`Block::size`]; each vector has one entry per node of the page.
pub(super) struct Weights {
    /// All text.
    pub(super) size: Vec<usize>,
    /// Text of links.
    pub(super) linked: Vec<usize>,
    /// Text of blocks that read like prose, without their links.
    pub(super) prose: Vec<usize>,
    /// Number of buttons, fields and players.
    controls: Vec<usize>,
    /// Number of pictures and players.
    media: Vec<usize>,
    /// Number of headings.
    headings: Vec<usize>,
    /// Number of headings that are links, as those of teasers are.
    pub(super) linked_headings: Vec<usize>,
    /// Number of blocks that read like prose.
    paragraphs: Vec<usize>,
    /// Prose that the page says elsewhere is the article's.
    pub(super) confirmed: Vec<usize>,
}

impl Weights {
    /// Weighs every element by the blocks that `keep` lets through.
    pub(super) fn of(page: &Page<'_>, blocks: &[Block], keep: impl Fn(&Block) -> bool) -> Self {
        let nodes = page.indices().len();
        let media = page.indices().map(|index| page[index].media).collect();
        let controls = page.indices().map(|index| page[index].controls).collect();
        let mut weights = Self {
            size: vec![0; nodes],
            linked: vec![0; nodes],
            prose: vec![0; nodes],
            controls,
            media,
            headings: vec![0; nodes],
            linked_headings: vec![0; nodes],
            paragraphs: vec![0; nodes],
            confirmed: vec![0; nodes],
        };
        for block in blocks.iter().filter(|block| keep(block)) {
            weights.size[block.owner] += block.size;
            weights.linked[block.owner] += block.linked;
            if block.is_prose() {
                weights.prose[block.owner] += block.size - block.linked;
                weights.paragraphs[block.owner] += 1;
                weights.confirmed[block.owner] += if block.confirmed { block.size - block.linked } else { 0 };
            }
            if is_heading(page, block) {
                weights.headings[block.owner] += 1;
                weights.linked_headings[block.owner] += usize::from(block.link_density() > 0.9);
            }
        }
        for index in page.indices().skip(1).rev() {
            let parent = page[index].parent;
            weights.size[parent] += weights.size[index];
            weights.linked[parent] += weights.linked[index];
            weights.prose[parent] += weights.prose[index];
            weights.controls[parent] += weights.controls[index];
            weights.media[parent] += weights.media[index];
            weights.headings[parent] += weights.headings[index];
            weights.linked_headings[parent] += weights.linked_headings[index];
            weights.paragraphs[parent] += weights.paragraphs[index];
            weights.confirmed[parent] += weights.confirmed[index];
        }
        weights
    }

    /// The part of an element's text that is links, 0 to 1.
    pub(super) fn link_density(&self, index: NodeIndex) -> f64 {
        self.linked[index] as f64 / self.size[index].max(1) as f64
    }

    /// Whether an element is a picture with its caption, and no more.
    pub(super) fn is_captioned_picture(&self, page: &Page<'_>, index: NodeIndex) -> bool {
        let text = self.paragraphs[index] <= 1 && self.size[index] < 300 && self.headings[index] == 0;
        let small = self.prose[index] * 10 < self.total();
        self.media[index] > 0 && text && small && is_box(page[index].tag)
    }

    /// The prose in all elements with this evidence.
    fn prose_of(&self, page: &Page<'_>, evidence: Evidence) -> usize {
        let marked = |index: NodeIndex| page[index].evidence.has(evidence);
        let outermost = page.indices().filter(|&index| marked(index) && !page.ancestors(index).any(marked));
        outermost.map(|index| self.prose[index]).sum()
    }

    /// The prose of the whole page.
    pub(super) fn total(&self) -> usize {
        self.prose.first().copied().unwrap_or_default()
    }
}

/// How much is taken for furniture.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Strictness {
    /// All that looks like it.
    Strict,
    /// Only HTML's own elements, comments and teasers, for pages whose names mislead.
    Lenient,
    /// Only HTML's own elements and teasers, for pages that are nothing but comments, as forums are.
    Bare,
}

/// For each node whether it, or an element around it, is furniture.
///
/// Names lie: a site may call the wrapper of everything `sidebar-grid`. So no element is furniture that holds a large
/// part of the page's prose, and nothing counts as hidden where most of the page would be.
pub(super) fn furniture(page: &Page<'_>, weights: &Weights, strictness: Strictness) -> Vec<bool> {
    let hidden = weights.prose_of(page, Evidence::HIDDEN);
    // A text is not small because its comments are long.
    let comments = weights.prose_of(page, Evidence::COMMENTS);
    let total =
        if comments * 10 < weights.total() * 9 { weights.total() - comments } else { weights.total() };
    let trust_hidden = hidden * 5 < weights.total() * 2;
    let mut cut = vec![false; page.indices().len()];
    for index in page.indices().skip(1) {
        let furniture = match strictness {
            Strictness::Strict => is_furniture(page, weights, index, total, trust_hidden),
            Strictness::Lenient => is_plain_furniture(page, weights, index),
            Strictness::Bare => is_bare_furniture(page, weights, index),
        };
        cut[index] = cut[page[index].parent] || furniture;
    }
    cut
}

fn is_furniture(
    page: &Page<'_>,
    weights: &Weights,
    index: NodeIndex,
    total: usize,
    trust_hidden: bool,
) -> bool {
    let node = &page[index];
    if node.tag.is_inline() {
        return false;
    }
    let share = weights.prose[index] as f64 / total.max(1) as f64;
    let says = |evidence| node.evidence.has(evidence);
    let body = says(Evidence::BODY) || says(Evidence::ARTICLE_BODY);
    (says(Evidence::FURNITURE) && share < if body { 0.05 } else { 0.4 })
        || (says(Evidence::COMMENTS) && !body && share < 0.9)
        || (says(Evidence::HIDDEN) && trust_hidden && share < 0.5)
        || (says(Evidence::BYLINE)
            && weights.size[index] < if share < 0.05 { 500 } else { 250 }
            && share < 0.3)
        || (says(Evidence::DOUBTFUL)
            && !body
            && share < 0.2
            && is_poor(weights, index)
            && !matches!(node.tag, Tag::Paragraph | Tag::Quote))
        || (node.tag == Tag::List && share < 0.1 && weights.link_density(index) > 0.55)
        || (is_teaser(weights, index)
            && !body
            && share < 0.2
            && (is_box(node.tag) || node.tag == Tag::Heading))
        || (weights.controls[index] > 0
            && !body
            && share < 0.1
            && weights.size[index] < 800
            && is_box(node.tag))
}

/// Whether an element is a box of teasers: headings that are links, with a line or two of text each.
fn is_teaser(weights: &Weights, index: NodeIndex) -> bool {
    let headings = weights.linked_headings[index];
    headings > 0 && weights.paragraphs[index] <= 2 * headings && weights.size[index] < 700 * headings
}

/// Whether most of the prose in an element comes right under headings that are links.
pub(super) fn is_list(page: &Page<'_>, blocks: &[Block], index: NodeIndex) -> bool {
    let inside = |block: &&Block| page.subtree(index).contains(&block.owner);
    let prose = blocks.iter().filter(inside).filter(|block| block.is_prose()).count();
    let teasers = blocks.windows(2).filter(|pair| match pair {
        [heading, text] => {
            let linked = heading.link_density() > 0.9 && is_heading(page, heading);
            linked && text.is_prose() && inside(&text)
        }
        _ => false,
    });
    let teasers = teasers.count();
    teasers >= 2 && teasers * 2 >= prose
}

/// Whether a block is a heading, or stands in one.
fn is_heading(page: &Page<'_>, block: &Block) -> bool {
    let around = std::iter::once(block.owner).chain(page.ancestors(block.owner)).take(3);
    around.into_iter().any(|index| page[index].tag == Tag::Heading)
}

/// What is furniture whatever its names are.
fn is_plain_furniture(page: &Page<'_>, weights: &Weights, index: NodeIndex) -> bool {
    let node = &page[index];
    node.evidence.has(Evidence::COMMENTS) || is_bare_furniture(page, weights, index)
}

/// What is furniture by its elements alone.
fn is_bare_furniture(page: &Page<'_>, weights: &Weights, index: NodeIndex) -> bool {
    let tag = page[index].tag;
    (tag == Tag::Furniture && weights.prose[index] * 5 < weights.total() * 2)
        || (is_box(tag) && is_teaser(weights, index))
}

/// Whether an element has next to no running text, or more links than text.
fn is_poor(weights: &Weights, index: NodeIndex) -> bool {
    weights.prose[index] == 0 || weights.link_density(index) > 0.4
}

/// Whether an element can be a box of its own, as those with buttons and players in them are.
fn is_box(tag: Tag) -> bool {
    matches!(
        tag,
        Tag::Block | Tag::Section | Tag::Article | Tag::Figure | Tag::Header | Tag::List | Tag::ListItem
    )
}
