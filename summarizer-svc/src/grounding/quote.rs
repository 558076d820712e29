//! Words between quotation marks.

use std::ops::Range;

use super::{
    letters::{Letters, append},
    token::{Kind, Token},
};

/// More tokens than this are no quotation of a summary's sentence.
const LONGEST: usize = 400;

/// The places between quotation marks, as ranges of tokens.
pub(super) fn quotes(tokens: &[Token]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        let close = closing(tokens, at);
        if let Some(end) = close {
            if end > at + 1 {
                found.push(at + 1..end);
            }
            at = end;
        }
        at += 1;
    }
    found
}

/// The mark that closes what a mark opens.
fn closing(tokens: &[Token], at: usize) -> Option<usize> {
    let token = tokens.get(at)?;
    let Kind::Mark(open) = token.kind else { return None };
    let closers: &[char] = match open {
        '“' => &['”', '"', '“'],
        '"' => &['"', '”'],
        '„' => &['“', '”', '"'],
        '«' => &['»'],
        '»' => &['«'],
        '‘' => &['’', '\''],
        '‚' => &['‘', '’'],
        '\'' => &['\'', '’'],
        '「' => &['」'],
        '『' => &['』'],
        _ => return None,
    };
    let is_single = matches!(open, '‘' | '\'');
    if is_single && (!token.spaced || tokens.get(at + 1).is_none_or(|next| next.spaced)) {
        return None;
    }
    let ends = |index: &usize| {
        let (Some(token), next) = (tokens.get(*index), tokens.get(index + 1)) else { return false };
        let stands_apart = next.is_none_or(|next| next.spaced || matches!(next.kind, Kind::Mark(_)));
        token.is_mark(closers) && (!is_single || (!token.spaced && stands_apart))
    };
    (at + 1..tokens.len().min(at + LONGEST)).find(ends)
}

/// Whether the article says all of a quotation. Its sentences need not follow one another, and ellipses and insertions
/// in brackets part it.
pub(super) fn is_supported(quote: &[Token], article: &Letters, knows: impl Fn(&Token) -> bool) -> bool {
    let parts = parts(quote);
    if let ([part], [word]) = (parts.as_slice(), words(quote).as_slice()) {
        return article.contains(part) || knows(word);
    }
    let possessive = words(quote).last().is_some_and(|word| word.is_possessive());
    let says = |part: &String| {
        article.contains(part)
            || part.strip_suffix('s').is_some_and(|bare| possessive && article.contains(bare))
    };
    parts.iter().all(says)
}

fn words(quote: &[Token]) -> Vec<&Token> {
    quote.iter().filter(|token| !matches!(token.kind, Kind::Mark(_))).collect()
}

/// The letters between ellipses, insertions and ends of sentences.
fn parts(quote: &[Token]) -> Vec<String> {
    let mut parts = vec![String::new()];
    let mut at = 0;
    while let Some(token) = quote.get(at) {
        at += 1;
        match token.kind {
            Kind::Mark('[' | '(') => {
                let end = (at..quote.len().min(at + 12))
                    .find(|index| quote.get(*index).is_some_and(|t| t.is_mark(&[']', ')'])));
                let Some(end) = end else { continue };
                let behind_word =
                    at.checked_sub(2).and_then(|at| quote.get(at)).is_some_and(|t| t.kind == Kind::Word);
                let touches = (behind_word && !token.spaced)
                    || quote.get(end + 1).is_some_and(|next| !next.spaced && next.kind == Kind::Word);
                if !touches {
                    parts.push(String::new());
                    at = end + 1;
                }
            }
            Kind::Mark('…' | '?' | '!') => parts.push(String::new()),
            Kind::Mark('.')
                if quote.get(at).is_some_and(|next| next.is_mark(&['.']) || next.is_capital()) =>
            {
                parts.push(String::new());
            }
            Kind::Mark(_) => {}
            Kind::Word | Kind::Number => {
                if let Some(part) = parts.last_mut() {
                    append(part, &token.raw);
                }
            }
        }
    }
    parts.retain(|part| !part.is_empty());
    parts
}
