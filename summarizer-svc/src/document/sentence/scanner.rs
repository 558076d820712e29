//! Walks through a paragraph from border to border.

use std::ops::Range;

use super::{
    SentenceRange,
    long::{LONGEST_SENTENCE, cut},
    mark::is_stopless,
    open::Open,
    orthography::Orthography,
    text::Text,
};

/// Thai and Lao write spaces between clauses and no stops; a clause this long, in code points, stands alone.
const CLAUSE: usize = 60;

/// Where the walk goes on.
pub(super) enum Step {
    /// The sentence ends before this index.
    End(usize),
    /// It goes on at this index.
    On(usize),
}

pub(super) struct Scanner<'a> {
    pub(super) text: &'a Text<'a>,
    pub(super) orthography: Orthography,
    /// Where the sentence began.
    pub(super) start: usize,
    pub(super) open: Open,
    found: Vec<SentenceRange>,
}

impl<'a> Scanner<'a> {
    pub(super) fn new(text: &'a Text<'a>, orthography: Orthography) -> Self {
        Self { text, orthography, start: 0, open: Open::default(), found: Vec::new() }
    }

    /// The sentences. Each step goes forward, and looks ahead only over what no other step looks over again.
    pub(super) fn run(mut self) -> Vec<SentenceRange> {
        let mut at = self.text.skip_white(0);
        self.start = at;
        while at < self.text.len() {
            match self.step(at) {
                Step::End(end) => {
                    self.push(self.start..end);
                    at = self.text.skip_white(end);
                    self.start = at;
                    self.open = Open::default();
                }
                Step::On(next) => {
                    (at..next).for_each(|passed| self.open.pass(self.text, passed));
                    at = next;
                }
            }
        }
        self.push(self.start..self.text.len());
        self.found
    }

    fn step(&self, at: usize) -> Step {
        match self.text.at(at) {
            Some(c) if self.ends_sentences(c) => self.stop(at),
            Some(c) if c.is_whitespace() => self.white(at),
            _ => Step::On(at + 1),
        }
    }

    /// A blank line ends any sentence; in a script without stops a space ends a long clause.
    fn white(&self, at: usize) -> Step {
        let next = self.text.skip_white(at);
        let line_feeds = (at..next).filter(|index| self.text.is(*index, |c| c == '\n')).count();
        let clause = at - self.start >= CLAUSE
            && self.text.before(at).is_some_and(is_stopless)
            && self.text.is(next, is_stopless);
        if line_feeds > 1 || clause { Step::End(at) } else { Step::On(next) }
    }

    /// Adds a sentence without the white space around it, in pieces where it is too long.
    fn push(&mut self, range: Range<usize>) {
        let mut start = range.start;
        while range.end > start && range.end - start > LONGEST_SENTENCE {
            let cut = cut(self.text, start);
            self.push_piece(start, cut);
            start = self.text.skip_white(cut);
        }
        self.push_piece(start, range.end);
    }

    fn push_piece(&mut self, start: usize, mut end: usize) {
        while end > start && self.text.before(end).is_some_and(char::is_whitespace) {
            end -= 1;
        }
        if start < end {
            let bytes = self.text.byte(start)..self.text.byte(end);
            self.found.push(SentenceRange { bytes, chars: start..end });
        }
    }
}
