//! The article in parts that a model can hold.

use inference::tokenizer::{Specials, normalize_input};

use super::Abstractive;
use crate::engine::EngineError;

/// Tokens that are kept free: joined, sentences may take a few more than each alone.
const MARGIN: usize = 4;
/// The title goes before each part but the first, if it takes at most this share of the window.
const TITLE_SHARE: usize = 8;

/// Cuts texts into windows of one model.
pub(super) struct Windows<'a> {
    engine: &'a Abstractive,
    /// Empty where it would take too much room.
    title: String,
    /// Tokens of a window, those of prefix and frame among them.
    limit: usize,
    room: usize,
}

/// What a model reads at once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// Its tokens, with the model's prefix and frame.
    pub(super) ids: Vec<u32>,
    /// Its first sentence.
    pub(super) first: String,
}

/// A sentence with the tokens that it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    text: String,
    tokens: usize,
}

impl<'a> Windows<'a> {
    pub(super) fn new(engine: &'a Abstractive, title: &str) -> Result<Self, EngineError> {
        let limit = engine.pretrained.config.input_window();
        let frame = engine.tokenizer.count(&engine.prefix)? + engine.tokenizer.special_count() + MARGIN;
        let title = normalize_input(title.trim());
        let title =
            if title.is_empty() || title.ends_with(['.', '!', '?', '…']) { title } else { title + "." };
        let tokens = engine.tokenizer.count(&title)? + 1;
        let (title, tokens) =
            if tokens <= limit / TITLE_SHARE { (title, tokens) } else { (String::new(), 0) };
        Ok(Self { engine, title, limit, room: limit.saturating_sub(frame + tokens).max(1) })
    }

    /// Tokens of a window that are there for sentences.
    pub(super) fn room(&self) -> usize {
        self.room
    }

    /// All of the sentences in as few windows as hold them, of about the same length. A sentence that no window holds is
    /// cut at a space.
    pub(super) fn cut(&self, sentences: &[&str]) -> Result<Vec<Part>, EngineError> {
        let mut pieces = Vec::with_capacity(sentences.len());
        for sentence in sentences {
            self.pieces(&normalize_input(sentence), self.room, &mut pieces)?;
        }
        let mut parts = Vec::new();
        for window in balanced(&pieces, self.room) {
            let before = if parts.is_empty() { "" } else { self.title.as_str() };
            self.part(before, window, &mut parts)?;
        }
        Ok(parts)
    }

    /// As many of the first sentences as take at most so many tokens; the beginning of the first, if it takes more alone.
    pub(super) fn shortened(&self, sentences: &[String], most: usize) -> Result<String, EngineError> {
        let (mut kept, mut tokens) = (String::new(), 0);
        for sentence in sentences {
            tokens += self.count(sentence)? + 1;
            if tokens > most && !kept.is_empty() {
                return Ok(kept);
            }
            kept.push_str(if kept.is_empty() { "" } else { " " });
            kept.push_str(sentence);
        }
        while self.count(&kept)? > most {
            let Some(half) = halves(&kept).map(|(first, _)| first.len()) else { break };
            kept.truncate(half);
        }
        Ok(kept)
    }

    fn count(&self, text: &str) -> Result<usize, EngineError> {
        Ok(self.engine.tokenizer.count(text)?)
    }

    /// The sentence, or its halves, or theirs, until each fits.
    fn pieces(&self, sentence: &str, room: usize, pieces: &mut Vec<Piece>) -> Result<(), EngineError> {
        let tokens = self.count(sentence)? + 1;
        if let Some((first, second)) = halves(sentence).filter(|_| tokens > room) {
            self.pieces(first, room, pieces)?;
            return self.pieces(second, room, pieces);
        }
        pieces.push(Piece { text: sentence.to_owned(), tokens });
        Ok(())
    }

    /// Adds a window as a part; as two, should it not fit after all, since a text may take more tokens behind another than
    /// alone.
    fn part(&self, before: &str, window: &[Piece], parts: &mut Vec<Part>) -> Result<(), EngineError> {
        let texts = std::iter::once(before).chain(window.iter().map(|piece| piece.text.as_str()));
        let text: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        let text = format!("{}{}", self.engine.prefix, text.join(" "));
        let ids = self.engine.tokenizer.encode(&text, Specials::Literal, None)?;
        if ids.len() > self.limit
            && let Some((first, second)) = split(window)
        {
            self.part(before, &first, parts)?;
            return self.part(before, &second, parts);
        }
        let first = window.first().map(|piece| piece.text.clone()).unwrap_or_default();
        parts.push(Part { ids, first });
        Ok(())
    }
}

/// Consecutive pieces of at most `room` tokens together, in as few groups as that takes, and of about the same size.
fn balanced(pieces: &[Piece], room: usize) -> Vec<&[Piece]> {
    let total: usize = pieces.iter().map(|piece| piece.tokens).sum();
    let groups = total.div_ceil(room).max(1);
    let target = total.div_ceil(groups);
    let (mut windows, mut start, mut tokens) = (Vec::new(), 0, 0);
    for (at, piece) in pieces.iter().enumerate() {
        let is_full = tokens >= target || tokens + piece.tokens > room;
        if is_full && at > start {
            windows.push(pieces.get(start..at).unwrap_or_default());
            (start, tokens) = (at, 0);
        }
        tokens += piece.tokens;
    }
    windows.push(pieces.get(start..).unwrap_or_default());
    windows.retain(|window| !window.is_empty());
    windows
}

/// A window in two; of a single piece its halves, which take no more tokens than it.
fn split(window: &[Piece]) -> Option<(Vec<Piece>, Vec<Piece>)> {
    if let [piece] = window {
        let half = |text: &str| vec![Piece { text: text.to_owned(), tokens: piece.tokens }];
        return halves(&piece.text).map(|(first, second)| (half(first), half(second)));
    }
    let (first, second) = window.split_at_checked(window.len() / 2)?;
    Some((first.to_vec(), second.to_vec()))
}

/// A text in two, at the space that is nearest to its middle, or in its middle where there is none; None for a single
/// character.
fn halves(text: &str) -> Option<(&str, &str)> {
    let middle = text.ceil_char_boundary(text.len() / 2);
    let spaces = text.match_indices(' ').map(|(at, _)| at).filter(|at| *at > 0 && at + 1 < text.len());
    let at = spaces.min_by_key(|at| at.abs_diff(middle)).unwrap_or(middle);
    let (first, second) = text.split_at_checked(at)?;
    (!first.is_empty() && !second.is_empty()).then_some((first, second.trim_start()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn pieces(tokens: &[usize]) -> Vec<Piece> {
        tokens.iter().map(|tokens| Piece { text: tokens.to_string(), tokens: *tokens }).collect()
    }

    proptest! {
        #[test]
        fn no_piece_is_lost_and_no_window_too_full(tokens in prop::collection::vec(1_usize..40, 1..80)) {
            let pieces = pieces(&tokens);
            let windows = balanced(&pieces, 50);
            let all: Vec<usize> = windows.iter().flat_map(|window| window.iter().map(|piece| piece.tokens)).collect();
            prop_assert_eq!(all, tokens);
            for window in windows {
                prop_assert!(window.iter().map(|piece| piece.tokens).sum::<usize>() <= 50);
            }
        }

        #[test]
        fn halves_are_the_whole(text in "[a-zé ]{0,40}") {
            if let Some((first, second)) = halves(&text) {
                let joined = format!("{first}{second}").replace(' ', "");
                prop_assert_eq!(joined, text.replace(' ', ""));
                prop_assert!(first.len() < text.len() && second.len() < text.len());
            }
        }
    }

    #[test]
    fn a_window_is_split_down_to_a_single_character() {
        let texts = |pieces: Vec<Piece>| pieces.into_iter().map(|piece| piece.text).collect::<Vec<_>>();
        let both = |window: &[Piece]| split(window).map(|(first, second)| [texts(first), texts(second)]);
        let words: Vec<Piece> =
            ["one two", "é"].iter().map(|text| Piece { text: (*text).into(), tokens: 3 }).collect();
        assert_eq!(both(&words), Some([vec!["one two".into()], vec!["é".into()]]));
        assert_eq!(both(&words[..1]), Some([vec!["one".into()], vec!["two".into()]]));
        assert_eq!(both(&words[1..]), None);
    }

    #[test]
    fn the_last_window_is_not_a_crumb() {
        let pieces = pieces(&[10; 11]);
        let sizes: Vec<usize> = balanced(&pieces, 100).iter().map(|window| window.len()).collect();
        assert_eq!(sizes, [6, 5]);
    }
}
