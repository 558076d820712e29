//! Shares of a whole: "two in five", "a quarter", "jede dritte", "un sur cinq" and "40 percent" say the same in two ways.

use std::ops::Range;

use super::{Form, Numeral};
use crate::grounding::{
    token::{DASHES, Kind, Token},
    tongue::Tongue,
};

/// Shares that differ by less are the same: "two thirds" are 67 percent.
const SAME: f64 = 0.005;
/// Of larger numbers nobody says "one in".
const MOST_PARTS: f64 = 100.0;
/// Words between a number and "sur": "un électeur sur cinq".
const MOST_BETWEEN: usize = 2;

/// A share in a text.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::grounding) struct Share {
    /// Its tokens.
    pub(in crate::grounding) tokens: Range<usize>,
    /// From 0 to 1, or more where it is a percentage.
    pub(in crate::grounding) value: f64,
    /// Whether it is written as a percentage.
    pub(in crate::grounding) is_percentage: bool,
}

impl Share {
    /// Whether one of `others` is as large.
    pub(in crate::grounding) fn is_among(&self, others: &[f64]) -> bool {
        is_among(self.value, others)
    }
}

/// Whether a part of a whole is one of `others`.
pub(in crate::grounding) fn is_among(value: f64, others: &[f64]) -> bool {
    others.iter().any(|other| (value - other).abs() < SAME)
}

/// The shares of a text, by its numbers. A number may be in several.
pub(in crate::grounding) fn shares(tokens: &[Token], numerals: &[Numeral], tongue: Tongue) -> Vec<Share> {
    let reader = Reader { tokens, numerals, tongue };
    let of_numerals = numerals.iter().flat_map(|numeral| {
        [reader.percentage(numeral), reader.some_of(numeral), reader.every(numeral)].into_iter().flatten()
    });
    of_numerals
        .chain((0..tokens.len()).filter_map(|at| reader.fraction(at).or_else(|| reader.one_of(at))))
        .collect()
}

struct Reader<'a> {
    tokens: &'a [Token],
    numerals: &'a [Numeral],
    tongue: Tongue,
}

impl Reader<'_> {
    fn word(&self, at: usize) -> &str {
        let word = self.tokens.get(at).filter(|token| token.kind == Kind::Word);
        word.map(|token| token.folded.as_str()).unwrap_or_default()
    }

    fn numeral_at(&self, at: usize) -> Option<&Numeral> {
        self.numerals.iter().find(|numeral| numeral.first == at)
    }

    /// "40 %", "40 percent", "40 per cent", "40 Prozent", "40 pour cent".
    fn percentage(&self, numeral: &Numeral) -> Option<Share> {
        let end = numeral.end;
        let length = match (self.word(end), self.word(end + 1)) {
            ("percent" | "prozent" | "pc" | "pct", _) => 1,
            ("per" | "pour", "cent") => 2,
            _ => usize::from(self.tokens.get(end).is_some_and(|token| token.is_mark(&['%']))),
        };
        let value = numeral.values.first().filter(|_| length > 0)?.approximate() / 100.0;
        Some(Share { tokens: numeral.first..end + length, value, is_percentage: true })
    }

    /// "two in five", "nine out of ten", "drei von vier".
    fn some_of(&self, numeral: &Numeral) -> Option<Share> {
        self.parts_of(numeral.first..numeral.end, numeral.values.first()?.approximate())
    }

    /// "einer von fünf", "un électeur sur cinq": an article is no number elsewhere.
    fn one_of(&self, at: usize) -> Option<Share> {
        let is_one = matches!(self.word(at), "einer" | "eine" | "eines" | "einen" | "un" | "une");
        if is_one { self.parts_of(at..at + 1, 1.0) } else { None }
    }

    fn parts_of(&self, count: Range<usize>, part: f64) -> Option<Share> {
        let end = count.end;
        let link = match (self.tongue, self.word(end), self.word(end + 1)) {
            (Tongue::English, "out", "of") | (Tongue::English, "in", "every") => end + 2,
            (Tongue::English, "in", _) | (Tongue::German, "von", _) => end + 1,
            (Tongue::French, ..) => (end..=end + MOST_BETWEEN).find(|at| self.word(*at) == "sur")? + 1,
            _ => return None,
        };
        let whole = self.numeral_at(link)?;
        let all = whole.values.first()?.approximate();
        let is_share = part >= 1.0 && part < all && all <= MOST_PARTS;
        is_share.then(|| Share { tokens: count.start..whole.end, value: part / all, is_percentage: false })
    }

    /// "every third", "jede dritte".
    fn every(&self, numeral: &Numeral) -> Option<Share> {
        let before = numeral.first.checked_sub(1)?;
        let every = match self.tongue {
            Tongue::English => self.word(before) == "every",
            Tongue::German => matches!(self.word(before), "jede" | "jeder" | "jedes" | "jeden" | "jedem"),
            _ => false,
        };
        let parts = numeral.values.first()?.approximate();
        let is_share = every && numeral.form == Form::Ordinal && (2.0..=MOST_PARTS).contains(&parts);
        is_share.then(|| Share { tokens: before..numeral.end, value: 1.0 / parts, is_percentage: false })
    }

    /// "half", "a quarter", "two-thirds", "drei Viertel", "deux tiers".
    fn fraction(&self, at: usize) -> Option<Share> {
        let parts = parts(self.word(at), self.tongue)?;
        let mut before = at.checked_sub(1);
        if before.and_then(|at| self.tokens.get(at)).is_some_and(|token| token.is_mark(DASHES)) {
            before = before.and_then(|at| at.checked_sub(1));
        }
        let count = before.and_then(|at| self.count(at));
        let is_plain =
            matches!(self.word(at), "half" | "halfte" | "moitie" | "tiers" | "drittel" | "viertel");
        let count_or_one = count.or(is_plain.then_some(1.0)).filter(|count| *count < parts)?;
        let first = if count.is_some() { before? } else { at };
        Some(Share { tokens: first..at + 1, value: count_or_one / parts, is_percentage: false })
    }

    /// How many parts the word before a fraction counts.
    fn count(&self, at: usize) -> Option<f64> {
        if matches!(self.word(at), "a" | "one" | "ein" | "eine" | "einem" | "einen" | "un" | "une") {
            return Some(1.0);
        }
        let numeral = self.numerals.iter().find(|numeral| (numeral.first..numeral.end).contains(&at))?;
        let count = numeral.values.first()?.approximate();
        (numeral.form != Form::Ordinal && (1.0..10.0).contains(&count)).then_some(count)
    }
}

/// Into how many parts a fraction's word divides.
fn parts(word: &str, tongue: Tongue) -> Option<f64> {
    Some(match (tongue, word) {
        (Tongue::English, "half") | (Tongue::German, "halfte") | (Tongue::French, "moitie") => 2.0,
        (Tongue::English, "third" | "thirds") | (Tongue::German, "drittel") | (Tongue::French, "tiers") => {
            3.0
        }
        (Tongue::English, "quarter" | "quarters")
        | (Tongue::German, "viertel")
        | (Tongue::French, "quart" | "quarts") => 4.0,
        (Tongue::English, "fifth" | "fifths")
        | (Tongue::German, "funftel")
        | (Tongue::French, "cinquieme" | "cinquiemes") => 5.0,
        (Tongue::English, "sixth" | "sixths")
        | (Tongue::German, "sechstel")
        | (Tongue::French, "sixieme" | "sixiemes") => 6.0,
        (Tongue::English, "eighth" | "eighths") | (Tongue::German, "achtel") => 8.0,
        (Tongue::English, "tenth" | "tenths")
        | (Tongue::German, "zehntel")
        | (Tongue::French, "dixieme" | "dixiemes") => 10.0,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::{number::numerals, token::lex};

    fn values(text: &str, tongue: Tongue) -> Vec<f64> {
        let tokens = lex(text, tongue);
        let found = shares(&tokens, &numerals(&tokens, tongue), tongue);
        found.iter().map(|share| (share.value * 1000.0).round() / 10.0).collect()
    }

    #[test]
    fn a_share_is_the_same_in_each_of_its_spellings() {
        for text in [
            "Two in five slept better.",
            "Two-fifths slept better.",
            "40% did.",
            "Some 40 per cent did.",
            "4 out of 10 did.",
        ] {
            assert_eq!(values(text, Tongue::English), [40.0], "{text}");
        }
        for text in ["Jeder vierte ging.", "Ein Viertel ging.", "25 Prozent gingen.", "Zwei von acht gingen."]
        {
            assert!(values(text, Tongue::German).contains(&25.0), "{text}");
        }
        for text in [
            "Un électeur sur cinq a voté.",
            "20 % ont voté.",
            "Un cinquième a voté.",
            "20 pour cent ont voté.",
        ] {
            assert_eq!(values(text, Tongue::French), [20.0], "{text}");
        }
        assert_eq!(values("Half of them, and two thirds of the rest.", Tongue::English), [50.0, 66.7]);
    }

    #[test]
    fn what_only_looks_like_a_share_is_none() {
        for text in
            ["In the third quarter.", "The fifth of May.", "One in 2019.", "Nine in two.", "The third man."]
        {
            assert_eq!(values(text, Tongue::English), Vec::<f64>::new(), "{text}");
        }
    }
}
