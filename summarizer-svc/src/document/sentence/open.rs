//! Quotations and brackets that a sentence has opened and not closed.

use super::text::Text;

/// Counts since the sentence began.
#[derive(Debug, Default, Clone, Copy)]
pub(super) struct Open {
    /// Marks that look the same on both sides: an odd number of them leaves one open.
    double: usize,
    /// Only those that a tokenizer set free; others are apostrophes.
    single: usize,
    corner: usize,
    round: usize,
    square: usize,
    curly: usize,
    /// Open where it points left, in French; the other way round in German.
    angle: isize,
}

impl Open {
    /// Takes note of the character at an index.
    pub(super) fn pass(&mut self, text: &Text<'_>, index: usize) {
        match text.at(index) {
            Some('"') => self.double += 1,
            Some('\'') if text.stands_free(index..index + 1) => self.single += 1,
            Some('「' | '『') => self.corner += 1,
            Some('」' | '』') => self.corner = self.corner.saturating_sub(1),
            Some('(') => self.round += 1,
            Some(')') => self.round = self.round.saturating_sub(1),
            Some('[') => self.square += 1,
            Some(']') => self.square = self.square.saturating_sub(1),
            Some('“' | '„') => self.curly += 1,
            Some('”') => self.curly = self.curly.saturating_sub(1),
            Some('«') => self.angle += 1,
            Some('»') => self.angle -= 1,
            _ => {}
        }
    }

    pub(super) fn in_double(self) -> bool {
        self.double % 2 == 1
    }

    pub(super) fn in_corners(self) -> bool {
        self.corner > 0
    }

    /// How many characters from `index` on are a closing mark with white space around it; 0 for none.
    pub(super) fn free_closer(self, text: &Text<'_>, index: usize) -> usize {
        let width = match text.at(index) {
            Some('"') if self.in_double() => 1,
            Some('\'') if text.is(index + 1, |c| c == '\'') => 2,
            Some('\'') if self.single % 2 == 1 => 1,
            Some(')') if self.round > 0 => 1,
            Some(']') if self.square > 0 => 1,
            Some('”') if self.curly > 0 => 1,
            Some('»') if self.angle > 0 => 1,
            Some('«') if self.angle < 0 => 1,
            _ => 0,
        };
        if text.stands_free(index..index + width) { width } else { 0 }
    }
}
