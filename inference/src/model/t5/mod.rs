//! T5 and its successors v1.1 and Flan-T5 (Raffel et al., <https://arxiv.org/abs/1910.10683>), as `T5ForConditionalGeneration`
//! of transformers computes them.

mod block;
mod position;

use candle_core::Tensor;

use super::{
    DecoderState, Logits, ModelError, Seq2Seq, TokenBatch, attention::padding_mask, embedding::Embedding,
    layers::RmsNorm, linear::Linear,
};
use crate::{
    config::T5Config,
    weights::{LoadError, Weights},
};
use block::{DecoderBlock, EncoderBlock};
pub(crate) use position::RelativePositions;

/// A T5.
#[derive(Debug)]
pub struct T5 {
    config: T5Config,
    embedding: Embedding,
    encoder: Vec<EncoderBlock>,
    encoder_positions: RelativePositions,
    encoder_norm: RmsNorm,
    decoder: Vec<DecoderBlock>,
    decoder_positions: RelativePositions,
    decoder_norm: RmsNorm,
    head: Linear,
}

/// Names of the embedding: one table, or copies of it.
pub(crate) const EMBEDDINGS: &[&str] =
    &["shared.weight", "encoder.embed_tokens.weight", "decoder.embed_tokens.weight"];
/// A tensor of the first checkpoints that nothing reads.
pub(crate) const UNUSED: &str = "decoder.block.0.layer.1.EncDecAttention.relative_attention_bias.weight";

impl T5 {
    pub(super) fn load(config: &T5Config, weights: &mut Weights) -> Result<Self, LoadError> {
        let dims = (config.vocab_size, config.d_model);
        weights.ignore(UNUSED);
        let embedding = Embedding::load(weights, EMBEDDINGS, dims)?;
        let head = if config.tie_word_embeddings {
            weights.ignore("lm_head.weight");
            Linear::tied(embedding.table())
        } else {
            Linear::load(weights, "lm_head", (config.d_model, config.vocab_size), false)?
        };
        let norm = |weights: &mut Weights, stack: &str| {
            RmsNorm::load(
                weights,
                &format!("{stack}.final_layer_norm"),
                config.d_model,
                config.layer_norm_epsilon,
            )
        };
        Ok(Self {
            encoder: (0..config.num_layers)
                .map(|at| EncoderBlock::load(config, weights, at))
                .collect::<Result<_, _>>()?,
            encoder_positions: RelativePositions::load(config, weights, "encoder", true)?,
            encoder_norm: norm(weights, "encoder")?,
            decoder: (0..config.num_decoder_layers)
                .map(|at| DecoderBlock::load(config, weights, at))
                .collect::<Result<_, _>>()?,
            decoder_positions: RelativePositions::load(config, weights, "decoder", false)?,
            decoder_norm: norm(weights, "decoder")?,
            config: config.clone(),
            embedding,
            head,
        })
    }

    /// The encoder's output, `[rows, length, d_model]`.
    fn encoded(&self, inputs: &TokenBatch, mask: Option<&Tensor>) -> Result<Tensor, ModelError> {
        let mut hidden = self.embedding.forward(inputs.ids(), inputs.rows())?;
        let positions = self.encoder_positions.square(inputs.length())?;
        let bias: Vec<&Tensor> = std::iter::once(&positions).chain(mask).collect();
        for block in &self.encoder {
            hidden = block.forward(&hidden, &bias)?;
        }
        Ok(self.encoder_norm.forward(&hidden)?)
    }
}

impl Seq2Seq for T5 {
    type State = DecoderState;

    fn vocab_size(&self) -> usize {
        self.config.vocab_size
    }

    fn max_positions(&self) -> Option<usize> {
        None
    }

    fn encode(&self, inputs: &TokenBatch, _beams: usize) -> Result<DecoderState, ModelError> {
        let mask = padding_mask(inputs, &self.embedding)?;
        let encoded = self.encoded(inputs, mask.as_ref())?;
        let sources =
            self.decoder.iter().map(|block| block.source(&encoded)).collect::<candle_core::Result<_>>()?;
        Ok(DecoderState::new(sources, mask))
    }

    fn decode(&self, tokens: &[u32], state: &mut DecoderState) -> Result<Logits, ModelError> {
        let mut hidden = self.embedding.forward(tokens, tokens.len())?;
        state.position += 1;
        let positions = self.decoder_positions.last_row(state.position)?;
        let DecoderState { tokens: caches, sources, mask, .. } = state;
        for ((block, cache), source) in self.decoder.iter().zip(caches).zip(sources.iter()) {
            hidden = block.forward(&hidden, &positions, cache, source, mask.as_ref())?;
        }
        let mut hidden = self.decoder_norm.forward(&hidden)?.squeeze(1)?;
        if self.config.tie_word_embeddings {
            // The embedding's scale, undone (`T5ForConditionalGeneration.forward`).
            hidden = (hidden * (self.config.d_model as f64).powf(-0.5))?;
        }
        Logits::read(&self.head.forward(&hidden)?)
    }

    fn reorder(&self, state: &mut DecoderState, parents: &[usize]) -> Result<(), ModelError> {
        state.reorder(parents)
    }
}
