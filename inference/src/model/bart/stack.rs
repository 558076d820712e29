//! Embeddings, blocks and last norm of an encoder or a decoder.

use candle_core::{DType, Device, Tensor};

use super::block::{DecoderBlock, EncoderBlock};
use crate::{
    config::{BartConfig, Positions},
    model::{ModelError, embedding::Embedding, layers::LayerNorm},
    weights::{LoadError, Weights},
};

/// Rows that come before the first position in a learned table.
pub(crate) const LEARNED_OFFSET: usize = 2;

#[derive(Debug)]
pub(super) struct Stack<B> {
    embedding: Embedding,
    scale: Option<f64>,
    /// `[max_positions, width]`.
    positions: Tensor,
    embedding_norm: Option<LayerNorm>,
    blocks: Vec<B>,
    last_norm: Option<LayerNorm>,
}

impl Stack<EncoderBlock> {
    pub(super) fn encoder(config: &BartConfig, weights: &mut Weights) -> Result<Self, LoadError> {
        Self::load(config, weights, "encoder", config.encoder_layers, EncoderBlock::load)
    }
}

impl Stack<DecoderBlock> {
    pub(super) fn decoder(config: &BartConfig, weights: &mut Weights) -> Result<Self, LoadError> {
        Self::load(config, weights, "decoder", config.decoder_layers, DecoderBlock::load)
    }
}

impl<B> Stack<B> {
    fn load(
        config: &BartConfig,
        weights: &mut Weights,
        name: &str,
        layers: usize,
        block: impl Fn(&BartConfig, &mut Weights, usize) -> Result<B, LoadError>,
    ) -> Result<Self, LoadError> {
        let own = format!("{name}.embed_tokens.weight");
        let names: &[&str] = if config.share_embeddings { &["shared.weight", &own] } else { &[&own] };
        let norm = |wanted: bool, norm: &str, weights: &mut Weights| {
            wanted.then(|| LayerNorm::load(weights, &format!("{name}.{norm}"), config.d_model)).transpose()
        };
        let embedding = Embedding::load(weights, names, (config.vocab_size, config.d_model))?;
        Ok(Self {
            scale: config.scale_embedding.then(|| (config.d_model as f64).sqrt()),
            positions: positions(config, weights, name, &embedding)?,
            embedding_norm: norm(config.norm_embedding, "layernorm_embedding", weights)?,
            blocks: (0..layers).map(|at| block(config, weights, at)).collect::<Result<_, _>>()?,
            last_norm: norm(config.pre_norm, "layer_norm", weights)?,
            embedding,
        })
    }

    pub(super) fn embedding(&self) -> &Embedding {
        &self.embedding
    }

    pub(super) fn blocks(&self) -> &[B] {
        &self.blocks
    }

    /// `[rows, length, width]` of ids that are given row by row, the first of each at position `start`.
    pub(super) fn embed(&self, ids: &[u32], rows: usize, start: usize) -> Result<Tensor, ModelError> {
        let (length, limit) = (start + ids.len() / rows.max(1), self.positions.dim(0)?);
        if length > limit {
            return Err(ModelError::TooLong { length, limit });
        }
        let mut hidden = self.embedding.forward(ids, rows)?;
        if let Some(scale) = self.scale {
            hidden = (hidden * scale)?;
        }
        let hidden = hidden.broadcast_add(&self.positions.narrow(0, start, length - start)?)?;
        Ok(match &self.embedding_norm {
            Some(norm) => norm.forward(&hidden)?,
            None => hidden,
        })
    }

    /// After the last block.
    pub(super) fn finish(&self, hidden: Tensor) -> candle_core::Result<Tensor> {
        match &self.last_norm {
            Some(norm) => norm.forward(&hidden),
            None => Ok(hidden),
        }
    }
}

fn positions(
    config: &BartConfig,
    weights: &mut Weights,
    stack: &str,
    like: &Embedding,
) -> Result<Tensor, LoadError> {
    let name = format!("{stack}.embed_positions.weight");
    let (length, width) = (config.max_position_embeddings, config.d_model);
    match config.positions {
        Positions::Learned => {
            let table = weights.tensor(&name, (length + LEARNED_OFFSET, width))?;
            Ok(table.narrow(0, LEARNED_OFFSET, length)?)
        }
        Positions::Sinusoidal => {
            if let Some(table) = weights.optional(&name, (length, width))? {
                return Ok(table);
            }
            let (dtype, device) = like.table().place();
            Ok(sinusoids(length, width)?.to_dtype(dtype)?.to_device(&device)?)
        }
    }
}

/// Sines in the first half of the width, cosines in the second (`PegasusSinusoidalPositionalEmbedding`).
pub(crate) fn sinusoids(length: usize, width: usize) -> candle_core::Result<Tensor> {
    let angle =
        |position: usize, at: usize| position as f64 / 10_000_f64.powf(2.0 * (at / 2) as f64 / width as f64);
    let sines = width.div_ceil(2);
    let row = |position: usize| {
        let sine = (0..sines).map(move |at| angle(position, 2 * at).sin());
        let cosine = (0..width / 2).map(move |at| angle(position, 2 * at + 1).cos());
        sine.chain(cosine).map(|value| value as f32)
    };
    let table: Vec<f32> = (0..length).flat_map(row).collect();
    Tensor::from_vec(table, (length, width), &Device::Cpu)?.to_dtype(DType::F32)
}
