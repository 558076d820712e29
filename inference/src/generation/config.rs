//! Generation parameters by their names in Hugging Face transformers (`GenerationConfig`).

use serde::Deserialize;
use serde_json::Value;

/// `max_length` when nothing says otherwise; as such, it counts new tokens.
const DEFAULT_MAX_LENGTH: usize = 20;
/// Bounds of what a caller may ask for, so that a typing mistake can't take the machine's memory.
const MOST_BEAMS: usize = 64;
const MOST_TOKENS: usize = 16_384;

/// Generation parameters, one layer or several on top of each other. A field that is None has transformers' default.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[expect(missing_docs, reason = "each field is documented by transformers, under its name")]
pub struct GenerationConfig {
    pub max_length: Option<usize>,
    pub max_new_tokens: Option<usize>,
    pub min_length: Option<usize>,
    pub min_new_tokens: Option<usize>,
    pub early_stopping: Option<EarlyStopping>,
    pub do_sample: Option<bool>,
    pub num_beams: Option<usize>,
    pub num_return_sequences: Option<usize>,
    pub temperature: Option<f64>,
    pub top_k: Option<usize>,
    pub top_p: Option<f64>,
    pub min_p: Option<f64>,
    pub typical_p: Option<f64>,
    pub repetition_penalty: Option<f64>,
    pub encoder_repetition_penalty: Option<f64>,
    pub length_penalty: Option<f64>,
    pub no_repeat_ngram_size: Option<usize>,
    pub encoder_no_repeat_ngram_size: Option<usize>,
    pub bad_words_ids: Option<Vec<Vec<u32>>>,
    pub sequence_bias: Option<Vec<(Vec<u32>, f64)>>,
    pub renormalize_logits: Option<bool>,
    pub remove_invalid_values: Option<bool>,
    pub forced_bos_token_id: Option<u32>,
    pub forced_eos_token_id: Option<OneOrMany>,
    pub exponential_decay_length_penalty: Option<(i64, f64)>,
    pub suppress_tokens: Option<Vec<u32>>,
    pub begin_suppress_tokens: Option<Vec<u32>>,
    pub pad_token_id: Option<u32>,
    pub bos_token_id: Option<u32>,
    pub eos_token_id: Option<OneOrMany>,
    pub decoder_start_token_id: Option<u32>,
    /// Of the random numbers of sampling. transformers has it as the global seed of torch, whose numbers are others.
    pub seed: Option<u64>,
}

/// When beam search ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EarlyStopping {
    /// As soon as there are as many finished hypotheses as beams.
    Yes,
    /// When no better one is likely.
    No,
    /// When no better one is possible.
    Never,
}

impl<'de> Deserialize<'de> for EarlyStopping {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match Value::deserialize(deserializer)? {
            Value::Bool(true) => Ok(Self::Yes),
            Value::Bool(false) => Ok(Self::No),
            Value::String(text) if text == "never" => Ok(Self::Never),
            other => Err(serde::de::Error::custom(format!(
                "early_stopping is true, false or \"never\", not {other}"
            ))),
        }
    }
}

/// A token id or several.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(untagged)]
pub enum OneOrMany {
    /// One.
    One(u32),
    /// Several.
    Many(Vec<u32>),
}

impl OneOrMany {
    /// All of them.
    pub fn as_slice(&self) -> &[u32] {
        match self {
            Self::One(id) => std::slice::from_ref(id),
            Self::Many(ids) => ids,
        }
    }
}

/// Why generation parameters can't be used.
#[derive(Debug, thiserror::Error)]
pub enum GenerationConfigError {
    /// A value of the wrong type.
    #[error("a generation parameter can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// A name that transformers has and this doesn't, or that nobody knows.
    #[error("the generation parameter `{0}` is not supported")]
    Unsupported(String),
    /// A value that makes no sense.
    #[error("the generation parameter `{name}` {expected}")]
    Value {
        /// The parameter.
        name: &'static str,
        /// What it has to be.
        expected: &'static str,
    },
}

impl GenerationConfig {
    /// Beams; 1 for none.
    pub fn beams(&self) -> usize {
        self.num_beams.unwrap_or(1)
    }

    /// Sequences for each input.
    pub fn returned(&self) -> usize {
        self.num_return_sequences.unwrap_or(1)
    }

    /// End-of-sequence tokens.
    pub fn eos(&self) -> &[u32] {
        self.eos_token_id.as_ref().map_or(&[], OneOrMany::as_slice)
    }

    /// What the decoder begins with.
    pub fn decoder_start(&self) -> Option<u32> {
        self.decoder_start_token_id.or(self.bos_token_id)
    }

    /// What finished sequences are filled with; None where they can't finish.
    pub fn pad(&self) -> Option<u32> {
        self.pad_token_id.or_else(|| self.eos().first().copied())
    }

    /// Tokens of the longest output, the one that the decoder begins with included.
    pub fn longest(&self, max_positions: Option<usize>) -> usize {
        match (self.max_new_tokens, self.max_length) {
            (Some(new), _) => new + 1,
            (None, Some(length)) => length,
            (None, None) => (DEFAULT_MAX_LENGTH + 1).min(max_positions.unwrap_or(usize::MAX)),
        }
    }

    /// Tokens before which a sequence can't end, the one that the decoder begins with included.
    pub fn shortest(&self) -> usize {
        self.min_new_tokens.map_or(self.min_length.unwrap_or(0), |new| new + 1)
    }

    pub(super) fn validate(&self) -> Result<(), GenerationConfigError> {
        let value = |name, expected| Err(GenerationConfigError::Value { name, expected });
        if self.max_new_tokens.is_some_and(|new| new == 0 || new > MOST_TOKENS) {
            return value("max_new_tokens", "has to be from 1 to 16384");
        }
        if self.max_length.is_some_and(|length| length > MOST_TOKENS) {
            return value("max_length", "has to be at most 16384");
        }
        if !(1..=MOST_BEAMS).contains(&self.beams()) {
            return value("num_beams", "has to be from 1 to 64");
        }
        let greedy = self.beams() == 1 && self.do_sample != Some(true);
        let most = if greedy {
            1
        } else if self.beams() > 1 {
            self.beams()
        } else {
            MOST_BEAMS
        };
        if !(1..=most).contains(&self.returned()) {
            return value("num_return_sequences", "is at most num_beams, and 1 where nothing is sampled");
        }
        self.validate_numbers()
    }

    fn validate_numbers(&self) -> Result<(), GenerationConfigError> {
        let positive = |number: Option<f64>| number.is_none_or(|number| number.is_finite() && number > 0.0);
        let share = |number: Option<f64>| number.is_none_or(|number| (0.0..=1.0).contains(&number));
        for (name, number) in [
            ("temperature", self.temperature),
            ("repetition_penalty", self.repetition_penalty),
            ("encoder_repetition_penalty", self.encoder_repetition_penalty),
        ] {
            // Without sampling, a temperature of 0 has no effect and is common.
            let unused = name == "temperature" && self.do_sample != Some(true);
            if !unused && !positive(number) {
                return Err(GenerationConfigError::Value { name, expected: "has to be more than 0" });
            }
        }
        for (name, number) in [("top_p", self.top_p), ("min_p", self.min_p), ("typical_p", self.typical_p)] {
            if !share(number) {
                return Err(GenerationConfigError::Value { name, expected: "has to be from 0 to 1" });
            }
        }
        if self.length_penalty.is_some_and(|penalty| !penalty.is_finite()) {
            return Err(GenerationConfigError::Value {
                name: "length_penalty",
                expected: "has to be a number",
            });
        }
        Ok(())
    }
}
