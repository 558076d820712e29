//! Generation parameters by their names in Hugging Face transformers (`GenerationConfig`).

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::config::ModelConfig;

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

/// Names that transformers knows and that change nothing here: what is returned, caching, speed, documentation.
const WITHOUT_EFFECT: &[&str] = &[
    "use_cache",
    "return_dict_in_generate",
    "output_scores",
    "output_logits",
    "output_attentions",
    "output_hidden_states",
    "transformers_version",
    "cache_implementation",
    "low_memory",
    "disable_compile",
    "_from_model_config",
    "return_legacy_cache",
];

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

/// The parameters of one model: its files' layers, to which callers add theirs.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct GenerationDefaults {
    base: Map<String, Value>,
    tasks: Map<String, Value>,
}

impl GenerationDefaults {
    /// As transformers reads a model's folder: `generation_config.json` alone where there is one; else what `config.json`
    /// says about generation, on its architecture's defaults.
    pub fn read(
        model: &ModelConfig,
        config: &Map<String, Value>,
        generation: Option<&Map<String, Value>>,
    ) -> Self {
        let tasks =
            config.get("task_specific_params").and_then(Value::as_object).cloned().unwrap_or_default();
        if let Some(generation) = generation {
            return Self { base: generation.clone(), tasks };
        }
        let mut base = model.generation_defaults();
        let given = config.iter().filter(|(_, value)| !value.is_null());
        base.extend(given.map(|(name, value)| (name.clone(), value.clone())));
        // The name that it had in the first BART summarizers.
        if base.get("force_bos_token_to_be_generated") == Some(&Value::Bool(true))
            && !base.contains_key("forced_bos_token_id")
        {
            let bos = base.get("bos_token_id").cloned().unwrap_or(Value::Null);
            base.insert("forced_bos_token_id".to_owned(), bos);
        }
        Self { base, tasks }
    }

    /// The same with the parameters of a task (`task_specific_params`, as a pipeline would apply them), and the prefix
    /// that its inputs need.
    pub fn for_task(&self, task: &str) -> (Self, Option<String>) {
        let Some(params) = self.tasks.get(task).and_then(Value::as_object) else {
            return (self.clone(), None);
        };
        let mut base = self.base.clone();
        base.extend(params.iter().map(|(name, value)| (name.clone(), value.clone())));
        let prefix = params.get("prefix").and_then(Value::as_str).map(str::to_owned);
        (Self { base, tasks: self.tasks.clone() }, prefix)
    }

    /// The parameters with a caller's on top. A null takes a parameter back to transformers' default.
    ///
    /// # Errors
    ///
    /// [`GenerationConfigError`].
    pub fn with(&self, overrides: &Map<String, Value>) -> Result<GenerationConfig, GenerationConfigError> {
        let known = |name: &str| FIELDS.contains(&name) || WITHOUT_EFFECT.contains(&name);
        if let Some(name) = overrides.keys().find(|name| !known(name)) {
            return Err(GenerationConfigError::Unsupported(name.clone()));
        }
        let mut merged = self.base.clone();
        // A length from the files counts as a default, one from the caller doesn't (`has_default_max_length`).
        if !overrides.contains_key("max_length")
            && merged.get("max_length").and_then(Value::as_u64) == Some(20)
        {
            merged.remove("max_length");
        }
        merged.extend(overrides.iter().map(|(name, value)| (name.clone(), value.clone())));
        for (name, neutral) in UNSUPPORTED {
            let value = merged.get(*name).unwrap_or(&Value::Null);
            if !value.is_null() && value.as_f64() != Some(*neutral) {
                return Err(GenerationConfigError::Unsupported((*name).to_owned()));
            }
        }
        let config: GenerationConfig = serde_json::from_value(Value::Object(merged))?;
        config.validate()?;
        Ok(config)
    }
}

/// Parameters of transformers that would change the output and that are not built, with the value that means "off".
const UNSUPPORTED: &[(&str, f64)] = &[
    ("num_beam_groups", 1.0),
    ("diversity_penalty", 0.0),
    ("penalty_alpha", 0.0),
    ("epsilon_cutoff", 0.0),
    ("eta_cutoff", 0.0),
    ("guidance_scale", 1.0),
    ("constraints", 0.0),
    ("force_words_ids", 0.0),
    ("stop_strings", 0.0),
    ("max_time", 0.0),
    ("prompt_lookup_num_tokens", 0.0),
    ("watermarking_config", 0.0),
];

const FIELDS: &[&str] = &[
    "max_length",
    "max_new_tokens",
    "min_length",
    "min_new_tokens",
    "early_stopping",
    "do_sample",
    "num_beams",
    "num_return_sequences",
    "temperature",
    "top_k",
    "top_p",
    "min_p",
    "typical_p",
    "repetition_penalty",
    "encoder_repetition_penalty",
    "length_penalty",
    "no_repeat_ngram_size",
    "encoder_no_repeat_ngram_size",
    "bad_words_ids",
    "sequence_bias",
    "renormalize_logits",
    "remove_invalid_values",
    "forced_bos_token_id",
    "forced_eos_token_id",
    "exponential_decay_length_penalty",
    "suppress_tokens",
    "begin_suppress_tokens",
    "pad_token_id",
    "bos_token_id",
    "eos_token_id",
    "decoder_start_token_id",
    "seed",
    "num_beam_groups",
    "diversity_penalty",
];

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

    fn validate(&self) -> Result<(), GenerationConfigError> {
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
