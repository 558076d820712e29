//! Generating text: what `GenerationMixin.generate` of transformers does for encoder-decoder models.

mod beam;
mod config;
mod defaults;
mod greedy;
mod guesses;
mod processors;
mod sampling;
mod top;

use rand::{SeedableRng, rngs::StdRng};

pub use config::{EarlyStopping, GenerationConfig, GenerationConfigError, OneOrMany};
pub use defaults::GenerationDefaults;

use crate::model::{ModelError, Seq2Seq, TokenBatch};
pub(crate) use guesses::MOST as MOST_GUESSES;
use processors::{Context, Processors};

/// What came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Generated {
    /// `batch · num_return_sequences` sequences of one length, each from the token that the decoder began with; those
    /// that ended earlier are filled up.
    pub sequences: Vec<Vec<u32>>,
    /// Log-probability of each, divided by its length to the power of the length penalty; beam search only.
    pub scores: Option<Vec<f32>>,
}

/// Why nothing came out.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The model failed.
    #[error(transparent)]
    Model(#[from] ModelError),
    /// Neither `decoder_start_token_id` nor `bos_token_id` is known.
    #[error("the configuration doesn't say with which token the decoder begins")]
    NoStart,
    /// The output's limit leaves no room for a token.
    #[error("max_length is {0}, which leaves no room for a new token")]
    NoRoom(usize),
    /// A bias or a ban is about a token that the model doesn't have.
    #[error("token {0} is not in the model's vocabulary")]
    UnknownToken(u32),
    /// The watcher broke off.
    #[error("the generation was broken off")]
    Cancelled,
}

/// Sees the generation step by step, and can end it after any.
pub trait Watch {
    /// Called after each step with the tokens of each row so far; beams are rows, and their tokens may still change.
    fn step(&mut self, rows: &Rows<'_>) -> Next;

    /// Asked from time to time before the first step; when it is false there is none:
    /// [`GenerateError::Cancelled`].
    fn is_waiting(&mut self) -> bool {
        true
    }
}

/// How a generation goes on after a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    /// With the next step.
    Continue,
    /// No further: what is there is the output. Beam search, whose rows are no output yet, goes on.
    Stop,
    /// Not at all: [`GenerateError::Cancelled`].
    Cancel,
}

/// The tokens of all rows.
#[derive(Debug)]
pub struct Rows<'a> {
    /// Each from the token that the decoder began with.
    pub tokens: &'a [Vec<u32>],
    /// Whether there is one row for each returned sequence, and its tokens are final.
    pub is_final: bool,
}

/// Watches nothing.
#[derive(Debug, Default)]
pub struct Unwatched;

impl Watch for Unwatched {
    fn step(&mut self, _: &Rows<'_>) -> Next {
        Next::Continue
    }
}

/// Generates sequences for a batch of inputs.
///
/// # Errors
///
/// [`GenerateError`].
pub fn generate<M: Seq2Seq + ?Sized>(
    model: &M,
    inputs: &TokenBatch,
    config: &GenerationConfig,
    watch: &mut dyn Watch,
) -> Result<Generated, GenerateError> {
    let start = config.decoder_start().ok_or(GenerateError::NoStart)?;
    let longest = config.longest(model.max_positions());
    if longest <= 1 {
        return Err(GenerateError::NoRoom(longest));
    }
    let vocab_size = model.vocab_size();
    if let Some(id) = ids(config).find(|id| *id as usize >= vocab_size) {
        return Err(GenerateError::UnknownToken(id));
    }
    let run = Run {
        inputs,
        config,
        start,
        longest,
        expand: config.beams().max(config.returned()),
        processors: Processors::new(config, longest),
        random: config.seed.map_or_else(|| StdRng::from_rng(&mut rand::rng()), StdRng::seed_from_u64),
    };
    if config.beams() > 1 { beam::search(model, run, watch) } else { greedy::search(model, run, watch) }
}

/// One call of [`generate`].
struct Run<'a> {
    inputs: &'a TokenBatch,
    config: &'a GenerationConfig,
    start: u32,
    longest: usize,
    /// Rows for each input.
    expand: usize,
    processors: Processors,
    random: StdRng,
}

impl Run<'_> {
    fn encode<M: Seq2Seq + ?Sized>(
        &self,
        model: &M,
        watch: &mut dyn Watch,
    ) -> Result<M::State, GenerateError> {
        let state = model.encode_while(self.inputs, self.expand, &mut || watch.is_waiting());
        state.map_err(|error| match error {
            ModelError::Unwanted => GenerateError::Cancelled,
            error => GenerateError::Model(error),
        })
    }

    fn rows(&self) -> usize {
        self.inputs.rows() * self.expand
    }

    fn is_end(&self, token: u32) -> bool {
        self.config.eos().contains(&token)
    }

    fn context<'a>(&'a self, row: usize, tokens: &'a [u32]) -> Context<'a> {
        Context { tokens, source: self.inputs.row(row / self.expand) }
    }
}

fn ids(config: &GenerationConfig) -> impl Iterator<Item = u32> {
    let words = config.bad_words_ids.iter().flatten().flatten();
    let biased = config.sequence_bias.iter().flatten().flat_map(|(ids, _)| ids);
    let forced =
        config.forced_eos_token_id.iter().flat_map(OneOrMany::as_slice).chain(&config.forced_bos_token_id);
    let own = config.eos().iter().chain(&config.decoder_start_token_id).chain(&config.pad_token_id);
    words.chain(biased).chain(forced).chain(own).copied()
}

/// In place, in 32 bits.
fn log_softmax(scores: &mut [f32]) {
    kernels::ops::log_softmax(kernels::Cpu::best(), scores);
}
