//! What the splitter has to know of the text around a paragraph.

use super::super::language::Language;

/// How a document is written.
#[derive(Debug, Clone, Copy, Default)]
#[expect(clippy::struct_excessive_bools, reason = "four traits of a text, each independent of the others")]
pub struct Orthography {
    /// The language writes "3." for "third".
    pub(super) ordinals: bool,
    /// There are no capital letters to go by.
    pub(super) caseless: bool,
    /// A tokenizer has set marks free , like this .
    pub(super) tokenized: bool,
    /// A semicolon asks a question.
    pub(super) greek: bool,
}

impl Orthography {
    /// Reads it off the language and a sample of the document.
    pub fn of(language: &Language, sample: &str) -> Self {
        let upper = sample.chars().filter(|c| c.is_uppercase()).count();
        let lower = sample.chars().filter(|c| c.is_lowercase()).count();
        let free = sample.split_whitespace().filter(|word| matches!(*word, "." | ",")).count();
        let attached = sample.split_whitespace().filter(|word| is_marked(word)).count();
        Self {
            ordinals: language.has_ordinal_stops(),
            // Ordinary text has a capital letter at least every hundred letters.
            caseless: upper * 200 < lower,
            // Abbreviations keep their stops; people set no mark free.
            tokenized: free * 4 > attached,
            greek: language.asks_with_semicolons(),
        }
    }
}

/// A word with a comma or a stop at its end, as it is written by people.
fn is_marked(word: &str) -> bool {
    word.len() > 1 && word.ends_with(['.', ','])
}
