//! What comes in, parsed into the domain's types.

use nutgraf_proto::summarizer::v1::{self as pb, summary_input::Content};
use tonic::Status;

use super::refusal::{invalid, status};
use crate::{
    document::{Article, Paragraph, ParagraphKind},
    summarize::{SummarizeError, Summarizer},
    summary::{EngineChoice, Format, GenerationOptions, Length, Request},
};

/// The request that a message holds. Its size is checked before anything is made of it.
pub(super) fn parse(input: pb::SummaryInput, summarizer: &Summarizer) -> Result<Request, Status> {
    let Some(content) = &input.content else { return Err(status(&SummarizeError::EmptyInput)) };
    let (bytes, paragraphs) = size(content);
    summarizer.check_size(input.title.len() + bytes, paragraphs).map_err(|error| status(&error))?;
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
    let generation = generation(input.generation.unwrap_or_default());
    if let Some(field) = generation.invalid() {
        return Err(invalid(field));
    }
    let model = Some(input.model).filter(|name| !name.is_empty());
    let article = article(input.title, input.content)?;
    Ok(Request {
        article,
        engine,
        length,
        format,
        model,
        language,
        generation,
        fairness_key: input.fairness_key,
        allow_degraded: input.allow_degraded,
    })
}

fn generation(wire: pb::GenerationOptions) -> GenerationOptions {
    GenerationOptions {
        num_beams: wire.num_beams,
        min_new_tokens: wire.min_new_tokens,
        max_new_tokens: wire.max_new_tokens,
        length_penalty: wire.length_penalty,
        no_repeat_ngram_size: wire.no_repeat_ngram_size,
        repetition_penalty: wire.repetition_penalty,
        do_sample: wire.do_sample,
        temperature: wire.temperature,
        top_k: wire.top_k,
        top_p: wire.top_p,
        seed: wire.seed,
    }
}

/// Bytes and paragraphs of a text.
fn size(content: &Content) -> (usize, usize) {
    match content {
        Content::Text(text) => (text.len(), Article::lines(text).count()),
        Content::Paragraphs(list) => {
            (list.paragraphs.iter().map(|paragraph| paragraph.text.len()).sum(), list.paragraphs.len())
        }
    }
}

fn article(title: String, content: Option<Content>) -> Result<Article, Status> {
    match content {
        Some(Content::Text(text)) => Ok(Article::from_text(&title, &text)),
        Some(Content::Paragraphs(list)) => {
            let paragraphs = list.paragraphs.into_iter().map(paragraph).collect::<Result<_, _>>()?;
            Ok(Article { title, paragraphs })
        }
        None => Err(status(&SummarizeError::EmptyInput)),
    }
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
