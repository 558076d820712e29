//! Sentence borders inside a paragraph, for cased text, for lower-cased tokenized text, and for scripts with marks of
//! their own.

use std::ops::Range;

use unicode_segmentation::GraphemeCursor;

use super::{abbreviation::Stop, language::Language};

/// No sentence is longer, in code points; what is longer is cut at a clause, a space, or between two characters.
pub const LONGEST_SENTENCE: usize = 1_000;
/// Thai and Lao write spaces between clauses and no stops; a clause this long, in code points, stands alone.
const CLAUSE: usize = 60;
/// The longest token, in code points, that is looked at around a full stop.
const LONGEST_TOKEN: usize = 40;

/// A sentence's place in its paragraph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentenceRange {
    /// Half-open range of bytes.
    pub bytes: Range<usize>,
    /// The same in Unicode code points.
    pub chars: Range<usize>,
}

/// What the splitter has to know of the text around a paragraph.
#[derive(Debug, Clone, Copy, Default)]
pub struct Orthography {
    ordinals: bool,
    caseless: bool,
}

impl Orthography {
    /// Reads it off the language and a sample of the document.
    pub fn of(language: &Language, sample: &str) -> Self {
        let upper = sample.chars().filter(|c| c.is_uppercase()).count();
        let lower = sample.chars().filter(|c| c.is_lowercase()).count();
        // Ordinary text has a capital letter at least every hundred letters.
        Self { ordinals: language.has_ordinal_stops(), caseless: upper * 200 < lower }
    }
}

/// The sentences of a paragraph in order. They don't overlap, begin and end on no white space, and leave out nothing
/// but white space.
pub fn split(paragraph: &str, orthography: Orthography) -> Vec<SentenceRange> {
    let mut scanner = Scanner {
        text: paragraph,
        chars: paragraph.char_indices().collect(),
        orthography,
        start: 0,
        marks: Marks::default(),
    };
    scanner.run()
}

/// Quotation marks and brackets seen since the sentence began.
#[derive(Debug, Default, Clone, Copy)]
struct Marks {
    double: usize,
    single: usize,
    corner: usize,
}

enum Step {
    /// The sentence ends before this index.
    End(usize),
    /// It goes on at this index.
    On(usize),
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Full,
    Ellipsis,
    Question,
    /// Marks that do nothing else: 。 । ؟
    Own,
}

struct Scanner<'a> {
    text: &'a str,
    chars: Vec<(usize, char)>,
    orthography: Orthography,
    start: usize,
    marks: Marks,
}

impl Scanner<'_> {
    fn run(&mut self) -> Vec<SentenceRange> {
        let mut found = Vec::new();
        let mut at = self.skip_white(0);
        self.start = at;
        while at < self.chars.len() {
            match self.step(at) {
                Step::End(end) => {
                    self.push(self.start..end, &mut found);
                    at = self.skip_white(end);
                    self.start = at;
                    self.marks = Marks::default();
                }
                Step::On(next) => {
                    (at..next).for_each(|passed| self.mark(passed));
                    at = next;
                }
            }
        }
        self.push(self.start..self.chars.len(), &mut found);
        found
    }

    fn at(&self, index: usize) -> Option<char> {
        self.chars.get(index).map(|(_, c)| *c)
    }

    fn before(&self, index: usize) -> Option<char> {
        index.checked_sub(1).and_then(|previous| self.at(previous))
    }

    fn is(&self, index: usize, test: impl Fn(char) -> bool) -> bool {
        self.at(index).is_some_and(test)
    }

    fn skip(&self, mut index: usize, test: impl Fn(char) -> bool) -> usize {
        while self.is(index, &test) {
            index += 1;
        }
        index
    }

    fn skip_white(&self, index: usize) -> usize {
        self.skip(index, char::is_whitespace)
    }

    fn mark(&mut self, index: usize) {
        match self.at(index) {
            Some('"') => self.marks.double += 1,
            Some('\'') if self.stands_free(index) => self.marks.single += 1,
            Some('「' | '『') => self.marks.corner += 1,
            Some('」' | '』') => self.marks.corner = self.marks.corner.saturating_sub(1),
            _ => {}
        }
    }

    /// A mark with white space on both sides, as tokenizers write it.
    fn stands_free(&self, index: usize) -> bool {
        let white = |c: Option<char>| c.is_none_or(char::is_whitespace);
        white(self.before(index)) && white(self.at(index + 1))
    }

    fn step(&self, at: usize) -> Step {
        match self.at(at) {
            Some(c) if is_stop(c) => self.stop(at),
            Some(c) if c.is_whitespace() => self.white(at),
            _ => Step::On(at + 1),
        }
    }

    /// A blank line ends any sentence; in a script without stops a space ends a long clause.
    fn white(&self, at: usize) -> Step {
        let next = self.skip_white(at);
        let line_feeds = (at..next).filter(|index| self.is(*index, |c| c == '\n')).count();
        let clause = at - self.start >= CLAUSE
            && self.before(at).is_some_and(is_stopless)
            && self.is(next, is_stopless);
        if line_feeds > 1 || clause { Step::End(at) } else { Step::On(next) }
    }

    fn stop(&self, at: usize) -> Step {
        let run = self.skip(at, is_stop);
        let kind = self.kind(at..run);
        let after = self.skip_closers(run);
        match self.at(after) {
            None => Step::End(after),
            Some(next) if next.is_whitespace() => self.spaced(at, after, kind),
            Some(next) => {
                let ends = match kind {
                    Kind::Own => self.own_mark_ends(run..after, next),
                    Kind::Question => (next.is_uppercase() || opens_quote(next)) && !self.is_in_address(at),
                    Kind::Ellipsis => next.is_uppercase(),
                    Kind::Full => self.lacks_space(at, after),
                };
                if ends { Step::End(after) } else { Step::On(after) }
            }
        }
    }

    fn kind(&self, run: Range<usize>) -> Kind {
        let marks = self.chars.get(run).unwrap_or_default();
        if marks.iter().any(|(_, c)| is_own_mark(*c)) {
            Kind::Own
        } else if marks.iter().any(|(_, c)| matches!(c, '!' | '?')) {
            Kind::Question
        } else if marks.len() > 1 || marks.iter().any(|(_, c)| *c == '…') {
            Kind::Ellipsis
        } else {
            Kind::Full
        }
    }

    /// Closing quotes and brackets belong to the sentence that they close. A mark that may also open does so before a
    /// letter, unless one like it is open.
    fn skip_closers(&self, mut index: usize) -> usize {
        while let Some(mark) = self.at(index).filter(|c| closes_quote(*c)) {
            let before_word = self.is(index + 1, char::is_alphanumeric);
            let open = mark == '"' && self.marks.double % 2 == 1;
            if opens_quote(mark) && before_word && !open {
                break;
            }
            index += 1;
        }
        index
    }

    /// The quotation goes on after 「はい。」と, and inside 「…」.
    fn own_mark_ends(&self, closers: Range<usize>, next: char) -> bool {
        let closed = closers.into_iter().any(|index| self.is(index, |c| matches!(c, '」' | '』')));
        let inside = self.marks.corner > 0 && !closed;
        let goes_on = closed && !opens_quote(next);
        !(inside || goes_on || matches!(next, '、' | '，' | ',' | ';' | '；'))
    }

    /// A stop, perhaps closing marks, then white space from `after` on.
    fn spaced(&self, at: usize, after: usize, kind: Kind) -> Step {
        let mut end = after;
        let mut next = self.skip_white(after);
        // A closing mark that a tokenizer set free.
        let closes = match self.at(next) {
            Some('"') => self.marks.double % 2 == 1,
            Some('\'') => self.marks.single % 2 == 1,
            _ => false,
        };
        if closes && self.stands_free(next) {
            end = next + 1;
            next = self.skip_white(end);
        }
        let quoted = self.skip(next, |c| opens_quote(c) || matches!(c, '(' | '['));
        let small = !self.orthography.caseless
            && self.is(quoted, char::is_lowercase)
            && !self.is(quoted + 1, char::is_uppercase);
        let goes_on = match kind {
            Kind::Own => self.marks.corner > 0 && end == after && after == at + 1,
            _ if next >= self.chars.len() => false,
            _ if self.is(next, |c| matches!(c, ',' | ';' | ':')) => true,
            Kind::Question | Kind::Ellipsis => small,
            Kind::Full => small || self.is_abbreviation(at, quoted),
        };
        if goes_on { Step::On(end) } else { Step::End(end) }
    }

    fn is_abbreviation(&self, at: usize, next: usize) -> bool {
        if self.before(at).is_none_or(char::is_whitespace) {
            return false;
        }
        let first = self.token_start(at);
        let next_end = self.skip(next, |c| c.is_alphanumeric() || c == '\'').min(next + LONGEST_TOKEN);
        // "A" of "J. A. Smith" opens nothing.
        let next_is_initial = next_end == next + 1 && self.is(next_end, |c| c == '.');
        Stop {
            token: self.slice(first..at),
            next: if next_is_initial { "" } else { self.slice(next..next_end) },
            opens_sentence: first == self.start,
            ordinals: self.orthography.ordinals,
            caseless: self.orthography.caseless,
        }
        .is_inside()
    }

    /// Where the token that ends before `at` begins.
    fn token_start(&self, at: usize) -> usize {
        let floor = at.saturating_sub(LONGEST_TOKEN).max(self.start);
        let inner = |c: char| c.is_alphanumeric() || matches!(c, '.' | '/' | '@' | ':' | '№');
        (floor..at).rev().take_while(|index| self.is(*index, inner)).last().unwrap_or(at)
    }

    fn slice(&self, range: Range<usize>) -> &str {
        self.text.get(self.byte(range.start)..self.byte(range.end)).unwrap_or_default()
    }

    fn byte(&self, index: usize) -> usize {
        self.chars.get(index).map_or(self.text.len(), |(byte, _)| *byte)
    }

    fn is_in_address(&self, at: usize) -> bool {
        let token = self.slice(self.token_start(at)..at);
        token.contains(['/', '@']) || token.starts_with("www.")
    }

    /// "the end.Next" is two sentences; "www.Example.com", "Node.Js", "U.S.A" are not.
    fn lacks_space(&self, at: usize, after: usize) -> bool {
        if after == at + 1 && self.is(after, |c| opens_quote(c) && !closes_quote(c)) {
            return true;
        }
        let token = self.slice(self.token_start(at)..at);
        let word_before = token.chars().count() > 1
            && !token.contains('.')
            && token.chars().last().is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let closed = after > at + 1;
        let end = self.skip(after, char::is_alphabetic);
        let next = self.slice(after..end.min(after + LONGEST_TOKEN));
        let capital = self.is(after, char::is_uppercase)
            && (next.chars().skip(1).all(char::is_lowercase))
            && (next.chars().nth(1).is_some() || matches!(next, "I" | "A"));
        let domain =
            matches!(next, "Com" | "Org" | "Net" | "Js" | "Io" | "Co" | "Uk") || self.is(end, |c| c == '/');
        let dotted = self.is(end, |c| c == '.') && self.is(end + 1, char::is_alphanumeric);
        (word_before || closed) && capital && !domain && !dotted && !self.is_in_address(at)
    }

    /// Adds a sentence without the white space around it, in pieces where it is too long.
    fn push(&self, range: Range<usize>, found: &mut Vec<SentenceRange>) {
        let mut start = self.skip_white(range.start);
        while range.end > start && range.end - start > LONGEST_SENTENCE {
            let cut = self.cut(start);
            self.push_piece(start, cut, found);
            start = self.skip_white(cut);
        }
        self.push_piece(start, range.end, found);
    }

    fn push_piece(&self, start: usize, mut end: usize, found: &mut Vec<SentenceRange>) {
        while end > start && self.before(end).is_some_and(char::is_whitespace) {
            end -= 1;
        }
        if start < end {
            found.push(SentenceRange { bytes: self.byte(start)..self.byte(end), chars: start..end });
        }
    }

    /// Where to cut a sentence that begins at `start` and is too long.
    fn cut(&self, start: usize) -> usize {
        let latest = start + LONGEST_SENTENCE;
        let earliest = start + LONGEST_SENTENCE / 2;
        let clause = |index: &usize| {
            self.before(*index).is_some_and(|c| matches!(c, ';' | ':' | ',' | '、' | '，' | '；'))
        };
        let white = |index: &usize| self.is(*index, char::is_whitespace);
        let whole = |index: &usize| {
            let mut cursor = GraphemeCursor::new(self.byte(*index), self.text.len(), true);
            cursor.is_boundary(self.text, 0).unwrap_or(true)
        };
        let candidates = || (earliest..=latest).rev();
        candidates()
            .find(|index| clause(index) && white(index))
            .or_else(|| candidates().find(white))
            .or_else(|| candidates().find(clause))
            .or_else(|| candidates().take(32).find(whole))
            .unwrap_or(latest)
    }
}

/// Whether a character may end a sentence.
pub(super) fn is_stop(c: char) -> bool {
    matches!(c, '.' | '!' | '?' | '…') || is_own_mark(c)
}

/// Sentence marks (Unicode's `Sentence_Terminal`) that have no other use.
fn is_own_mark(c: char) -> bool {
    matches!(
        c,
        '。' | '！'
            | '？'
            | '｡'
            | '．'
            | '।'
            | '॥'
            | '؟'
            | '۔'
            | '።'
            | '፧'
            | '։'
            | '။'
            | '។'
            | '៕'
            | '‼'
            | '⁇'
            | '⁈'
            | '⁉'
    )
}

fn closes_quote(c: char) -> bool {
    matches!(
        c,
        '"' | '\''
            | '”'
            | '’'
            | '“'
            | '»'
            | '«'
            | '›'
            | ')'
            | ']'
            | '}'
            | '」'
            | '』'
            | '）'
            | '】'
            | '》'
            | '〉'
            | '〕'
    )
}

fn opens_quote(c: char) -> bool {
    matches!(c, '"' | '\'' | '“' | '‘' | '„' | '«' | '»' | '‹' | '「' | '『' | '¿' | '¡' | '《' | '【')
}

/// Scripts that write no mark at the end of a sentence.
fn is_stopless(c: char) -> bool {
    matches!(c, '\u{0E00}'..='\u{0EFF}')
}
