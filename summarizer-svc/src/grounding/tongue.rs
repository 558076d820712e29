//! What the readers of numbers, dates and names have to know of a language.

/// A language by how it writes facts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tongue {
    /// "1,000.5", "May 17".
    English,
    /// "1.000,5", "17. Mai"; every noun has a capital.
    German,
    /// "1 000,5", "17 mai"; "l'Élysée" is two words.
    French,
    /// "1.000,5", and elides as French does.
    Italian,
    /// Another language that writes decimal commas.
    CommaDecimal,
    /// A language of which nothing is known.
    Other,
}

impl Tongue {
    /// By the ISO 639-1 code.
    pub(super) fn of(code: &str) -> Self {
        match code {
            "en" => Self::English,
            "de" => Self::German,
            "fr" | "ca" => Self::French,
            "it" => Self::Italian,
            "es" | "pt" | "nl" | "da" | "sv" | "no" | "nb" | "nn" | "fi" | "pl" | "cs" | "sk" | "sl"
            | "hr" | "sr" | "hu" | "ro" | "bg" | "ru" | "uk" | "el" | "tr" | "id" | "vi" => {
                Self::CommaDecimal
            }
            _ => Self::Other,
        }
    }

    /// Whether an apostrophe ends a word.
    pub(super) fn elides(self) -> bool {
        matches!(self, Self::French | Self::Italian)
    }

    /// Whether "1,5" is one and a half. Where it isn't known, a number has both readings.
    pub(super) fn has_decimal_commas(self) -> bool {
        self != Self::English
    }

    /// Whether a capital letter says that a word is a name.
    pub(super) fn capitals_are_names(self) -> bool {
        self != Self::German
    }
}
