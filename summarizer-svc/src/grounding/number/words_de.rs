//! German number words, which are written as one: "zweihundertfünfundzwanzig".

use super::spelled::Part;

/// What a word, in lower case and without diacritics, adds to a number.
pub(super) fn part(word: &str) -> Option<Part> {
    Some(match word {
        "million" | "millionen" => Part::Scale(6),
        "milliarde" | "milliarden" => Part::Scale(9),
        "billion" | "billionen" => Part::Scale(12),
        "dutzend" => Part::Dozen,
        "hundert" => Part::Hundred,
        "tausend" => Part::Scale(3),
        "anderthalb" | "eineinhalb" => Part::AndAHalf(1),
        "ein" | "eine" | "einen" | "einem" | "einer" => Part::Article,
        // How often, or how many times as much: "dreimal", "dreifach".
        _ if multiple(word).is_some() => Part::Small(multiple(word)?),
        _ if word.ends_with("einhalb") => Part::AndAHalf(small(word.strip_suffix("einhalb")?)?),
        _ => match below_million(word) {
            Some(value) => Part::Small(value),
            None => Part::Ordinal(ordinal(word)?),
        },
    })
}

fn multiple(word: &str) -> Option<u64> {
    let number = word.strip_suffix("mal").or_else(|| word.strip_suffix("fach"))?;
    below_million(number).filter(|value| *value > 1)
}

fn ordinal(word: &str) -> Option<u64> {
    let stem = ["en", "er", "es", "em", "e"].iter().find_map(|ending| word.strip_suffix(ending))?;
    match stem {
        "erst" => return Some(1),
        "dritt" => return Some(3),
        "siebt" => return Some(7),
        "acht" => return Some(8),
        _ => {}
    }
    let twenty = stem.strip_suffix("st").and_then(below_million).filter(|value| *value > 19);
    twenty.or_else(|| stem.strip_suffix('t').and_then(below_million).filter(|value| (2..20).contains(value)))
}

fn below_million(word: &str) -> Option<u64> {
    match word.split_once("tausend") {
        Some((before, after)) => {
            let thousands = if before.is_empty() { 1 } else { below_thousand(before)? };
            let rest = after.strip_prefix("und").unwrap_or(after);
            Some(thousands * 1_000 + if rest.is_empty() { 0 } else { below_thousand(rest)? })
        }
        None => below_thousand(word),
    }
}

fn below_thousand(word: &str) -> Option<u64> {
    match word.split_once("hundert") {
        Some((before, after)) => {
            let hundreds = if before.is_empty() { 1 } else { small(before).filter(|value| *value < 20)? };
            let rest = after.strip_prefix("und").unwrap_or(after);
            Some(hundreds * 100 + if rest.is_empty() { 0 } else { below_hundred(rest)? })
        }
        None => below_hundred(word),
    }
}

fn below_hundred(word: &str) -> Option<u64> {
    if let Some(value) = small(word).or_else(|| tens(word)) {
        return Some(value);
    }
    let (at, _) = word.match_indices("und").find(|(at, _)| word.get(at + 3..).and_then(tens).is_some())?;
    Some(small(word.get(..at)?).filter(|value| *value < 10)? + tens(word.get(at + 3..)?)?)
}

fn small(word: &str) -> Option<u64> {
    const SMALL: &[&str] = &[
        "null", "ein", "zwei", "drei", "vier", "funf", "sechs", "sieben", "acht", "neun", "zehn", "elf",
        "zwolf", "dreizehn", "vierzehn", "funfzehn", "sechzehn", "siebzehn", "achtzehn", "neunzehn",
    ];
    if word == "eins" {
        return Some(1);
    }
    SMALL.iter().position(|known| *known == word).map(|value| value as u64)
}

fn tens(word: &str) -> Option<u64> {
    const TENS: &[&str] =
        &["zwanzig", "dreissig", "vierzig", "funfzig", "sechzig", "siebzig", "achtzig", "neunzig"];
    TENS.iter().position(|known| *known == word).map(|value| (value as u64 + 2) * 10)
}
