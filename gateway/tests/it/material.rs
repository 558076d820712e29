//! An article and a summary with everything in them, as the services send them and as the gateway answers them.

use nutgraf_proto::{
    scraper::v1::{self as scraping, ParagraphKind, RobotsVerdict},
    summarizer::v1::{self as summarizing, stream_summary_response::Event},
};
use serde_json::{Value, json};

use crate::upstream::{Step, Upstream};

pub(crate) const URL: &str = "https://news.example/story";

pub(crate) fn article() -> scraping::Article {
    let paragraph =
        |text: &str, kind: ParagraphKind| scraping::Paragraph { text: text.into(), kind: kind.into() };
    scraping::Article {
        url: URL.into(),
        canonical_url: "https://news.example/canonical".into(),
        title: "A \"bridge\" opens".into(),
        byline: "Ann Ash and Bo Birch".into(),
        authors: vec!["Ann Ash".into(), "Bo Birch".into()],
        site_name: "The Example".into(),
        published_at: "2026-11-04T09:05:30+05:30".into(),
        language: "en".into(),
        lead_image_url: "https://news.example/a.jpg".into(),
        paragraphs: vec![
            paragraph("The bridge opened — at last.", ParagraphKind::Text),
            paragraph("Why so late", ParagraphKind::Heading),
        ],
        word_count: 8,
        extraction: Some(scraping::Extraction { extractor: "json-ld".into(), confidence: 0.5, verdict: 1 }),
        fetched_at: Some(prost_types::Timestamp { seconds: 1_793_000_000, nanos: 0 }),
        robots: RobotsVerdict::Absent.into(),
        source_id: "courier".into(),
    }
}

pub(crate) fn article_json() -> Value {
    json!({
        "url": URL,
        "canonical_url": "https://news.example/canonical",
        "title": "A \"bridge\" opens",
        "byline": "Ann Ash and Bo Birch",
        "authors": ["Ann Ash", "Bo Birch"],
        "site_name": "The Example",
        "published_at": "2026-11-04T09:05:30+05:30",
        "language": "en",
        "lead_image_url": "https://news.example/a.jpg",
        "paragraphs": [
            {"text": "The bridge opened — at last.", "kind": "text"},
            {"text": "Why so late", "kind": "heading"},
        ],
        "word_count": 8,
        "extraction": {"extractor": "json-ld", "confidence": 0.5, "verdict": "article"},
        "fetched_at": "2026-10-26T07:33:20Z",
        "robots": "absent",
        "source_id": "courier",
    })
}

pub(crate) fn summary() -> summarizing::Summary {
    let time = |millis: i32| Some(prost_types::Duration { seconds: 0, nanos: millis * 1_000_000 });
    let sentence = |text: &str| summarizing::SummarySentence {
        text: text.into(),
        spans: vec![summarizing::SourceSpan { paragraph: 0, start: 0, end: 28, score: 1.0 }],
        unsupported: vec![summarizing::Unsupported { kind: 2, text: "7".into(), start: 3, end: 4 }],
    };
    summarizing::Summary {
        sentences: vec![sentence("One."), sentence("Two.")],
        engine: summarizing::Engine::Extractive.into(),
        model: Some(summarizing::Model {
            id: "extractive".into(),
            revision: "1".into(),
            engine: summarizing::Engine::Extractive.into(),
            ..summarizing::Model::default()
        }),
        tokens_in: 40,
        tokens_out: 4,
        coverage: Some(summarizing::Coverage {
            parts_total: 1,
            parts_read: 1,
            sentences_total: 9,
            sentences_skipped: 2,
        }),
        timings: Some(summarizing::Timings {
            queue: time(1),
            encode: time(2),
            first_token: time(3),
            total: Some(prost_types::Duration { seconds: 1, nanos: 500_000 }),
        }),
        replica: "replica-1".into(),
        length: summarizing::Length::Medium.into(),
        format: summarizing::Format::Paragraph.into(),
        language: "en".into(),
        notices: vec![summarizing::Notice::ReturnedWhole.into()],
        degraded: None,
        drawn: false,
    }
}

pub(crate) fn summary_json() -> Value {
    let sentence = |text: &str| {
        json!({
            "text": text,
            "spans": [{"paragraph": 0, "start": 0, "end": 28, "score": 1.0}],
            "unsupported": [{"kind": "number", "text": "7", "start": 3, "end": 4}],
        })
    };
    json!({
        "text": "One. Two.",
        "sentences": [sentence("One."), sentence("Two.")],
        "engine": "extractive",
        "model": {"id": "extractive", "revision": "1"},
        "tokens_in": 40,
        "tokens_out": 4,
        "coverage": {"parts_total": 1, "parts_read": 1, "sentences_total": 9, "sentences_skipped": 2},
        "timings": {"queue_ms": 1.0, "encode_ms": 2.0, "first_token_ms": 3.0, "total_ms": 1000.5},
        "replica": "replica-1",
        "length": "medium",
        "format": "paragraph",
        "language": "en",
        "notices": ["returned_whole"],
        "degraded": null,
        "drawn": false,
        "cache": "miss",
    })
}

pub(crate) fn accepted() -> Step {
    Step::send(Event::Accepted(summarizing::Accepted {
        queue_position: 2,
        estimated_wait: Some(prost_types::Duration { seconds: 1, nanos: 0 }),
        engine: summarizing::Engine::Extractive.into(),
        model: "extractive".into(),
        replica: "replica-1".into(),
    }))
}

pub(crate) fn progress(phase: summarizing::Phase) -> Step {
    Step::send(Event::Progress(summarizing::Progress { phase: phase.into(), done: 1, total: 3 }))
}

pub(crate) fn delta(text: &str) -> Step {
    Step::send(Event::Delta(summarizing::Delta { text: text.into() }))
}

pub(crate) fn done() -> Step {
    Step::send(Event::Done(summarizing::Done { summary: Some(summary()) }))
}

/// A model that writes, in this state.
pub(crate) fn writer(id: &str, state: summarizing::ModelState) -> summarizing::Model {
    summarizing::Model {
        id: id.into(),
        revision: "a4f8f3ea906ed274767e9906dbaede7531d660ff".into(),
        engine: summarizing::Engine::Abstractive.into(),
        state: state.into(),
        languages: vec!["en".into()],
        memory_bytes: 1_400_000_000,
        downloaded_bytes: 311_900_000,
        download_bytes: 1_222_320_000,
        error: if state == summarizing::ModelState::Failed {
            "the disk is full".into()
        } else {
            String::new()
        },
    }
}

/// The model that is always there.
pub(crate) fn extractive() -> summarizing::Model {
    summarizing::Model {
        id: "extractive".into(),
        revision: "1".into(),
        engine: summarizing::Engine::Extractive.into(),
        state: summarizing::ModelState::Ready.into(),
        ..summarizing::Model::default()
    }
}

/// Services that answer all of this.
pub(crate) fn whole() -> Upstream {
    let headline = scraping::Headline {
        url: URL.into(),
        title: "A bridge".into(),
        summary: String::new(),
        published_at: "2026-11-04".into(),
        source_id: "courier".into(),
    };
    Upstream {
        article: Ok(article()),
        headlines: Ok(vec![headline]),
        summary: Ok(summary()),
        models: Ok(vec![extractive()]),
        steps: vec![accepted(), delta("One. "), delta("Two."), done()],
        ..Upstream::default()
    }
}
