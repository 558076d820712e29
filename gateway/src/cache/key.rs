//! The address of a summary: a hash of all that it depends on.

use std::fmt::{self, Write as _};

use sha2::{Digest as _, Sha256};

use super::lineup::Lineup;
use crate::{clients::summarizer::Text, generation::Generation, options::SummaryOptions};

/// Goes into every key. It changes with what is hashed, and with the form in which summaries are kept.
pub(super) const SCHEMA: u32 = 1;

/// A hash over the text, what was chosen, and the models that would answer.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Key([u8; 32]);

impl Key {
    /// None where the same request may get another answer each time.
    pub(super) fn of(text: Text<'_>, lineup: &Lineup) -> Option<Self> {
        let Text { title, paragraphs, language, options } = text;
        let Generation { do_sample, seed, .. } = options.generation;
        if do_sample == Some(true) && seed.is_none() {
            return None;
        }
        let mut hash = Fields::default();
        hash.number(u64::from(SCHEMA));
        hash.text(title);
        hash.number(paragraphs.len() as u64);
        for paragraph in paragraphs {
            hash.number(paragraph.kind as u64);
            hash.text(&paragraph.text);
        }
        hash.optional(options.language.as_deref().or(language));
        hash.options(options);
        for player in lineup.players() {
            hash.text(player.engine.name());
            hash.text(&player.id);
            hash.text(&player.revision);
        }
        Some(Self(hash.0.finalize().into()))
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Fields one after the other, each with its length, so that no two lists of fields are the same bytes.
#[derive(Default)]
struct Fields(Sha256);

impl Fields {
    fn number(&mut self, number: u64) {
        self.0.update(number.to_le_bytes());
    }

    fn text(&mut self, text: &str) {
        self.number(text.len() as u64);
        self.0.update(text);
    }

    fn optional(&mut self, text: Option<&str>) {
        self.number(u64::from(text.is_some()));
        self.text(text.unwrap_or_default());
    }

    fn options(&mut self, options: &SummaryOptions) {
        // Not `language`, which the text's own may stand in for.
        let SummaryOptions { engine, model, length, format, generation, allow_degraded, language: _ } =
            options;
        self.number(*engine as u64);
        self.optional(model.as_deref());
        self.number(*length as u64);
        self.number(*format as u64);
        self.number(u64::from(*allow_degraded));
        // Whatever fields there are, and whichever will come.
        let mut shown = String::new();
        let written = write!(shown, "{generation:?}");
        debug_assert!(written.is_ok(), "a string takes everything");
        self.text(&shown);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        article::{Paragraph, ParagraphKind},
        cache::tests::lineup,
        options::{Format, Length},
    };

    fn key(lines: &[&str], title: &str, options: &SummaryOptions) -> Option<Key> {
        let paragraph = |text: &&str| Paragraph { text: (*text).into(), kind: ParagraphKind::Text };
        let paragraphs: Vec<Paragraph> = lines.iter().map(paragraph).collect();
        Key::of(Text { title, paragraphs: &paragraphs, language: None, options }, &lineup(&["a"]))
    }

    #[test]
    fn the_same_request_has_the_same_key_and_any_other_another() {
        let plain = SummaryOptions::default();
        let generation = Generation { num_beams: Some(2), ..Generation::default() };
        let keys = [
            key(&["One.", "Two."], "T", &plain),
            key(&["One.Two."], "T", &plain),
            key(&["One.", "Two."], "", &plain),
            key(&["", "One.", "Two."], "T", &plain),
            key(&["One.", "Two."], "T", &SummaryOptions { length: Length::Long, ..plain.clone() }),
            key(&["One.", "Two."], "T", &SummaryOptions { format: Format::Bullets, ..plain.clone() }),
            key(&["One.", "Two."], "T", &SummaryOptions { model: Some("a".into()), ..plain.clone() }),
            key(&["One.", "Two."], "T", &SummaryOptions { language: Some("de".into()), ..plain.clone() }),
            key(&["One.", "Two."], "T", &SummaryOptions { allow_degraded: true, ..plain.clone() }),
            key(&["One.", "Two."], "T", &SummaryOptions { generation, ..plain.clone() }),
        ];
        let different: std::collections::HashSet<_> = keys.iter().flatten().collect();
        assert_eq!(different.len(), keys.len());
        assert_eq!(keys[0], key(&["One.", "Two."], "T", &plain));
    }

    #[test]
    fn the_models_that_would_answer_are_part_of_the_key() {
        let options = SummaryOptions::default();
        let text = Text { title: "", paragraphs: &[], language: None, options: &options };
        assert_ne!(Key::of(text, &lineup(&["a"])), Key::of(text, &lineup(&["a", "b"])));
        assert_ne!(Key::of(text, &lineup(&["a"])), Key::of(text, &Lineup::default()));
    }

    #[test]
    fn what_is_drawn_at_random_has_no_key_unless_it_has_a_seed() {
        let drawn = |seed| {
            let generation = Generation { do_sample: Some(true), seed, ..Generation::default() };
            key(&["One."], "", &SummaryOptions { generation, ..SummaryOptions::default() })
        };
        assert_eq!(drawn(None), None);
        assert!(drawn(Some(7)).is_some() && drawn(Some(7)) != drawn(Some(8)));
    }
}
