//! The choices that a form offers, with their names on the wire and on the page.

use crate::{
    options::{EngineChoice, Format, Length, SummaryOptions},
    summary::Notice,
};

/// The lengths.
pub(crate) const LENGTHS: [(Length, &str, &str); 3] =
    [(Length::Short, "short", "Short"), (Length::Medium, "medium", "Medium"), (Length::Long, "long", "Long")];

/// The formats.
pub(crate) const FORMATS: [(Format, &str, &str); 2] =
    [(Format::Paragraph, "paragraph", "Paragraph"), (Format::Bullets, "bullets", "Bullets")];

/// What a summary's notices say to the reader, by their names on the wire.
pub(crate) const NOTICES: [(Notice, &str, &str); 3] = [
    (
        Notice::ReturnedWhole,
        "returned_whole",
        "This text is too short to be summarized, so here it is as it is.",
    ),
    (
        Notice::LanguageNotSupported,
        "language_not_supported",
        "The engine knows no words of this language, so it may have missed what matters.",
    ),
    (Notice::Degraded, "degraded", "The extractive engine stood in for the one that was asked for."),
];

/// What the reader is told where something in a summary is marked.
pub(crate) const UNSUPPORTED: &str =
    "What has a wavy underline was not found in the article. Check it there before you rely on it.";

/// What a notice says to the reader.
pub(crate) fn notice(notice: Notice) -> &'static str {
    NOTICES.iter().find(|(known, ..)| *known == notice).map_or("", |(_, _, words)| words)
}

/// The name of an engine that was chosen; None where the choice is left to the summarizer.
pub(crate) fn engine(options: &SummaryOptions) -> Option<&'static str> {
    match options.engine {
        EngineChoice::Auto => None,
        EngineChoice::Extractive => Some("extractive"),
        EngineChoice::Abstractive => Some("abstractive"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_on_the_page_are_the_names_on_the_wire() {
        for (length, name, _) in LENGTHS {
            assert_eq!(name.parse::<Length>(), Ok(length));
        }
        for (format, name, _) in FORMATS {
            assert_eq!(name.parse::<Format>(), Ok(format));
        }
        for (known, name, words) in NOTICES {
            assert_eq!(serde_json::to_value(known).unwrap(), name);
            assert_eq!(notice(known), words);
        }
    }
}
