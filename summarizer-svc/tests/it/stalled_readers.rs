//! Callers that read slowly or not at all.

use nutgraf_proto::summarizer::v1::{self as pb, stream_summary_response::Event};
use summarizer_svc::config::Config;
use tokio::time::timeout;

use crate::{
    engines::Verbose,
    server::{LONG, start_with, text},
};

const STORY: &str = "One came first. Two came second. Three came third. Four came last.";

#[tokio::test]
async fn readers_that_do_not_read_hold_no_worker_and_lose_no_text() {
    let config = Config { summarizer_workers: 1, ..Config::default() };
    let mut server = start_with(config, Verbose).await;
    // On connections of their own: HTTP/2 holds up a whole connection for what is not read on it.
    let request = || pb::StreamSummaryRequest { input: Some(text(STORY)) };
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(server.another_client().stream_summary(request()).await.unwrap().into_inner());
    }
    // The only worker gets through to a request behind them.
    let summary = timeout(LONG, server.summarize(text(STORY))).await.unwrap().unwrap();
    assert_eq!(summary.sentences.len(), 3);
    for mut stream in stalled {
        let (mut written, mut last) = (String::new(), None);
        while let Some(message) = timeout(LONG, stream.message()).await.unwrap().unwrap() {
            last = message.event;
            if let Some(Event::Delta(delta)) = &last {
                written.push_str(&delta.text);
            }
        }
        assert_eq!(written.len(), Verbose::STEPS * Verbose::WORD.len());
        assert!(matches!(last, Some(Event::Done(_))));
    }
}
