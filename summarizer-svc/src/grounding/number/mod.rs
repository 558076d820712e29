//! Numbers in digits, in words and in both ("5.2 million"), as values.
//!
//! # Layout
//!
//! - `value`: exact decimals and the readings of digits; `spelled`: numbers in words, by `words_en`, `words_de`, `words_fr`.
//! - `index`: the numbers of an article, and whether they support another one.
//! - `share`: fractions and percentages.
//! - `hedge`: "more than", "nearly".

mod hedge;
mod index;
mod share;
mod spelled;
mod value;
mod words_de;
mod words_en;
mod words_fr;

pub(super) use index::{Counted, Numbers};
pub(super) use share::{Share, is_among, shares};
pub(super) use value::Value;

use super::{
    token::{DASHES, Kind, Token},
    tongue::Tongue,
};
use spelled::{Part, part, spelled};

/// How a number is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    Digits,
    Words,
    Ordinal,
    /// Four digits that may be a year.
    Year,
    /// "1990s".
    Decade,
}

/// A number in a text.
#[derive(Debug, Clone)]
pub(super) struct Numeral {
    /// Its first token.
    pub(super) first: usize,
    /// The token after its last one.
    pub(super) end: usize,
    /// What it may stand for.
    pub(super) values: Vec<Value>,
    pub(super) form: Form,
}

/// Whether a folded word is a number, or a part of one.
pub(super) fn is_word(word: &str, tongue: Tongue) -> bool {
    part(word, tongue).is_some()
}

/// The numbers of a text, in order.
pub(super) fn numerals(tokens: &[Token], tongue: Tongue) -> Vec<Numeral> {
    let mut found: Vec<Numeral> = Vec::new();
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        let rest = tokens.get(at..).unwrap_or_default();
        let numeral = match token.kind {
            Kind::Number => Some(in_digits(rest, at, tongue)),
            // "pour cent" is no hundred.
            Kind::Word if token.folded == "cent" && is_behind(tokens, at, "pour") => None,
            Kind::Word => spelled(rest, tongue).filter(|spelled| !spelled.is_bare).map(|spelled| Numeral {
                first: at,
                end: at + spelled.tokens,
                values: vec![spelled.value],
                form: if spelled.is_ordinal { Form::Ordinal } else { Form::Words },
            }),
            Kind::Mark(_) => None,
        };
        at += 1;
        if let Some(numeral) = numeral {
            at = numeral.end;
            found.push(numeral);
        }
    }
    share_scales(tokens, &mut found);
    found
}

fn is_behind(tokens: &[Token], at: usize, word: &str) -> bool {
    at.checked_sub(1).and_then(|before| tokens.get(before)).is_some_and(|before| before.folded == word)
}

fn in_digits(tokens: &[Token], first: usize, tongue: Tongue) -> Numeral {
    let raw = tokens.first().map(|token| token.raw.as_str()).unwrap_or_default();
    let mut values = value::readings(raw, tongue.has_decimal_commas());
    let is_year = raw.len() == 4 && values.first().and_then(|value| value.integer()).is_some_and(is_year);
    let mut numeral = Numeral { first, end: first + 1, values: Vec::new(), form: Form::Digits };
    if is_year {
        numeral.form = Form::Year;
    }
    let mut taken = 1;
    while let Some(next) = tokens.get(taken) {
        let hyphen = !next.spaced && next.is_mark(DASHES);
        let (word, steps) = if hyphen { (tokens.get(taken + 1), 2) } else { (Some(next), 1) };
        let Some(word) = word.filter(|word| word.kind == Kind::Word) else { break };
        match suffix(word, hyphen || word.spaced, tongue) {
            Some(Suffix::Scale(power)) => {
                for value in &mut values {
                    *value = value.scaled(power);
                }
                numeral.form = Form::Digits;
            }
            Some(Suffix::MaybeMillion) => {
                values = values.iter().flat_map(|value| [*value, value.scaled(6)]).collect();
            }
            Some(Suffix::Ordinal) => numeral.form = Form::Ordinal,
            Some(Suffix::Decade) => numeral.form = Form::Decade,
            None => break,
        }
        taken += steps;
        if numeral.form != Form::Digits {
            break;
        }
    }
    numeral.values = values;
    numeral.end = first + taken;
    numeral
}

/// What follows digits.
enum Suffix {
    Scale(u32),
    /// "m": metres or millions.
    MaybeMillion,
    Ordinal,
    Decade,
}

fn suffix(word: &Token, apart: bool, tongue: Tongue) -> Option<Suffix> {
    let power = match part(&word.folded, tongue) {
        Some(Part::Scale(power)) => Some(power),
        Some(Part::Hundred) => Some(2),
        _ => None,
    };
    let scale = power.or(match word.folded.as_str() {
        "millions" | "mn" | "mio" | "mln" => Some(6),
        "tn" | "trn" => Some(12),
        "k" if !apart => Some(3),
        "bn" | "mrd" | "md" => Some(9),
        _ => None,
    });
    match word.folded.as_str() {
        _ if scale.is_some() => scale.map(Suffix::Scale),
        "billions" if tongue == Tongue::English => Some(Suffix::Scale(9)),
        "b" if !apart => Some(Suffix::Scale(9)),
        "m" => Some(Suffix::MaybeMillion),
        "st" | "nd" | "rd" | "th" | "er" | "ere" | "e" | "eme" | "ieme" if !apart => Some(Suffix::Ordinal),
        "s" | "er" | "ern" if !apart => Some(Suffix::Decade),
        _ => None,
    }
}

fn is_year(number: u64) -> bool {
    (1_000..=2_100).contains(&number)
}

/// "10-12 million" and "10 to 12 million" mean millions both times; "2014-15" are two years.
fn share_scales(tokens: &[Token], found: &mut [Numeral]) {
    const LINKS: &[&str] = &["to", "and", "or", "bis", "und", "oder", "a", "et", "ou"];
    for index in 1..found.len() {
        let Some([before, after]) = found.get_mut(index - 1..=index) else { continue };
        let link = tokens.get(before.end).filter(|_| before.end + 1 == after.first);
        let Some(link) = link.filter(|link| link.is_mark(DASHES) || LINKS.contains(&link.folded.as_str()))
        else {
            continue;
        };
        let scales: Vec<u32> = tokens
            .get(after.first + 1..after.end)
            .unwrap_or_default()
            .iter()
            .filter_map(|token| match suffix(token, true, Tongue::English) {
                Some(Suffix::Scale(power)) => Some(power),
                Some(Suffix::MaybeMillion) => Some(6),
                _ => None,
            })
            .collect();
        let shared: u32 = scales.iter().sum();
        if shared > 0 && before.end == before.first + 1 {
            let more: Vec<Value> = before.values.iter().map(|value| value.scaled(shared)).collect();
            before.values.extend(more);
        }
        let century = before.values.first().and_then(|value| value.integer()).map(|year| year / 100 * 100);
        let short = after.values.first().and_then(|value| value.integer()).filter(|year| *year < 100);
        if let (true, Some(century), Some(short)) =
            (before.form == Form::Year && link.is_mark(DASHES), century, short)
        {
            after.values.push(Value::whole(century + short));
            after.form = Form::Year;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::grounding::token::lex;

    fn values(text: &str, tongue: Tongue) -> Vec<f64> {
        let tokens = lex(text, tongue);
        let found = numerals(&tokens, tongue);
        found.iter().filter_map(|numeral| numeral.values.last()).map(|value| value.approximate()).collect()
    }

    #[test]
    fn english_numbers_are_read_in_digits_and_words() {
        for (text, value) in [
            ("1,000", 1e3),
            ("one thousand", 1e3),
            ("a thousand", 1e3),
            ("two hundred and five", 205.0),
            ("5m", 5e6),
            ("£5bn", 5e9),
            ("five million", 5e6),
            ("5.2 million", 5.2e6),
            ("twenty-five", 25.0),
            ("two dozen", 24.0),
            ("half a million", 5e5),
            ("62-year-old", 62.0),
            ("3rd", 3.0),
            ("twenty-third", 23.0),
            ("1990s", 1990.0),
            ("one hundred and twenty thousand", 1.2e5),
            ("300,000", 3e5),
            ("nineteenth", 19.0),
            ("$1.5-billion", 1.5e9),
            ("12 hundred", 1.2e3),
            ("two thousand and nineteen", 2019.0),
            ("fifty per cent", 50.0),
        ] {
            assert_eq!(values(text, Tongue::English), [value], "{text}");
        }
        assert_eq!(values("10-12 million", Tongue::English), [1e7, 1.2e7]);
        assert_eq!(values("seasons 2014-15", Tongue::English), [2014.0, 2015.0]);
        assert_eq!(values("one two three", Tongue::English), [1.0, 2.0, 3.0]);
        assert!(values("a man an hour and hundreds of thousands", Tongue::English).is_empty());
    }

    #[test]
    fn german_numbers_are_read_in_digits_and_words() {
        for (text, value) in [
            ("fünfundzwanzig", 25.0),
            ("zweihundertdreiundvierzig", 243.0),
            ("dreitausend", 3e3),
            ("1.500", 1.5),
            ("2,5 Millionen", 2.5e6),
            ("eine Million", 1e6),
            ("zwölf", 12.0),
            ("dritten", 3.0),
            ("zwanzigste", 20.0),
            ("5 Mrd.", 5e9),
            ("dreißig", 30.0),
            ("hundert", 100.0),
            ("achteinhalb Millionen", 8.5e6),
        ] {
            assert_eq!(values(text, Tongue::German), [value], "{text}");
        }
        assert!(values("eine Frau und der Rest", Tongue::German).is_empty());
    }

    #[test]
    fn french_numbers_are_read_in_digits_and_words() {
        for (text, value) in [
            ("vingt et un", 21.0),
            ("quatre-vingt-dix-sept", 97.0),
            ("quatre-vingts", 80.0),
            ("soixante-douze", 72.0),
            ("deux cents", 200.0),
            ("trois mille", 3e3),
            ("1 500", 1.5e3),
            ("2,5 millions", 2.5e6),
            ("troisième", 3.0),
            ("dix-huit", 18.0),
            ("mille", 1e3),
            ("un million", 1e6),
            ("1er", 1.0),
        ] {
            assert_eq!(values(text, Tongue::French), [value], "{text}");
        }
    }
}
