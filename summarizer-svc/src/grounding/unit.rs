//! What a passage and a sentence are compared by.

use std::collections::HashSet;

use super::{number::numerals, token::lex, tongue::Tongue};
use crate::document::{Language, Words, content_stem};

/// A text's units of meaning, and its words in order.
#[derive(Debug, Default)]
pub(super) struct Units {
    /// Stems of the words that carry meaning, and numbers, whichever way they are written. Each once.
    pub(super) content: HashSet<String>,
    /// Pairs of neighbouring words.
    pub(super) pairs: HashSet<(String, String)>,
}

impl Units {
    /// Reads a text.
    pub(super) fn of(text: &str, language: &Language, tongue: Tongue) -> Self {
        let words = Words::of(text);
        let pairs = words.sequence.windows(2).filter_map(|pair| match pair {
            [a, b] => Some((a.clone(), b.clone())),
            _ => None,
        });
        Self { pairs: pairs.collect(), content: content(text, &words, language, tongue) }
    }
}

/// The content alone.
pub(super) fn content(text: &str, words: &Words, language: &Language, tongue: Tongue) -> HashSet<String> {
    let has_digit = |unit: &str| unit.bytes().any(|byte| byte.is_ascii_digit());
    let stems =
        words.units.iter().filter(|unit| !has_digit(unit)).filter_map(|unit| content_stem(unit, language));
    let numbers = numerals(&lex(text, tongue), tongue).into_iter().flat_map(|numeral| numeral.values);
    stems.map(std::borrow::Cow::into_owned).chain(numbers.map(|value| value.to_string())).collect()
}
