//! French number words.

use super::spelled::Part;

/// What a word, in lower case and without diacritics, adds to a number.
pub(super) fn part(word: &str) -> Option<Part> {
    const SMALL: &[&str] = &[
        "zero", "un", "deux", "trois", "quatre", "cinq", "six", "sept", "huit", "neuf", "dix", "onze",
        "douze", "treize", "quatorze", "quinze", "seize",
    ];
    if let Some(value) = SMALL.iter().position(|known| *known == word) {
        return Some(if value == 1 { Part::Article } else { Part::Small(value as u64) });
    }
    Some(match word {
        "une" => Part::Article,
        "vingt" | "vingts" => Part::Twenty,
        "trente" => Part::Tens(30),
        "quarante" => Part::Tens(40),
        "cinquante" => Part::Tens(50),
        "soixante" => Part::Tens(60),
        "septante" => Part::Tens(70),
        "huitante" => Part::Tens(80),
        "nonante" => Part::Tens(90),
        "cent" | "cents" => Part::Hundred,
        "mille" => Part::Scale(3),
        "million" | "millions" => Part::Scale(6),
        "milliard" | "milliards" => Part::Scale(9),
        "billion" | "billions" => Part::Scale(12),
        "douzaine" => Part::Dozen,
        "premier" | "premiere" => Part::Ordinal(1),
        _ => return word.strip_suffix("ieme").and_then(ordinal).map(Part::Ordinal),
    })
}

fn ordinal(stem: &str) -> Option<u64> {
    const STEMS: &[&str] = &[
        "deux", "trois", "quatr", "cinqu", "six", "sept", "huit", "neuv", "dix", "onz", "douz", "treiz",
        "quatorz", "quinz", "seiz",
    ];
    STEMS.iter().position(|known| *known == stem).map(|value| value as u64 + 2)
}
