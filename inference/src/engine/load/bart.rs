//! BART, PEGASUS, mBART and Marian.

use std::sync::{Arc, Mutex};

use kernels::{BufferPool, Cpu, Team, attention::HeadShape};

use super::{Loaded, activation, head, linear, table};
use crate::{
    config::{BartConfig, Positions},
    engine::{
        DecoderBlock, EncoderBlock, Engine,
        layers::{CrossAttention, FeedForward, Linear, Norm, Residual, SelfAttention},
        stack::Stack,
    },
    model::bart::{LEARNED_OFFSET, sinusoids},
    weights::Weights,
};

pub(in crate::engine) fn bart(config: &BartConfig, weights: &mut Weights) -> Loaded<Engine> {
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
        team: Team::global(),
        vocab_size: config.vocab_size,
        max_positions: Some(config.max_position_embeddings),
        head: head(weights, config.tie_word_embeddings, &decoder.table, bias)?,
        encoder,
        encoder_blocks,
        decoder,
        decoder_blocks,
        head_scale: None,
        scratch: Mutex::default(),
        spare: Mutex::default(),
        memory: Arc::default(),
        kept: Arc::new(BufferPool::of_large_pages()),
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
