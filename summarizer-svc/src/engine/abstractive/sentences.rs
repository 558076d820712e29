//! Whole sentences from a text that is still being written.
//!
//! What has been told can't be taken back. So the end of a sentence is told only when what follows shows that it is one,
//! and a sentence that so far says what one before it said is held until it says something else.

use std::mem::take;

use crate::document::{Orthography, ends_with_mark, split};

/// Words after a border from which on it is certain.
const WORDS_AFTER: usize = 2;
/// After the last sentence of a text that ended in the middle of it.
const CUT: &str = "…";

/// The sentences of a text that comes in pieces.
pub(super) struct Sentences {
    orthography: Orthography,
    separator: &'static str,
    /// Text that belongs to no whole sentence yet, on one line.
    open: String,
    /// Bytes of it that were told.
    told: usize,
    whole: Vec<String>,
    /// Nothing that comes now belongs to the text.
    over: bool,
}

impl Sentences {
    pub(super) fn new(orthography: Orthography, separator: &'static str) -> Self {
        Self { orthography, separator, open: String::new(), told: 0, whole: Vec::new(), over: false }
    }

    /// The whole sentences of a text that is there already, each once.
    pub(super) fn whole(text: &str, orthography: Orthography) -> Vec<String> {
        let mut sentences = Self::new(orthography, " ");
        let mut ignored = sentences.push(text, false);
        ignored.push_str(&sentences.finish());
        sentences.whole
    }

    /// Whether the text ended with a sentence that was the last.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Adds text, and gives what of it can be told. With `last`, the sentence that is being written is the last.
    pub(super) fn push(&mut self, piece: &str, last: bool) -> String {
        if self.over {
            return String::new();
        }
        for character in piece.chars() {
            let space = character.is_whitespace();
            if !space || (!self.open.is_empty() && !self.open.ends_with(' ')) {
                self.open.push(if space { ' ' } else { character });
            }
        }
        let mut news = String::new();
        while let Some(end) = self.certain_end() {
            news += &self.close(end);
            if last {
                self.over = true;
                self.open.clear();
                return news;
            }
        }
        if !self.repeats() {
            news += &self.tell(self.certain());
        }
        news
    }

    /// Where the first sentence of the open text seems to end; not before what was told.
    fn first_end(&self) -> Option<usize> {
        let ends = split(&self.open, self.orthography).into_iter().map(|range| range.bytes.end);
        ends.into_iter().find(|end| *end >= self.told && *end > 0)
    }

    /// The same, if it is certain.
    fn certain_end(&self) -> Option<usize> {
        let end = self.first_end()?;
        let after = self.open.get(end..)?.split_whitespace().count();
        (after > WORDS_AFTER).then_some(end)
    }

    /// Bytes of the open text that are no border, or before one that may come.
    fn certain(&self) -> usize {
        let end = self.first_end().unwrap_or(self.open.len()).min(self.open.trim_end().len());
        // What may become an end, or a mark after it, waits for what follows.
        let text = self.open.get(..end).unwrap_or_default();
        let marked = text
            .char_indices()
            .rev()
            .find(|(at, c)| c.is_whitespace() && ends_with_mark(text.get(..*at).unwrap_or_default()));
        match marked {
            Some((at, _)) if text.get(at..).unwrap_or_default().split_whitespace().count() <= WORDS_AFTER => {
                at
            }
            _ => end,
        }
    }

    /// Whether the open text says so far what an earlier sentence said.
    fn repeats(&self) -> bool {
        let open = self.open.trim_end();
        self.told == 0 && (open.is_empty() || self.whole.iter().any(|earlier| is_beginning(open, earlier)))
    }

    fn tell(&mut self, end: usize) -> String {
        if end <= self.told {
            return String::new();
        }
        let between = if self.told == 0 && !self.whole.is_empty() { self.separator } else { "" };
        let news = format!("{between}{}", self.open.get(self.told..end).unwrap_or_default());
        self.told = end;
        news
    }

    /// The first sentence of the open text is whole.
    fn close(&mut self, end: usize) -> String {
        let sentence = self.open.get(..end).unwrap_or_default().trim().to_owned();
        let again = self.told == 0 && self.whole.iter().any(|earlier| is_same(earlier, &sentence));
        let news = if again { String::new() } else { self.tell(end) };
        if !again && !sentence.is_empty() {
            self.whole.push(sentence);
        }
        let rest = self.open.split_off(end.min(self.open.len()));
        rest.trim_start().clone_into(&mut self.open);
        self.told = 0;
        news
    }

    /// The text has ended; gives the rest. A last sentence without an end is left out, unless it was begun to be told or
    /// there is no other; then a mark says that it was cut.
    pub(super) fn finish(&mut self) -> String {
        let mut news = String::new();
        while let Some(end) = self.first_end().filter(|end| *end < self.open.trim_end().len()) {
            news += &self.close(end);
        }
        let rest = take(&mut self.open).trim_end().to_owned();
        if rest.is_empty() || self.told > rest.len() {
            return news;
        }
        self.open.clone_from(&rest);
        if ends_with_mark(&rest) {
            return news + &self.close(rest.len());
        }
        if self.told > 0 || self.whole.is_empty() {
            self.open.push_str(CUT);
            let end = self.open.len();
            return news + &self.close(end);
        }
        news
    }

    /// All whole sentences.
    pub(super) fn into_whole(self) -> Vec<String> {
        self.whole
    }
}

/// Letters and digits only.
fn letters(text: &str) -> impl Iterator<Item = char> {
    text.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase)
}

fn is_same(one: &str, other: &str) -> bool {
    letters(one).eq(letters(other))
}

fn is_beginning(beginning: &str, whole: &str) -> bool {
    let mut whole = letters(whole);
    letters(beginning).all(|letter| whole.next() == Some(letter))
}

/// The text as it was told, for tests.
#[cfg(test)]
fn told(pieces: &[&str], separator: &'static str) -> (String, Vec<String>) {
    use crate::document::Language;

    let mut sentences = Sentences::new(Orthography::of(&Language::unknown(), ""), separator);
    let mut text: String = pieces.iter().map(|piece| sentences.push(piece, false)).collect();
    text += &sentences.finish();
    (text, sentences.into_whole())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::document::collapse;

    #[test]
    fn what_was_told_is_the_sentences() {
        let text = "The U.S. closed a bridge on Monday. Mr. Smith said it was old! \"Nobody knew.\" It reopens in May.";
        for size in [1, 2, 3, 7, 200] {
            let characters: Vec<char> = text.chars().collect();
            let pieces: Vec<String> = characters.chunks(size).map(|chunk| chunk.iter().collect()).collect();
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (news, whole) = told(&pieces, "\n");
            assert_eq!(news, whole.join("\n"), "{size}");
            assert_eq!(whole.len(), 4, "{size}: {whole:?}");
        }
    }

    #[test]
    fn text_is_told_before_its_sentence_ends() {
        let mut sentences = Sentences::new(Orthography::of(&crate::document::Language::unknown(), ""), " ");
        assert_eq!(sentences.push("The bridge was", false), "The bridge was");
        assert_eq!(sentences.push(" closed", false), " closed");
    }

    #[test]
    fn nothing_comes_after_the_last_sentence() {
        let mut sentences = Sentences::new(Orthography::of(&crate::document::Language::unknown(), ""), " ");
        let mut text = sentences.push("The bridge is shut. The ferry runs", false);
        text += &sentences.push(" daily. The road is", false);
        text += &sentences.push(" closed. Nobody knows why that is.", true);
        assert!(sentences.is_over());
        text += &(sentences.push("More.", false) + &sentences.finish());
        assert_eq!(text, "The bridge is shut. The ferry runs daily. The road is closed.");
        assert_eq!(sentences.into_whole().len(), 3);
    }

    #[test]
    fn a_sentence_that_comes_again_is_left_out() {
        let (news, whole) =
            told(&["The bridge is shut. ", "The bridge is ", "shut. The ferry runs on all days."], " ");
        assert_eq!(news, "The bridge is shut. The ferry runs on all days.");
        assert_eq!(whole.len(), 2);
    }

    #[test]
    fn a_sentence_without_an_end_is_left_out_where_it_was_not_told() {
        let (news, _) = told(&["The bridge is shut. The bridge"], " ");
        assert_eq!(news, "The bridge is shut.");
        let (news, whole) = told(&["The bridge is shut. The ferry runs ", "until the"], " ");
        assert_eq!((news.as_str(), whole.len()), ("The bridge is shut. The ferry runs until the…", 2));
        assert_eq!(told(&["and then"], " ").0, "and then…");
        assert_eq!(told(&["  "], " "), (String::new(), Vec::new()));
    }

    proptest! {
        #[test]
        fn whatever_comes_what_was_told_is_the_sentences(pieces in prop::collection::vec("[A-Ca-c .!?\"”é。]{0,12}", 0..12)) {
            let pieces: Vec<&str> = pieces.iter().map(String::as_str).collect();
            let (news, whole) = told(&pieces, "\n");
            prop_assert_eq!(news, whole.join("\n"));
            prop_assert!(whole.iter().all(|sentence| collapse(sentence) == *sentence), "{:?}", whole);
        }
    }
}
