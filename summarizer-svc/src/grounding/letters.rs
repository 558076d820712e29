//! The letters of a text run together, so that hyphens, apostrophes and tokenizers make no difference.

use unicode_normalization::{UnicodeNormalization as _, char::is_combining_mark};

use super::token::{Kind, Token};

/// The letters and digits of an article, paragraph by paragraph.
#[derive(Debug, Default)]
pub(super) struct Letters {
    text: String,
    /// For each byte of the text, whether a word begins there.
    begins: Vec<bool>,
    /// The same for the bytes that words end before.
    ends: Vec<bool>,
}

impl Letters {
    /// Adds a paragraph.
    pub(super) fn add(&mut self, tokens: &[Token]) {
        for token in tokens.iter().filter(|token| !matches!(token.kind, Kind::Mark(_))) {
            let start = self.text.len();
            append(&mut self.text, &token.raw);
            self.begins.resize(self.text.len() + 1, false);
            self.ends.resize(self.text.len() + 1, false);
            if let (Some(begin), Some(end)) = (self.begins.get_mut(start), self.ends.get_mut(self.text.len()))
            {
                (*begin, *end) = (true, true);
            }
        }
        self.text.push('\n');
        self.begins.resize(self.text.len() + 1, false);
        self.ends.resize(self.text.len() + 1, false);
    }

    /// Whether these letters stand in one paragraph, from the beginning of a word to the end of one.
    pub(super) fn contains(&self, letters: &str) -> bool {
        let is = |marks: &[bool], at: usize| marks.get(at).copied().unwrap_or(false);
        let mut found = self.text.match_indices(letters);
        letters.is_empty() || found.any(|(at, _)| is(&self.begins, at) && is(&self.ends, at + letters.len()))
    }

    /// Whether these letters stand anywhere, within longer words too.
    pub(super) fn contains_within(&self, letters: &str) -> bool {
        self.text.contains(letters)
    }
}

/// Adds the letters and digits of a word, in lower case and without diacritics.
pub(super) fn append(text: &mut String, word: &str) {
    if word.is_ascii() {
        text.extend(
            word.bytes().filter(u8::is_ascii_alphanumeric).map(|byte| char::from(byte.to_ascii_lowercase())),
        );
    } else {
        let lower = word.to_lowercase().replace('ß', "ss");
        text.extend(lower.nfd().filter(|c| c.is_alphanumeric() && !is_combining_mark(*c)));
    }
}
