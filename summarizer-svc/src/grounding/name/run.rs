//! Capitalised words that belong together: "Louis van Gaal", "Bank of England", "J. K. Rowling".

use super::role::is_title;
use crate::grounding::token::{DASHES, Kind, Token};

/// Capitalised words that may be one name, or several side by side.
#[derive(Debug, Default)]
pub(super) struct Run {
    /// Tokens of its words, without what links them.
    pub(super) words: Vec<usize>,
    /// For each word, whether it stands right behind the one before.
    pub(super) adjacent: Vec<bool>,
    /// Whether the first word would have a capital anyway.
    pub(super) is_initial: bool,
}

/// Words in lower case within names.
const LINKS: &[&str] = &[
    "of", "the", "for", "de", "la", "las", "los", "le", "van", "von", "der", "den", "del", "della", "da",
    "di", "do", "dos", "bin", "ibn", "al", "el", "du", "des", "zu", "zur", "am", "y", "ter", "ten",
];

/// The runs of a text. Tokens that are `taken` belong to none.
pub(super) fn runs(tokens: &[Token], taken: &[bool]) -> Vec<Run> {
    let is_name =
        |at: usize| tokens.get(at).is_some_and(Token::is_capital) && !taken.get(at).copied().unwrap_or(false);
    let mut runs = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        if !is_name(at) {
            at += 1;
            continue;
        }
        let mut run = Run { words: vec![at], adjacent: vec![false], is_initial: is_initial(tokens, at) };
        while let Some((next, adjacent)) = next_word(tokens, at, is_name) {
            run.words.push(next);
            run.adjacent.push(adjacent);
            at = next;
        }
        at += 1;
        runs.push(run);
    }
    runs
}

/// Whether a word would have a capital whatever it is.
pub(super) fn is_initial(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1).and_then(|before| tokens.get(before));
    before.is_none_or(|before| {
        let after_title =
            at.checked_sub(2).and_then(|title| tokens.get(title)).is_some_and(|t| is_title(&t.folded));
        let stop = before.is_mark(&['.']) && !after_title;
        stop || before.is_mark(&[
            '!', '?', ':', ';', '“', '"', '„', '«', '‘', '\'', '•', '…', '–', '—', '(', '[', '/', '|',
        ])
    })
}

/// The next word of the run that has come to `at`.
fn next_word(tokens: &[Token], at: usize, is_name: impl Fn(usize) -> bool) -> Option<(usize, bool)> {
    let (word, next) = (tokens.get(at)?, tokens.get(at + 1)?);
    if word.is_possessive() {
        return None;
    }
    let abbreviates = word.folded.chars().count() == 1 || is_title(&word.folded);
    if (next.is_mark(&['.']) && !next.spaced && abbreviates)
        || (next.is_mark(DASHES) && !next.spaced)
        || next.is_mark(&['&'])
    {
        let joined = tokens.get(at + 2).is_some_and(|token| next.is_mark(&['.', '&']) || !token.spaced);
        return (joined && is_name(at + 2)).then_some((at + 2, true));
    }
    if is_name(at + 1) {
        return Some((at + 1, true));
    }
    let is_link = |at: usize| {
        tokens.get(at).is_some_and(|token| token.kind == Kind::Word && LINKS.contains(&token.folded.as_str()))
    };
    let linked = (2..=3).find(|step| is_name(at + step) && (1..*step).all(|between| is_link(at + between)));
    linked.map(|step| (at + step, false))
}
