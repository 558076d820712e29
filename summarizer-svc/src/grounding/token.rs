//! Words, numbers and marks of a text, with their places.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::tongue::Tongue;
use crate::document::is_written_without_spaces;

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Letters, then letters and digits; one character of a script without spaces.
    Word,
    /// Digits, with the separators between them.
    Number,
    /// Anything else but white space.
    Mark(char),
}

/// A piece of a text.
#[derive(Debug, Clone)]
pub(super) struct Token {
    pub(super) kind: Kind,
    /// First code point.
    pub(super) start: usize,
    /// The code point after the last one.
    pub(super) end: usize,
    /// As it is written.
    pub(super) raw: String,
    /// In lower case, without diacritics, abbreviating stops and possessive endings.
    pub(super) folded: String,
    /// White space or nothing stands before it.
    pub(super) spaced: bool,
}

impl Token {
    /// Whether it is this mark.
    pub(super) fn is_mark(&self, marks: &[char]) -> bool {
        matches!(self.kind, Kind::Mark(mark) if marks.contains(&mark))
    }

    /// Whether it is a word with a capital letter at its beginning.
    pub(super) fn is_capital(&self) -> bool {
        self.kind == Kind::Word
            && self.raw.starts_with(|c: char| c.is_uppercase() || ('\u{1C90}'..='\u{1CBF}').contains(&c))
    }

    /// Whether it is written in two or more capitals, as abbreviations are.
    pub(super) fn is_acronym(&self) -> bool {
        let capitals = self.raw.chars().filter(|c| c.is_uppercase()).count();
        let bare = self.raw.split(is_apostrophe).next().unwrap_or_default();
        self.kind == Kind::Word
            && capitals > 1
            && bare.len() > 1
            && bare.chars().filter(|c| c.is_lowercase()).count() < 2
    }

    /// Whether it ends as a possessive does.
    pub(super) fn is_possessive(&self) -> bool {
        self.raw.ends_with("'s")
            || self.raw.ends_with("’s")
            || self.raw.ends_with("'S")
            || self.raw.ends_with("’S")
    }
}

/// Apostrophes, straight and curly.
pub(super) fn is_apostrophe(c: char) -> bool {
    matches!(c, '\'' | '’' | 'ʼ')
}

/// Hyphens and dashes.
pub(super) const DASHES: &[char] = &['-', '‐', '‑', '–', '—', '−'];

/// Reads a text.
pub(super) fn lex(text: &str, tongue: Tongue) -> Vec<Token> {
    let chars: Vec<char> = text.chars().collect();
    let mut tokens = Vec::new();
    let (mut at, mut spaced) = (0, true);
    while let Some(&c) = chars.get(at) {
        if c.is_whitespace() {
            (at, spaced) = (at + 1, true);
            continue;
        }
        let (kind, end) = if c.is_ascii_digit() {
            (Kind::Number, number_end(&chars, at))
        } else if c.is_alphabetic() {
            (Kind::Word, word_end(&chars, at, tongue))
        } else {
            (Kind::Mark(c), at + 1)
        };
        let raw: String = chars.get(at..end).unwrap_or_default().iter().collect();
        let folded = if kind == Kind::Word { fold(&raw) } else { raw.clone() };
        tokens.push(Token { kind, start: at, end, raw, folded, spaced });
        (at, spaced) = (end, false);
    }
    tokens
}

/// Lower case without diacritics, stops and possessive endings.
pub(super) fn fold(word: &str) -> String {
    if word.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return word.to_ascii_lowercase();
    }
    let lower = word.to_lowercase().replace(['’', 'ʼ'], "'").replace('ß', "ss").replace('.', "");
    let bare = ["'s", "'d"].iter().find_map(|ending| lower.strip_suffix(ending)).unwrap_or(&lower);
    bare.nfd().filter(|c| !is_combining_mark(*c)).nfc().collect()
}

fn word_end(chars: &[char], start: usize, tongue: Tongue) -> usize {
    let is = |index: usize, test: fn(char) -> bool| chars.get(index).copied().is_some_and(test);
    if is(start, is_written_without_spaces) {
        return start + 1;
    }
    let mut at = start + 1;
    loop {
        let inside = |c: char| (c.is_alphanumeric() || is_combining_mark(c)) && !is_written_without_spaces(c);
        let joins = !tongue.elides() && is(at, is_apostrophe) && is(at + 1, char::is_alphabetic);
        let letter = is(at, |c| c == '.') && is(at + 1, char::is_alphabetic) && is_single(chars, start, at);
        if is(at, inside) {
            at += 1;
        } else if joins || letter {
            at += 2;
        } else {
            break;
        }
    }
    let abbreviates = at - start > 2 && is(at, |c| c == '.') && is_single(chars, start, at);
    at + usize::from(abbreviates)
}

/// Whether the letter before `at` stands alone, at the word's beginning or after a stop: "U.S".
fn is_single(chars: &[char], start: usize, at: usize) -> bool {
    at == start + 1 || at.checked_sub(2).and_then(|before| chars.get(before)) == Some(&'.')
}

fn number_end(chars: &[char], start: usize) -> usize {
    let digits = |from: usize| chars.iter().skip(from).take_while(|c| c.is_ascii_digit()).take(64).count();
    let mut at = start + digits(start).max(1);
    let mut grouped = at - start <= 3;
    let mut group_mark = None;
    while let Some(&separator) = chars.get(at) {
        let next = digits(at + 1);
        let groups = grouped && next == 3 && group_mark.is_none_or(|mark| mark == separator);
        let joins = match separator {
            ',' => (1..=3).contains(&next),
            '.' => next > 0,
            ' ' | '\u{A0}' | '\u{202F}' | '\u{2009}' | '\'' | '’' => groups,
            _ => false,
        };
        if !joins || at - start > 64 {
            break;
        }
        grouped = groups;
        group_mark = Some(separator);
        at += 1 + next;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        lex(text, Tongue::English).into_iter().map(|token| token.folded).collect()
    }

    #[test]
    fn tokens_are_words_numbers_and_marks() {
        assert_eq!(words("Zoë’s U.S. team won 3-1."), ["zoe", "us", "team", "won", "3", "-", "1", "."]);
        assert_eq!(
            words("1 000, 1\u{202F}000,5 and 2015 300"),
            ["1 000", ",", "1\u{202F}000,5", "and", "2015", "300"]
        );
        assert_eq!(words("MH370 at 5pm"), ["mh370", "at", "5", "pm"]);
    }

    #[test]
    fn places_count_code_points() {
        let tokens = lex("Zoë 5m", Tongue::English);
        let places: Vec<_> = tokens.iter().map(|token| (token.start, token.end, token.spaced)).collect();
        assert_eq!(places, [(0, 3, true), (4, 5, true), (5, 6, false)]);
    }
}
