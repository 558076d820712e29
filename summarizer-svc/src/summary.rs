//! What the summarizer speaks of.

mod options;

use std::{sync::Arc, time::Duration};

pub use options::GenerationOptions;

use crate::document::{Article, LanguageTag};

/// What to summarize, and how.
#[derive(Debug, Clone, Default)]
pub struct Request {
    /// The article.
    pub article: Article,
    /// Which engine.
    pub engine: EngineChoice,
    /// How long.
    pub length: Length,
    /// How it is set.
    pub format: Format,
    /// A model by name; None for the engine's own.
    pub model: Option<String>,
    /// None to have it detected.
    pub language: Option<LanguageTag>,
    /// What a language model is to do otherwise than its own files say.
    pub generation: GenerationOptions,
    /// Requests with the same key share one place in the queue's rotation; empty for one of its own.
    pub fairness_key: String,
    /// Whether the built-in engine may stand in for a model that would be too late.
    pub allow_degraded: bool,
}

/// The engine that a caller asks for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum EngineChoice {
    /// The best one that is ready.
    #[default]
    Auto,
    /// Picks the article's own sentences.
    Extractive,
    /// Writes new ones with a language model.
    Abstractive,
}

/// How long a summary is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Length {
    /// About two sentences.
    Short,
    /// About three.
    #[default]
    Medium,
    /// About five.
    Long,
}

/// How a summary is set.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Format {
    /// Sentences joined by spaces.
    #[default]
    Paragraph,
    /// A sentence a line.
    Bullets,
}

impl Format {
    /// What stands between two sentences.
    pub fn separator(self) -> &'static str {
        match self {
            Self::Paragraph => " ",
            Self::Bullets => "\n",
        }
    }
}

/// The engine that made a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EngineKind {
    /// The article's own sentences.
    Extractive,
    /// New ones.
    Abstractive,
}

/// A model's name and version.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelId {
    /// The engine that it belongs to.
    pub engine: EngineKind,
    /// Name to ask for.
    pub id: Arc<str>,
    /// Version of a built-in algorithm, or commit of a model's repository.
    pub revision: Arc<str>,
}

/// A sentence and where it comes from.
#[derive(Debug, Clone, PartialEq)]
pub struct SummarySentence {
    /// Its text on one line.
    pub text: String,
    /// The passages that it comes from, best first.
    pub spans: Vec<SourceSpan>,
    /// What the article does not support, in the order of the text; empty where the sentence is the article's own.
    pub unsupported: Vec<Unsupported>,
}

/// A passage of the article.
#[derive(Debug, Clone, PartialEq)]
pub struct SourceSpan {
    /// Index of the paragraph in the input.
    pub paragraph: usize,
    /// Where it begins, in Unicode code points of the paragraph.
    pub start: usize,
    /// Where it ends, exclusive.
    pub end: usize,
    /// 0 to 1; 1 is word for word.
    pub score: f64,
}

/// A name, number, date or quote of a summary sentence that the article does not contain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unsupported {
    /// What it is.
    pub kind: UnsupportedKind,
    /// The words.
    pub text: String,
    /// Where they begin, in Unicode code points of the sentence's text.
    pub start: usize,
    /// Where they end, exclusive.
    pub end: usize,
}

/// What an unsupported item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UnsupportedKind {
    /// A name.
    Name,
    /// A number.
    Number,
    /// A date, a year, a weekday or a time of day.
    Date,
    /// Words between quotation marks.
    Quote,
}

/// What the reader should know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// The text has fewer than [`FEWEST_SENTENCES`](crate::document::FEWEST_SENTENCES), boilerplate included; all of
    /// it came back, and nothing else.
    ReturnedWhole,
    /// No stop words or stemmer for the language.
    LanguageNotSupported,
}

/// What an engine made of an article.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// The sentences in order.
    pub sentences: Vec<SummarySentence>,
    /// Tokens that were read; words for the extractive engine.
    pub tokens_in: usize,
    /// Tokens that were written; words for the extractive engine.
    pub tokens_out: usize,
    /// How much of the article was read.
    pub coverage: Coverage,
    /// BCP 47; empty when unknown.
    pub language: String,
    /// What the reader should know.
    pub notices: Vec<Notice>,
    /// Time until the first sentence could be chosen.
    pub encode: Duration,
    /// Tokens were drawn at random without a seed, so that the next one will be another.
    pub drawn: bool,
}

/// How much of the article was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Coverage {
    /// Parts that the article was split into.
    pub parts_total: usize,
    /// Parts that were read.
    pub parts_read: usize,
    /// Sentences of the article, boilerplate included.
    pub sentences_total: usize,
    /// Sentences left out as boilerplate.
    pub sentences_skipped: usize,
}

/// Where the time went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Timings {
    /// Waiting for a worker.
    pub queue: Duration,
    /// Reading the article.
    pub encode: Duration,
    /// From the request to the first text.
    pub first_token: Duration,
    /// From the request to the end.
    pub total: Duration,
}

/// A summary.
#[derive(Debug, Clone, PartialEq)]
pub struct Summary {
    /// What the engine made.
    pub draft: Draft,
    /// Who made it.
    pub model: ModelId,
    /// Where the time went.
    pub timings: Timings,
    /// Name of the replica.
    pub replica: String,
    /// As asked for.
    pub length: Length,
    /// As asked for.
    pub format: Format,
    /// Why the built-in engine stood in, where it did.
    pub degraded: Option<Degraded>,
}

/// Why the built-in engine stood in for a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Degraded {
    /// Why.
    pub reason: DegradedReason,
    /// The model that would have written.
    pub model: String,
}

/// What would have kept the caller waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DegradedReason {
    /// The model is being downloaded or loaded.
    ModelNotReady,
    /// The model would have been too late.
    WaitTooLong,
    /// As many requests wait for a model as may.
    QueueFull,
}

impl Summary {
    /// The sentences, joined as the format wants.
    pub fn text(&self) -> String {
        let texts: Vec<&str> = self.draft.sentences.iter().map(|sentence| sentence.text.as_str()).collect();
        texts.join(self.format.separator())
    }
}

/// What happens on the way to a summary.
#[derive(Debug, Clone, PartialEq)]
pub enum Event {
    /// The request has its place; always first.
    Accepted {
        /// Requests before it.
        queue_position: usize,
        /// By how long recent summaries took.
        estimated_wait: Duration,
        /// Who will make it.
        model: ModelId,
        /// Where.
        replica: String,
    },
    /// Where the work stands.
    Progress {
        /// What is being done.
        phase: Phase,
        /// Steps done.
        done: usize,
        /// Of so many.
        total: usize,
    },
    /// More of the text.
    Delta(String),
    /// The summary; always last.
    Done(Box<Summary>),
}

/// What is being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Splitting the article.
    Reading,
    /// Scoring its sentences, or running the encoder.
    Encoding,
    /// Writing.
    Writing,
    /// Aligning the summary with the article.
    Grounding,
}
