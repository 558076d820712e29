//! Which element of a page holds the article.
//!
//! Prose speaks for the elements around it, less the farther out they stand, as in Mozilla's Readability; what the
//! elements' names and the schema.org markup say shifts the balance. From the best element the search climbs as
//! long as there is more of the same around it.

use super::blocks::Block;
use super::evidence::Evidence;
use super::page::{NodeIndex, Page, Tag};
use super::weigh::Weights;

/// How far out a block of prose speaks for the elements around it.
const REACH: usize = 6;

/// The element that holds the article's text; `None` where the page has no prose.
pub(super) fn find(page: &Page<'_>, blocks: &[Block], weights: &Weights, cut: &[bool]) -> Option<NodeIndex> {
    let mut scores = vec![0.0; page.indices().len()];
    for block in blocks.iter().filter(|block| block.is_prose() && !cut[block.owner]) {
        let weight = (block.size - block.linked) as f64;
        let speaks_from = match page[block.owner].tag {
            Tag::Paragraph | Tag::Heading | Tag::ListItem | Tag::Preformatted => page[block.owner].parent,
            _ => block.owner,
        };
        let around = std::iter::once(speaks_from).chain(page.ancestors(speaks_from));
        for (distance, element) in around.take(REACH).enumerate() {
            scores[element] += weight / [1.0, 1.6, 2.5, 4.0, 6.0, 8.0][distance.min(5)];
        }
    }
    let best = page
        .indices()
        .filter(|&index| scores[index] > 0.0)
        .map(|index| (index, scores[index] * factor(page, weights, index)))
        .max_by(|a, b| a.1.total_cmp(&b.1))?
        .0;
    Some(climb(page, weights, best))
}

/// What the element's own name and links make of its score.
fn factor(page: &Page<'_>, weights: &Weights, index: NodeIndex) -> f64 {
    let node = &page[index];
    let named = if node.evidence.has(Evidence::ARTICLE_BODY) {
        2.0
    } else if node.evidence.has(Evidence::BODY) {
        1.5
    } else {
        1.0
    };
    let doubted = if node.evidence.has(Evidence::COMMENTS) { 0.2 } else { 1.0 };
    let tag = match node.tag {
        Tag::Article => 1.3,
        Tag::Main => 1.1,
        Tag::List | Tag::ListItem | Tag::Quote | Tag::Cell => 0.8,
        Tag::Figure | Tag::Caption => 0.3,
        _ => 1.0,
    };
    named * doubted * tag * (1.0 - weights.link_density(index))
}

/// Goes out from an element while what comes in belongs to the same text.
fn climb(page: &Page<'_>, weights: &Weights, from: NodeIndex) -> NodeIndex {
    let mut best = from;
    for outer in page.ancestors(from) {
        let (have, gets) = (weights.prose[best], weights.prose[outer]);
        if have == gets {
            continue;
        }
        if page[best].evidence.has(Evidence::ARTICLE_BODY) && have * 5 > gets * 4 {
            break;
        }
        let alike = alike(page, weights, best, outer);
        if alike * 10 < (gets - have) * 6 || page[outer].evidence.has(Evidence::FURNITURE) {
            break;
        }
        best = outer;
    }
    best
}

/// The prose of `outer` outside `inner` that looks as if it belonged to the same text.
fn alike(page: &Page<'_>, weights: &Weights, inner: NodeIndex, outer: NodeIndex) -> usize {
    let path = std::iter::once(inner).chain(page.ancestors(inner)).take_while(|&index| index != outer);
    let Some(child) = path.last() else { return 0 };
    let mut alike = 0;
    let mut index = outer + 1;
    while index < page[outer].end {
        let node = &page[index];
        if index != child {
            let same = node.tag == page[child].tag && node.class == page[child].class;
            let text = matches!(node.tag, Tag::Paragraph | Tag::Heading | Tag::List | Tag::Quote);
            if same || text || node.evidence.has(Evidence::BODY) {
                alike += weights.prose[index];
            }
        }
        index = node.end;
    }
    alike
}
