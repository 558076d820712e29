//! What a model is: its `config.json`, with the defaults that Hugging Face transformers gives each architecture.

mod bart;
mod t5;

use serde::Deserialize;
use serde_json::{Map, Value};

pub use bart::{BartConfig, Positions};
pub use t5::T5Config;

/// Most layers, heads or positions that a configuration may ask for; far above any model of these families.
const MOST: usize = 1 << 20;

/// A model's architecture and sizes.
#[derive(Debug, Clone, PartialEq)]
pub enum ModelConfig {
    /// T5, T5 v1.1 and Flan-T5.
    T5(T5Config),
    /// BART and its relatives: PEGASUS, mBART, Marian.
    Bart(BartConfig),
}

/// Why a configuration can't be used.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// Not JSON, or a field of the wrong type.
    #[error("the configuration can't be read: {0}")]
    Json(#[from] serde_json::Error),
    /// Another architecture.
    #[error("the architecture {0:?} is not supported; t5, bart, pegasus, mbart and marian are")]
    Architecture(String),
    /// A size that no model has.
    #[error("`{field}` is {value}, which no such model can have")]
    Value {
        /// Its name.
        field: &'static str,
        /// What it says.
        value: String,
    },
}

/// An activation function by transformers' name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Activation {
    /// max(0, x).
    Relu,
    /// With the error function.
    Gelu,
    /// The tanh approximation of GELU.
    #[serde(alias = "gelu_pytorch_tanh")]
    GeluNew,
    /// x · sigmoid(x).
    #[serde(alias = "swish")]
    Silu,
}

impl ModelConfig {
    /// Reads a `config.json`.
    ///
    /// # Errors
    ///
    /// [`ConfigError`].
    pub fn parse(json: &Map<String, Value>) -> Result<Self, ConfigError> {
        let json = without_nulls(json);
        let architecture = json.get("model_type").and_then(Value::as_str).unwrap_or_default().to_owned();
        match architecture.as_str() {
            "t5" | "mt5" => Ok(Self::T5(T5Config::parse(json)?)),
            "bart" | "pegasus" | "mbart" | "marian" => {
                Ok(Self::Bart(BartConfig::parse(&architecture, json)?))
            }
            _ => Err(ConfigError::Architecture(architecture)),
        }
    }

    /// Size of the output vocabulary.
    pub fn vocab_size(&self) -> usize {
        match self {
            Self::T5(config) => config.vocab_size,
            Self::Bart(config) => config.vocab_size,
        }
    }

    /// Most tokens that its positions can address; None where they are relative.
    pub fn max_positions(&self) -> Option<usize> {
        match self {
            Self::T5(_) => None,
            Self::Bart(config) => Some(config.max_position_embeddings),
        }
    }

    /// Most tokens of an input: of its positions, or, where they are relative, of what it was trained on.
    pub fn input_window(&self) -> usize {
        match self {
            Self::T5(config) => config.n_positions,
            Self::Bart(config) => config.max_position_embeddings,
        }
    }

    /// The generation parameters that the architecture's configuration class has by default, for models without a
    /// `generation_config.json`.
    pub fn generation_defaults(&self) -> Map<String, Value> {
        match self {
            Self::T5(_) => defaults(&[("pad_token_id", 0), ("eos_token_id", 1)]),
            Self::Bart(config) => config.generation_defaults(),
        }
    }
}

fn defaults(pairs: &[(&str, u32)]) -> Map<String, Value> {
    pairs.iter().map(|(name, id)| ((*name).to_owned(), Value::from(*id))).collect()
}

/// transformers takes a field that is null as one that is absent.
fn without_nulls(json: &Map<String, Value>) -> Map<String, Value> {
    json.iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect()
}

fn check(field: &'static str, value: usize) -> Result<(), ConfigError> {
    if value == 0 || value > MOST {
        Err(ConfigError::Value { field, value: value.to_string() })
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn parse(json: &Value) -> Result<ModelConfig, ConfigError> {
        ModelConfig::parse(json.as_object().expect("an object"))
    }

    #[test]
    fn an_absent_field_has_the_default_of_its_architecture() {
        let Ok(ModelConfig::T5(t5)) = parse(&json!({"model_type": "t5", "num_decoder_layers": null})) else {
            panic!()
        };
        assert_eq!((t5.d_model, t5.num_decoder_layers, t5.activation), (512, 6, Activation::Relu));
        let Ok(ModelConfig::Bart(bart)) = parse(&json!({"model_type": "pegasus"})) else { panic!() };
        assert_eq!((bart.pre_norm, bart.positions), (true, Positions::Sinusoidal));
    }

    #[test]
    fn another_architecture_is_named_in_the_error() {
        let error = parse(&json!({"model_type": "llama"})).expect_err("not one of ours");
        assert!(error.to_string().contains("llama"), "{error}");
    }

    #[test]
    fn sizes_that_no_model_has_are_refused() {
        for config in [
            json!({"model_type": "t5", "d_model": 0}),
            json!({"model_type": "t5", "num_layers": 1_u64 << 40}),
            json!({"model_type": "bart", "d_model": 30, "encoder_attention_heads": 16}),
            json!({"model_type": "t5", "relative_attention_num_buckets": 2}),
        ] {
            assert!(matches!(parse(&config), Err(ConfigError::Value { .. })), "{config}");
        }
    }
}
