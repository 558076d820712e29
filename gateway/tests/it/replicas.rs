//! More than one replica: what is tried elsewhere, and what is not.
#![expect(clippy::disallowed_types, reason = "names the codes that a service fails with")]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use axum::body::Body;
use futures::{StreamExt as _, future::join_all};
use gateway::config::Config;
use serde_json::{Value, json};
use tonic::Code;

use crate::{
    client::{events_of, json_request, slug_of},
    material::{accepted, delta, done, whole},
    upstream::{Fleet, Step, Upstream, refused},
};

const PATH: &str = "/api/v1/summaries";
const STREAM: &str = "/api/v1/summaries/stream";

/// A text that nobody asked for before: what is kept, or under way already, would need no replica.
fn text() -> String {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    format!(r#"{{"text":"One. Two. {}."}}"#, NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// One that refuses every summary so.
fn refusing(reason: &'static str) -> Upstream {
    let reason = (Code::ResourceExhausted, reason);
    Upstream { summary: Err(reason), steps: vec![Step::Refuse(reason)], ..whole() }
}

fn another() -> Upstream {
    Upstream { seen: crate::upstream::Seen::default(), ..whole() }
}

/// The names of a stream's events, with the slug of its problem in place of `error`.
fn names(events: &[(String, Value)]) -> Vec<String> {
    let name = |(name, data): &(String, Value)| {
        if name == "error" { slug_of(data) } else { name.clone() }
    };
    events.iter().map(name).collect()
}

#[tokio::test]
async fn a_summary_that_one_replica_has_no_room_for_is_made_by_another() {
    let fleet = Fleet::of([refusing("QUEUE_FULL"), another()], Config::default()).await;
    for _ in 0..6 {
        assert_eq!(fleet.stage.send_json(PATH, text()).await.status(), 200);
    }
    let counts = fleet.counts("summarize");
    assert!(counts[0] >= 1 && counts[1] == 6, "{counts:?}");
}

#[tokio::test]
async fn where_two_have_no_room_a_third_is_not_asked() {
    let replicas = [refusing("QUEUE_FULL"), refusing("QUEUE_FULL"), refusing("QUEUE_FULL")];
    let fleet = Fleet::of(replicas, Config::default()).await;
    let answer = fleet.stage.send_json(PATH, text()).await;
    assert_eq!((answer.problem().as_str(), answer.status()), ("queue-full", 429));
    assert_eq!(fleet.counts("summarize").iter().sum::<usize>(), 2);
}

#[tokio::test]
async fn a_callers_mistake_is_tried_once() {
    for reason in ["EMPTY_INPUT", "INVALID_OPTION", "NOTHING_TO_SUMMARIZE", "INTERNAL"] {
        let fleet = Fleet::of([refusing(reason), refusing(reason)], Config::default()).await;
        assert!(fleet.stage.send_json(PATH, text()).await.status() >= 400);
        assert_eq!(fleet.counts("summarize").iter().sum::<usize>(), 1, "{reason}");
    }
}

#[tokio::test]
async fn no_replica_gets_the_same_call_twice() {
    let replicas = ["SHUTTING_DOWN"; 4].map(refusing);
    let fleet = Fleet::of(replicas, Config::default()).await;
    assert_eq!(fleet.stage.send_json(PATH, text()).await.problem(), "summarizer-unavailable");
    let mut counts = fleet.counts("summarize");
    counts.sort_unstable();
    assert_eq!(counts, [0, 1, 1, 1]);
}

#[tokio::test]
async fn a_replica_that_is_cut_off_midway_costs_no_summary() {
    let hanging = Upstream { hangs: &["summarize"], ..whole() };
    let fleet = Fleet::of([hanging, another()], Config::default()).await;
    let ask = || fleet.stage.send_json(PATH, text());
    let (first, second, ()) = tokio::join!(ask(), ask(), async {
        fleet.seen[0].a_call_hangs().await;
        fleet.stage.summarizer.cut();
    });
    assert_eq!((first.status(), second.status()), (200, 200));
    assert_eq!(fleet.counts("summarize"), [1, 2]);
}

#[tokio::test]
async fn one_that_hangs_leaves_time_for_another() {
    let hanging = Upstream { hangs: &["summarize"], ..whole() };
    let config = Config { summary_timeout: Duration::from_millis(800), ..Config::default() };
    let fleet = Fleet::of([hanging, another()], config).await;
    for _ in 0..2 {
        assert_eq!(fleet.stage.send_json(PATH, text()).await.status(), 200);
    }
    assert_eq!(fleet.counts("summarize"), [1, 2]);
}

#[tokio::test]
async fn where_all_hang_the_deadline_holds() {
    let hanging = || Upstream { hangs: &["summarize", "stream_summary"], ..another() };
    let config = Config { summary_timeout: Duration::from_millis(500), ..Config::default() };
    let fleet = Fleet::of([hanging(), hanging()], config).await;
    let began = std::time::Instant::now();
    let answer = fleet.stage.send_json(PATH, text()).await;
    assert_eq!((answer.problem().as_str(), answer.status()), ("deadline-exceeded", 504));
    assert!(began.elapsed() < Duration::from_secs(2));
    let events = fleet.stage.send_json(STREAM, text()).await.events();
    assert_eq!(names(&events), ["deadline-exceeded"]);
}

#[tokio::test]
async fn a_service_in_trouble_does_not_get_a_storm_of_retries() {
    let fleet = Fleet::of(["SHUTTING_DOWN"; 2].map(refusing), Config::default()).await;
    let began = std::time::Instant::now();
    for _ in 0..10 {
        join_all((0..80).map(|_| fleet.stage.send_json(PATH, text()))).await;
    }
    let sent: usize = fleet.counts("summarize").iter().sum();
    // One in five, and ten a second, from ten seconds before on.
    let floor = 10 * (10 + began.elapsed().as_secs() as usize + 1);
    assert!(sent > 800 && sent <= 800 + 160 + floor, "{sent} after {:?}", began.elapsed());
}

#[tokio::test]
async fn a_stream_that_breaks_before_its_text_begins_anew_elsewhere() {
    let breaking = Upstream { steps: vec![accepted(), Step::Refuse(refused("SHUTTING_DOWN"))], ..whole() };
    let silent = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let ending = Upstream { steps: vec![accepted()], ..whole() };
    let config = || Config { stream_silence: Duration::from_millis(300), ..Config::default() };
    for first in [breaking, silent, ending] {
        let fleet = Fleet::of([first, another()], config()).await;
        for _ in 0..4 {
            let names = names(&fleet.stage.send_json(STREAM, text()).await.events());
            let text = names.iter().position(|name| name == "delta").unwrap();
            assert_eq!(names[text..], ["delta", "delta", "done"], "{names:?}");
            assert!(names[..text].iter().all(|name| name == "accepted"), "{names:?}");
        }
        let counts = fleet.counts("stream_summary");
        assert!(counts[0] >= 1 && counts[1] == 4, "{counts:?}");
    }
}

#[tokio::test]
async fn a_stream_that_breaks_after_its_text_began_ends_in_an_error() {
    let breaking = || Upstream {
        steps: vec![accepted(), delta("One. "), Step::Refuse(refused("SHUTTING_DOWN"))],
        ..another()
    };
    let fleet = Fleet::of([breaking(), breaking()], Config::default()).await;
    let events = fleet.stage.send_json(STREAM, text()).await.events();
    assert_eq!(names(&events), ["accepted", "delta", "summary-interrupted"]);
    assert_eq!(events[2].1["retryable"], true);
    assert_eq!(fleet.counts("stream_summary").iter().sum::<usize>(), 1);
}

#[tokio::test]
async fn one_replica_of_each_service_is_enough_to_be_ready() {
    let fleet = Fleet::of([whole(), another(), another()], Config::default()).await;
    fleet.stage.summarizer.cut();
    fleet.others[0].cut();
    let health = |answer: &Value| {
        let replicas = answer["replicas"]["summarizer"].as_array().cloned().unwrap_or_default();
        replicas.iter().filter(|replica| replica["health"] == "serving").count()
    };
    let seen = async { while health(&fleet.stage.readiness(200).await) != 1 {} };
    tokio::time::timeout(Duration::from_secs(10), seen).await.unwrap();
    fleet.others[1].cut();
    assert_eq!(fleet.stage.readiness(503).await["upstreams"]["summarizer"], "unreachable");
}

#[tokio::test]
async fn summaries_over_the_limit_are_refused_before_any_work_is_done() {
    let hanging = Upstream { steps: vec![accepted(), Step::Hang, done()], ..whole() };
    let seen = hanging.seen.clone();
    let stage = hanging.start_with(Config { max_summaries: 1, ..Config::default() }).await;
    let mut stream = Body::into_data_stream(stage.respond(json_request(STREAM, text())).await.into_body());
    let first = stream.next().await.unwrap().unwrap();
    assert_eq!(events_of(str::from_utf8(&first).unwrap())[0].0, "accepted");
    for (path, body) in [(PATH, json!({"text": "One."})), (STREAM, json!({"url": crate::material::URL}))] {
        let answer = stage.send_json(path, body.to_string()).await;
        assert_eq!((answer.problem().as_str(), answer.status()), ("queue-full", 429));
        assert!(!answer.header("retry-after").is_empty());
    }
    assert_eq!((seen.count("summarize"), seen.count("get_article")), (0, 0));
    for path in ["/livez", "/readyz", "/", "/api/v1/sources"] {
        assert_eq!(stage.fetch(path).await.status(), 200, "{path}");
    }
    drop(stream);
    // The work hears of it from the stream, and gives the place back.
    let again = async { while stage.send_json(PATH, text()).await.status() != 200 {} };
    tokio::time::timeout(Duration::from_secs(10), again).await.unwrap();
}

#[tokio::test]
async fn what_is_kept_or_under_way_needs_no_place() {
    let hanging = Upstream { steps: vec![accepted(), Step::Hang, done()], ..whole() };
    let stage = hanging.start_with(Config { max_summaries: 1, ..Config::default() }).await;
    let (kept, at_work) = (text(), text());
    assert_eq!(stage.send_json(PATH, kept.clone()).await.status(), 200);
    let open = async || {
        let answer = stage.respond(json_request(STREAM, at_work.clone())).await;
        let mut stream = Body::into_data_stream(answer.into_body());
        let first = stream.next().await.unwrap().unwrap();
        assert_eq!(events_of(str::from_utf8(&first).unwrap())[0].0, "accepted");
        stream
    };
    let _streams = (open().await, open().await);
    assert_eq!(stage.send_json(PATH, text()).await.status(), 429);
    assert_eq!(stage.send_json(PATH, kept.clone()).await.json()["summary"]["cache"], "hit");
    let told = stage.send_json(STREAM, kept).await.events();
    assert_eq!(told.last().map(|(name, _)| name.as_str()), Some("done"));
}
