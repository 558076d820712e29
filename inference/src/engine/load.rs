//! Weights by the names that transformers gives them.

use std::sync::{Arc, Mutex};

use candle_core::DType;
use kernels::{Cpu, attention::HeadShape, ops};

use super::{
    DecoderBlock, EncoderBlock, Engine,
    layers::{CrossAttention, FeedForward, Linear, Norm, Residual, SelfAttention},
    stack::{MOST_POSITIONS, Numbers, Relative, Stack, Table},
};
use crate::{
    config::{Activation, BartConfig, Positions, T5Config},
    model::{
        bart::{LEARNED_OFFSET, sinusoids},
        t5::{EMBEDDINGS, RelativePositions, UNUSED},
    },
    weights::{LoadError, Matrix, Weights},
};

type Loaded<T> = Result<T, LoadError>;

/// Several layers of one input as one; `dims` are outputs of each, and inputs.
fn linear(weights: &mut Weights, names: &[String], dims: (usize, usize), bias: bool) -> Loaded<Linear> {
    let mut biases = Vec::new();
    for name in names.iter().filter(|_| bias) {
        weights.append(&format!("{name}.bias"), dims.0, &mut biases)?;
    }
    Ok(Linear { matrix: weights.int8(names, dims)?, bias: bias.then_some(biases) })
}

fn table(weights: &mut Weights, names: &[&str], dims: (usize, usize)) -> Loaded<Arc<Table>> {
    let numbers = match weights.table(names, dims)? {
        Matrix::Mapped(matrix) => Numbers::Mapped(matrix),
        Matrix::Floats(tensor) => Numbers::Read(tensor.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?),
    };
    Ok(Arc::new(Table { numbers, width: dims.1, vocab_size: dims.0 }))
}

/// The output head: the embedding, or a matrix of its own.
fn head(weights: &mut Weights, tied: bool, table: &Table, bias: Option<Vec<f32>>) -> Loaded<Linear> {
    let dims = (table.vocab_size, table.width);
    if tied {
        weights.ignore("lm_head.weight");
        return Ok(Linear { matrix: weights.int8_of("lm_head", table.numbers.values(), dims)?, bias });
    }
    let head = linear(weights, &["lm_head".to_owned()], dims, false)?;
    Ok(Linear { bias, ..head })
}

fn activation(activation: Activation) -> ops::Activation {
    match activation {
        Activation::Relu => ops::Activation::Relu,
        Activation::Gelu => ops::Activation::Gelu,
        Activation::GeluNew => ops::Activation::GeluTanh,
        Activation::Silu => ops::Activation::Silu,
    }
}

pub(super) fn t5(config: &T5Config, weights: &mut Weights) -> Loaded<Engine> {
    weights.ignore(UNUSED);
    let table = table(weights, EMBEDDINGS, (config.vocab_size, config.d_model))?;
    let head = head(weights, config.tie_word_embeddings, &table, None)?;
    let mut t5 = T5 { config, weights };
    Ok(Engine {
        cpu: Cpu::best(),
        vocab_size: config.vocab_size,
        max_positions: None,
        encoder: t5.stack("encoder", &table)?,
        encoder_blocks: (0..config.num_layers).map(|at| t5.encoder_block(at)).collect::<Result<_, _>>()?,
        decoder: t5.stack("decoder", &table)?,
        decoder_blocks: (0..config.num_decoder_layers)
            .map(|at| t5.decoder_block(at))
            .collect::<Result<_, _>>()?,
        head,
        // The embedding's scale, undone (`T5ForConditionalGeneration.forward`).
        head_scale: config.tie_word_embeddings.then(|| (config.d_model as f64).powf(-0.5) as f32),
        scratch: Mutex::default(),
    })
}

struct T5<'a> {
    config: &'a T5Config,
    weights: &'a mut Weights,
}

impl T5<'_> {
    fn stack(&mut self, name: &str, table: &Arc<Table>) -> Loaded<Stack> {
        let config = self.config;
        let is_encoder = name == "encoder";
        let positions = RelativePositions::load(config, self.weights, name, is_encoder)?;
        let before = if is_encoder { 0 } else { MOST_POSITIONS.cast_signed() };
        Ok(Stack {
            table: Arc::clone(table),
            scale: None,
            positions: None,
            relative: Some(Relative { before: positions.of_distances(1 - before..1.min(before)), positions }),
            embedding_norm: None,
            last_norm: Some(self.norm(&format!("{name}.final_layer_norm"))?),
            shape: HeadShape { heads: config.num_heads, width: config.d_kv },
            score_scale: 1.0,
        })
    }

    fn norm(&mut self, name: &str) -> Loaded<Norm> {
        let weight = self.weights.numbers(&format!("{name}.weight"), self.config.d_model)?;
        Ok(Norm::Rms { weight, epsilon: self.config.layer_norm_epsilon as f32 })
    }

    fn residual(&mut self, layer: &str) -> Loaded<Residual> {
        Ok(Residual { norm: self.norm(&format!("{layer}.layer_norm"))?, pre_norm: true })
    }

    fn projections(&mut self, attention: &str, parts: &[&str]) -> Loaded<Linear> {
        let names: Vec<String> = parts.iter().map(|part| format!("{attention}.{part}")).collect();
        linear(self.weights, &names, (self.config.inner_dim(), self.config.d_model), false)
    }

    fn output(&mut self, attention: &str) -> Loaded<Linear> {
        let dims = (self.config.d_model, self.config.inner_dim());
        linear(self.weights, &[format!("{attention}.o")], dims, false)
    }

    fn own(&mut self, layer: &str) -> Loaded<SelfAttention> {
        let attention = format!("{layer}.SelfAttention");
        Ok(SelfAttention {
            residual: self.residual(layer)?,
            projections: self.projections(&attention, &["q", "k", "v"])?,
            output: self.output(&attention)?,
        })
    }

    fn cross(&mut self, layer: &str) -> Loaded<CrossAttention> {
        let attention = format!("{layer}.EncDecAttention");
        Ok(CrossAttention {
            residual: self.residual(layer)?,
            queries: self.projections(&attention, &["q"])?,
            source: self.projections(&attention, &["k", "v"])?,
            output: self.output(&attention)?,
        })
    }

    fn feed_forward(&mut self, layer: &str) -> Loaded<FeedForward> {
        let (config, dense) = (self.config, format!("{layer}.DenseReluDense"));
        // Gated, `wi_0` goes through the activation and `wi_1` is what it gates.
        let inner: &[&str] = if config.gated { &["wi_0", "wi_1"] } else { &["wi"] };
        let inner: Vec<String> = inner.iter().map(|part| format!("{dense}.{part}")).collect();
        Ok(FeedForward {
            residual: self.residual(layer)?,
            inner: linear(self.weights, &inner, (config.d_ff, config.d_model), false)?,
            gated: config.gated,
            outer: linear(self.weights, &[format!("{dense}.wo")], (config.d_model, config.d_ff), false)?,
            activation: activation(config.activation),
        })
    }

    fn encoder_block(&mut self, at: usize) -> Loaded<EncoderBlock> {
        let block = format!("encoder.block.{at}.layer");
        let own = self.own(&format!("{block}.0"))?;
        Ok(EncoderBlock { own, feed_forward: self.feed_forward(&format!("{block}.1"))? })
    }

    fn decoder_block(&mut self, at: usize) -> Loaded<DecoderBlock> {
        let block = format!("decoder.block.{at}.layer");
        let own = self.own(&format!("{block}.0"))?;
        let cross = self.cross(&format!("{block}.1"))?;
        Ok(DecoderBlock { own, cross, feed_forward: self.feed_forward(&format!("{block}.2"))? })
    }
}

pub(super) fn bart(config: &BartConfig, weights: &mut Weights) -> Loaded<Engine> {
    // A checkpoint of the bare model has the same names without the prefix.
    weights.strip_prefix("model.");
    for name in ["encoder.version", "decoder.version"] {
        weights.ignore(name);
    }
    let mut bart = Bart { config, weights };
    let encoder = bart.stack("encoder", config.encoder_attention_heads)?;
    let decoder = bart.stack("decoder", config.decoder_attention_heads)?;
    let encoder_blocks =
        (0..config.encoder_layers).map(|at| bart.encoder_block(at)).collect::<Result<_, _>>()?;
    let decoder_blocks =
        (0..config.decoder_layers).map(|at| bart.decoder_block(at)).collect::<Result<_, _>>()?;
    let bias = weights.optional("final_logits_bias", (1, config.vocab_size))?;
    let bias = bias.map(|bias| bias.flatten_all()?.to_vec1()).transpose()?;
    Ok(Engine {
        cpu: Cpu::best(),
        vocab_size: config.vocab_size,
        max_positions: Some(config.max_position_embeddings),
        head: head(weights, config.tie_word_embeddings, &decoder.table, bias)?,
        encoder,
        encoder_blocks,
        decoder,
        decoder_blocks,
        head_scale: None,
        scratch: Mutex::default(),
    })
}

struct Bart<'a> {
    config: &'a BartConfig,
    weights: &'a mut Weights,
}

impl Bart<'_> {
    fn stack(&mut self, name: &str, heads: usize) -> Loaded<Stack> {
        let config = self.config;
        let own = format!("{name}.embed_tokens.weight");
        let names: &[&str] = if config.share_embeddings { &["shared.weight", &own] } else { &[&own] };
        let mut norm =
            |wanted: bool, part: &str| wanted.then(|| self.norm(&format!("{name}.{part}"))).transpose();
        let embedding_norm = norm(config.norm_embedding, "layernorm_embedding")?;
        let last_norm = norm(config.pre_norm, "layer_norm")?;
        let width = config.d_model / heads.max(1);
        Ok(Stack {
            table: table(self.weights, names, (config.vocab_size, config.d_model))?,
            scale: config.scale_embedding.then(|| (config.d_model as f64).sqrt() as f32),
            positions: Some(self.positions(name)?),
            relative: None,
            embedding_norm,
            last_norm,
            shape: HeadShape { heads, width },
            score_scale: (width as f64).powf(-0.5) as f32,
        })
    }

    fn positions(&mut self, stack: &str) -> Loaded<Vec<f32>> {
        let name = format!("{stack}.embed_positions.weight");
        let (length, width) = (self.config.max_position_embeddings, self.config.d_model);
        match self.config.positions {
            Positions::Learned => {
                let mut table = self.weights.numbers(&name, (length + LEARNED_OFFSET, width))?;
                table.drain(..LEARNED_OFFSET * width);
                Ok(table)
            }
            Positions::Sinusoidal => {
                let table = match self.weights.optional(&name, (length, width))? {
                    Some(table) => table,
                    None => sinusoids(length, width)?,
                };
                Ok(table.flatten_all()?.to_vec1()?)
            }
        }
    }

    fn norm(&mut self, name: &str) -> Loaded<Norm> {
        let width = self.config.d_model;
        let weight = self.weights.numbers(&format!("{name}.weight"), width)?;
        Ok(Norm::Layer { weight, bias: self.weights.numbers(&format!("{name}.bias"), width)? })
    }

    fn residual(&mut self, name: &str) -> Loaded<Residual> {
        Ok(Residual { norm: self.norm(&format!("{name}_layer_norm"))?, pre_norm: self.config.pre_norm })
    }

    fn projections(&mut self, attention: &str, parts: &[&str]) -> Loaded<Linear> {
        let names: Vec<String> = parts.iter().map(|part| format!("{attention}.{part}_proj")).collect();
        linear(self.weights, &names, (self.config.d_model, self.config.d_model), true)
    }

    fn own(&mut self, layer: &str) -> Loaded<SelfAttention> {
        let attention = format!("{layer}.self_attn");
        Ok(SelfAttention {
            residual: self.residual(&attention)?,
            projections: self.projections(&attention, &["q", "k", "v"])?,
            output: self.projections(&attention, &["out"])?,
        })
    }

    fn cross(&mut self, layer: &str) -> Loaded<CrossAttention> {
        let attention = format!("{layer}.encoder_attn");
        Ok(CrossAttention {
            residual: self.residual(&attention)?,
            queries: self.projections(&attention, &["q"])?,
            source: self.projections(&attention, &["k", "v"])?,
            output: self.projections(&attention, &["out"])?,
        })
    }

    fn feed_forward(&mut self, layer: &str, inner: usize) -> Loaded<FeedForward> {
        let width = self.config.d_model;
        Ok(FeedForward {
            residual: self.residual(&format!("{layer}.final"))?,
            inner: linear(self.weights, &[format!("{layer}.fc1")], (inner, width), true)?,
            gated: false,
            outer: linear(self.weights, &[format!("{layer}.fc2")], (width, inner), true)?,
            activation: activation(self.config.activation),
        })
    }

    fn encoder_block(&mut self, at: usize) -> Loaded<EncoderBlock> {
        let layer = format!("encoder.layers.{at}");
        let own = self.own(&layer)?;
        Ok(EncoderBlock { own, feed_forward: self.feed_forward(&layer, self.config.encoder_ffn_dim)? })
    }

    fn decoder_block(&mut self, at: usize) -> Loaded<DecoderBlock> {
        let layer = format!("decoder.layers.{at}");
        let own = self.own(&layer)?;
        let cross = self.cross(&layer)?;
        Ok(DecoderBlock { own, cross, feed_forward: self.feed_forward(&layer, self.config.decoder_ffn_dim)? })
    }
}
