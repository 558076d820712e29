//! Articles as large as may be, and larger ones.

use nutgraf_proto::summarizer::v1::{self as pb, summary_input::Content};
use service_kit::grpc::Fault;
use summarizer_svc::{config::Config, engine::extractive::Extractive, summarize::MAX_PARAGRAPHS};
use tonic::Code;

use crate::server::{Server, start, start_with, text};

const SENTENCE: &str = "A sentence number one about bridges and ferries is here. ";

fn paragraphs(paragraph: &str, count: usize) -> pb::SummaryInput {
    let paragraph = pb::Paragraph { text: paragraph.to_owned(), kind: pb::ParagraphKind::Text.into() };
    let list = pb::ParagraphList { paragraphs: vec![paragraph; count] };
    pb::SummaryInput { content: Some(Content::Paragraphs(list)), ..pb::SummaryInput::default() }
}

async fn assert_refused(server: &mut Server, input: pb::SummaryInput, metadata: &str, limit: usize) {
    let unary = server.summarize(input.clone()).await.unwrap_err();
    let request = pb::StreamSummaryRequest { input: Some(input) };
    let stream = server.client.stream_summary(request).await.unwrap_err();
    for status in [unary, stream] {
        let fault = Fault::from_status(&status);
        assert_eq!(status.code(), Code::InvalidArgument, "{status:?}");
        assert_eq!(fault.reason.as_deref(), Some("INPUT_TOO_LARGE"), "{status:?}");
        assert_eq!(fault.metadata.get(metadata), Some(&limit.to_string()), "{status:?}");
    }
}

#[tokio::test]
async fn the_largest_article_is_summarized_whole() {
    let mut server = start().await;
    let story = SENTENCE.repeat(1_000_000 / SENTENCE.len());
    let summary = server.summarize(text(&story)).await.unwrap();
    assert_eq!(summary.coverage.unwrap().sentences_total as usize, 1_000_000 / SENTENCE.len());
}

#[tokio::test]
async fn as_many_paragraphs_as_may_be_are_taken_with_as_much_text_as_may_be() {
    let mut server = start().await;
    let paragraph = SENTENCE.get(..1_000_000 / MAX_PARAGRAPHS).unwrap();
    let summary = server.summarize(paragraphs(paragraph, MAX_PARAGRAPHS)).await.unwrap();
    assert_eq!(summary.coverage.unwrap().sentences_total as usize, MAX_PARAGRAPHS);
}

#[tokio::test]
async fn one_paragraph_too_many_is_refused() {
    let mut server = start().await;
    let lines = "A.\n".repeat(MAX_PARAGRAPHS + 1);
    assert_refused(&mut server, text(&lines), "limit_paragraphs", MAX_PARAGRAPHS).await;
    assert_refused(&mut server, paragraphs("A.", MAX_PARAGRAPHS + 1), "limit_paragraphs", MAX_PARAGRAPHS)
        .await;
    assert_refused(&mut server, paragraphs("", MAX_PARAGRAPHS + 1), "limit_paragraphs", MAX_PARAGRAPHS).await;
}

#[tokio::test]
async fn one_byte_too_many_is_refused_and_so_is_what_does_not_fit_a_message() {
    let mut server = start_with(Config { max_input: 5_000, ..Config::default() }, Extractive).await;
    // The second exceeds the message's limit by a little, the third by more than the connection's buffers hold.
    for bytes in [5_001, 300_000, 30_000_000] {
        assert_refused(&mut server, text(&"a".repeat(bytes)), "limit_bytes", 5_000).await;
    }
    let headline = pb::SummaryInput { title: "a".repeat(5_000), ..text("b") };
    assert_refused(&mut server, headline, "limit_bytes", 5_000).await;
    // The connection is whole.
    server.summarize(text(&"a".repeat(5_000))).await.unwrap();
}
