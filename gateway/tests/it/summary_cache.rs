//! Summaries that are made once.

use std::time::Duration;

use futures::{StreamExt as _, future::join_all};
use gateway::{cache::config::CacheConfig, config::Config};
use http::header::CACHE_CONTROL;
use nutgraf_proto::summarizer::v1::{Degraded, ModelState, Notice, Summary};
use serde_json::{Value, json};

use crate::{
    client::{Answer, events_of, json_request},
    material::{accepted, delta, done, extractive, summary, whole, writer},
    stream::{open, read_until},
    upstream::{Stage, Step, Upstream, refused},
};

const PATH: &str = "/api/v1/summaries";
const STREAM: &str = "/api/v1/summaries/stream";
const TEXT: &str = r#"{"text":"One. Two."}"#;

/// What is told of the models is asked for anew each time.
fn attentive() -> Config {
    let cache = CacheConfig { models_age: Duration::ZERO, ..CacheConfig::default() };
    Config { cache, ..Config::default() }
}

fn cache_of(answer: &Answer) -> Value {
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()["summary"]["cache"].clone()
}

async fn ask_fresh(stage: &Stage, path: &str) -> Answer {
    let mut request = json_request(path, TEXT);
    request.headers_mut().insert(CACHE_CONTROL, "no-cache".parse().unwrap());
    stage.ask(request).await
}

#[tokio::test]
async fn the_same_summary_is_made_once_and_the_answer_says_that_it_was_there() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let first = stage.send_json(PATH, TEXT).await;
    let second = stage.send_json(PATH, TEXT).await;
    assert_eq!((cache_of(&first), cache_of(&second)), (json!("miss"), json!("hit")));
    let mut expected = first.json();
    expected["summary"]["cache"] = json!("hit");
    assert_eq!(second.json(), expected);
    assert_eq!(seen.count("summarize"), 1);
}

#[tokio::test]
async fn a_stream_of_what_is_there_is_its_text_and_the_summary() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    stage.send_json(PATH, TEXT).await;
    let events = stage.send_json(STREAM, TEXT).await.events();
    let names: Vec<&str> = events.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["delta", "done"]);
    assert_eq!((&events[0].1["text"], &events[1].1["cache"]), (&json!("One. Two."), &json!("hit")));
    assert_eq!(seen.count("stream_summary"), 0);
}

#[tokio::test]
async fn whoever_asks_at_the_same_time_shares_the_work() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let answers = join_all((0..16).map(|_| stage.send_json(PATH, TEXT))).await;
    assert!(answers.iter().all(|answer| answer.status() == 200));
    assert_eq!(seen.count("summarize"), 1);
}

#[tokio::test]
async fn a_second_stream_follows_the_first_from_its_beginning() {
    let upstream = Upstream { steps: vec![accepted(), delta("One. "), Step::Hang], ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let mut first = open(&stage).await;
    let of_first = read_until(&mut first, "One. ").await;
    let mut second = open(&stage).await;
    let of_second = read_until(&mut second, "One. ").await;
    assert_eq!(events_of(&of_first), events_of(&of_second));
    assert_eq!(seen.count("stream_summary"), 1);
}

#[tokio::test]
async fn the_work_is_stopped_when_the_last_reader_has_left_and_not_before() {
    let upstream = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let mut first = open(&stage).await;
    read_until(&mut first, "accepted").await;
    let mut second = open(&stage).await;
    read_until(&mut second, "accepted").await;
    seen.a_call_hangs().await;
    drop(first);
    // A third finds the work still under way.
    let mut third = open(&stage).await;
    read_until(&mut third, "accepted").await;
    assert_eq!((seen.count("stream_summary"), seen.dropped()), (1, 0));
    drop((second, third));
    seen.a_caller_left().await;
}

#[tokio::test]
async fn a_summary_in_one_go_and_a_stream_share_the_work_too() {
    let upstream = Upstream { hangs: &["summarize"], ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let events = async {
        seen.a_call_hangs().await;
        let mut body = open(&stage).await;
        let told = tokio::time::timeout(Duration::from_millis(200), body.next()).await;
        assert!(told.is_err(), "{told:?}");
    };
    tokio::select! {
        answer = stage.send_json(PATH, TEXT) => panic!("{answer:?}"),
        () = events => {}
    }
    assert_eq!((seen.count("summarize"), seen.count("stream_summary")), (1, 0));
    // Both have left.
    seen.a_caller_left().await;
}

#[tokio::test]
async fn no_cache_asks_for_a_fresh_summary_and_refreshes_what_is_kept() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    stage.send_json(PATH, TEXT).await;
    assert_eq!(cache_of(&ask_fresh(&stage, PATH).await), "miss");
    assert_eq!(seen.count("summarize"), 2);
    assert_eq!(ask_fresh(&stage, STREAM).await.events().last().unwrap().1["cache"], "miss");
    assert_eq!(seen.count("stream_summary"), 1);
    assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "hit");
}

#[tokio::test]
async fn an_error_is_never_kept() {
    let upstream = Upstream { summary: Err(refused("QUEUE_FULL")), ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for _ in 0..2 {
        assert_eq!(stage.send_json(PATH, TEXT).await.problem(), "queue-full");
    }
    assert_eq!(seen.count("summarize"), 2);
}

#[tokio::test]
async fn what_was_drawn_at_random_is_not_kept_unless_it_has_a_seed() {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for (generation, made) in [(json!({"do_sample": true}), 2), (json!({"do_sample": true, "seed": 1}), 3)] {
        let body = json!({"text": "One. Two.", "generation": generation}).to_string();
        let answers = [stage.send_json(PATH, body.clone()).await, stage.send_json(PATH, body).await];
        assert!(answers.iter().all(|answer| answer.status() == 200));
        assert_eq!(seen.count("summarize"), made);
    }
}

#[tokio::test]
async fn what_a_model_has_drawn_by_its_own_settings_is_not_kept_either() {
    let upstream = Upstream { summary: Ok(Summary { drawn: true, ..summary() }), ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for _ in 0..2 {
        assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
    }
    assert_eq!(seen.count("summarize"), 2);
}

#[tokio::test]
async fn a_summary_by_a_model_that_is_no_longer_there_is_stale() {
    let upstream = whole();
    let (seen, models) = (upstream.seen.clone(), upstream.models_now.clone());
    let stage = upstream.start_with(attentive()).await;
    stage.send_json(PATH, TEXT).await;
    assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "hit");
    let newer = nutgraf_proto::summarizer::v1::Model { revision: "2".into(), ..extractive() };
    models.set(vec![newer]);
    assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
    // The answer names the older revision still, so it is not kept for the newer one.
    assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
    assert_eq!(seen.count("summarize"), 3);
}

#[tokio::test]
async fn an_extractive_answer_is_not_served_once_a_model_is_ready() {
    let upstream =
        Upstream { models: Ok(vec![extractive(), writer("distilbart", ModelState::Loading)]), ..whole() };
    let models = upstream.models_now.clone();
    let stage = upstream.start_with(attentive()).await;
    let extractive_one = json!({"text": "One. Two.", "engine": "extractive"}).to_string();
    for body in [TEXT, &extractive_one] {
        stage.send_json(PATH, body.to_owned()).await;
        assert_eq!(cache_of(&stage.send_json(PATH, body.to_owned()).await), "hit");
    }
    models.set(vec![extractive(), writer("distilbart", ModelState::Ready)]);
    // A replica that lags behind still answers so; nothing of it is kept for `auto`.
    for _ in 0..2 {
        assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
    }
    // Whoever asked for the engine by name still gets what it made.
    assert_eq!(cache_of(&stage.send_json(PATH, extractive_one).await), "hit");
}

#[tokio::test]
async fn a_summary_by_a_stand_in_is_not_kept_and_says_why_it_stood_in() {
    let degraded = Some(Degraded { reason: 2, model: "distilbart".into() });
    let summary = Summary { notices: vec![Notice::Degraded.into()], degraded, ..summary() };
    let upstream = Upstream { summary: Ok(summary), ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let body = json!({"text": "One. Two.", "allow_degraded": true}).to_string();
    for _ in 0..2 {
        let answer = stage.send_json(PATH, body.clone()).await.json();
        assert_eq!(answer["summary"]["degraded"], json!({"reason": "wait_too_long", "model": "distilbart"}));
        assert_eq!(answer["summary"]["cache"], "miss");
    }
    assert!(seen.of("summarize").iter().all(|call| call.message.contains("allow_degraded: true")));
    stage.send_json(PATH, TEXT).await;
    assert!(seen.of("summarize")[2].message.contains("allow_degraded: false"), "{seen:?}");
}

#[tokio::test]
async fn nothing_is_kept_without_room_or_without_age() {
    for cache in [
        CacheConfig { summary_cache: 0, ..CacheConfig::default() },
        CacheConfig { summary_age: Duration::ZERO, ..CacheConfig::default() },
    ] {
        let upstream = whole();
        let seen = upstream.seen.clone();
        let stage = upstream.start_with(Config { cache, ..Config::default() }).await;
        for _ in 0..2 {
            assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
        }
        assert_eq!(seen.count("summarize"), 2);
    }
}

#[tokio::test]
async fn without_a_list_of_models_summaries_are_made_and_not_kept() {
    let upstream = Upstream { models: Err(refused("INTERNAL")), ..whole() };
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    for _ in 0..2 {
        assert_eq!(cache_of(&stage.send_json(PATH, TEXT).await), "miss");
    }
    assert_eq!(seen.count("summarize"), 2);
}

#[tokio::test]
async fn whoever_shares_the_work_is_not_bound_by_anothers_deadline() {
    let upstream = Upstream { steps: vec![done()], ..whole() };
    let stage = upstream.start().await;
    let call = |millis| {
        stage.state.call(&service_kit::request_id::RequestId::generate(), Duration::from_millis(millis))
    };
    let input = || gateway::digest::DigestInput::Text { text: "One. Two.".into(), title: None };
    let options = gateway::options::SummaryOptions::default();
    // The list of models is there before the wire stalls.
    stage.state.digests.digest(input(), &options, &call(5000)).await.unwrap();
    stage.summarizer.stall();
    let other = || gateway::digest::DigestInput::Text { text: "Another.".into(), title: None };
    let hurried = async {
        let hurried = stage.state.digests.digest(other(), &options, &call(200)).await;
        stage.summarizer.mend();
        hurried
    };
    let patient = call(9000);
    let (hurried, patient) =
        tokio::join!(hurried, async { stage.state.digests.digest(other(), &options, &patient).await });
    assert!(hurried.is_err(), "{hurried:?}");
    assert_eq!(patient.unwrap().summary.text, "One. Two.");
}
