//! T5's configuration (`T5Config` of transformers).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Activation, ConfigError, check};

/// Sizes of a T5.
#[derive(Debug, Clone, PartialEq)]
pub struct T5Config {
    /// Size of the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Width of one head's keys and values.
    pub d_kv: usize,
    /// Width of the feed-forward layer.
    pub d_ff: usize,
    /// Encoder layers.
    pub num_layers: usize,
    /// Decoder layers.
    pub num_decoder_layers: usize,
    /// Attention heads.
    pub num_heads: usize,
    /// Buckets of the relative positions.
    pub relative_attention_num_buckets: usize,
    /// Distance from which on all positions share a bucket.
    pub relative_attention_max_distance: usize,
    /// Tokens that it was trained on at once. It takes more, positions being relative, and understands them less.
    pub n_positions: usize,
    /// Added to the variance.
    pub layer_norm_epsilon: f64,
    /// Of the feed-forward layer.
    pub activation: Activation,
    /// Whether a second projection gates the feed-forward layer (v1.1, Flan).
    pub gated: bool,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
}

#[derive(Deserialize)]
#[serde(default)]
struct Raw {
    vocab_size: usize,
    d_model: usize,
    d_kv: usize,
    d_ff: usize,
    num_layers: usize,
    num_decoder_layers: Option<usize>,
    num_heads: usize,
    relative_attention_num_buckets: usize,
    relative_attention_max_distance: usize,
    n_positions: usize,
    layer_norm_epsilon: f64,
    feed_forward_proj: String,
    tie_word_embeddings: bool,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            vocab_size: 32128,
            d_model: 512,
            d_kv: 64,
            d_ff: 2048,
            num_layers: 6,
            num_decoder_layers: None,
            num_heads: 8,
            relative_attention_num_buckets: 32,
            relative_attention_max_distance: 128,
            n_positions: 512,
            layer_norm_epsilon: 1e-6,
            feed_forward_proj: "relu".to_owned(),
            tie_word_embeddings: true,
        }
    }
}

impl T5Config {
    pub(super) fn parse(json: Map<String, Value>) -> Result<Self, ConfigError> {
        let raw: Raw = serde_json::from_value(Value::Object(json))?;
        let (gated, activation) = match raw.feed_forward_proj.strip_prefix("gated-") {
            // What transformers means by it, for the sake of old checkpoints.
            Some("gelu") => (true, Activation::GeluNew),
            Some(name) => (true, activation(name)?),
            None => (false, activation(&raw.feed_forward_proj)?),
        };
        let config = Self {
            vocab_size: raw.vocab_size,
            d_model: raw.d_model,
            d_kv: raw.d_kv,
            d_ff: raw.d_ff,
            num_layers: raw.num_layers,
            num_decoder_layers: raw.num_decoder_layers.unwrap_or(raw.num_layers),
            num_heads: raw.num_heads,
            relative_attention_num_buckets: raw.relative_attention_num_buckets,
            relative_attention_max_distance: raw.relative_attention_max_distance,
            n_positions: raw.n_positions,
            layer_norm_epsilon: raw.layer_norm_epsilon,
            activation,
            gated,
            tie_word_embeddings: raw.tie_word_embeddings,
        };
        config.validate()?;
        Ok(config)
    }

    /// Width of all heads' keys together.
    pub fn inner_dim(&self) -> usize {
        self.num_heads * self.d_kv
    }

    fn validate(&self) -> Result<(), ConfigError> {
        check("vocab_size", self.vocab_size)?;
        check("d_model", self.d_model)?;
        check("d_kv", self.d_kv)?;
        check("d_ff", self.d_ff)?;
        check("num_layers", self.num_layers)?;
        check("num_decoder_layers", self.num_decoder_layers)?;
        check("num_heads", self.num_heads)?;
        check("relative_attention_num_buckets", self.relative_attention_num_buckets)?;
        check("relative_attention_max_distance", self.relative_attention_max_distance)?;
        check("n_positions", self.n_positions)?;
        // Half of the buckets (a quarter in the encoder) are exact, and the rest must have something to cover.
        let buckets = self.relative_attention_num_buckets;
        if buckets < 4 || self.relative_attention_max_distance <= buckets / 2 {
            return Err(ConfigError::Value {
                field: "relative_attention_num_buckets",
                value: buckets.to_string(),
            });
        }
        Ok(())
    }
}

fn activation(name: &str) -> Result<Activation, ConfigError> {
    serde_json::from_value(Value::from(name))
        .map_err(|_| ConfigError::Value { field: "feed_forward_proj", value: name.to_owned() })
}
