//! Summaries step by step.

use std::time::Duration;

use axum::body::{Body, BodyDataStream};
use futures::StreamExt as _;
use gateway::config::Config;
use nutgraf_proto::summarizer::v1::Phase;
use serde_json::{Value, json};

use crate::{
    client::{Answer, events_of, json_request, slug_of},
    material::{URL, accepted, article_json, delta, done, progress, summary_json, whole},
    upstream::{Stage, Step, Upstream, refused},
};

const PATH: &str = "/api/v1/summaries/stream";
const TEXT: &str = r#"{"text":"One. Two."}"#;

async fn of_text(stage: &Stage) -> Vec<(String, Value)> {
    let answer = stage.send_json(PATH, TEXT).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.events()
}

fn names(events: &[(String, Value)]) -> Vec<&str> {
    events.iter().map(|(name, _)| name.as_str()).collect()
}

/// The slug of the problem that a stream ends with.
fn failure(events: &[(String, Value)]) -> String {
    let (name, problem) = events.last().unwrap();
    assert_eq!(name, "error");
    assert!(problem["request_id"].as_str().is_some_and(|id| !id.is_empty()));
    assert_eq!(events.iter().filter(|(name, _)| name == "error" || name == "done").count(), 1);
    slug_of(problem)
}

#[tokio::test]
async fn an_article_is_fetched_shown_and_summarized() {
    let upstream = Upstream {
        steps: vec![accepted(), progress(Phase::Encoding), delta("One. "), delta(""), delta("Two."), done()],
        ..whole()
    };
    let stage = upstream.start().await;
    let fetching = json!({"phase": "fetching", "done": 0, "total": 0});
    let place = json!({"queue_position": 2, "estimated_wait_ms": 1000, "engine": "extractive",
        "model": "extractive", "replica": "replica-1"});
    let expected = [
        ("progress", fetching),
        ("article", article_json()),
        ("accepted", place),
        ("progress", json!({"phase": "encoding", "done": 1, "total": 3})),
        ("delta", json!({"text": "One. "})),
        ("delta", json!({"text": "Two."})),
        ("done", summary_json()),
    ];
    let expected: Vec<(String, Value)> =
        expected.into_iter().map(|(name, data)| (name.into(), data)).collect();
    let posted = stage.send_json(PATH, json!({"url": URL}).to_string()).await;
    let got = stage.fetch(&format!("{PATH}?url={URL}&engine=extractive&length=short&format=bullets")).await;
    for answer in [posted, got] {
        assert_eq!(answer.events(), expected);
        assert_eq!(answer.header("x-accel-buffering"), "no");
        assert_eq!(answer.header("cache-control"), "no-store");
    }
}

#[tokio::test]
async fn a_text_is_summarized_without_an_article() {
    let events = of_text(&whole().start().await).await;
    assert_eq!(names(&events), ["accepted", "delta", "delta", "done"]);
}

#[tokio::test]
async fn every_phase_has_a_name() {
    let phases =
        [Phase::Queued, Phase::Loading, Phase::Reading, Phase::Encoding, Phase::Writing, Phase::Grounding];
    let steps = phases.map(progress).into_iter().chain([progress(Phase::Unspecified), done()]).collect();
    let events = of_text(&Upstream { steps, ..whole() }.start().await).await;
    let told: Vec<&str> = events.iter().filter_map(|(_, data)| data["phase"].as_str()).collect();
    assert_eq!(told, ["queued", "loading", "reading", "encoding", "writing", "grounding"]);
}

#[tokio::test]
async fn nothing_follows_the_summary() {
    let upstream = Upstream { steps: vec![done(), delta("More."), done()], ..whole() };
    assert_eq!(names(&of_text(&upstream.start().await).await), ["done"]);
}

#[tokio::test]
async fn a_stream_that_ends_without_a_summary_has_failed() {
    for steps in [vec![], vec![accepted(), delta("One. ")]] {
        let events = of_text(&Upstream { steps, ..whole() }.start().await).await;
        assert_eq!(failure(&events), "summary-interrupted");
    }
}

#[tokio::test]
async fn a_refusal_midway_is_told_as_it_is() {
    for (reason, slug) in
        [("INTERNAL", "internal"), ("SHUTTING_DOWN", "summary-interrupted"), ("QUEUE_FULL", "queue-full")]
    {
        let upstream = Upstream { steps: vec![accepted(), Step::Refuse(refused(reason))], ..whole() };
        let events = of_text(&upstream.start().await).await;
        assert_eq!((names(&events), failure(&events).as_str()), (vec!["accepted", "error"], slug));
    }
}

#[tokio::test]
async fn an_article_that_cannot_be_read_ends_the_stream() {
    let stage = Upstream { article: Err(refused("PAYWALLED")), ..whole() }.start().await;
    let events = stage.send_json(PATH, json!({"url": URL}).to_string()).await.events();
    assert_eq!((names(&events), failure(&events).as_str()), (vec!["progress", "error"], "paywalled"));
    assert_eq!(events[1].1["instance"], PATH);
}

#[tokio::test]
async fn a_service_that_is_down_ends_the_stream() {
    let stage = whole().start().await;
    stage.summarizer.cut();
    assert_eq!(failure(&of_text(&stage).await), "summarizer-unavailable");
}

#[tokio::test]
async fn a_summarizer_that_is_killed_midway_is_never_reported_as_done() {
    let upstream = Upstream { steps: vec![accepted(), delta("One. "), Step::Hang], ..whole() };
    let stage = upstream.start().await;
    let mut body = open(&stage).await;
    let mut text = read_until(&mut body, "One. ").await;
    stage.summarizer.cut();
    text += &rest(&mut body).await;
    let events = events_of(&text);
    assert_eq!(names(&events), ["accepted", "delta", "error"]);
    assert_eq!(failure(&events), "summary-interrupted");
}

#[tokio::test]
async fn a_summarizer_that_falls_silent_is_given_up() {
    let upstream = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let seen = upstream.seen.clone();
    let config = Config { stream_silence: Duration::from_millis(200), ..Config::default() };
    let events = of_text(&upstream.start_with(config).await).await;
    assert_eq!(failure(&events), "summary-interrupted");
    seen.a_caller_left().await;
}

#[tokio::test]
async fn a_stream_that_takes_too_long_is_given_up() {
    let config = || Config { summary_timeout: Duration::from_millis(300), ..Config::default() };
    let midway = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let at_once = Upstream { hangs: &["stream_summary"], ..whole() };
    for upstream in [midway, at_once] {
        let events = of_text(&upstream.start_with(config()).await).await;
        assert_eq!(failure(&events), "deadline-exceeded");
    }
}

#[tokio::test]
async fn a_gateway_that_goes_down_ends_its_streams_with_an_error_that_says_to_try_again() {
    let stage = Upstream { steps: vec![accepted(), Step::Hang], ..whole() }.start().await;
    let mut body = open(&stage).await;
    let mut text = read_until(&mut body, "accepted").await;
    stage.state.cut_streams.cancel();
    text += &rest(&mut body).await;
    let events = events_of(&text);
    assert_eq!(failure(&events), "shutting-down");
    assert_eq!(events.last().unwrap().1["retryable"], true);
}

#[tokio::test]
async fn a_reader_who_leaves_stops_the_work() {
    let upstream = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let mut body = open(&stage).await;
    read_until(&mut body, "accepted").await;
    // The next event has to be asked for before the summarizer gets to hang.
    let left = tokio::select! {
        chunk = body.next() => panic!("{chunk:?}"),
        () = seen.a_call_hangs() => body,
    };
    drop(left);
    seen.a_caller_left().await;
}

#[tokio::test]
async fn a_stream_is_not_compressed() {
    let stage = whole().start().await;
    let mut request = json_request(PATH, TEXT);
    request.headers_mut().insert("accept-encoding", "gzip, br".parse().unwrap());
    let answer: Answer = stage.ask(request).await;
    assert_eq!(answer.header("content-encoding"), "");
    assert_eq!(answer.events().len(), 4);
}

pub(crate) async fn open(stage: &Stage) -> BodyDataStream {
    let response = stage.respond(json_request(PATH, TEXT)).await;
    Body::into_data_stream(response.into_body())
}

pub(crate) async fn read_until(body: &mut BodyDataStream, mark: &str) -> String {
    let mut text = String::new();
    while !text.contains(mark) {
        let chunk = body.next().await.expect("the stream ended early").unwrap();
        text += str::from_utf8(&chunk).unwrap();
    }
    text
}

async fn rest(body: &mut BodyDataStream) -> String {
    let read = async {
        let mut text = String::new();
        while let Some(chunk) = body.next().await {
            text += str::from_utf8(&chunk.unwrap()).unwrap();
        }
        text
    };
    tokio::time::timeout(Duration::from_secs(5), read).await.expect("the stream did not end")
}
