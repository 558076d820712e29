//! The generation parameters that a model's files have, to which callers add theirs.

use serde_json::{Map, Value};

use super::config::{GenerationConfig, GenerationConfigError};
use crate::config::ModelConfig;

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

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(json: &Value) -> Map<String, Value> {
        json.as_object().expect("an object").clone()
    }

    fn defaults(config: &Value, generation: Option<&Value>) -> GenerationDefaults {
        let (config, generation) = (map(config), generation.map(map));
        let model = ModelConfig::parse(&config).expect("a model");
        GenerationDefaults::read(&model, &config, generation.as_ref())
    }

    #[test]
    fn a_generation_file_stands_alone() {
        let config = json!({"model_type": "bart", "num_beams": 4});
        let read =
            defaults(&config, Some(&json!({"eos_token_id": [2, 3]}))).with(&Map::new()).expect("parameters");
        assert_eq!((read.beams(), read.eos(), &read.forced_eos_token_id), (1, &[2, 3][..], &None));
    }

    #[test]
    fn without_one_the_model_says_what_its_architecture_does_not() {
        let config = json!({"model_type": "bart", "num_beams": 4, "force_bos_token_to_be_generated": true});
        let read = defaults(&config, None).with(&Map::new()).expect("parameters");
        assert_eq!((read.beams(), read.decoder_start(), read.forced_bos_token_id), (4, Some(2), Some(0)));
    }

    #[test]
    fn a_task_brings_its_parameters_and_its_prefix() {
        let config = json!({"model_type": "t5", "task_specific_params": {"summarization": {"prefix": "summarize: ", "num_beams": 4}}});
        let (read, prefix) = defaults(&config, None).for_task("summarization");
        assert_eq!(prefix.as_deref(), Some("summarize: "));
        assert_eq!(read.with(&Map::new()).expect("parameters").beams(), 4);
    }

    #[test]
    fn a_length_that_is_given_is_one_and_the_default_counts_new_tokens() {
        let plain = defaults(&json!({"model_type": "bart"}), Some(&json!({"max_length": 20})));
        let longest =
            |overrides: &Value| plain.with(&map(overrides)).expect("parameters").longest(Some(1024));
        assert_eq!(longest(&json!({})), 21);
        assert_eq!(longest(&json!({"max_length": 20})), 20);
        assert_eq!(longest(&json!({"max_length": 20, "max_new_tokens": 5})), 6);
    }

    #[test]
    fn what_is_not_built_is_refused_and_not_ignored() {
        let plain = defaults(&json!({"model_type": "t5"}), None);
        for overrides in [
            json!({"num_beam_groups": 2}),
            json!({"nonsense": 1}),
            json!({"num_beams": 0}),
            json!({"early_stopping": "soon"}),
        ] {
            assert!(plain.with(&map(&overrides)).is_err(), "{overrides}");
        }
        assert!(plain.with(&map(&json!({"use_cache": true, "num_beam_groups": 1}))).is_ok());
    }
}
