//! Which element of a page holds the article.
//!
//! Prose speaks for the elements around it, less the farther out they stand, as in Mozilla's Readability; what the
//! elements' names and the schema.org markup say shifts the balance. From the best element the search climbs as
//! long as there is more of the same around it.

use super::blocks::Block;
use super::evidence::Evidence;
use super::metadata::folded;
use super::page::{NodeIndex, Page};
use super::tag::Tag;
use super::weigh::Weights;

/// How far out a block of prose speaks for the elements around it.
const REACH: usize = 6;

/// The prose, in Latin-sized characters, that makes the `article` element around a headline more than a header.
const HOME_PROSE: usize = 250;

/// The element that holds the article's text; `None` where the page has no prose.
pub(super) fn find(
    page: &Page<'_>,
    blocks: &[Block],
    weights: &Weights,
    cut: &[bool],
    title: &str,
) -> Option<NodeIndex> {
    let place = Place::of_title(page, blocks, weights, cut, title);
    let mut scores = vec![0.0; page.indices().len()];
    for block in blocks.iter().filter(|block| block.is_prose() && !cut[block.owner]) {
        let weight = (block.size - block.linked) as f64 * if block.confirmed { 1.5 } else { 1.0 };
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
        .map(|index| {
            (index, scores[index] * factor(page, weights, index) * place.factor(page, weights, index))
        })
        .max_by(|a, b| a.1.total_cmp(&b.1))?
        .0;
    let paths = Paths::of(page, blocks, cut);
    Some(climb(page, weights, &paths, best))
}

/// Where the headline stands, and how much prose follows it.
struct Place {
    title: Option<NodeIndex>,
    /// The `article` element that the headline stands in.
    home: Option<NodeIndex>,
    /// First node of each block of prose after the headline, and the prose from the headline up to it.
    before: Vec<(NodeIndex, usize)>,
}

impl Place {
    fn of_title(page: &Page<'_>, blocks: &[Block], weights: &Weights, cut: &[bool], title: &str) -> Self {
        let wanted = folded(title);
        let is_title = |block: &&Block| {
            let node = page[block.owner].tag;
            matches!(node, Tag::Title | Tag::Heading | Tag::Block)
                && !wanted.is_empty()
                && folded(&block.text) == wanted
        };
        let in_heading = blocks.iter().filter(|block| page[block.owner].tag == Tag::Title).find(is_title);
        let title = in_heading.or_else(|| blocks.iter().find(is_title)).map(|block| block.first);
        let mut sum = 0;
        let mut before = Vec::new();
        for block in blocks.iter().filter(|block| title.is_none_or(|title| block.first > title)) {
            if block.is_prose() && !cut[block.owner] {
                before.push((block.first, sum));
                sum += block.size - block.linked;
            }
        }
        let home = title.and_then(|title| {
            page.ancestors(title)
                .find(|&index| page[index].tag == Tag::Article && weights.prose[index] >= HOME_PROSE)
        });
        Self { title, home, before }
    }

    /// An article follows its headline; one that comes after another's text belongs to another headline.
    fn factor(&self, page: &Page<'_>, weights: &Weights, index: NodeIndex) -> f64 {
        if self.title.is_some_and(|title| page[index].end <= title) {
            return 0.5;
        }
        let next = self.before.partition_point(|(first, _)| *first < index);
        let between = self.before.get(next).map_or(0, |(_, sum)| *sum);
        let own = weights.prose[index].max(1);
        let at_home = self.home.is_none_or(|home| page.subtree(home).contains(&index));
        (1.0 + between as f64 / own as f64).powi(-2) * if at_home { 1.0 } else { 0.5 }
    }
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
fn climb(page: &Page<'_>, weights: &Weights, paths: &Paths, from: NodeIndex) -> NodeIndex {
    let mut best = from;
    for outer in page.ancestors(from) {
        let (have, gets) = (weights.prose[best], weights.prose[outer]);
        if have == gets {
            continue;
        }
        if page[best].evidence.has(Evidence::ARTICLE_BODY) && have * 5 > gets * 4 {
            break;
        }
        let alike = alike(page, weights, paths, best, outer);
        let said = page[outer].evidence;
        if alike * 10 < (gets - have) * 6 || (said.has(Evidence::FURNITURE) && !said.has(Evidence::BODY)) {
            break;
        }
        best = outer;
    }
    best
}

/// The prose of `outer` outside `inner` that looks as if it belonged to the same text.
fn alike(page: &Page<'_>, weights: &Weights, paths: &Paths, inner: NodeIndex, outer: NodeIndex) -> usize {
    let path = std::iter::once(inner).chain(page.ancestors(inner)).take_while(|&index| index != outer);
    let Some(child) = path.last() else { return 0 };
    let asked =
        std::iter::once(inner).chain(page.ancestors(inner)).any(|at| page[at].evidence.has(Evidence::ANSWER));
    let mut alike = 0;
    let mut index = outer + 1;
    while index < page[outer].end {
        let node = &page[index];
        if index != child {
            let same = node.tag == page[child].tag
                && node.class == page[child].class
                && (!node.class.is_empty() || node.tag == Tag::Section);
            let text = matches!(node.tag, Tag::Paragraph | Tag::Heading | Tag::List | Tag::Quote);
            let built_alike = || weights.linked_headings[index] == 0 && paths.are_alike(page, child, index);
            if same || text || node.evidence.has(Evidence::BODY) || built_alike() {
                alike += weights.prose[index];
            } else {
                let answers = if asked { answers(page, weights, index) } else { 0 };
                alike += weights.confirmed[index].max(answers);
            }
        }
        index = node.end;
    }
    alike
}

/// The prose of an element's questions and answers.
fn answers(page: &Page<'_>, weights: &Weights, index: NodeIndex) -> usize {
    let (mut found, mut at) = (0, index);
    while at < page[index].end {
        let answers = page[at].evidence.has(Evidence::ANSWER);
        found += if answers { weights.prose[at] } else { 0 };
        at = if answers { page[at].end } else { at + 1 };
    }
    found
}

/// The ways from the root of a page to its prose, by the kinds of elements on them.
struct Paths {
    /// First node, kind of way and size of each block of prose.
    prose: Vec<(NodeIndex, u64, usize)>,
    /// Where the headlines stand.
    titles: Vec<NodeIndex>,
}

impl Paths {
    fn of(page: &Page<'_>, blocks: &[Block], cut: &[bool]) -> Self {
        let mut ways = vec![0; page.indices().len()];
        for index in page.indices().skip(1) {
            let around: u64 = ways[page[index].parent];
            ways[index] =
                (around.rotate_left(5) ^ page[index].tag as u64).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
        let kept = || blocks.iter().filter(|block| !cut[block.owner]);
        let prose = kept().filter(|block| block.is_prose());
        let titles = kept().filter(|block| page[block.owner].tag == Tag::Title);
        Self {
            prose: prose.map(|block| (block.first, ways[block.owner], block.size)).collect(),
            titles: titles.map(|block| block.first).collect(),
        }
    }

    /// Whether a headline stands in an element.
    fn is_headed(&self, page: &Page<'_>, index: NodeIndex) -> bool {
        let next = self.titles.partition_point(|title| *title < index);
        self.titles.get(next).is_some_and(|title| *title < page[index].end)
    }

    /// Whether the prose of two neighbours stands in the same kind of elements, under one headline: advertisements
    /// split it in two.
    fn are_alike(&self, page: &Page<'_>, text: NodeIndex, other: NodeIndex) -> bool {
        let within = |index: NodeIndex| {
            let from = self.prose.partition_point(|prose| prose.0 < index);
            let to = self.prose.partition_point(|prose| prose.0 < page[index].end);
            self.prose.get(from..to).unwrap_or_default()
        };
        let Some(usual) = within(text).iter().max_by_key(|prose| prose.2).map(|prose| prose.1) else {
            return false;
        };
        let there = within(other);
        let size = |of: &dyn Fn(u64) -> bool| {
            there.iter().filter(|prose| of(prose.1)).map(|prose| prose.2).sum::<usize>()
        };
        let (same, all) = (size(&|way| way == usual), size(&|_| true));
        !self.is_headed(page, other) && there.len() >= 2 && same * 10 >= all * 8
    }
}
