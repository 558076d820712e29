//! Between the summarizer's messages and the gateway's own types.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

use std::{sync::Arc, time::Duration};

use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event, summary_input::Content};

use super::{SummarizerError, Text};
use crate::{
    article::{Paragraph, ParagraphKind},
    generation::Generation,
    model::{Model, ModelState, Models},
    options::{EngineChoice, Format, Length},
    summary::{
        Accepted, CacheStatus, Coverage, Degraded, DegradedReason, Delta, Engine, ModelRef, Notice, Phase,
        Progress, Sentence, SourceSpan, Summary, SummaryEvent, Timings, Unsupported, UnsupportedKind,
    },
};

/// The request's content; requests with the same `fairness_key` share one place in the queue's rotation.
pub(super) fn input(text: Text<'_>, fairness_key: &str) -> pb::SummaryInput {
    let Text { title, paragraphs, language, options } = text;
    let engine = match options.engine {
        EngineChoice::Auto => pb::Engine::Auto,
        EngineChoice::Extractive => pb::Engine::Extractive,
        EngineChoice::Abstractive => pb::Engine::Abstractive,
    };
    let length = match options.length {
        Length::Short => pb::Length::Short,
        Length::Medium => pb::Length::Medium,
        Length::Long => pb::Length::Long,
    };
    let format = match options.format {
        Format::Paragraph => pb::Format::Paragraph,
        Format::Bullets => pb::Format::Bullets,
    };
    let paragraphs = pb::ParagraphList { paragraphs: paragraphs.iter().map(Into::into).collect() };
    pb::SummaryInput {
        title: title.to_owned(),
        content: Some(Content::Paragraphs(paragraphs)),
        engine: engine.into(),
        length: length.into(),
        format: format.into(),
        model: options.model.clone().unwrap_or_default(),
        language: options.language.as_deref().or(language).unwrap_or_default().to_owned(),
        generation: (options.generation != Generation::default()).then(|| options.generation.into()),
        allow_degraded: options.allow_degraded,
        fairness_key: fairness_key.to_owned(),
    }
}

impl From<Generation> for pb::GenerationOptions {
    fn from(generation: Generation) -> Self {
        Self {
            num_beams: generation.num_beams,
            min_new_tokens: generation.min_new_tokens,
            max_new_tokens: generation.max_new_tokens,
            length_penalty: generation.length_penalty,
            no_repeat_ngram_size: generation.no_repeat_ngram_size,
            repetition_penalty: generation.repetition_penalty,
            do_sample: generation.do_sample,
            temperature: generation.temperature,
            top_k: generation.top_k,
            top_p: generation.top_p,
            seed: generation.seed,
        }
    }
}

impl From<&Paragraph> for pb::Paragraph {
    fn from(paragraph: &Paragraph) -> Self {
        let kind = match paragraph.kind {
            ParagraphKind::Text => pb::ParagraphKind::Text,
            ParagraphKind::Heading => pb::ParagraphKind::Heading,
            ParagraphKind::Quote => pb::ParagraphKind::Quote,
            ParagraphKind::ListItem => pb::ParagraphKind::ListItem,
            ParagraphKind::Caption => pb::ParagraphKind::Caption,
        };
        Self { text: paragraph.text.clone(), kind: kind.into() }
    }
}

/// An event of the stream; None for one that this gateway doesn't know or that says nothing.
pub(super) fn event(event: Event) -> Result<Option<SummaryEvent>, SummarizerError> {
    Ok(match event {
        Event::Accepted(accepted) => Some(SummaryEvent::Accepted(Accepted {
            queue_position: accepted.queue_position,
            estimated_wait_ms: milliseconds(accepted.estimated_wait).round() as u64,
            engine: engine(accepted.engine())?,
            model: accepted.model,
            replica: accepted.replica,
        })),
        Event::Progress(progress) => phase(progress.phase()).map(|phase| {
            SummaryEvent::Progress(Progress { phase, done: progress.done, total: progress.total })
        }),
        Event::Delta(delta) if delta.text.is_empty() => None,
        Event::Delta(delta) => Some(SummaryEvent::Delta(Delta { text: delta.text })),
        Event::Done(done) => Some(SummaryEvent::Done(Arc::new(summary(done.summary)?))),
    })
}

fn phase(phase: pb::Phase) -> Option<Phase> {
    match phase {
        pb::Phase::Unspecified => None,
        pb::Phase::Queued => Some(Phase::Queued),
        pb::Phase::Loading => Some(Phase::Loading),
        pb::Phase::Reading => Some(Phase::Reading),
        pb::Phase::Encoding => Some(Phase::Encoding),
        pb::Phase::Writing => Some(Phase::Writing),
        pb::Phase::Grounding => Some(Phase::Grounding),
    }
}

/// A summary that names its engine.
pub(super) fn summary(summary: Option<pb::Summary>) -> Result<Summary, SummarizerError> {
    let summary = summary.ok_or_else(|| broken("an answer without a summary"))?;
    let format = match summary.format() {
        pb::Format::Unspecified | pb::Format::Paragraph => Format::Paragraph,
        pb::Format::Bullets => Format::Bullets,
    };
    let length = match summary.length() {
        pb::Length::Short => Length::Short,
        pb::Length::Unspecified | pb::Length::Medium => Length::Medium,
        pb::Length::Long => Length::Long,
    };
    let engine = engine(summary.engine())?;
    let notices = summary.notices().filter_map(notice).collect();
    let sentences: Vec<Sentence> = summary.sentences.into_iter().map(Into::into).collect();
    let model = summary.model.unwrap_or_default();
    let degraded = summary.degraded.map(degraded);
    Ok(Summary {
        text: joined(&sentences, format),
        sentences,
        engine,
        model: ModelRef { id: model.id, revision: model.revision },
        tokens_in: summary.tokens_in,
        tokens_out: summary.tokens_out,
        coverage: summary.coverage.unwrap_or_default().into(),
        timings: summary.timings.unwrap_or_default().into(),
        replica: summary.replica,
        length,
        format,
        language: (!summary.language.is_empty()).then_some(summary.language),
        notices,
        degraded,
        drawn: summary.drawn,
        cache: CacheStatus::Miss,
    })
}

fn joined(sentences: &[Sentence], format: Format) -> String {
    let texts: Vec<&str> = sentences.iter().map(|sentence| sentence.text.as_str()).collect();
    texts.join(format.separator())
}

impl From<pb::SummarySentence> for Sentence {
    fn from(sentence: pb::SummarySentence) -> Self {
        Self {
            text: sentence.text,
            spans: sentence.spans.into_iter().map(Into::into).collect(),
            unsupported: sentence.unsupported.into_iter().map(Into::into).collect(),
        }
    }
}

impl From<pb::SourceSpan> for SourceSpan {
    fn from(span: pb::SourceSpan) -> Self {
        // JSON has no infinities.
        let score = if span.score.is_finite() { span.score } else { 0.0 };
        Self { paragraph: span.paragraph, start: span.start, end: span.end, score }
    }
}

impl From<pb::Unsupported> for Unsupported {
    fn from(unsupported: pb::Unsupported) -> Self {
        let kind = match unsupported.kind() {
            pb::UnsupportedKind::Unspecified | pb::UnsupportedKind::Name => UnsupportedKind::Name,
            pb::UnsupportedKind::Number => UnsupportedKind::Number,
            pb::UnsupportedKind::Date => UnsupportedKind::Date,
            pb::UnsupportedKind::Quote => UnsupportedKind::Quote,
        };
        Self { kind, text: unsupported.text, start: unsupported.start, end: unsupported.end }
    }
}

impl From<pb::Coverage> for Coverage {
    fn from(coverage: pb::Coverage) -> Self {
        Self {
            parts_total: coverage.parts_total,
            parts_read: coverage.parts_read,
            sentences_total: coverage.sentences_total,
            sentences_skipped: coverage.sentences_skipped,
        }
    }
}

impl From<pb::Timings> for Timings {
    fn from(timings: pb::Timings) -> Self {
        Self {
            queue_ms: milliseconds(timings.queue),
            encode_ms: milliseconds(timings.encode),
            first_token_ms: milliseconds(timings.first_token),
            total_ms: milliseconds(timings.total),
        }
    }
}

fn degraded(degraded: pb::Degraded) -> Degraded {
    let reason = match degraded.reason() {
        pb::DegradedReason::ModelNotReady => DegradedReason::ModelNotReady,
        pb::DegradedReason::Unspecified | pb::DegradedReason::WaitTooLong => DegradedReason::WaitTooLong,
        pb::DegradedReason::QueueFull => DegradedReason::QueueFull,
    };
    Degraded { reason, model: degraded.model }
}

fn notice(notice: pb::Notice) -> Option<Notice> {
    match notice {
        pb::Notice::Unspecified => None,
        pb::Notice::ReturnedWhole => Some(Notice::ReturnedWhole),
        pb::Notice::LanguageNotSupported => Some(Notice::LanguageNotSupported),
        pb::Notice::Degraded => Some(Notice::Degraded),
    }
}

/// The engine that answers; an answer never leaves it open.
fn engine(engine: pb::Engine) -> Result<Engine, SummarizerError> {
    match engine {
        pb::Engine::Extractive => Ok(Engine::Extractive),
        pb::Engine::Abstractive => Ok(Engine::Abstractive),
        pb::Engine::Unspecified | pb::Engine::Auto => Err(broken("an answer that names no engine")),
    }
}

/// The models of an answer.
pub(super) fn models(response: pb::ListModelsResponse) -> Result<Models, SummarizerError> {
    let models = response.models.into_iter().map(model).collect::<Result<_, _>>()?;
    Ok(Models { models, replica: response.replica })
}

fn model(model: pb::Model) -> Result<Model, SummarizerError> {
    let state = match model.state() {
        pb::ModelState::Unspecified | pb::ModelState::Absent => ModelState::Absent,
        pb::ModelState::Downloading => ModelState::Downloading,
        pb::ModelState::Loading => ModelState::Loading,
        pb::ModelState::Ready => ModelState::Ready,
        pb::ModelState::Failed => ModelState::Failed,
    };
    Ok(Model {
        engine: engine(model.engine())?,
        id: model.id,
        revision: model.revision,
        state,
        languages: model.languages,
        memory_bytes: model.memory_bytes,
        downloaded_bytes: model.downloaded_bytes,
        download_bytes: model.download_bytes,
        error: (!model.error.is_empty()).then_some(model.error),
    })
}

/// To the microsecond; none and what is no span of time count as 0.
fn milliseconds(duration: Option<prost_types::Duration>) -> f64 {
    let duration = duration.and_then(|duration| Duration::try_from(duration).ok()).unwrap_or_default();
    duration.as_micros() as f64 / 1e3
}

fn broken(cause: &str) -> SummarizerError {
    SummarizerError::Internal { cause: cause.to_owned() }
}
