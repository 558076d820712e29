//! The blocks of text of a page, in document order.

use super::evidence::Evidence;
use super::page::{NodeIndex, Page};
use super::tag::Tag;

/// Below this size a cell of a table is data rather than text.
const SHORT_CELL: usize = 100;

/// Below this size the prose of a page is next to none.
const MIN_PROSE: usize = 250;

/// A run of text between two borders of blocks.
pub(super) struct Block {
    /// The innermost block element around it.
    pub(super) owner: NodeIndex,
    /// Its first text node.
    pub(super) first: NodeIndex,
    /// Its last text node.
    pub(super) last: NodeIndex,
    /// One line, white space collapsed.
    pub(super) text: String,
    /// Its length in Latin-sized characters: one of an ideographic script counts for three.
    pub(super) size: usize,
    /// How much of `size` is link text.
    pub(super) linked: usize,
    /// How much of `size` is bold.
    pub(super) strong: usize,
    /// Whether the page says elsewhere that it is part of the article.
    pub(super) confirmed: bool,
}

impl Block {
    /// What the elements around all of it say, from the innermost to its owner.
    pub(super) fn evidence(&self, page: &Page<'_>) -> Evidence {
        page.ancestors(self.first)
            .take_while(|&index| index > self.owner)
            .filter(|&index| page[index].end > self.last)
            .fold(page[self.owner].evidence, |found, index| found | page[index].evidence)
    }

    /// The part of the text that is links, 0 to 1.
    pub(super) fn link_density(&self) -> f64 {
        self.linked as f64 / self.size.max(1) as f64
    }

    /// Whether it ends as a sentence does, closing quotes and brackets aside.
    pub(super) fn ends_sentence(&self) -> bool {
        let end = self.text.trim_end_matches(|c: char| {
            c.is_whitespace()
                || matches!(c, '"' | '\'' | '”' | '’' | '»' | '«' | '“' | ')' | ']' | '」' | '』' | '）')
        });
        end.ends_with(['.', '!', '?', '…', ':', ';', '。', '！', '？', '।', '؟', '۔', '：'])
    }

    /// Whether it reads like running text rather than like a label or a list of links.
    pub(super) fn is_prose(&self) -> bool {
        let long = self.size >= 80 || (self.size >= 25 && self.ends_sentence());
        long && self.link_density() < 0.5
    }
}

/// Takes links for text where a page has next to no text beside them, as pages of quotations and notes on links do.
///
/// A paragraph of links ends as a sentence does and has some words of its own, which a teaser has not.
pub(super) fn read_links(page: &Page<'_>, blocks: &mut [Block]) {
    let prose: usize = blocks.iter().filter(|block| block.is_prose()).map(|block| block.size).sum();
    if prose >= MIN_PROSE {
        return;
    }
    for block in blocks.iter_mut().filter(|block| page[block.owner].tag == Tag::Paragraph) {
        if block.size >= 60 && block.ends_sentence() && block.link_density() < 0.95 {
            block.linked = 0;
        }
    }
}

/// How many Latin-sized characters a character counts for.
fn size_of(c: char) -> usize {
    match c {
        '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' => 3,
        '\u{ac00}'..='\u{d7af}' => 2,
        _ => 1,
    }
}

/// All blocks of a page that hold a letter or digit.
pub(super) fn of_page(page: &Page<'_>) -> Vec<Block> {
    let mut builder =
        Builder { page, blocks: Vec::new(), open: Vec::new(), current: None, breaks: 0, unread: 0 };
    for index in page.indices() {
        builder.visit(index);
    }
    builder.flush();
    builder.blocks
}

struct Builder<'p, 'a> {
    page: &'p Page<'a>,
    blocks: Vec<Block>,
    /// The elements that are open, and where each ends.
    open: Vec<(NodeIndex, NodeIndex, Tag)>,
    current: Option<Block>,
    /// `br` elements since the last text.
    breaks: usize,
    /// One past the last node of an element in a line that is not read.
    unread: NodeIndex,
}

impl Builder<'_, '_> {
    fn visit(&mut self, index: NodeIndex) {
        while let Some((_, end, tag)) = self.open.last().copied()
            && end <= index
        {
            self.open.pop();
            if tag == Tag::Cell {
                self.end_cell();
            } else if !tag.is_inline() && tag != Tag::Break {
                self.flush();
            }
        }
        if index < self.unread {
            return;
        }
        let node = &self.page[index];
        if is_unread(self.page, index) {
            self.unread = node.end;
            return;
        }
        match (node.text, node.tag) {
            (Some(text), _) => self.add(index, text),
            (None, Tag::Break) => self.line_break(),
            (None, tag) => {
                if !tag.is_inline() && (tag != Tag::Cell || is_text_cell(self.page, index)) {
                    self.flush();
                }
                self.open.push((index, node.end, tag));
            }
        }
    }

    /// One break is a space, two end the block.
    fn line_break(&mut self) {
        self.breaks += 1;
        if self.breaks >= 2 {
            self.flush();
        } else if let Some(block) = &mut self.current {
            block.text.push(' ');
        }
    }

    /// The short cells of a row are one line.
    fn end_cell(&mut self) {
        match &mut self.current {
            Some(block) if block.size < SHORT_CELL => block.text.push(' '),
            _ => self.flush(),
        }
    }

    fn add(&mut self, index: NodeIndex, text: &str) {
        let blank = text.chars().all(char::is_whitespace);
        if blank && self.current.is_none() {
            return;
        }
        if !blank {
            self.breaks = 0;
        }
        let in_link =
            self.open.iter().rev().take_while(|open| open.2.is_inline()).any(|open| open.2 == Tag::Link)
                || self.open.iter().rev().take(6).any(|open| open.2 == Tag::Link);
        let is_strong = self.open.iter().rev().take(8).any(|open| open.2 == Tag::Strong);
        let owner = self.open.iter().rev().find(|open| !open.2.is_inline()).map_or(0, |open| open.0);
        let block = self.current.get_or_insert_with(|| Block {
            owner,
            first: index,
            last: index,
            text: String::new(),
            size: 0,
            linked: 0,
            strong: 0,
            confirmed: false,
        });
        if !blank {
            block.last = index;
        }
        let added = push_collapsed(&mut block.text, text);
        block.size += added;
        block.linked += if in_link { added } else { 0 };
        block.strong += if is_strong { added } else { 0 };
    }

    fn flush(&mut self) {
        self.breaks = 0;
        if let Some(mut block) = self.current.take() {
            block.text.truncate(block.text.trim_end().len());
            if block.text.chars().any(char::is_alphanumeric) {
                self.blocks.push(block);
            }
        }
    }
}

/// Whether an element in a line is not shown, or only when pointed at: a note for screen readers, a pop-up.
fn is_unread(page: &Page<'_>, index: NodeIndex) -> bool {
    let node = &page[index];
    if node.tag != Tag::Inline || !node.evidence.has(Evidence::UNREAD | Evidence::HIDDEN) {
        return false;
    }
    let texts = page.subtree(index).filter_map(|inside| page[inside].text);
    node.evidence.has(Evidence::UNREAD) || texts.take(8).map(str::len).sum::<usize>() < 100
}

/// Whether a cell holds text rather than data, so that what stands beside it is no part of its line.
fn is_text_cell(page: &Page<'_>, index: NodeIndex) -> bool {
    let texts = page.subtree(index).take(200).filter_map(|inside| page[inside].text);
    texts.map(|text| text.trim().chars().map(size_of).sum::<usize>()).sum::<usize>() >= SHORT_CELL
}

/// Appends text with its white space collapsed; gives the size of what was added.
fn push_collapsed(line: &mut String, text: &str) -> usize {
    let mut size = 0;
    for c in text.chars() {
        match c {
            // Soft hyphens and zero-width characters tell a browser where to break; they are no text.
            '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}' => {}
            c if c.is_whitespace() || c.is_control() => {
                if !line.is_empty() && !line.ends_with(' ') {
                    line.push(' ');
                    size += 1;
                }
            }
            c => {
                line.push(c);
                size += size_of(c);
            }
        }
    }
    size
}

#[cfg(test)]
mod tests {
    use scraper::Html;

    use super::*;

    fn texts(html: &str) -> Vec<String> {
        of_page(&Page::new(&Html::parse_document(html))).into_iter().map(|block| block.text).collect()
    }

    #[test]
    fn inline_elements_join_without_losing_or_adding_a_space() {
        assert_eq!(
            texts("<p>A<b>l</b>l <i>is </i>\n <a href=x>well</a>, so&shy;far.</p>"),
            ["All is well, sofar."]
        );
    }

    #[test]
    fn blocks_end_at_block_elements_and_at_two_breaks() {
        assert_eq!(
            texts("<div>one<p>two</p>three<br>four<br> <br>five</div>"),
            ["one", "two", "three four", "five"]
        );
    }

    #[test]
    fn short_cells_of_a_row_are_one_line_and_long_ones_are_not() {
        assert_eq!(
            texts("<table><tr><td>1</td><td>Ada</td></tr><tr><td>2</td></tr></table>"),
            ["1 Ada", "2"]
        );
        let long = "word ".repeat(30);
        assert_eq!(texts(&format!("<table><tr><td>{long}</td><td>next</td></tr></table>")).len(), 2);
    }

    #[test]
    fn sentences_end_inside_quotes_and_in_other_scripts() {
        let ends = |text: &str| {
            let html = Html::parse_document(&format!("<p>{text}</p>"));
            of_page(&Page::new(&html)).iter().all(Block::ends_sentence)
        };
        assert!(
            ends("He said: “No.”") && ends("これは文です。") && ends("यह वाक्य है।") && ends("(So it is.)")
        );
        assert!(!ends("Read more"));
    }

    #[test]
    fn link_density_counts_what_is_inside_links() {
        let html = Html::parse_document("<p><a href=x><b>1234</b></a>5678</p>");
        let blocks = of_page(&Page::new(&html));
        assert!((blocks[0].link_density() - 0.5).abs() < 1e-9);
        assert_eq!((blocks[0].size, blocks[0].strong), (8, 4));
    }
}
