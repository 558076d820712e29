//! English number words.

use super::spelled::Part;

/// What a word adds to a number.
pub(super) fn part(word: &str) -> Option<Part> {
    if let Some(value) = small(word) {
        return Some(Part::Small(value));
    }
    let ordinal = |value| Some(Part::Ordinal(value));
    Some(match word {
        "twenty" => Part::Tens(20),
        "thirty" => Part::Tens(30),
        "forty" | "fourty" => Part::Tens(40),
        "fifty" => Part::Tens(50),
        "sixty" => Part::Tens(60),
        "seventy" => Part::Tens(70),
        "eighty" => Part::Tens(80),
        "ninety" => Part::Tens(90),
        "hundred" => Part::Hundred,
        "thousand" => Part::Scale(3),
        "million" => Part::Scale(6),
        "billion" => Part::Scale(9),
        "trillion" => Part::Scale(12),
        "dozen" => Part::Dozen,
        "first" => return ordinal(1),
        "second" => return ordinal(2),
        "third" => return ordinal(3),
        "fifth" => return ordinal(5),
        "eighth" => return ordinal(8),
        "ninth" => return ordinal(9),
        "twelfth" => return ordinal(12),
        "twentieth" => return ordinal(20),
        "thirtieth" => return ordinal(30),
        "fortieth" => return ordinal(40),
        "fiftieth" => return ordinal(50),
        "sixtieth" => return ordinal(60),
        "seventieth" => return ordinal(70),
        "eightieth" => return ordinal(80),
        "ninetieth" => return ordinal(90),
        "hundredth" => return ordinal(100),
        _ => return word.strip_suffix("th").and_then(small).filter(|value| *value > 3).and_then(ordinal),
    })
}

fn small(word: &str) -> Option<u64> {
    const SMALL: &[&str] = &[
        "zero",
        "one",
        "two",
        "three",
        "four",
        "five",
        "six",
        "seven",
        "eight",
        "nine",
        "ten",
        "eleven",
        "twelve",
        "thirteen",
        "fourteen",
        "fifteen",
        "sixteen",
        "seventeen",
        "eighteen",
        "nineteen",
    ];
    SMALL.iter().position(|known| *known == word).map(|value| value as u64)
}
