//! The server on a socket: limits on time, and how it goes down.

use std::{net::SocketAddr, time::Duration};

use gateway::{config::Config, health};
use service_kit::{health::Health, shutdown::DrainArgs, testing::listener};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    task::JoinHandle,
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use crate::{
    client::{events_of, slug_of},
    material::{accepted, delta, whole},
    upstream::{Stage, Step, Upstream},
};

const LONG: Duration = Duration::from_secs(5);
const LIVEZ: &str = "GET /livez HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

/// A gateway that serves until it is told to stop.
struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    task: JoinHandle<std::io::Result<()>>,
    stage: Stage,
}

async fn serve(upstream: Upstream, config: Config, drain: DrainArgs) -> Server {
    let stage = upstream.start().await;
    let services = stage.services.clone();
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let stopped = stop.clone();
    let task =
        tokio::spawn(async move { gateway::serve(listener, &services, config, &drain, stopped).await });
    Server { address, stop, task, stage }
}

async fn ready() -> Server {
    serve(whole(), Config::default(), DrainArgs::at_once(LONG)).await
}

impl Server {
    async fn send(&self, request: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        stream
    }

    /// Whatever comes until the server closes the connection.
    async fn exchange(&self, request: &str) -> String {
        read_to_end(&mut self.send(request).await).await
    }

    async fn ended(self) {
        timeout(LONG, self.task).await.expect("it did not go down").unwrap().unwrap();
    }
}

async fn read_to_end(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    timeout(LONG, stream.read_to_end(&mut bytes)).await.expect("the connection stayed open").unwrap();
    String::from_utf8(bytes).unwrap()
}

async fn read_until(stream: &mut TcpStream, mark: &str) -> String {
    let mut bytes = Vec::new();
    while !String::from_utf8_lossy(&bytes).contains(mark) {
        assert_ne!(timeout(LONG, stream.read_buf(&mut bytes)).await.expect("it fell silent").unwrap(), 0);
    }
    String::from_utf8(bytes).unwrap()
}

fn stream_request() -> String {
    let body = r#"{"text":"One. Two."}"#;
    let length = body.len();
    format!(
        "POST /api/v1/summaries/stream HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         content-length: {length}\r\n\r\n{body}"
    )
}

/// The events of a chunked answer.
fn events(answer: &str) -> Vec<(String, serde_json::Value)> {
    let is_size = |line: &&str| !line.is_empty() && line.chars().all(|c| c.is_ascii_hexdigit());
    let body = answer.split_once("\r\n\r\n").unwrap().1;
    let lines: Vec<&str> = body.split("\r\n").filter(|line| !is_size(line)).collect();
    events_of(&lines.concat())
}

#[tokio::test]
async fn requests_are_served_until_it_is_told_to_stop() {
    let server = ready().await;
    assert!(server.exchange(LIVEZ).await.starts_with("HTTP/1.1 200"));
    server.stop.cancel();
    let address = server.address;
    server.ended().await;
    assert!(TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn the_health_check_tells_ready_from_not_ready_from_gone() {
    let server = ready().await;
    assert_eq!(health::check(server.address, LONG).await, Health::Serving);
    server.stage.scraper.cut();
    let told = async { while health::check(server.address, LONG).await != Health::NotServing {} };
    timeout(LONG, told).await.expect("it kept saying that it was ready");
    let address = server.address;
    server.stop.cancel();
    server.ended().await;
    assert_eq!(health::check(address, LONG).await, Health::Unreachable);
    let mute = listener().await.unwrap();
    assert_eq!(
        health::check(mute.local_addr().unwrap(), Duration::from_millis(100)).await,
        Health::Unreachable
    );
}

#[tokio::test]
async fn it_says_that_it_is_not_ready_before_it_goes() {
    let notice = DrainArgs { drain_notice: LONG, drain_limit: LONG };
    let server = serve(whole(), Config::default(), notice).await;
    server.stop.cancel();
    let told = async {
        let request = LIVEZ.replace("livez", "readyz");
        while !server.exchange(&request).await.contains(r#""status":"stopping""#) {}
    };
    timeout(LONG, told).await.expect("it kept saying that it was ready");
    assert!(server.exchange(LIVEZ).await.starts_with("HTTP/1.1 200"));
    server.task.abort();
}

#[tokio::test]
async fn headers_that_take_too_long_close_the_connection() {
    let config = Config { read_timeout: Duration::from_millis(200), ..Config::default() };
    let server = serve(whole(), config, DrainArgs::at_once(LONG)).await;
    for beginning in ["", "GET /livez HT", "GET /livez HTTP/1.1\r\nhost: x\r\n"] {
        let answer = server.exchange(beginning).await;
        assert!(!answer.contains("200"), "{answer}");
    }
}

#[tokio::test]
async fn a_body_that_takes_too_long_is_a_problem() {
    let config = Config { read_timeout: Duration::from_millis(200), ..Config::default() };
    let server = serve(whole(), config, DrainArgs::at_once(LONG)).await;
    let request = stream_request().replace("content-length: ", "content-length: 1");
    let answer = server.exchange(&request).await;
    assert!(answer.starts_with("HTTP/1.1 408"), "{answer}");
    assert!(answer.contains("urn:nutgraf:problem:slow-request"), "{answer}");
}

#[tokio::test]
async fn a_body_that_is_too_large_gets_its_answer() {
    let server =
        serve(whole(), Config { max_text: 1000, ..Config::default() }, DrainArgs::at_once(LONG)).await;
    let head = "POST /api/v1/summaries HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n";
    let sent = format!("{head}content-length: 9000\r\n\r\n{}", " ".repeat(9000));
    // Who asks first is told before sending anything.
    let asked = format!("{head}content-length: 9000\r\nexpect: 100-continue\r\n\r\n");
    for request in [sent, asked] {
        let answer = server.exchange(&request).await;
        assert!(answer.starts_with("HTTP/1.1 413") && answer.contains(r#""limit_bytes":3500"#), "{answer}");
    }
}

#[tokio::test]
async fn a_reader_who_hangs_up_stops_the_work() {
    let upstream = Upstream { steps: vec![accepted(), Step::Hang], ..whole() };
    let seen = upstream.seen.clone();
    let server = serve(upstream, Config::default(), DrainArgs::at_once(LONG)).await;
    let mut stream = server.send(&stream_request()).await;
    read_until(&mut stream, "accepted").await;
    seen.a_call_hangs().await;
    drop(stream);
    seen.a_caller_left().await;
}

#[tokio::test]
async fn a_stream_under_way_ends_in_order_when_the_gateway_goes_down() {
    let upstream = Upstream { steps: vec![accepted(), delta("One. "), Step::Hang], ..whole() };
    let server = serve(upstream, Config::default(), DrainArgs::at_once(Duration::from_millis(600))).await;
    let mut stream = server.send(&stream_request()).await;
    let mut answer = read_until(&mut stream, "One. ").await;
    server.stop.cancel();
    answer += &read_to_end(&mut stream).await;
    let events = events(&answer);
    let (name, problem) = events.last().unwrap();
    assert_eq!((name.as_str(), slug_of(problem).as_str()), ("error", "shutting-down"));
    server.ended().await;
}

#[tokio::test]
async fn a_request_that_hangs_does_not_hold_up_the_end() {
    let upstream = Upstream { hangs: &["list_sources"], ..whole() };
    let seen = upstream.seen.clone();
    let server = serve(upstream, Config::default(), DrainArgs::at_once(Duration::from_millis(300))).await;
    let mut stream = server.send("GET /api/v1/sources HTTP/1.1\r\nhost: x\r\n\r\n").await;
    seen.a_call_hangs().await;
    server.stop.cancel();
    server.ended().await;
    assert_eq!(read_to_end(&mut stream).await, "");
}

#[tokio::test]
async fn connections_over_the_limit_wait_for_their_turn() {
    let config = Config { max_connections: 1, ..Config::default() };
    let server = serve(whole(), config, DrainArgs::at_once(LONG)).await;
    let mut first = server.send("GET /livez HTTP/1.1\r\nhost: x\r\n\r\n").await;
    read_until(&mut first, r#"{"status":"ok"}"#).await;
    let mut second = server.send(LIVEZ).await;
    let waited = timeout(Duration::from_millis(200), second.read_u8()).await;
    assert!(waited.is_err(), "{waited:?}");
    drop(first);
    assert!(read_to_end(&mut second).await.starts_with("HTTP/1.1 200"));
}
