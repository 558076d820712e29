//! Summaries, as the gateway answers them, and the way to one.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{
    article::Article,
    options::{Format, Length},
};

/// A summary, each sentence with the passages that it comes from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Summary {
    /// The sentences joined by single spaces, or one a line as bullets.
    pub text: String,
    /// The sentences one by one.
    pub sentences: Vec<Sentence>,
    /// The engine that made it.
    pub engine: Engine,
    /// The model that made it.
    pub model: ModelRef,
    /// Tokens read.
    pub tokens_in: u32,
    /// Tokens written.
    pub tokens_out: u32,
    /// How much of the article was read.
    pub coverage: Coverage,
    /// Where the time went.
    pub timings: Timings,
    /// Name of the replica that answered.
    pub replica: String,
    /// Length that was asked for.
    pub length: Length,
    /// Format that was asked for.
    pub format: Format,
    /// BCP 47, as given or detected.
    pub language: Option<String>,
    /// What the reader should know about it.
    pub notices: Vec<Notice>,
    /// Why the extractive engine stood in, where it did; only for who asked with `allow_degraded`.
    pub degraded: Option<Degraded>,
    /// Whether tokens were drawn at random without a seed, so that the same request gets another summary the next time.
    pub drawn: bool,
    /// Whether it was there already. The timings of one that was are those of its making.
    pub cache: CacheStatus,
}

/// Whether a summary was there already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum CacheStatus {
    /// It was kept from an earlier request.
    Hit,
    /// It was made for this request, or for another at the same time.
    Miss,
}

/// Why the extractive engine stood in for a model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Degraded {
    /// Why.
    pub reason: DegradedReason,
    /// The model that would have written.
    pub model: String,
}

/// What would have kept the reader waiting.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DegradedReason {
    /// The model is being downloaded or loaded.
    ModelNotReady,
    /// The model would have been too late.
    WaitTooLong,
    /// As many requests wait for a model as may.
    QueueFull,
}

/// One sentence of a summary.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Sentence {
    /// The sentence.
    pub text: String,
    /// The passages that it comes from, best first.
    pub spans: Vec<SourceSpan>,
    /// What the article does not support.
    pub unsupported: Vec<Unsupported>,
}

/// A passage of one paragraph.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct SourceSpan {
    /// Index of the paragraph, from 0.
    pub paragraph: u32,
    /// First Unicode code point of the passage in the paragraph's text.
    pub start: u32,
    /// The code point after the last one.
    pub end: u32,
    /// 0 to 1; 1 is word for word.
    pub score: f64,
}

/// A name, number, date or quote of a summary sentence that the article does not contain.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Unsupported {
    /// What it is.
    pub kind: UnsupportedKind,
    /// The words.
    pub text: String,
    /// First Unicode code point in the sentence's text.
    pub start: u32,
    /// The code point after the last one.
    pub end: u32,
}

/// What an unsupported item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum UnsupportedKind {
    /// A name.
    Name,
    /// A number.
    Number,
    /// A date.
    Date,
    /// Words between quotation marks.
    Quote,
}

/// The engine that made a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Engine {
    /// Picks the article's own sentences.
    Extractive,
    /// Writes new sentences with a language model.
    Abstractive,
}

impl Engine {
    /// Its name on the wire.
    pub fn name(self) -> &'static str {
        match self {
            Self::Extractive => "extractive",
            Self::Abstractive => "abstractive",
        }
    }
}

/// The model that made a summary.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ModelRef {
    /// Name to ask for.
    pub id: String,
    /// Version of the built-in algorithm, or commit of the model's repository.
    pub revision: String,
}

/// How much of an article was read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Coverage {
    /// Parts that the article was split into.
    pub parts_total: u32,
    /// Parts that were read.
    pub parts_read: u32,
    /// Sentences of the article.
    pub sentences_total: u32,
    /// Sentences that were left out as boilerplate.
    pub sentences_skipped: u32,
}

/// Where the time went, in milliseconds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Timings {
    /// Waiting for a worker.
    pub queue_ms: f64,
    /// Scoring the sentences, or running the encoder.
    pub encode_ms: f64,
    /// From the start of the work to the first text.
    pub first_token_ms: f64,
    /// All of it.
    pub total_ms: f64,
}

/// What the reader should know about a summary.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Notice {
    /// The text is too short to summarize; it came back as it was.
    ReturnedWhole,
    /// The engine has no stop words or stemmer for the language; the result may be weaker.
    LanguageNotSupported,
    /// The extractive engine stood in for the one that was asked for.
    Degraded,
}

/// What is told on the way to a summary. A stream of these is whole only if `Done` is its last.
#[derive(Debug, Clone, PartialEq)]
pub enum SummaryEvent {
    /// Where the work stands.
    Progress(Progress),
    /// The article that gets summarized; only when it was given by its address.
    Article(Arc<Article>),
    /// The request has a place in the queue.
    Accepted(Accepted),
    /// More text.
    Delta(Delta),
    /// The summary.
    Done(Arc<Summary>),
}

/// Where the work stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Progress {
    /// The phase.
    pub phase: Phase,
    /// Steps done of `total`; both 0 where the phase has no steps.
    pub done: u32,
    /// Steps of the phase.
    pub total: u32,
}

/// A phase on the way to a summary, in their order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Fetching and reading the article's page.
    Fetching,
    /// Waiting for a worker.
    Queued,
    /// Loading the model.
    Loading,
    /// Splitting the article into sentences and parts.
    Reading,
    /// Scoring sentences, or running the encoder.
    Encoding,
    /// Writing the summary.
    Writing,
    /// Aligning the summary with the article.
    Grounding,
}

/// The place that a request has in the queue.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Accepted {
    /// Requests before this one; 0 when it starts at once.
    pub queue_position: u32,
    /// Milliseconds until it starts, as far as can be told.
    pub estimated_wait_ms: u64,
    /// The engine that will answer.
    pub engine: Engine,
    /// The model that will answer.
    pub model: String,
    /// The replica that will answer.
    pub replica: String,
}

/// More text of a summary; all of them joined are its `text`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Delta {
    /// The text.
    pub text: String,
}
