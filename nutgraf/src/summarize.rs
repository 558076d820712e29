//! `nutgraf summarize`: one article, its summary on standard output.

use clap::{
    Args, ValueEnum,
    builder::{OsStringValueParser, TypedValueParser as _},
};
use serde_json::{Value, json};
use service_kit::config::Validate;
use summarizer_svc::{
    Summarizer,
    document::{Article, Paragraph, ParagraphKind},
    summarize::SummarizeError,
    summary::{self, EngineChoice, EngineKind, Notice, Request, Summary},
};
use tokio::task::spawn_blocking;

use crate::{
    cli::{Format, Length},
    document::{Document, Input, is_html, read},
    exit::{self, Failure, say},
    extract::{fetch, start_scraper},
    model,
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// The engine to use.
    #[arg(long, value_enum, default_value_t = Engine::Auto)]
    engine: Engine,
    /// How long the summary is.
    #[arg(long, value_enum, default_value_t = Length::Medium)]
    length: Length,
    /// How it is set.
    #[arg(long, value_enum, default_value_t = Format::Paragraph)]
    format: Format,
    /// One JSON object with the article, and the sources of each sentence, instead of text.
    #[arg(long)]
    json: bool,
    /// An address, a web page or a text in a file, or `-` for standard input.
    #[arg(value_name = "URL|FILE|-", value_parser = OsStringValueParser::new().map(Input::from))]
    input: Input,
    #[command(flatten, next_help_heading = "Scraper")]
    scraper_svc: scraper_svc::config::Config,
    #[command(flatten, next_help_heading = "Summarizer")]
    summarizer_svc: summarizer_svc::config::Config,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Engine {
    /// The best one that is ready.
    Auto,
    /// The article's own sentences.
    Extractive,
    /// New sentences, by a language model.
    Abstractive,
}

impl Validate for Arguments {
    fn problems(&self) -> Vec<String> {
        [self.scraper_svc.problems(), self.summarizer_svc.problems()].concat()
    }
}

/// What is summarized: an article with its metadata, or a plain text.
enum Read {
    Document(Box<Document>),
    Text(String),
}

/// Reads, summarizes, prints.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let read = match arguments.input.clone() {
        Input::Url(url) => {
            let inputs = std::slice::from_ref(&arguments.input);
            let scraper = start_scraper(arguments.scraper_svc, inputs).await?;
            Read::Document(Box::new(fetch(&scraper, &url).await?))
        }
        input => spawn_blocking(move || read_local(&input))
            .await
            .map_err(|error| Failure::Fault(error.to_string()))??,
    };
    let request = Request {
        article: article(&read),
        engine: match arguments.engine {
            Engine::Auto => EngineChoice::Auto,
            Engine::Extractive => EngineChoice::Extractive,
            Engine::Abstractive => EngineChoice::Abstractive,
        },
        length: match arguments.length {
            Length::Short => summary::Length::Short,
            Length::Medium => summary::Length::Medium,
            Length::Long => summary::Length::Long,
        },
        format: match arguments.format {
            Format::Paragraph => summary::Format::Paragraph,
            Format::Bullets => summary::Format::Bullets,
        },
        ..Request::default()
    };
    let summarizer = start(&arguments.summarizer_svc, arguments.engine).await?;
    let summary = summarizer.summarize(request, None).await.map_err(|error| failure(&error))?;
    remark(&read, &summary);
    print(&read, &summary, arguments.json, arguments.format)
}

/// A summarizer whose model, if one was asked for, is there: who gives its name waits for it.
async fn start(config: &summarizer_svc::config::Config, engine: Engine) -> Result<Summarizer, Failure> {
    let wanted = config.model.first().filter(|_| !matches!(engine, Engine::Extractive));
    let Some(model) = wanted else {
        let none = summarizer_svc::config::Config { model: Vec::new(), ..config.clone() };
        return Ok(Summarizer::start(&none));
    };
    model::obtain(model).await?;
    let summarizer = Summarizer::start(config);
    summarizer.settled().await.map_err(|error| failure(&error))?;
    Ok(summarizer)
}

/// What the reader should know, on standard error.
fn remark(read: &Read, summary: &Summary) {
    if matches!(read, Read::Document(document) if document.verdict == "paywalled") {
        say("note", "the page shows only the beginning of the article; the rest is for subscribers");
    }
    for notice in &summary.draft.notices {
        say("note", notice_words(*notice).1);
    }
}

/// A notice's name in JSON, and what it says to the reader.
fn notice_words(notice: Notice) -> (&'static str, &'static str) {
    match notice {
        Notice::ReturnedWhole => {
            ("returned_whole", "the text is too short to be summarized, so here it is as it is")
        }
        Notice::LanguageNotSupported => (
            "language_not_supported",
            "the engine knows no words of this language, so it may have missed what matters",
        ),
    }
}

fn read_local(input: &Input) -> Result<Read, Failure> {
    let bytes = read(input)?;
    let html = match input {
        Input::File(path) => is_html(path, &bytes),
        Input::Stdin | Input::Url(_) => is_html("".as_ref(), &bytes),
    };
    if html {
        return Document::of_page(input.id(), &bytes, None).map(Box::new).map(Read::Document);
    }
    Ok(Read::Text(scraper_svc::fetch::decode(&bytes, None, None)))
}

fn article(read: &Read) -> Article {
    match read {
        Read::Text(text) => Article::from_text("", text),
        Read::Document(document) => Article {
            title: document.title.clone(),
            paragraphs: document.paragraphs.iter().map(paragraph).collect(),
        },
    }
}

fn paragraph(paragraph: &scraper_svc::article::Paragraph) -> Paragraph {
    use scraper_svc::article::ParagraphKind as Kind;
    let kind = match paragraph.kind {
        Kind::Text => ParagraphKind::Text,
        Kind::Heading => ParagraphKind::Heading,
        Kind::Quote => ParagraphKind::Quote,
        Kind::ListItem => ParagraphKind::ListItem,
        Kind::Caption => ParagraphKind::Caption,
    };
    Paragraph { text: paragraph.text.clone(), kind }
}

fn failure(error: &SummarizeError) -> Failure {
    let text = error.to_string();
    match error {
        SummarizeError::EmptyInput
        | SummarizeError::InputTooLarge { .. }
        | SummarizeError::NothingToSummarize => Failure::Unsuitable(text),
        SummarizeError::EngineUnavailable => Failure::Usage(
            "the abstractive engine needs a model, such as --model distilbart; --engine extractive needs none".to_owned(),
        ),
        SummarizeError::UnknownModel | SummarizeError::InvalidOption(_) => Failure::Usage(text),
        SummarizeError::ModelFailed(_) | SummarizeError::ModelNotReady { .. } => Failure::Unreadable(text),
        SummarizeError::QueueFull { .. }
        | SummarizeError::ShuttingDown
        | SummarizeError::TimedOut
        | SummarizeError::Internal => Failure::Fault(text),
    }
}

fn print(read: &Read, summary: &Summary, as_json: bool, format: Format) -> Result<(), Failure> {
    let bullet = |sentence: &summary::SummarySentence| format!("• {}", sentence.text);
    let text = match (as_json, format) {
        (true, _) => as_value(read, summary).to_string(),
        (false, Format::Paragraph) => summary.text(),
        (false, Format::Bullets) => summary.draft.sentences.iter().map(bullet).collect::<Vec<_>>().join("\n"),
    };
    exit::print(&text)
}

fn kind(kind: summary::UnsupportedKind) -> &'static str {
    match kind {
        summary::UnsupportedKind::Name => "name",
        summary::UnsupportedKind::Number => "number",
        summary::UnsupportedKind::Date => "date",
        summary::UnsupportedKind::Quote => "quote",
    }
}

fn as_value(read: &Read, summary: &Summary) -> Value {
    let article = match read {
        Read::Document(document) => json!(document),
        Read::Text(_) => Value::Null,
    };
    let span = |span: &summary::SourceSpan| json!({"paragraph": span.paragraph, "start": span.start, "end": span.end, "score": span.score});
    let unsupported = |unsupported: &summary::Unsupported| json!({"kind": kind(unsupported.kind), "text": unsupported.text, "start": unsupported.start, "end": unsupported.end});
    let sentence = |sentence: &summary::SummarySentence| {
        json!({
            "text": sentence.text,
            "spans": sentence.spans.iter().map(span).collect::<Vec<_>>(),
            "unsupported": sentence.unsupported.iter().map(unsupported).collect::<Vec<_>>(),
        })
    };
    json!({
        "article": article,
        "summary": {
            "text": summary.text(),
            "sentences": summary.draft.sentences.iter().map(sentence).collect::<Vec<_>>(),
            "engine": match summary.model.engine {
                EngineKind::Extractive => "extractive",
                EngineKind::Abstractive => "abstractive",
            },
            "model": {"id": &*summary.model.id, "revision": &*summary.model.revision},
            "language": summary.draft.language,
            "notices": summary.draft.notices.iter().map(|notice| notice_words(*notice).0).collect::<Vec<_>>(),
        },
    })
}
