//! The configuration of BART and its relatives (`BartConfig`, `PegasusConfig`, `MBartConfig`, `MarianConfig` of
//! transformers).

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{Activation, ConfigError, check, defaults};

/// How positions get into the embeddings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Positions {
    /// A learned table, which begins two rows late.
    Learned,
    /// Sines in the first half, cosines in the second.
    Sinusoidal,
}

/// Sizes and switches of a BART relative.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is one switch of the architecture")]
pub struct BartConfig {
    /// Size of the vocabulary.
    pub vocab_size: usize,
    /// Width of the hidden states.
    pub d_model: usize,
    /// Encoder layers.
    pub encoder_layers: usize,
    /// Decoder layers.
    pub decoder_layers: usize,
    /// Attention heads of the encoder.
    pub encoder_attention_heads: usize,
    /// Attention heads of the decoder.
    pub decoder_attention_heads: usize,
    /// Width of the encoder's feed-forward layer.
    pub encoder_ffn_dim: usize,
    /// Width of the decoder's feed-forward layer.
    pub decoder_ffn_dim: usize,
    /// Most positions.
    pub max_position_embeddings: usize,
    /// Of the feed-forward layers.
    pub activation: Activation,
    /// Whether embeddings are multiplied by √d_model.
    pub scale_embedding: bool,
    /// How positions get in.
    pub positions: Positions,
    /// Whether each block norms its input (PEGASUS, mBART) rather than its output; then the stacks end in a norm.
    pub pre_norm: bool,
    /// Whether the embeddings are normed (BART, mBART).
    pub norm_embedding: bool,
    /// Whether the output head is the embedding.
    pub tie_word_embeddings: bool,
    /// Whether encoder and decoder share the embedding.
    pub share_embeddings: bool,
    family: Family,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Family {
    Bart,
    Pegasus,
    MBart,
    Marian,
}

#[derive(Deserialize)]
#[serde(default)]
struct Raw {
    vocab_size: usize,
    decoder_vocab_size: Option<usize>,
    d_model: usize,
    encoder_layers: usize,
    decoder_layers: usize,
    encoder_attention_heads: usize,
    decoder_attention_heads: usize,
    encoder_ffn_dim: usize,
    decoder_ffn_dim: usize,
    max_position_embeddings: usize,
    activation_function: Activation,
    scale_embedding: bool,
    tie_word_embeddings: bool,
    share_encoder_decoder_embeddings: bool,
}

impl Default for Raw {
    fn default() -> Self {
        Self {
            vocab_size: 50265,
            decoder_vocab_size: None,
            d_model: 1024,
            encoder_layers: 12,
            decoder_layers: 12,
            encoder_attention_heads: 16,
            decoder_attention_heads: 16,
            encoder_ffn_dim: 4096,
            decoder_ffn_dim: 4096,
            max_position_embeddings: 1024,
            activation_function: Activation::Gelu,
            scale_embedding: false,
            tie_word_embeddings: true,
            share_encoder_decoder_embeddings: true,
        }
    }
}

impl BartConfig {
    pub(super) fn parse(architecture: &str, json: Map<String, Value>) -> Result<Self, ConfigError> {
        let family = match architecture {
            "pegasus" => Family::Pegasus,
            "mbart" => Family::MBart,
            "marian" => Family::Marian,
            _ => Family::Bart,
        };
        let raw: Raw = serde_json::from_value(Value::Object(json))?;
        let config = Self::from_raw(&raw, family);
        config.validate(&raw)?;
        Ok(config)
    }

    fn from_raw(raw: &Raw, family: Family) -> Self {
        Self {
            vocab_size: raw.vocab_size,
            d_model: raw.d_model,
            encoder_layers: raw.encoder_layers,
            decoder_layers: raw.decoder_layers,
            encoder_attention_heads: raw.encoder_attention_heads,
            decoder_attention_heads: raw.decoder_attention_heads,
            encoder_ffn_dim: raw.encoder_ffn_dim,
            decoder_ffn_dim: raw.decoder_ffn_dim,
            max_position_embeddings: raw.max_position_embeddings,
            activation: raw.activation_function,
            scale_embedding: raw.scale_embedding,
            positions: match family {
                Family::Bart | Family::MBart => Positions::Learned,
                Family::Pegasus | Family::Marian => Positions::Sinusoidal,
            },
            pre_norm: matches!(family, Family::Pegasus | Family::MBart),
            norm_embedding: matches!(family, Family::Bart | Family::MBart),
            tie_word_embeddings: raw.tie_word_embeddings,
            share_embeddings: family != Family::Marian || raw.share_encoder_decoder_embeddings,
            family,
        }
    }

    pub(super) fn generation_defaults(&self) -> Map<String, Value> {
        match self.family {
            Family::Bart => defaults(&[
                ("pad_token_id", 1),
                ("bos_token_id", 0),
                ("eos_token_id", 2),
                ("decoder_start_token_id", 2),
                ("forced_eos_token_id", 2),
            ]),
            Family::MBart => defaults(&[
                ("pad_token_id", 1),
                ("bos_token_id", 0),
                ("eos_token_id", 2),
                ("forced_eos_token_id", 2),
            ]),
            Family::Pegasus => defaults(&[
                ("pad_token_id", 0),
                ("eos_token_id", 1),
                ("decoder_start_token_id", 0),
                ("forced_eos_token_id", 1),
            ]),
            Family::Marian => defaults(&[
                ("pad_token_id", 58100),
                ("eos_token_id", 0),
                ("decoder_start_token_id", 58100),
                ("forced_eos_token_id", 0),
            ]),
        }
    }

    fn validate(&self, raw: &Raw) -> Result<(), ConfigError> {
        check("vocab_size", self.vocab_size)?;
        check("d_model", self.d_model)?;
        check("encoder_layers", self.encoder_layers)?;
        check("decoder_layers", self.decoder_layers)?;
        check("encoder_attention_heads", self.encoder_attention_heads)?;
        check("decoder_attention_heads", self.decoder_attention_heads)?;
        check("encoder_ffn_dim", self.encoder_ffn_dim)?;
        check("decoder_ffn_dim", self.decoder_ffn_dim)?;
        check("max_position_embeddings", self.max_position_embeddings)?;
        for heads in [self.encoder_attention_heads, self.decoder_attention_heads] {
            if !self.d_model.is_multiple_of(heads) {
                return Err(ConfigError::Value { field: "d_model", value: self.d_model.to_string() });
            }
        }
        match raw.decoder_vocab_size {
            Some(size) if size != self.vocab_size => {
                Err(ConfigError::Value { field: "decoder_vocab_size", value: size.to_string() })
            }
            _ => Ok(()),
        }
    }
}
