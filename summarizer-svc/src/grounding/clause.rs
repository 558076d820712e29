//! The clauses of a sentence.

use std::ops::Range;

/// A clause has at least so many words.
const FEWEST_WORDS: usize = 4;

/// The clauses of a sentence, as ranges of code points that leave nothing out.
pub(super) fn clauses(chars: &[char]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let (mut start, mut words) = (0, 0);
    for (at, c) in chars.iter().enumerate() {
        let white_follows = chars.get(at + 1).is_none_or(|next| next.is_whitespace());
        words += usize::from(white_follows && !c.is_whitespace());
        let parts = matches!(c, ',' | ';' | ':' | '—' | '–') && white_follows;
        if (parts && words >= FEWEST_WORDS) || matches!(c, '、' | '，' | '；') {
            found.push(start..at + 1);
            (start, words) = (at + 1, 0);
        }
    }
    match found.last_mut() {
        Some(last) if words < FEWEST_WORDS => last.end = chars.len(),
        _ => found.push(start..chars.len()),
    }
    found
}

/// A range without the white space around it and the mark that parts it from the next clause.
pub(super) fn trim(chars: &[char], range: Range<usize>) -> Range<usize> {
    let is = |at: usize, test: fn(char) -> bool| chars.get(at).copied().is_some_and(test);
    let (mut start, mut end) = (range.start, range.end.min(chars.len()));
    while start < end && is(start, char::is_whitespace) {
        start += 1;
    }
    let parts = |c: char| c.is_whitespace() || matches!(c, ',' | ';' | ':' | '—' | '–' | '、' | '，' | '；');
    while end > start && is(end - 1, parts) {
        end -= 1;
    }
    start..end
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_falls_into_clauses_of_some_length() {
        let text: Vec<char> =
            "The bridge, which opened in 1932, was closed on Monday; engineers found cracks in it."
                .chars()
                .collect();
        let parts: Vec<String> = clauses(&text)
            .into_iter()
            .map(|clause| trim(&text, clause))
            .map(|clause| text[clause].iter().collect())
            .collect();
        assert_eq!(
            parts,
            ["The bridge, which opened in 1932", "was closed on Monday", "engineers found cracks in it."]
        );
    }
}
