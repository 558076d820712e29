//! What guesses from the source save on texts like yours: `guess_speed MODEL_DIR TEXTS [TOKENIZER_DIR]`, with one JSON object a line
//! in TEXTS that has an `article` and a `summary`, and the threads in `RAYON_NUM_THREADS`.
//!
//! The model takes its steps, but is made to say the summaries that are there, so that its weights may be random: what is measured
//! is the time of the steps, and how many of them these summaries take. Each is decoded with guesses and without, one after the
//! other; an article's own beginning, as a summary that only copies, shows how far it goes.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::{error::Error, fs, path::PathBuf, sync::Mutex, time::Instant};

use inference::{
    Pretrained,
    engine::{BatchState, Engine},
    generation::{GenerationConfig, Unwatched, generate},
    model::{Logits, Model, ModelError, Seq2Seq, TokenBatch},
    tokenizer::{Specials, Tokenizer},
};
use serde_json::{Value, json};

/// Most tokens of a source.
const LONGEST: usize = 1_024;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1).map(PathBuf::from);
    let usage = "usage: guess_speed MODEL_DIR TEXTS [TOKENIZER_DIR]";
    let (folder, texts) = arguments.next().zip(arguments.next()).ok_or(usage)?;
    let tokenizer = Tokenizer::from_dir(&arguments.next().unwrap_or_else(|| folder.clone()))?;
    let Model::Int8(engine) = Pretrained::open_int8(&folder)?.model else { return Err("no engine".into()) };
    let (mut summaries, mut copies) = (Sums::default(), Sums::default());
    for line in fs::read_to_string(texts)?.lines() {
        let case: Value = serde_json::from_str(line)?;
        let text =
            |name: &str| case.get(name).and_then(Value::as_str).ok_or(format!("no {name} in {line:.40}"));
        let source = tokenizer.encode(text("article")?, Specials::Literal, Some(LONGEST))?;
        summaries.add(&engine, &source, &tokenizer.encode_plain(text("summary")?, Specials::Literal)?)?;
        copies.add(&engine, &source, source.get(1..81.min(source.len())).unwrap_or_default())?;
    }
    println!("{}\n{}", summaries.line("the summaries"), copies.line("the beginnings"));
    Ok(())
}

/// Of all texts, without guesses and with them.
#[derive(Default)]
struct Sums {
    tokens: usize,
    steps: [usize; 2],
    seconds: [f64; 2],
}

impl Sums {
    fn add(&mut self, engine: &Engine, source: &[u32], output: &[u32]) -> Result<(), Box<dyn Error>> {
        self.tokens += output.len();
        let config = json!({"decoder_start_token_id": 0, "max_new_tokens": output.len()});
        let config: GenerationConfig = serde_json::from_value(config)?;
        let batch = TokenBatch::padded(&[source.to_vec()], 0)?;
        for (at, guesses) in [0, engine.guesses()].into_iter().enumerate() {
            let told = Told { engine, output, guesses, spent: Mutex::default() };
            let found = generate(&told, &batch, &config, &mut Unwatched)?;
            if found.sequences.first().and_then(|row| row.get(1..)) != Some(output) {
                return Err("another output than it was told".into());
            }
            let (steps, seconds) = told.spent.into_inner()?;
            self.steps[at] += steps;
            self.seconds[at] += seconds;
        }
        Ok(())
    }

    fn line(&self, name: &str) -> String {
        let [plain, guessing] = self.seconds;
        let each = |at: usize| self.tokens as f64 / self.steps[at] as f64;
        format!(
            "{name}: {} tokens, {:.2} a step instead of {:.2}; {:.0} ms instead of {:.0}, × {:.2}",
            self.tokens,
            each(1),
            each(0),
            guessing * 1e3,
            plain * 1e3,
            plain / guessing
        )
    }
}

/// An engine that says what it is told.
struct Told<'a> {
    engine: &'a Engine,
    output: &'a [u32],
    guesses: usize,
    /// Steps, and their seconds.
    spent: Mutex<(usize, f64)>,
}

impl Seq2Seq for Told<'_> {
    /// The engine's, and the tokens that it has taken.
    type State = (BatchState, usize);

    fn vocab_size(&self) -> usize {
        self.engine.vocab_size()
    }

    fn max_positions(&self) -> Option<usize> {
        self.engine.max_positions()
    }

    fn encode(&self, inputs: &TokenBatch, beams: usize) -> Result<Self::State, ModelError> {
        Ok((self.engine.encode(inputs, beams)?, 0))
    }

    fn decode(&self, tokens: &[u32], state: &mut Self::State) -> Result<Logits, ModelError> {
        self.decode_guesses(tokens, state)
    }

    fn guesses(&self) -> usize {
        self.guesses
    }

    fn decode_guesses(&self, tokens: &[u32], state: &mut Self::State) -> Result<Logits, ModelError> {
        let began = Instant::now();
        let mut logits = self.engine.decode_guesses(tokens, &mut state.0)?;
        if let Ok(mut spent) = self.spent.lock() {
            *spent = (spent.0 + 1, spent.1 + began.elapsed().as_secs_f64());
        }
        for (row, token) in self.output.iter().skip(state.1).take(tokens.len()).enumerate() {
            if let Some(score) = logits.row_mut(row).get_mut(*token as usize) {
                *score = f32::INFINITY;
            }
        }
        state.1 += tokens.len();
        Ok(logits)
    }

    fn take_back(&self, state: &mut Self::State, count: usize) -> Result<(), ModelError> {
        state.1 -= count;
        self.engine.take_back(&mut state.0, count)
    }

    fn reorder(&self, state: &mut Self::State, parents: &[usize]) -> Result<(), ModelError> {
        self.engine.reorder(&mut state.0, parents)
    }
}
