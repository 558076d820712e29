//! Words as the scorer counts them: by Unicode's rules where a script writes spaces, by characters where it doesn't.

use std::borrow::Cow;

use unicode_segmentation::UnicodeSegmentation as _;

use super::language::Language;

/// Characters of a script without spaces that stand for about one word.
const CHARACTERS_PER_WORD: usize = 2;

/// The words of one sentence.
#[derive(Debug, Default)]
pub struct Words {
    /// Lower-case words in order; a script without spaces gives single characters.
    pub sequence: Vec<String>,
    /// Units of meaning: words, and pairs of neighbouring characters. May hold a unit twice.
    pub units: Vec<String>,
    /// How many words a reader would count.
    pub count: usize,
}

impl Words {
    /// Reads a sentence ([UAX #29](https://www.unicode.org/reports/tr29/) word boundaries).
    pub fn of(text: &str) -> Self {
        let mut words = Self::default();
        let mut characters = 0;
        let mut last_end = None;
        for (start, word) in text.unicode_word_indices() {
            let folded = fold(word);
            if word.chars().next().is_some_and(is_written_without_spaces) {
                characters += folded.chars().count();
                words.add_characters(&folded, last_end == Some(start));
                last_end = Some(start + word.len());
            } else {
                words.count += 1;
                words.units.push(folded.clone());
                words.sequence.push(folded);
                last_end = None;
            }
        }
        words.count += characters.div_ceil(CHARACTERS_PER_WORD);
        words
    }

    /// Adds each character to the sequence, and each pair of neighbours to the units.
    fn add_characters(&mut self, run: &str, continues: bool) {
        let mut previous = if continues { self.sequence.last().cloned() } else { None };
        for character in run.chars() {
            let character = character.to_string();
            if let Some(previous) = previous {
                self.units.push(previous + &character);
            }
            previous = Some(character.clone());
            self.sequence.push(character);
        }
    }
}

/// The stem of a unit of meaning; None where it carries none.
pub fn content_stem<'a>(unit: &'a str, language: &Language) -> Option<Cow<'a, str>> {
    (!is_letter_alone(unit) && !language.is_stop_word(unit)).then(|| language.stem(unit))
}

/// Whether a character belongs to a script that puts no spaces between words, or whose words are best compared by
/// pairs of characters.
pub fn is_written_without_spaces(character: char) -> bool {
    matches!(character,
        '\u{0E00}'..='\u{0EFF}' // Thai, Lao
        | '\u{1000}'..='\u{109F}' // Myanmar
        | '\u{1100}'..='\u{11FF}' // Hangul Jamo
        | '\u{1780}'..='\u{17FF}' // Khmer
        | '\u{3040}'..='\u{30FF}' // Hiragana, Katakana
        | '\u{3400}'..='\u{4DBF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}' | '\u{20000}'..='\u{323AF}' // Han
        | '\u{AC00}'..='\u{D7AF}') // Hangul
}

fn fold(word: &str) -> String {
    if word.is_ascii() { word.to_ascii_lowercase() } else { word.to_lowercase().replace('’', "'") }
}

/// "s" of "it 's", "t" of "don 't": what is left of a word that was cut.
fn is_letter_alone(word: &str) -> bool {
    word.len() == 1 && word.bytes().all(|byte| byte.is_ascii_alphabetic())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_folded_counted_and_stemmed() {
        let words = Words::of("Voters’ choices didn’t matter: 3.5 million stayed home.");
        assert_eq!(words.count, 8);
        assert_eq!(words.sequence.get(2).map(String::as_str), Some("didn't"));
        let english = Language::given(&"en".parse().unwrap());
        let stems: Vec<_> = words.units.iter().filter_map(|unit| content_stem(unit, &english)).collect();
        assert!(stems.contains(&"voter".into()) && stems.contains(&"choic".into()), "{stems:?}");
        assert!(!stems.contains(&"didn't".into()), "{stems:?}");
    }

    #[test]
    fn scripts_without_spaces_give_pairs_of_characters() {
        let words = Words::of("東京都");
        assert_eq!(words.units, ["東京", "京都"]);
        assert_eq!((words.sequence.len(), words.count), (3, 2));
    }

    #[test]
    fn pairs_do_not_cross_punctuation() {
        assert_eq!(Words::of("東京、大阪").units, ["東京", "大阪"]);
    }

    #[test]
    fn mixed_scripts_keep_both() {
        let words = Words::of("NASAは月へ");
        assert_eq!(words.units, ["nasa", "は月", "月へ"]);
    }
}
