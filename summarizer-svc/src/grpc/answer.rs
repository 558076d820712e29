//! What goes out: events, summaries and models as messages.

use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event as Wire};

use crate::models::{ModelStatus, StateName};
use crate::summary::{
    self, Degraded, DegradedReason, EngineKind, Event, Format, Length, ModelId, Notice, Phase, Summary,
    UnsupportedKind,
};

pub(super) fn event(event: Event) -> Wire {
    match event {
        Event::Accepted { queue_position, estimated_wait, model, replica } => Wire::Accepted(pb::Accepted {
            queue_position: queue_position as u32,
            estimated_wait: estimated_wait.try_into().ok(),
            engine: engine(model.engine).into(),
            model: model.id.to_string(),
            replica,
        }),
        Event::Progress { phase, done, total } => {
            let phase = match phase {
                Phase::Reading => pb::Phase::Reading,
                Phase::Encoding => pb::Phase::Encoding,
                Phase::Writing => pb::Phase::Writing,
                Phase::Grounding => pb::Phase::Grounding,
            };
            Wire::Progress(pb::Progress { phase: phase.into(), done: done as u32, total: total as u32 })
        }
        Event::Delta(text) => Wire::Delta(pb::Delta { text }),
        Event::Done(done) => Wire::Done(pb::Done { summary: Some(summary(*done)) }),
    }
}

pub(super) fn summary(made: Summary) -> pb::Summary {
    let Summary { draft, model: maker, timings, replica, length, format, degraded } = made;
    let stood_in = degraded.is_some().then(|| pb::Notice::Degraded.into());
    let length = match length {
        Length::Short => pb::Length::Short,
        Length::Medium => pb::Length::Medium,
        Length::Long => pb::Length::Long,
    };
    let format = match format {
        Format::Paragraph => pb::Format::Paragraph,
        Format::Bullets => pb::Format::Bullets,
    };
    pb::Summary {
        sentences: draft.sentences.into_iter().map(sentence).collect(),
        engine: engine(maker.engine).into(),
        model: Some(model(&maker)),
        tokens_in: draft.tokens_in as u32,
        tokens_out: draft.tokens_out as u32,
        coverage: Some(pb::Coverage {
            parts_total: draft.coverage.parts_total as u32,
            parts_read: draft.coverage.parts_read as u32,
            sentences_total: draft.coverage.sentences_total as u32,
            sentences_skipped: draft.coverage.sentences_skipped as u32,
        }),
        timings: Some(pb::Timings {
            queue: timings.queue.try_into().ok(),
            encode: timings.encode.try_into().ok(),
            first_token: timings.first_token.try_into().ok(),
            total: timings.total.try_into().ok(),
        }),
        replica,
        length: length.into(),
        format: format.into(),
        language: draft.language,
        notices: draft.notices.into_iter().map(|shown| notice(shown).into()).chain(stood_in).collect(),
        degraded: degraded.map(stand_in),
        drawn: draft.drawn,
    }
}

fn sentence(sentence: summary::SummarySentence) -> pb::SummarySentence {
    let span = |span: summary::SourceSpan| pb::SourceSpan {
        paragraph: span.paragraph as u32,
        start: span.start as u32,
        end: span.end as u32,
        score: span.score,
    };
    pb::SummarySentence {
        text: sentence.text,
        spans: sentence.spans.into_iter().map(span).collect(),
        unsupported: sentence.unsupported.into_iter().map(unsupported).collect(),
    }
}

fn unsupported(item: summary::Unsupported) -> pb::Unsupported {
    let kind = match item.kind {
        UnsupportedKind::Name => pb::UnsupportedKind::Name,
        UnsupportedKind::Number => pb::UnsupportedKind::Number,
        UnsupportedKind::Date => pb::UnsupportedKind::Date,
        UnsupportedKind::Quote => pb::UnsupportedKind::Quote,
    };
    pb::Unsupported { kind: kind.into(), text: item.text, start: item.start as u32, end: item.end as u32 }
}

fn stand_in(degraded: Degraded) -> pb::Degraded {
    let reason = match degraded.reason {
        DegradedReason::ModelNotReady => pb::DegradedReason::ModelNotReady,
        DegradedReason::WaitTooLong => pb::DegradedReason::WaitTooLong,
        DegradedReason::QueueFull => pb::DegradedReason::QueueFull,
    };
    pb::Degraded { reason: reason.into(), model: degraded.model }
}

fn notice(notice: Notice) -> pb::Notice {
    match notice {
        Notice::ReturnedWhole => pb::Notice::ReturnedWhole,
        Notice::LanguageNotSupported => pb::Notice::LanguageNotSupported,
    }
}

fn engine(engine: EngineKind) -> pb::Engine {
    match engine {
        EngineKind::Extractive => pb::Engine::Extractive,
        EngineKind::Abstractive => pb::Engine::Abstractive,
    }
}

/// A language model of this replica, and how it is.
pub(super) fn status(status: ModelStatus) -> pb::Model {
    let state = match status.state {
        StateName::Absent => pb::ModelState::Absent,
        StateName::Downloading => pb::ModelState::Downloading,
        StateName::Loading => pb::ModelState::Loading,
        StateName::Ready => pb::ModelState::Ready,
        StateName::Failed => pb::ModelState::Failed,
    };
    pb::Model {
        id: status.name,
        revision: status.revision,
        engine: pb::Engine::Abstractive.into(),
        state: state.into(),
        languages: status.languages,
        memory_bytes: status.memory,
        downloaded_bytes: status.downloaded.0,
        download_bytes: status.downloaded.1,
        error: status.error,
    }
}

/// A model that is ready.
pub(super) fn model(model: &ModelId) -> pb::Model {
    pb::Model {
        id: model.id.to_string(),
        revision: model.revision.to_string(),
        engine: engine(model.engine).into(),
        state: pb::ModelState::Ready.into(),
        ..pb::Model::default()
    }
}
