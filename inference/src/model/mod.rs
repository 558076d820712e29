//! Encoder-decoder models: the border behind which they stand, and those that run on candle.

mod attention;
pub(crate) mod bart;
mod batch;
mod cache;
mod embedding;
mod error;
mod heads;
mod layers;
mod linear;
mod logits;
mod numbers;
mod product;
pub(crate) mod t5;

use std::io;

use candle_core::Device;

pub use bart::Bart;
pub use batch::{BatchError, TokenBatch};
pub use cache::DecoderState;
pub use error::ModelError;
pub use logits::Logits;
pub use t5::T5;

use crate::{
    batching::{BatchWatch, Batching, Decoding},
    config::ModelConfig,
    engine::{BatchState, Engine},
    weights::{LoadError, Weights},
};

/// An encoder-decoder model. One copy of the weights serves any number of requests at once: all that belongs to a
/// request is in its [`State`](Self::State).
pub trait Seq2Seq: Send + Sync {
    /// What decoding a batch needs beside the weights: the encoder's keys and values, and those of the tokens so far.
    type State: Send;

    /// Size of the output vocabulary.
    fn vocab_size(&self) -> usize;

    /// Most positions of an output; None where there is no limit.
    fn max_positions(&self) -> Option<usize>;

    /// Runs the encoder over a batch and prepares `beams` rows for each input, one after the other.
    ///
    /// # Errors
    ///
    /// [`ModelError`].
    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<Self::State, ModelError>;

    /// [`encode`](Self::encode), which may ask meanwhile whether the result is still wanted.
    ///
    /// # Errors
    ///
    /// [`ModelError`]; [`ModelError::Unwanted`] when it is not.
    fn encode_while(
        &self,
        inputs: &TokenBatch,
        beams: usize,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<Self::State, ModelError> {
        if wanted() { self.encode(inputs, beams) } else { Err(ModelError::Unwanted) }
    }

    /// Takes one more token for each row and gives the scores of the next: `[rows, vocab_size]`.
    ///
    /// # Errors
    ///
    /// [`ModelError`].
    fn decode(&self, tokens: &[u32], state: &mut Self::State) -> Result<Logits, ModelError>;

    /// How many guesses of the tokens to come are worth a place in a step of a single row now. 0 where they can't be had.
    fn guesses(&self) -> usize {
        0
    }

    /// [`decode`](Self::decode) for a single row with guesses of what comes after its next token, each of which is taken
    /// as if it were right: the scores after each of the tokens.
    ///
    /// # Errors
    ///
    /// [`ModelError`]; [`ModelError::OtherState`] where there is more than one row, or guesses can't be had.
    fn decode_guesses(&self, tokens: &[u32], state: &mut Self::State) -> Result<Logits, ModelError> {
        if let [_] = tokens { self.decode(tokens, state) } else { Err(ModelError::OtherState) }
    }

    /// Takes back the last so many tokens of each row, guesses that were wrong.
    ///
    /// # Errors
    ///
    /// [`ModelError::OtherState`] where guesses can't be had.
    fn take_back(&self, _state: &mut Self::State, count: usize) -> Result<(), ModelError> {
        if count == 0 { Ok(()) } else { Err(ModelError::OtherState) }
    }

    /// Takes back scores that nobody needs any more: the next step writes where they are.
    fn reuse(&self, _state: &mut Self::State, _logits: Logits) {}

    /// Calls `act` with each row of scores and its number, on several threads where the model has some with nothing to do.
    fn each_row(&self, logits: &mut Logits, act: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        logits.rows_mut().enumerate().for_each(|(row, scores)| act(row, scores));
    }

    /// Makes each row go on from where the row `parents[row]` is; rows stay with their input.
    ///
    /// # Errors
    ///
    /// [`ModelError`].
    fn reorder(&self, state: &mut Self::State, parents: &[usize]) -> Result<(), ModelError>;
}

/// A model of any of the families.
#[derive(Debug)]
pub enum Model {
    /// T5, T5 v1.1 and Flan-T5.
    T5(T5),
    /// BART, PEGASUS, mBART and Marian.
    Bart(Bart),
    /// Any of them in 8-bit integers.
    Int8(Box<Engine>),
    /// The same, for many threads at once.
    Batching(Batching),
}

/// What a request keeps of a [`Model`] between two steps.
#[derive(Debug)]
pub enum ModelState {
    /// On candle.
    Tensors(DecoderState),
    /// In 8-bit integers.
    Rows(BatchState),
    /// The same, among others.
    Decoding(Decoding),
}

impl Model {
    /// Builds a model of its weights.
    ///
    /// # Errors
    ///
    /// [`LoadError`], which names every tensor that is missing, unknown or of another shape.
    pub fn load(config: &ModelConfig, mut weights: Weights) -> Result<Self, LoadError> {
        let model = match config {
            ModelConfig::T5(config) => Self::T5(T5::load(config, &mut weights)?),
            ModelConfig::Bart(config) => Self::Bart(Bart::load(config, &mut weights)?),
        };
        weights.finish()?;
        Ok(model)
    }

    /// The same model; where it can, it takes the steps of all threads that use it together ([`Batching`]).
    ///
    /// # Errors
    ///
    /// When the system gives no thread.
    pub fn batching(self) -> io::Result<Self> {
        match self {
            Self::Int8(engine) => Batching::start(*engine).map(Self::Batching),
            other => Ok(other),
        }
    }

    /// What happens in the batch of all threads, where there is one.
    pub fn batch(&self) -> Option<BatchWatch> {
        if let Self::Batching(model) = self { Some(model.watch()) } else { None }
    }
}

impl Seq2Seq for Model {
    type State = ModelState;

    fn vocab_size(&self) -> usize {
        match self {
            Self::T5(model) => model.vocab_size(),
            Self::Bart(model) => model.vocab_size(),
            Self::Int8(model) => model.vocab_size(),
            Self::Batching(model) => model.vocab_size(),
        }
    }

    fn max_positions(&self) -> Option<usize> {
        match self {
            Self::T5(model) => model.max_positions(),
            Self::Bart(model) => model.max_positions(),
            Self::Int8(model) => model.max_positions(),
            Self::Batching(model) => model.max_positions(),
        }
    }

    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<ModelState, ModelError> {
        match self {
            Self::T5(model) => model.encode(inputs, beams).map(ModelState::Tensors),
            Self::Bart(model) => model.encode(inputs, beams).map(ModelState::Tensors),
            Self::Int8(model) => model.encode(inputs, beams).map(ModelState::Rows),
            Self::Batching(model) => model.encode(inputs, beams).map(ModelState::Decoding),
        }
    }

    fn encode_while(
        &self,
        inputs: &TokenBatch,
        beams: usize,
        wanted: &mut dyn FnMut() -> bool,
    ) -> Result<ModelState, ModelError> {
        match self {
            Self::T5(model) => model.encode_while(inputs, beams, wanted).map(ModelState::Tensors),
            Self::Bart(model) => model.encode_while(inputs, beams, wanted).map(ModelState::Tensors),
            Self::Int8(model) => model.encode_while(inputs, beams, wanted).map(ModelState::Rows),
            Self::Batching(model) => model.encode_while(inputs, beams, wanted).map(ModelState::Decoding),
        }
    }

    fn decode(&self, tokens: &[u32], state: &mut ModelState) -> Result<Logits, ModelError> {
        match (self, state) {
            (Self::T5(model), ModelState::Tensors(state)) => model.decode(tokens, state),
            (Self::Bart(model), ModelState::Tensors(state)) => model.decode(tokens, state),
            (Self::Int8(model), ModelState::Rows(state)) => model.decode(tokens, state),
            (Self::Batching(model), ModelState::Decoding(state)) => model.decode(tokens, state),
            _ => Err(ModelError::OtherState),
        }
    }

    fn guesses(&self) -> usize {
        match self {
            Self::T5(model) => model.guesses(),
            Self::Bart(model) => model.guesses(),
            Self::Int8(model) => model.guesses(),
            Self::Batching(model) => model.guesses(),
        }
    }

    fn reuse(&self, state: &mut ModelState, logits: Logits) {
        match (self, state) {
            (Self::Int8(model), ModelState::Rows(state)) => model.reuse(state, logits),
            (Self::Batching(model), ModelState::Decoding(state)) => model.reuse(state, logits),
            _ => {}
        }
    }

    fn each_row(&self, logits: &mut Logits, act: &(dyn Fn(usize, &mut [f32]) + Sync)) {
        match self {
            Self::T5(model) => model.each_row(logits, act),
            Self::Bart(model) => model.each_row(logits, act),
            Self::Int8(model) => model.each_row(logits, act),
            Self::Batching(model) => model.each_row(logits, act),
        }
    }

    fn decode_guesses(&self, tokens: &[u32], state: &mut ModelState) -> Result<Logits, ModelError> {
        match (self, state) {
            (Self::T5(model), ModelState::Tensors(state)) => model.decode_guesses(tokens, state),
            (Self::Bart(model), ModelState::Tensors(state)) => model.decode_guesses(tokens, state),
            (Self::Int8(model), ModelState::Rows(state)) => model.decode_guesses(tokens, state),
            (Self::Batching(model), ModelState::Decoding(state)) => model.decode_guesses(tokens, state),
            _ => Err(ModelError::OtherState),
        }
    }

    fn take_back(&self, state: &mut ModelState, count: usize) -> Result<(), ModelError> {
        match (self, state) {
            (Self::T5(model), ModelState::Tensors(state)) => model.take_back(state, count),
            (Self::Bart(model), ModelState::Tensors(state)) => model.take_back(state, count),
            (Self::Int8(model), ModelState::Rows(state)) => model.take_back(state, count),
            (Self::Batching(model), ModelState::Decoding(state)) => model.take_back(state, count),
            _ => Err(ModelError::OtherState),
        }
    }

    fn reorder(&self, state: &mut ModelState, parents: &[usize]) -> Result<(), ModelError> {
        match (self, state) {
            (Self::T5(model), ModelState::Tensors(state)) => model.reorder(state, parents),
            (Self::Bart(model), ModelState::Tensors(state)) => model.reorder(state, parents),
            (Self::Int8(model), ModelState::Rows(state)) => model.reorder(state, parents),
            (Self::Batching(model), ModelState::Decoding(state)) => model.reorder(state, parents),
            _ => Err(ModelError::OtherState),
        }
    }
}

/// The device that the build and the machine offer: a GPU where there is a backend for it and one answers, else the CPU.
pub fn best_device() -> Device {
    #[cfg(feature = "cuda")]
    if let Ok(device) = Device::new_cuda(0) {
        return device;
    }
    #[cfg(feature = "metal")]
    if let Ok(device) = Device::new_metal(0) {
        return device;
    }
    Device::Cpu
}
