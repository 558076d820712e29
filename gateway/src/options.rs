//! What a caller may choose of a summary.

use std::str::FromStr;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::generation::{Generation, RawGeneration};

/// Longest model name or language tag that is passed on, in bytes.
const MAX_NAME_BYTES: usize = 128;

/// The engine to ask for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum EngineChoice {
    /// The best engine that is ready; the answer names it.
    #[default]
    Auto,
    /// Picks the article's own sentences.
    Extractive,
    /// Writes new sentences with a language model.
    Abstractive,
}

/// How long the summary should be.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Length {
    /// About two sentences.
    Short,
    /// About three sentences.
    #[default]
    Medium,
    /// About five sentences.
    Long,
}

/// How the summary is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// Running text.
    #[default]
    Paragraph,
    /// One sentence a line.
    Bullets,
}

impl Format {
    /// What stands between two sentences.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Paragraph => " ",
            Self::Bullets => "\n",
        }
    }
}

/// A choice that there is not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{field} can be {expected}")]
pub struct InvalidOption {
    /// The field.
    pub field: &'static str,
    /// What it can be, as the end of a sentence.
    pub expected: &'static str,
}

impl FromStr for EngineChoice {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "auto" => Ok(Self::Auto),
            "extractive" => Ok(Self::Extractive),
            "abstractive" => Ok(Self::Abstractive),
            _ => Err(InvalidOption { field: "engine", expected: "auto, extractive or abstractive" }),
        }
    }
}

impl FromStr for Length {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "short" => Ok(Self::Short),
            "medium" => Ok(Self::Medium),
            "long" => Ok(Self::Long),
            _ => Err(InvalidOption { field: "length", expected: "short, medium or long" }),
        }
    }
}

impl FromStr for Format {
    type Err = InvalidOption;

    fn from_str(text: &str) -> Result<Self, InvalidOption> {
        match text {
            "paragraph" => Ok(Self::Paragraph),
            "bullets" => Ok(Self::Bullets),
            _ => Err(InvalidOption { field: "format", expected: "paragraph or bullets" }),
        }
    }
}

/// The options as they come in; an empty value is one that was not given.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RawOptions {
    /// `auto`, `extractive` or `abstractive`.
    pub engine: Option<String>,
    /// A model by name.
    pub model: Option<String>,
    /// `short`, `medium` or `long`.
    pub length: Option<String>,
    /// `paragraph` or `bullets`.
    pub format: Option<String>,
    /// BCP 47 tag of the text's language; detected when not given.
    pub language: Option<String>,
    /// Overrides of the model's own generation settings.
    pub generation: RawGeneration,
    /// Whether the extractive engine may stand in for a model that is late.
    pub allow_degraded: Option<bool>,
}

/// What a caller chose.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct SummaryOptions {
    /// The engine.
    pub engine: EngineChoice,
    /// A model by name; the engine's own default without one.
    pub model: Option<String>,
    /// The length.
    pub length: Length,
    /// The format.
    pub format: Format,
    /// BCP 47; detected without one.
    pub language: Option<String>,
    /// Overrides of the model's own generation settings.
    pub generation: Generation,
    /// Whether the extractive engine may stand in for a model that is late.
    pub allow_degraded: bool,
}

impl TryFrom<RawOptions> for SummaryOptions {
    type Error = InvalidOption;

    fn try_from(raw: RawOptions) -> Result<Self, InvalidOption> {
        Ok(Self {
            engine: choice(raw.engine.as_deref())?,
            model: name("model", raw.model)?,
            length: choice(raw.length.as_deref())?,
            format: choice(raw.format.as_deref())?,
            language: name("language", raw.language)?,
            generation: raw.generation.try_into()?,
            allow_degraded: raw.allow_degraded.unwrap_or_default(),
        })
    }
}

/// The choice that was given, or the default one.
fn choice<T: FromStr<Err = InvalidOption> + Default>(text: Option<&str>) -> Result<T, InvalidOption> {
    match text {
        None | Some("") => Ok(T::default()),
        Some(text) => text.parse(),
    }
}

/// A name to pass on, if it looks like one.
fn name(field: &'static str, text: Option<String>) -> Result<Option<String>, InvalidOption> {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return Ok(None) };
    if text.len() > MAX_NAME_BYTES || text.chars().any(char::is_control) {
        return Err(InvalidOption { field, expected: "a name of at most 128 bytes" });
    }
    Ok(Some(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_given_or_is_empty_is_the_default() {
        let raw =
            RawOptions { engine: Some(String::new()), model: Some(String::new()), ..RawOptions::default() };
        assert_eq!(SummaryOptions::try_from(raw), Ok(SummaryOptions::default()));
    }

    #[test]
    fn a_choice_that_there_is_not_is_named() {
        for (raw, field) in [
            (RawOptions { engine: Some("gpt".into()), ..RawOptions::default() }, "engine"),
            (RawOptions { length: Some("Short".into()), ..RawOptions::default() }, "length"),
            (RawOptions { format: Some("poem".into()), ..RawOptions::default() }, "format"),
            (RawOptions { model: Some("m".repeat(129)), ..RawOptions::default() }, "model"),
            (RawOptions { language: Some("e\nn".into()), ..RawOptions::default() }, "language"),
        ] {
            assert_eq!(SummaryOptions::try_from(raw).unwrap_err().field, field);
        }
    }
}
