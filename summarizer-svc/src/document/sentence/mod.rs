//! Sentence borders inside a paragraph, for cased text, for lower-cased tokenized text, and for scripts with marks of
//! their own.
//!
//! # Layout
//!
//! - `scanner`: walks through a paragraph from border to border.
//! - `stop`: whether a mark ends a sentence; `abbreviation`: full stops that don't.
//! - `mark`: the marks themselves; `open`: quotations and brackets that are still open.
//! - `orthography`: what the splitter has to know of the text; `long`: where to cut what is too long.
//! - `text`: the paragraph by code points.

mod abbreviation;
mod long;
mod mark;
mod open;
mod orthography;
mod scanner;
mod stop;
mod text;

use std::ops::Range;

pub use long::LONGEST_SENTENCE;
pub(super) use mark::is_stop;
pub use orthography::Orthography;

use scanner::Scanner;
use text::Text;

/// A sentence's place in its paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceRange {
    /// Half-open range of bytes.
    pub bytes: Range<usize>,
    /// The same in Unicode code points.
    pub chars: Range<usize>,
}

/// The sentences of a paragraph in order. They don't overlap, begin and end on no white space, and leave out nothing
/// but white space. Takes time in proportion to the paragraph's length, whatever is in it.
pub fn split(paragraph: &str, orthography: Orthography) -> Vec<SentenceRange> {
    let text = Text::of(paragraph);
    Scanner::new(&text, orthography).run()
}
