//! The figures of a server.
#![expect(clippy::disallowed_types, reason = "names the codes that a service fails with")]

use service_kit::{
    grpc::Attempt,
    metrics::{MetricsArgs, page},
};
use tonic::Code;

use crate::balance::stage::{Manner, Stage, send_to};

fn value_of(name: &str) -> Option<f64> {
    page().lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok())
}

#[tokio::test]
async fn calls_are_counted_by_how_they_ended() {
    let stage = Stage::of(1).await;
    let code = |code: &str| {
        value_of(&format!("nutgraf_grpc_calls_total{{method=\"test.Stub/Call\",code=\"{code}\"}}"))
            .unwrap_or_default()
    };
    let before = (code("ResourceExhausted"), code("Cancelled"));
    stage.replicas[0].manner.send_replace(Manner::Refuse);
    assert_eq!(stage.call().await.err(), Some(Code::ResourceExhausted));
    assert!(code("ResourceExhausted") > before.0);
    stage.replicas[0].manner.send_replace(Manner::Stream);
    let stream = stage.call().await.unwrap();
    drop(stream);
    stage.wait("the stream is counted", || code("Cancelled") > before.1).await;
    assert!(value_of("nutgraf_grpc_calls_seconds_count{method=\"test.Stub/Call\"}").is_some(), "{}", page());
}

#[tokio::test]
async fn tasks_that_have_not_ended_are_counted() {
    let tasks = || value_of("nutgraf_runtime_tasks{runtime=\"tokio\"}").unwrap_or_default();
    let before = tasks();
    let waiting = tokio::spawn(std::future::pending::<()>());
    assert!(tasks() > before);
    waiting.abort();
    waiting.await.unwrap_err();
    let ended = async { while tasks() > before {} };
    tokio::time::timeout(std::time::Duration::from_secs(5), ended).await.unwrap();
}

#[tokio::test]
async fn names_that_callers_make_up_are_not_shown() {
    let stage = Stage::of(1).await;
    let answer = send_to(&stage.channel, "/made.Up/Name", &Attempt::default()).await;
    assert_eq!(answer.err(), Some(Code::Unimplemented));
    let unknown = "nutgraf_grpc_calls_total{method=\"unknown\",code=\"Unimplemented\"}";
    stage.wait("it is counted", || value_of(unknown).is_some()).await;
    assert!(!page().contains("made.Up"));
}

#[tokio::test]
async fn replicas_are_shown_while_their_channel_lives() {
    let stage = Stage::of(1).await;
    let label = format!("{{service=\"stub\",replica=\"{}\"}}", stage.replicas[0].address());
    stage.try_to(&Attempt::default()).await.unwrap();
    assert_eq!(value_of(&format!("nutgraf_upstream_serving{label}")), Some(1.0));
    assert_eq!(value_of(&format!("nutgraf_upstream_calls_total{label}")), Some(1.0));
    assert!(value_of(&format!("nutgraf_upstream_latency_seconds{label}")).is_some());
    drop(stage);
    assert_eq!(value_of(&format!("nutgraf_upstream_serving{label}")), None);
}

#[tokio::test]
async fn nothing_listens_for_metrics_unless_it_is_told_to() {
    assert!(MetricsArgs { metrics_listen: None }.serve().await.unwrap().is_none());
    let taken = service_kit::testing::listener().await.unwrap();
    let taken_address = taken.local_addr().unwrap();
    assert!(MetricsArgs { metrics_listen: Some(taken_address) }.serve().await.is_err());
    drop(taken);
    let _serving = MetricsArgs { metrics_listen: Some(taken_address) }.serve().await.unwrap().unwrap();
    let answer = get(taken_address, "/metrics").await;
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("text/plain; version=0.0.4"), "{answer}");
    assert!(get(taken_address, "/").await.starts_with("HTTP/1.1 404"));
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.unwrap();
    let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer
}
