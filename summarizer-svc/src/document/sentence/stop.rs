//! Whether a mark ends its sentence.

use std::ops::Range;

use super::{
    abbreviation::Stop,
    mark::{Kind, closes, is_stop, opens},
    scanner::{Scanner, Step},
};

/// The longest token, in code points, that is looked at around a full stop; longer ones are addresses, if anything.
const LONGEST_TOKEN: usize = 64;
/// Top-level domains and file endings that are also written with a capital.
const NAME_ENDINGS: &[&str] = &["Com", "Org", "Net", "Js", "Io", "Co", "Uk", "De", "Fr", "Eu", "Ai"];

impl Scanner<'_> {
    pub(super) fn ends_sentences(&self, c: char) -> bool {
        is_stop(c) || (c == ';' && self.orthography.greek)
    }

    /// A run of stops begins at `at`.
    pub(super) fn stop(&self, at: usize) -> Step {
        let text = self.text;
        let spaced_dots = self.spaced_dots(at);
        let run = spaced_dots.unwrap_or_else(|| text.skip(at, |c| self.ends_sentences(c)));
        let kind = if spaced_dots.is_some() { Kind::Ellipsis } else { Kind::of(text.slice(at..run)) };
        let after = self.skip_closers(run);
        match text.at(after) {
            None => Step::End(after),
            Some(next) if next.is_whitespace() => self.spaced(at, after, kind),
            Some(next) => {
                let ends = match kind {
                    Kind::Own => self.own_mark_ends(run..after, next),
                    Kind::Question => (next.is_uppercase() || opens(next)) && !self.is_in_address(at),
                    Kind::Ellipsis => next.is_uppercase(),
                    Kind::Full => self.lacks_space(at, after),
                };
                if ends { Step::End(after) } else { Step::On(after) }
            }
        }
    }

    /// The end of ". . .", an ellipsis with spaces.
    fn spaced_dots(&self, at: usize) -> Option<usize> {
        let mut end = at + 1;
        while self.text.is(end, |c| c == ' ') && self.text.is(end + 1, |c| c == '.') {
            end += 2;
        }
        (self.text.is(at, |c| c == '.') && end >= at + 5).then_some(end)
    }

    /// Closing quotes and brackets belong to the sentence that they close. A mark that may also open does so before a
    /// letter, unless one like it is open.
    fn skip_closers(&self, mut index: usize) -> usize {
        while let Some(mark) = self.text.at(index).filter(|c| closes(*c)) {
            let before_word = self.text.is(index + 1, char::is_alphanumeric);
            let open = mark == '"' && self.open.in_double();
            if opens(mark) && before_word && !open {
                break;
            }
            index += 1;
        }
        index
    }

    /// The sentence goes on inside 「…」, and after 「はい。」 with a particle.
    fn own_mark_ends(&self, closers: Range<usize>, next: char) -> bool {
        let closed = closers.into_iter().any(|index| self.text.is(index, |c| matches!(c, '」' | '』')));
        let inside = self.open.in_corners() && !closed;
        let particle =
            closed && matches!(next, 'と' | 'っ' | 'な' | 'は' | 'が' | 'の' | 'を' | 'に' | 'も' | 'で');
        !(inside || particle || matches!(next, '、' | '，' | ',' | ';' | '；'))
    }

    /// A stop, perhaps closing marks, then white space from `after` on.
    fn spaced(&self, at: usize, after: usize, kind: Kind) -> Step {
        let text = self.text;
        let mut end = after;
        let mut next = text.skip_white(after);
        let closer = self.open.free_closer(text, next);
        if closer > 0 {
            end = next + closer;
            next = text.skip_white(end);
        }
        let word = text.skip(next, |c| opens(c) || matches!(c, '(' | '[' | '`'));
        let small = !self.orthography.caseless && self.is_small(word);
        let goes_on = match kind {
            Kind::Own => self.open.in_corners() && end == after && after == at + 1,
            _ if next >= text.len() => false,
            _ if text.is(next, |c| matches!(c, ',' | ';' | ':')) => true,
            Kind::Question | Kind::Ellipsis => small,
            Kind::Full => small || self.is_abbreviation(at, word),
        };
        if goes_on { Step::On(end) } else { Step::End(end) }
    }

    /// A word with a small letter, which opens no sentence; "iPhone" and "a)" do.
    fn is_small(&self, word: usize) -> bool {
        self.text.is(word, char::is_lowercase) && !self.text.is(word + 1, |c| c.is_uppercase() || c == ')')
    }

    fn is_abbreviation(&self, at: usize, word: usize) -> bool {
        let Some(first) = self.token_start(at) else { return false };
        let token = self.text.slice(first..at);
        if token.is_empty() || is_address(token) {
            return false;
        }
        let longest = word + LONGEST_TOKEN;
        let word_end =
            (word..longest).find(|index| !self.text.is(*index, |c| c.is_alphanumeric() || c == '\''));
        let word_end = word_end.unwrap_or(longest);
        // "A" of "J. A. Smith" opens nothing.
        let is_initial = word_end == word + 1
            && self.text.is(word, char::is_alphabetic)
            && self.text.is(word_end, |c| c == '.');
        Stop {
            token,
            next: if is_initial { "" } else { self.text.slice(word..word_end) },
            opens_sentence: first == self.start,
            orthography: self.orthography,
        }
        .is_inside()
    }

    /// Where the token that ends before `at` begins; None when it is too long to be an abbreviation.
    fn token_start(&self, at: usize) -> Option<usize> {
        let floor = at.saturating_sub(LONGEST_TOKEN).max(self.start);
        let first = (floor..at).rev().take_while(|index| self.text.is(*index, is_inner)).last().unwrap_or(at);
        (first == self.start || !self.text.before(first).is_some_and(is_inner)).then_some(first)
    }

    fn is_in_address(&self, at: usize) -> bool {
        self.token_start(at).is_none_or(|first| is_address(self.text.slice(first..at)))
    }

    /// "the end.Next" is two sentences; "www.Example.com", "Node.Js", "U.S.A" are not.
    fn lacks_space(&self, at: usize, after: usize) -> bool {
        let text = self.text;
        let Some(first) = self.token_start(at) else { return false };
        let token = text.slice(first..at);
        let word_before = token.chars().count() > 1
            && !token.contains('.')
            && token.chars().last().is_some_and(|c| c.is_lowercase() || c.is_ascii_digit());
        let closed = after > at + 1;
        if !(word_before || closed) || is_address(token) {
            return false;
        }
        let quote = text.skip(after, |c| opens(c) && c != '\'');
        let longest = quote + LONGEST_TOKEN;
        let end = (quote..longest).find(|index| !text.is(*index, char::is_alphabetic)).unwrap_or(longest);
        let word = text.slice(quote..end);
        let capital = text.is(quote, char::is_uppercase)
            && word.chars().skip(1).all(|c| !c.is_uppercase())
            && (word.chars().nth(1).is_some() || matches!(word, "I" | "A"));
        let address = NAME_ENDINGS.contains(&word) || text.is(end, |c| matches!(c, '/' | '@'));
        let dotted = text.is(end, |c| c == '.') && text.is(end + 1, char::is_alphanumeric);
        (capital && !address && !dotted) || (quote > after && !closes(text.at(after).unwrap_or('"')))
    }
}

/// What abbreviations and addresses are made of.
fn is_inner(c: char) -> bool {
    c.is_alphanumeric()
        || matches!(c, '.' | '/' | '@' | ':' | '№' | '-' | '_' | '?' | '=' | '&' | '%' | '#' | '~' | '+')
}

fn is_address(token: &str) -> bool {
    token.contains("://") || token.contains('@') || token.starts_with("www.")
}
