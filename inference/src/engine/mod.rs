//! Encoder-decoder models in 8-bit integers on a CPU: T5, BART and their relatives, without tensors.
//!
//! Weights are quantized when they are loaded, each output with a scale of its own, and what goes into them row by row
//! as it comes (dynamic quantization, as ONNX Runtime and CTranslate2 do). Keys and values that a step of the decoder reads
//! have 8 bits too, the rest of attention 16, norms and the residual stream 32.
//!
//! A [`Row`] is one sequence being decoded. Rows are independent: each has its own position and its own source, any of
//! them can take a step together with any others, and what comes out of a row doesn't depend, to the bit, on what is
//! beside it. So requests can join and leave between two steps, and beams are rows like any others.
//!
//! # Layout
//!
//! - `load`: weights by their names, for both families.
//! - `layers`: linear layers, norms, feed-forward.
//! - `stack`: embeddings, positions, last norm.
//! - `encode`: a source, layer by layer; `attend`: what its tokens attend to. `decode`: a step of some rows.
//! - `batch`: all that as [`Seq2Seq`](crate::model::Seq2Seq).

mod attend;
mod batch;
mod decode;
mod encode;
mod layers;
mod load;
mod stack;

use std::sync::{Arc, Mutex};

use kernels::{
    BufferPool, Cpu, Int8Rows, Team,
    attention::{KvBlocks, KvPage},
};

pub use batch::BatchState;
pub use encode::Encoding;

use crate::{
    config::ModelConfig,
    model::{Logits, ModelError},
    weights::{LoadError, Weights},
};
use decode::StepScratch;
use layers::{CrossAttention, FeedForward, Linear, SelfAttention};
use stack::Stack;

/// A model in 8-bit integers. One copy of the weights serves any number of rows.
#[derive(Debug)]
pub struct Engine {
    cpu: Cpu,
    team: &'static Team,
    vocab_size: usize,
    max_positions: Option<usize>,
    encoder: Stack,
    encoder_blocks: Vec<EncoderBlock>,
    decoder: Stack,
    decoder_blocks: Vec<DecoderBlock>,
    head: Linear,
    /// What the decoder's output is multiplied by before the head.
    head_scale: Option<f32>,
    scratch: Mutex<Vec<StepScratch>>,
    /// For the rows of all parts of a source.
    spare: Mutex<Vec<Vec<Int8Rows>>>,
    /// For keys and values of the encoder.
    memory: Arc<BufferPool>,
    /// For those of the decoder.
    kept: Arc<BufferPool>,
}

#[derive(Debug)]
struct EncoderBlock {
    own: SelfAttention,
    feed_forward: FeedForward,
}

#[derive(Debug)]
struct DecoderBlock {
    own: SelfAttention,
    cross: CrossAttention,
    feed_forward: FeedForward,
}

/// An encoded source as the decoder sees it: keys and values of each layer.
#[derive(Debug)]
pub struct Source {
    layers: Vec<KvBlocks>,
    length: usize,
}

/// A sequence that is being decoded. A clone goes on from where it is; it shares what is there so far.
#[derive(Debug, Clone)]
pub struct Row {
    source: Arc<Source>,
    /// Keys and values of all layers, 16 tokens a page.
    pages: Vec<Arc<KvPage>>,
    /// Tokens so far.
    position: usize,
}

impl Row {
    /// Tokens that it has taken.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Forgets the last so many tokens.
    pub fn take_back(&mut self, count: usize) {
        self.position = self.position.saturating_sub(count);
    }
}

impl Source {
    /// Tokens.
    pub fn len(&self) -> usize {
        self.length
    }

    /// Whether there are none, which no source is.
    pub fn is_empty(&self) -> bool {
        self.length == 0
    }
}

impl Engine {
    /// Quantizes the weights of a model.
    ///
    /// # Errors
    ///
    /// [`LoadError`], which names every tensor that is missing, unknown or of another shape.
    pub fn load(config: &ModelConfig, mut weights: Weights) -> Result<Self, LoadError> {
        let engine = match config {
            ModelConfig::T5(config) => load::t5(config, &mut weights)?,
            ModelConfig::Bart(config) => load::bart(config, &mut weights)?,
        };
        weights.finish()?;
        Ok(engine)
    }

    /// Who does the arithmetic.
    pub(crate) fn team(&self) -> &'static Team {
        self.team
    }

    /// Size of the output vocabulary.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// Most positions of an output; None where there is no limit.
    pub fn max_positions(&self) -> Option<usize> {
        self.max_positions
    }

    /// A row that begins to decode a source.
    pub fn row(&self, source: Arc<Source>) -> Row {
        Row { source, pages: Vec::new(), position: 0 }
    }

    /// Takes one more token for each row, each at its own position, and gives the scores of the next: row by row,
    /// `[rows, vocab_size]`.
    ///
    /// # Errors
    ///
    /// [`ModelError::UnknownToken`], [`ModelError::TooLong`] and [`ModelError::Embedding`], before any row has changed.
    pub fn step(&self, rows: &mut [&mut Row], tokens: &[u32], logits: &mut Logits) -> Result<(), ModelError> {
        let tokens: Vec<&[u32]> = tokens.iter().map(std::slice::from_ref).collect();
        decode::step(self, rows, &tokens, logits)
    }

    /// [`step`](Self::step) with several tokens for a row, one after the other: the scores after each of them, row by
    /// row. Each is, to the bit, what it would be in a step of its own.
    ///
    /// # Errors
    ///
    /// As [`step`](Self::step).
    pub fn step_ahead(
        &self,
        rows: &mut [&mut Row],
        tokens: &[&[u32]],
        logits: &mut Logits,
    ) -> Result<(), ModelError> {
        decode::step(self, rows, tokens, logits)
    }
}
