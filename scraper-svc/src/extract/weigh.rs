//! How much text, link text and prose each element of a page holds, and which elements are furniture.

use super::blocks::Block;
use super::evidence::Evidence;
use super::page::{NodeIndex, Page, Tag};

/// Sizes are in Latin-sized characters, see [`Block::size`]; each vector has one entry per node of the page.
pub(super) struct Weights {
    /// All text.
    pub(super) size: Vec<usize>,
    /// Text of links.
    pub(super) linked: Vec<usize>,
    /// Text of blocks that read like prose, without their links.
    pub(super) prose: Vec<usize>,
}

impl Weights {
    /// Weighs every element by the blocks that `keep` lets through.
    pub(super) fn of(page: &Page<'_>, blocks: &[Block], keep: impl Fn(&Block) -> bool) -> Self {
        let nodes = page.indices().len();
        let mut weights = Self { size: vec![0; nodes], linked: vec![0; nodes], prose: vec![0; nodes] };
        for block in blocks.iter().filter(|block| keep(block)) {
            weights.size[block.owner] += block.size;
            weights.linked[block.owner] += block.linked;
            if block.is_prose() {
                weights.prose[block.owner] += block.size - block.linked;
            }
        }
        for index in page.indices().skip(1).rev() {
            let parent = page[index].parent;
            weights.size[parent] += weights.size[index];
            weights.linked[parent] += weights.linked[index];
            weights.prose[parent] += weights.prose[index];
        }
        weights
    }

    /// The part of an element's text that is links, 0 to 1.
    pub(super) fn link_density(&self, index: NodeIndex) -> f64 {
        self.linked[index] as f64 / self.size[index].max(1) as f64
    }

    /// The prose of the whole page.
    pub(super) fn total(&self) -> usize {
        self.prose.first().copied().unwrap_or_default()
    }
}

/// For each node whether it, or an element around it, is furniture.
///
/// Names lie: a site may call the wrapper of everything `has-sidebar`. So no element is furniture that holds a large
/// part of the page's prose.
pub(super) fn furniture(page: &Page<'_>, weights: &Weights) -> Vec<bool> {
    let mut cut = vec![false; page.indices().len()];
    for index in page.indices().skip(1) {
        cut[index] = cut[page[index].parent] || is_furniture(page, weights, index);
    }
    cut
}

fn is_furniture(page: &Page<'_>, weights: &Weights, index: NodeIndex) -> bool {
    let node = &page[index];
    if node.evidence == Evidence::default() {
        return false;
    }
    let share = weights.prose[index] as f64 / weights.total().max(1) as f64;
    let says = |evidence| node.evidence.has(evidence);
    let body = says(Evidence::BODY) || says(Evidence::ARTICLE_BODY);
    if node.tag.is_inline() {
        return says(Evidence::HIDDEN) && share < 0.1;
    }
    (says(Evidence::FURNITURE) && share < if body { 0.05 } else { 0.4 })
        || (says(Evidence::COMMENTS) && !body && share < 0.9)
        || (says(Evidence::HIDDEN) && share < 0.5)
        || (says(Evidence::BYLINE) && share < 0.05 && weights.size[index] < 500)
        || (says(Evidence::DOUBTFUL)
            && !body
            && share < 0.2
            && is_poor(weights, index)
            && node.tag != Tag::Paragraph)
}

/// Whether an element has next to no running text, or more links than text.
fn is_poor(weights: &Weights, index: NodeIndex) -> bool {
    weights.prose[index] == 0 || weights.link_density(index) > 0.4
}
