//! The tidying of spaces that some tokenizers do after decoding (`clean_up_tokenization_spaces` of transformers), for
//! whole texts and for texts that come in pieces.

/// What is replaced, in this order.
const RULES: [(&str, &str); 10] = [
    (" .", "."),
    (" ?", "?"),
    (" !", "!"),
    (" ,", ","),
    (" ' ", "'"),
    (" n't", "n't"),
    (" 'm", "'m"),
    (" 's", "'s"),
    (" 've", "'ve"),
    (" 're", "'re"),
];

/// Tidies a whole text.
pub(super) fn clean_up(text: &str) -> String {
    RULES.iter().fold(text.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// Tidies a text that comes in pieces: what it gives out is never taken back, and joined it is what [`clean_up`] makes
/// of the whole.
///
/// Only spaces are ever dropped, and each rule starts with one. So a text may be cut before a space where no rule
/// reaches across: the character before it is no space and no quote, and isn't an `n` that stands alone (which
/// ` n ' t` would join to). And a word that no rule can start with stays as it is.
#[derive(Debug, Default)]
pub(super) struct CleanUpStream {
    /// The text since the last safe cut; of a word that has been given out, its end.
    pending: String,
    /// How much of `pending` has been given out, in bytes.
    given: usize,
}

impl CleanUpStream {
    /// Takes the next piece of the text and gives out what can't change any more.
    pub(super) fn push(&mut self, piece: &str) -> String {
        // Where it could be cut before, it was.
        let new = self.pending.len();
        self.pending.push_str(piece);
        let mut out = String::new();
        if let Some(cut) = last_safe_cut(&self.pending, new) {
            let rest = self.pending.split_off(cut);
            out = self.flush();
            self.pending = rest;
        }
        if is_settled(&self.pending) {
            out.push_str(self.pending.get(self.given..).unwrap_or_default());
            // The last two characters decide whether the word may be cut off.
            let end = self.pending.char_indices().rev().nth(1).map_or(0, |(at, _)| at);
            self.pending.drain(..end);
            self.given = self.pending.len();
        }
        out
    }

    /// Gives out what is left.
    pub(super) fn flush(&mut self) -> String {
        let cleaned = clean_up(&std::mem::take(&mut self.pending));
        cleaned.get(std::mem::take(&mut self.given)..).unwrap_or_default().to_owned()
    }
}

/// The last space, from `new` on, before which the text may be cut for good.
fn last_safe_cut(text: &str, new: usize) -> Option<usize> {
    let spaces = text.get(new..)?.rmatch_indices(' ').map(|(at, _)| new + at);
    spaces.filter(|at| *at > 0).find(|at| {
        let mut before = text.get(..*at).unwrap_or_default().chars().rev();
        match before.next() {
            None | Some(' ' | '\'') => false,
            Some('n') => before.next().is_some_and(|c| c != ' '),
            Some(_) => true,
        }
    })
}

/// Whether the pending text is a single word that no rule touches.
fn is_settled(pending: &str) -> bool {
    let word = pending.strip_prefix(' ').unwrap_or(pending);
    let is_n = word.strip_prefix('n').is_some_and(|rest| rest.is_empty() || rest.starts_with('\''));
    let touched = pending.starts_with(' ') && (is_n || word.starts_with(['.', '?', '!', ',', '\'']));
    !touched && !word.is_empty() && !word.contains(' ')
}
