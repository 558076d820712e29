//! T5, T5 v1.1 and Flan-T5.

use std::sync::{Arc, Mutex};

use kernels::{BufferPool, Cpu, Team, attention::HeadShape};

use super::{Loaded, activation, head, linear, table};
use crate::{
    config::T5Config,
    engine::{
        DecoderBlock, EncoderBlock, Engine,
        layers::{CrossAttention, FeedForward, Linear, Norm, Residual, SelfAttention},
        stack::{MOST_POSITIONS, Relative, Stack, Table},
    },
    model::t5::{EMBEDDINGS, RelativePositions, UNUSED},
    weights::Weights,
};

pub(in crate::engine) fn t5(config: &T5Config, weights: &mut Weights) -> Loaded<Engine> {
    weights.ignore(UNUSED);
    let table = table(weights, EMBEDDINGS, (config.vocab_size, config.d_model))?;
    let head = head(weights, config.tie_word_embeddings, &table, None)?;
    let mut t5 = T5 { config, weights };
    Ok(Engine {
        cpu: Cpu::best(),
        team: Team::global(),
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
        spare: Mutex::default(),
        memory: Arc::default(),
        kept: Arc::new(BufferPool::of_large_pages()),
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
