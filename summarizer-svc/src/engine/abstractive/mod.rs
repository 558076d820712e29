//! Writes new sentences with an encoder-decoder model.
//!
//! # Layout
//!
//! - `window`: the article in parts that the model can hold, without losing any of it.
//! - `plan`: how long the outputs are, as generation parameters.
//! - `voice`: tokens to text to whole sentences, as they come; `sentences`: what is certain of them.
//! - `open`: a model's folder, opened.
//! - `figures`: what is decoded, as metrics.

mod figures;
mod open;
mod plan;
mod sentences;
mod voice;
mod window;

use std::time::{Duration, Instant};

use inference::{
    Pretrained,
    generation::{GenerateError, GenerationConfig, GenerationDefaults, Next, Rows, Watch, generate},
    model::TokenBatch,
    tokenizer::{Specials, Tokenizer, TokenizerError, normalize_input},
};

use super::{Engine, EngineError, Output, returned_whole};
use crate::{
    document::{Document, Orthography},
    grounding::Grounding,
    summary::{Coverage, Draft, ModelId, Notice, Phase, Request, SummarySentence},
};

pub use open::{Dtype, Identity, OpenError};
use plan::Plan;
use sentences::Sentences;
use voice::Voice;
use window::Windows;

/// Parts that are summarized side by side.
const BATCH: usize = 4;

/// A model that is loaded. Any number of summaries may be made with it at once.
pub struct Abstractive {
    identity: Identity,
    pretrained: Pretrained,
    tokenizer: Tokenizer,
    /// The model's own parameters for summaries.
    generation: GenerationDefaults,
    /// What its inputs begin with, such as `summarize: `.
    prefix: String,
}

/// What was written of one input, or of several.
#[derive(Default)]
struct Counts {
    read: usize,
    written: usize,
    encode: Duration,
    drawn: bool,
}

impl Engine for Abstractive {
    fn model(&self) -> ModelId {
        self.identity.model.clone()
    }

    /// Touches every weight once, so that the first reader doesn't wait for the disk.
    fn warm_up(&self) {
        let plan = Plan { shortest: 1, longest: 2, streams: false, most: 2 };
        let ids = self.ids("Warm up.").unwrap_or_default();
        let written = self.config(&plan, &Request::default()).and_then(|config| {
            self.generate(&[ids], &config, &mut Silent(&mut super::Nobody, &mut Counts::default()))
        });
        if let Err(error) = written {
            tracing::warn!(%error, model = %self.identity.model.id, "the first summary will take longer than the others");
        }
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        output.progress(Phase::Reading, 0, 0)?;
        let document = Document::read(&request.article, request.language.as_ref());
        if document.sentences.is_empty() {
            return Err(EngineError::NothingToSummarize);
        }
        if document.is_short {
            return returned_whole(&document, request, output);
        }
        let windows = Windows::new(self, &request.article.title)?;
        let texts: Vec<&str> = document.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        let parts = windows.cut(&texts)?;
        let mut counts = Counts { read: parts.iter().map(|part| part.ids.len()).sum(), ..Counts::default() };
        let coverage = Coverage {
            parts_total: parts.len(),
            parts_read: parts.len(),
            sentences_total: document.sentences.len() + document.skipped,
            sentences_skipped: document.skipped,
        };
        let last = self.reduce(parts, &windows, &document, output, &mut counts)?;
        let sentences = self.write(last, request, &document, output, &mut counts)?;
        let sentences = ground(&sentences, request, &document, output)?;
        Ok(self.draft(sentences, &document, coverage, &counts))
    }
}

impl Abstractive {
    /// What the model is called, reads and needs.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Token ids of a text that is not to be trusted, without those that frame a sequence.
    fn ids(&self, text: &str) -> Result<Vec<u32>, EngineError> {
        self.tokenizer.encode(&normalize_input(text), Specials::Literal, None).map_err(|error| failed(&error))
    }

    fn config(&self, plan: &Plan, request: &Request) -> Result<GenerationConfig, EngineError> {
        let overrides = plan.parameters(&request.generation);
        self.generation.with(&overrides).map_err(|error| EngineError::InvalidOption(error.to_string()))
    }

    /// Summarizes the parts and then the summaries, until they fit one window.
    fn reduce(
        &self,
        mut parts: Vec<window::Part>,
        windows: &Windows<'_>,
        document: &Document,
        output: &mut dyn Output,
        counts: &mut Counts,
    ) -> Result<window::Part, EngineError> {
        while parts.len() > 1 {
            let plan = Plan::of_part(windows.room());
            let config = self.config(&plan, &Request::default())?;
            counts.drawn |= draws(&config);
            let mut texts = Vec::new();
            for (done, batch) in parts.chunks(BATCH).enumerate() {
                output.progress(Phase::Encoding, done * BATCH, parts.len())?;
                let ids: Vec<Vec<u32>> = batch.iter().map(|part| part.ids.clone()).collect();
                let written = self.generate(&ids, &config, &mut Silent(output, counts))?;
                for (tokens, part) in written.iter().zip(batch) {
                    let text = self.tokenizer.decode(tokens, true).map_err(|error| failed(&error))?;
                    let whole = Sentences::whole(&text, orthography(document, &text));
                    // A part of which nothing was written still has its say.
                    let whole = if whole.is_empty() { vec![part.first.clone()] } else { whole };
                    texts.push(windows.shortened(&whole, plan.longest)?);
                }
            }
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let joined = windows.cut(&texts)?;
            if joined.len() >= parts.len() {
                return Err(EngineError::Failed(
                    "the window of the model is too small to join parts in".to_owned(),
                ));
            }
            parts = joined;
        }
        parts.pop().ok_or(EngineError::NothingToSummarize)
    }

    /// The summary itself, told to whoever waits as it comes.
    fn write(
        &self,
        part: window::Part,
        request: &Request,
        document: &Document,
        output: &mut dyn Output,
        counts: &mut Counts,
    ) -> Result<Vec<String>, EngineError> {
        output.progress(Phase::Encoding, 0, 1)?;
        let streams = self.streams(request);
        let plan = Plan::of(request.length, part.ids.len(), streams, self.pretrained.config.max_positions());
        let config = self.config(&plan, request)?;
        counts.drawn |= draws(&config);
        let sentences = Sentences::new(orthography(document, ""), request.format.separator());
        let mut voice = Voice::new(&self.tokenizer, sentences, output, plan);
        let began = Instant::now();
        let written = self.generate(&[part.ids], &config, &mut voice)?;
        counts.written += written.first().map(Vec::len).unwrap_or_default();
        let encode = voice.first_step().map_or(began.elapsed(), |first| first.duration_since(began));
        counts.encode += encode;
        voice.finish(&written)
    }

    /// Whether tokens are final as they come.
    fn streams(&self, request: &Request) -> bool {
        let beams = request.generation.num_beams.map(|beams| beams as usize);
        let own = || self.generation.with(&serde_json::Map::new()).map_or(1, |config| config.beams());
        beams.unwrap_or_else(own) == 1
    }

    /// The tokens that were written for each input, without the one that the decoder begins with.
    fn generate(
        &self,
        inputs: &[Vec<u32>],
        config: &GenerationConfig,
        watch: &mut dyn Watch,
    ) -> Result<Vec<Vec<u32>>, EngineError> {
        let pad = config.pad().unwrap_or_default();
        let batch = TokenBatch::padded(inputs, pad).map_err(|error| failed(&error))?;
        match generate(&self.pretrained.model, &batch, config, watch) {
            Ok(generated) => Ok(generated
                .sequences
                .into_iter()
                .map(|row| row.get(1..).unwrap_or_default().to_vec())
                .collect()),
            Err(GenerateError::Cancelled) => Err(EngineError::Cancelled),
            Err(error) => Err(failed(&error)),
        }
    }

    fn draft(
        &self,
        sentences: Vec<SummarySentence>,
        document: &Document,
        coverage: Coverage,
        counts: &Counts,
    ) -> Draft {
        let reads = self.identity.reads(document.language.tag());
        Draft {
            sentences,
            tokens_in: counts.read,
            tokens_out: counts.written,
            coverage,
            language: document.language.tag().to_owned(),
            notices: if reads { Vec::new() } else { vec![Notice::LanguageNotSupported] },
            encode: counts.encode,
            drawn: counts.drawn,
        }
    }
}

/// Where each sentence comes from, and what of it the article does not support.
fn ground(
    sentences: &[String],
    request: &Request,
    document: &Document,
    output: &mut dyn Output,
) -> Result<Vec<SummarySentence>, EngineError> {
    output.progress(Phase::Grounding, 0, sentences.len())?;
    let grounding = Grounding::new(&request.article, document);
    let grounded = sentences.iter().map(|sentence| {
        output.check()?;
        Ok(grounding.ground(sentence))
    });
    grounded.collect()
}

/// Whether tokens are drawn at random, and others the next time.
fn draws(config: &GenerationConfig) -> bool {
    config.do_sample == Some(true) && config.seed.is_none()
}

/// How the text is written that the article's language, or the text itself, would be.
fn orthography(document: &Document, text: &str) -> Orthography {
    Orthography::of(&document.language, text)
}

fn failed(error: &dyn std::fmt::Display) -> EngineError {
    EngineError::Failed(error.to_string())
}

impl From<TokenizerError> for EngineError {
    fn from(error: TokenizerError) -> Self {
        failed(&error)
    }
}

/// Only asks whether somebody still waits.
struct Silent<'a>(&'a mut dyn Output, &'a mut Counts);

impl Watch for Silent<'_> {
    fn is_waiting(&mut self) -> bool {
        self.0.check().is_ok()
    }

    fn step(&mut self, rows: &Rows<'_>) -> Next {
        self.1.written += rows.tokens.len();
        if self.0.check().is_err() { Next::Cancel } else { Next::Continue }
    }
}

#[cfg(test)]
mod tests;
