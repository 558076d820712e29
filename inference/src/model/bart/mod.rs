//! BART (Lewis et al., <https://arxiv.org/abs/1910.13461>) and its relatives PEGASUS (Zhang et al.,
//! <https://arxiv.org/abs/1912.08777>), mBART and Marian, as transformers' `…ForConditionalGeneration` (`MarianMTModel`) compute them.

mod block;
mod stack;

use candle_core::Tensor;

use super::{DecoderState, Logits, ModelError, Seq2Seq, TokenBatch, attention::padding_mask, linear::Linear};
use crate::{
    config::BartConfig,
    weights::{LoadError, Weights},
};
use block::{DecoderBlock, EncoderBlock};
use stack::Stack;
pub(crate) use stack::{LEARNED_OFFSET, sinusoids};

/// A BART or a relative of it.
#[derive(Debug)]
pub struct Bart {
    config: BartConfig,
    encoder: Stack<EncoderBlock>,
    decoder: Stack<DecoderBlock>,
    head: Linear,
    /// Added to the logits, `[1, vocab_size]`.
    logits_bias: Option<Tensor>,
}

impl Bart {
    pub(super) fn load(config: &BartConfig, weights: &mut Weights) -> Result<Self, LoadError> {
        // A checkpoint of the bare model has the same names without the prefix.
        weights.strip_prefix("model.");
        for name in ["encoder.version", "decoder.version"] {
            weights.ignore(name);
        }
        let encoder = Stack::encoder(config, weights)?;
        let decoder = Stack::decoder(config, weights)?;
        let head = if config.tie_word_embeddings {
            weights.ignore("lm_head.weight");
            Linear::tied(decoder.embedding().table())
        } else {
            Linear::load(weights, "lm_head", (config.d_model, config.vocab_size), false)?
        };
        let logits_bias = weights.optional("final_logits_bias", (1, config.vocab_size))?;
        Ok(Self { config: config.clone(), encoder, decoder, head, logits_bias })
    }
}

impl Seq2Seq for Bart {
    type State = DecoderState;

    fn vocab_size(&self) -> usize {
        self.config.vocab_size
    }

    fn max_positions(&self) -> Option<usize> {
        Some(self.config.max_position_embeddings)
    }

    fn encode(&self, inputs: &TokenBatch, _beams: usize) -> Result<DecoderState, ModelError> {
        let mask = padding_mask(inputs, self.encoder.embedding())?;
        let mut hidden = self.encoder.embed(inputs.ids(), inputs.rows(), 0)?;
        for block in self.encoder.blocks() {
            hidden = block.forward(&hidden, mask.as_ref())?;
        }
        let encoded = self.encoder.finish(hidden)?;
        let sources = self
            .decoder
            .blocks()
            .iter()
            .map(|block| block.source(&encoded))
            .collect::<candle_core::Result<_>>()?;
        Ok(DecoderState::new(sources, mask))
    }

    fn decode(&self, tokens: &[u32], state: &mut DecoderState) -> Result<Logits, ModelError> {
        let mut hidden = self.decoder.embed(tokens, tokens.len(), state.position)?;
        state.position += 1;
        let DecoderState { tokens: caches, sources, mask, .. } = state;
        for ((block, cache), source) in self.decoder.blocks().iter().zip(caches).zip(sources.iter()) {
            hidden = block.forward(&hidden, cache, source, mask.as_ref())?;
        }
        let logits = self.head.forward(&self.decoder.finish(hidden)?.squeeze(1)?)?;
        match &self.logits_bias {
            Some(bias) => Logits::read(&logits.broadcast_add(bias)?),
            None => Logits::read(&logits),
        }
    }

    fn reorder(&self, state: &mut DecoderState, parents: &[usize]) -> Result<(), ModelError> {
        state.reorder(parents)
    }
}
