//! The wire: requests parsed into the domain's types, answers and errors translated back.
#![expect(clippy::disallowed_types, reason = "the edge of the service")]

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use nutgraf_proto::summarizer::v1::{
    self as pb, DESCRIPTORS,
    stream_summary_response::Event as Wire,
    summarizer_service_server::{SummarizerService, SummarizerServiceServer},
};
use service_kit::{
    deadline::Deadline,
    grpc::{Rejection, Services, remaining},
};
use tonic::{Code, Request, Response, Status};

use crate::{
    document::{Article, Paragraph, ParagraphKind},
    summarize::{SummarizeError, Summarizer},
    summary::{self, EngineChoice, EngineKind, Event, Format, Length, ModelId, Notice, Phase, Summary},
};

/// Room for the largest text beside its frame; what is larger is refused by its own error.
const MAX_MESSAGE: usize = 16 << 20;

struct Grpc {
    summarizer: Summarizer,
}

/// The service, ready to be served.
pub(crate) fn services(summarizer: Summarizer) -> Services {
    let server = SummarizerServiceServer::new(Grpc { summarizer }).max_decoding_message_size(MAX_MESSAGE);
    Services::new(DESCRIPTORS).with(server)
}

#[tonic::async_trait]
impl SummarizerService for Grpc {
    type StreamSummaryStream = Pin<Box<dyn Stream<Item = Result<pb::StreamSummaryResponse, Status>> + Send>>;

    async fn summarize(
        &self,
        request: Request<pb::SummarizeRequest>,
    ) -> Result<Response<pb::SummarizeResponse>, Status> {
        let deadline = remaining(&request).map(Deadline::after);
        let wanted = parse(request.into_inner().input.unwrap_or_default())?;
        let summary = self.summarizer.summarize(wanted, deadline).await.map_err(|error| status(&error))?;
        Ok(Response::new(pb::SummarizeResponse { summary: Some(wire_summary(summary)) }))
    }

    async fn stream_summary(
        &self,
        request: Request<pb::StreamSummaryRequest>,
    ) -> Result<Response<Self::StreamSummaryStream>, Status> {
        let deadline = remaining(&request).map(Deadline::after);
        let wanted = parse(request.into_inner().input.unwrap_or_default())?;
        let events = self.summarizer.stream(wanted, deadline).map_err(|error| status(&error))?;
        let events = events.map(|event| {
            event
                .map(|event| pb::StreamSummaryResponse { event: Some(wire_event(event)) })
                .map_err(|error| status(&error))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn list_models(
        &self,
        _request: Request<pb::ListModelsRequest>,
    ) -> Result<Response<pb::ListModelsResponse>, Status> {
        let models = self.summarizer.models().into_iter().map(wire_model).collect();
        Ok(Response::new(pb::ListModelsResponse { models, replica: self.summarizer.replica().to_owned() }))
    }
}

fn parse(input: pb::SummaryInput) -> Result<summary::Request, Status> {
    let article = match input.content {
        Some(pb::summary_input::Content::Text(text)) => Article::from_text(&input.title, &text),
        Some(pb::summary_input::Content::Paragraphs(list)) => {
            let paragraphs = list.paragraphs.into_iter().map(paragraph).collect::<Result<_, _>>()?;
            Article { title: input.title, paragraphs }
        }
        None => return Err(status(&SummarizeError::EmptyInput)),
    };
    let engine = match pb::Engine::try_from(input.engine).map_err(|_| invalid("engine"))? {
        pb::Engine::Unspecified | pb::Engine::Auto => EngineChoice::Auto,
        pb::Engine::Extractive => EngineChoice::Extractive,
        pb::Engine::Abstractive => EngineChoice::Abstractive,
    };
    let length = match pb::Length::try_from(input.length).map_err(|_| invalid("length"))? {
        pb::Length::Short => Length::Short,
        pb::Length::Unspecified | pb::Length::Medium => Length::Medium,
        pb::Length::Long => Length::Long,
    };
    let format = match pb::Format::try_from(input.format).map_err(|_| invalid("format"))? {
        pb::Format::Unspecified | pb::Format::Paragraph => Format::Paragraph,
        pb::Format::Bullets => Format::Bullets,
    };
    let language = match input.language.as_str() {
        "" => None,
        tag => Some(tag.parse().map_err(|_| invalid("language"))?),
    };
    let model = Some(input.model).filter(|name| !name.is_empty());
    Ok(summary::Request { article, engine, length, format, model, language })
}

fn paragraph(wire: pb::Paragraph) -> Result<Paragraph, Status> {
    let kind = match pb::ParagraphKind::try_from(wire.kind).map_err(|_| invalid("kind"))? {
        pb::ParagraphKind::Unspecified | pb::ParagraphKind::Text => ParagraphKind::Text,
        pb::ParagraphKind::Heading => ParagraphKind::Heading,
        pb::ParagraphKind::Quote => ParagraphKind::Quote,
        pb::ParagraphKind::ListItem => ParagraphKind::ListItem,
        pb::ParagraphKind::Caption => ParagraphKind::Caption,
    };
    Ok(Paragraph { text: wire.text, kind })
}

fn invalid(field: &'static str) -> Status {
    Rejection {
        code: Code::InvalidArgument,
        reason: "INVALID_OPTION",
        message: format!("The field `{field}` has a value that it can't have."),
        metadata: vec![("field", field.to_owned())],
        retry_after: None,
    }
    .into_status()
}

fn status(error: &SummarizeError) -> Status {
    let message = error.to_string();
    let (code, reason, metadata, retry_after) = match error {
        SummarizeError::EmptyInput => (Code::InvalidArgument, "EMPTY_INPUT", vec![], None),
        SummarizeError::InputTooLarge { limit } => {
            (Code::InvalidArgument, "INPUT_TOO_LARGE", vec![("limit_bytes", limit.to_string())], None)
        }
        SummarizeError::EngineUnavailable => (Code::FailedPrecondition, "ENGINE_UNAVAILABLE", vec![], None),
        SummarizeError::UnknownModel => (Code::NotFound, "UNKNOWN_MODEL", vec![], None),
        SummarizeError::NothingToSummarize => {
            (Code::FailedPrecondition, "NOTHING_TO_SUMMARIZE", vec![], None)
        }
        SummarizeError::QueueFull { retry_after } => {
            (Code::ResourceExhausted, "QUEUE_FULL", vec![], Some(*retry_after))
        }
        SummarizeError::ShuttingDown => (Code::Unavailable, "SHUTTING_DOWN", vec![], None),
        SummarizeError::TimedOut => return Status::deadline_exceeded(message),
        SummarizeError::Internal => (Code::Internal, "INTERNAL", vec![], None),
    };
    Rejection { code, reason, message, metadata, retry_after }.into_status()
}

fn wire_event(event: Event) -> Wire {
    match event {
        Event::Accepted { queue_position, estimated_wait, model, replica } => Wire::Accepted(pb::Accepted {
            queue_position: queue_position as u32,
            estimated_wait: estimated_wait.try_into().ok(),
            engine: wire_engine(model.engine).into(),
            model: model.id.to_owned(),
            replica,
        }),
        Event::Progress { phase, done, total } => {
            let phase = match phase {
                Phase::Reading => pb::Phase::Reading,
                Phase::Encoding => pb::Phase::Encoding,
                Phase::Writing => pb::Phase::Writing,
            };
            Wire::Progress(pb::Progress { phase: phase.into(), done: done as u32, total: total as u32 })
        }
        Event::Delta(text) => Wire::Delta(pb::Delta { text }),
        Event::Done(summary) => Wire::Done(pb::Done { summary: Some(wire_summary(*summary)) }),
    }
}

fn wire_summary(summary: Summary) -> pb::Summary {
    let Summary { draft, model, timings, replica, length, format } = summary;
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
        sentences: draft.sentences.into_iter().map(wire_sentence).collect(),
        engine: wire_engine(model.engine).into(),
        model: Some(wire_model(model)),
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
        notices: draft.notices.into_iter().map(|notice| wire_notice(notice).into()).collect(),
    }
}

fn wire_sentence(sentence: summary::SummarySentence) -> pb::SummarySentence {
    let span = |span: summary::SourceSpan| pb::SourceSpan {
        paragraph: span.paragraph as u32,
        start: span.start as u32,
        end: span.end as u32,
        score: span.score,
    };
    pb::SummarySentence {
        text: sentence.text,
        spans: sentence.spans.into_iter().map(span).collect(),
        unsupported: Vec::new(),
    }
}

fn wire_notice(notice: Notice) -> pb::Notice {
    match notice {
        Notice::ReturnedWhole => pb::Notice::ReturnedWhole,
        Notice::LanguageNotSupported => pb::Notice::LanguageNotSupported,
    }
}

fn wire_engine(engine: EngineKind) -> pb::Engine {
    match engine {
        EngineKind::Extractive => pb::Engine::Extractive,
        EngineKind::Abstractive => pb::Engine::Abstractive,
    }
}

fn wire_model(model: ModelId) -> pb::Model {
    pb::Model {
        id: model.id.to_owned(),
        revision: model.revision.to_owned(),
        engine: wire_engine(model.engine).into(),
        state: pb::ModelState::Ready.into(),
        ..pb::Model::default()
    }
}
