//! A paragraph by code points.

use std::ops::Range;

/// A paragraph whose code points can be asked for by number; outside of it there are none.
pub(super) struct Text<'a> {
    text: &'a str,
    chars: Vec<(usize, char)>,
}

impl<'a> Text<'a> {
    pub(super) fn of(text: &'a str) -> Self {
        Self { text, chars: text.char_indices().collect() }
    }

    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    pub(super) fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).map(|(_, c)| *c)
    }

    pub(super) fn before(&self, index: usize) -> Option<char> {
        index.checked_sub(1).and_then(|previous| self.at(previous))
    }

    pub(super) fn is(&self, index: usize, test: impl Fn(char) -> bool) -> bool {
        self.at(index).is_some_and(test)
    }

    /// The first index from here on whose character fails the test.
    pub(super) fn skip(&self, mut index: usize, test: impl Fn(char) -> bool) -> usize {
        while self.is(index, &test) {
            index += 1;
        }
        index
    }

    pub(super) fn skip_white(&self, index: usize) -> usize {
        self.skip(index, char::is_whitespace)
    }

    /// White space, or an end of the paragraph, on both sides, as tokenizers write it.
    pub(super) fn stands_free(&self, range: Range<usize>) -> bool {
        let white = |c: Option<char>| c.is_none_or(char::is_whitespace);
        white(self.before(range.start)) && white(self.at(range.end))
    }

    pub(super) fn slice(&self, range: Range<usize>) -> &'a str {
        self.text.get(self.byte(range.start)..self.byte(range.end)).unwrap_or_default()
    }

    /// Where a code point begins, in bytes.
    pub(super) fn byte(&self, index: usize) -> usize {
        self.chars.get(index).map_or(self.text.len(), |(byte, _)| *byte)
    }
}
