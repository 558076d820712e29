//! A Redis that gateways share: a real one, broken ones, and one that lies.
//!
//! Without a redis-server the tests with a real one say so and pass; with `NUTGRAF_REQUIRE_REDIS=1` they fail.

use std::{
    io::ErrorKind,
    net::SocketAddr,
    process::Stdio,
    time::{Duration, Instant},
};

use gateway::{cache::config::CacheConfig, config::Config};
use redis::{AsyncCommands as _, aio::MultiplexedConnection};
use serde_json::{Value, json};
use service_kit::testing::{Wire, listener};
use tokio::{
    io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader},
    process::{Child, Command},
    task::yield_now,
    time::timeout,
};

use crate::{
    material::whole,
    upstream::{Seen, Stage},
};

const PATH: &str = "/api/v1/summaries";
/// Long enough for the spans of the summary.
const TEXT: &str = "The bridge opened — at last.";
const LONG: Duration = Duration::from_secs(10);

/// A redis-server that runs until it is dropped.
struct Redis {
    address: SocketAddr,
    connection: MultiplexedConnection,
    _process: Child,
}

impl Redis {
    /// None where none is installed.
    async fn start() -> Option<Self> {
        let address = listener().await.unwrap().local_addr().unwrap();
        let port = address.port().to_string();
        let started = Command::new("redis-server")
            .args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"])
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn();
        let mut process = match started {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let required = std::env::var("NUTGRAF_REQUIRE_REDIS").is_ok_and(|value| value == "1");
                assert!(!required, "redis-server is not installed, and NUTGRAF_REQUIRE_REDIS=1 asks for it");
                skip();
                return None;
            }
            started => started.expect("redis-server can't be started"),
        };
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let ready = async {
            while !lines.next_line().await.unwrap().expect("redis-server ended").contains("Ready to accept") {
            }
        };
        timeout(LONG, ready).await.expect("redis-server did not start");
        let client = redis::Client::open(format!("redis://{address}")).unwrap();
        let connection = client.get_multiplexed_async_connection().await.unwrap();
        Some(Self { address, connection, _process: process })
    }

    /// The name of the one entry, as soon as there is one.
    async fn entry(&mut self) -> String {
        let kept = async {
            loop {
                let keys: Vec<String> = self.connection.keys("*").await.unwrap();
                match keys.into_iter().next() {
                    Some(key) => return key,
                    None => yield_now().await,
                }
            }
        };
        timeout(LONG, kept).await.expect("nothing was kept")
    }
}

#[expect(clippy::print_stdout, reason = "whoever runs the tests should know")]
fn skip() {
    println!("SKIPPED: redis-server is not installed");
}

/// A gateway that has a shared cache at an address.
async fn sharing(address: SocketAddr) -> (Stage, Seen) {
    let shared = format!("redis://{address}").parse().unwrap();
    let cache = CacheConfig { shared, cache_timeout: Duration::from_secs(1), ..CacheConfig::default() };
    let upstream = whole();
    let seen = upstream.seen.clone();
    (upstream.start_with(Config { cache, ..Config::default() }).await, seen)
}

async fn cache_of(stage: &Stage, text: &str) -> Value {
    let answer = stage.send_json(PATH, json!({ "text": text }).to_string()).await;
    assert_eq!(answer.status(), 200, "{}", answer.text());
    answer.json()["summary"]["cache"].clone()
}

#[tokio::test]
async fn what_one_gateway_made_another_serves() {
    let Some(mut redis) = Redis::start().await else { return };
    let (first, _) = sharing(redis.address).await;
    let (second, seen) = sharing(redis.address).await;
    assert_eq!(cache_of(&first, TEXT).await, "miss");
    let entry = redis.entry().await;
    assert_eq!(cache_of(&second, TEXT).await, "hit");
    assert_eq!(seen.count("summarize"), 0);
    // From now on it is in its own memory too.
    let _: () = redis.connection.del(&entry).await.unwrap();
    assert_eq!(cache_of(&second, TEXT).await, "hit");
}

#[tokio::test]
async fn what_is_kept_has_a_schema_in_its_name_and_an_end() {
    let Some(mut redis) = Redis::start().await else { return };
    let (stage, _) = sharing(redis.address).await;
    cache_of(&stage, TEXT).await;
    let entry = redis.entry().await;
    assert!(
        entry.starts_with("nutgraf:summary:1:") && entry.len() == "nutgraf:summary:1:".len() + 64,
        "{entry}"
    );
    let left: i64 = redis.connection.pttl(&entry).await.unwrap();
    assert!((3_500_000..=3_600_000).contains(&left), "{left}");
}

#[tokio::test]
async fn what_is_no_summary_of_this_text_is_not_served() {
    let Some(mut redis) = Redis::start().await else { return };
    let (stage, _) = sharing(redis.address).await;
    cache_of(&stage, TEXT).await;
    let entry = redis.entry().await;
    let good: String = redis.connection.get(&entry).await.unwrap();
    let huge = good.replace("returned_whole", &"x".repeat(300 << 10));
    let bad = [
        String::new(),
        "\u{0}\u{1}garbage".to_owned(),
        "null".to_owned(),
        "[".repeat(100_000),
        good[..good.len() / 2].to_owned(),
        good.replace(r#""schema":1"#, r#""schema":2"#),
        good.replace(r#""text":"One. Two.""#, r#""text":"Buy gold.""#),
        good.replace(r#""paragraph":0"#, r#""paragraph":7"#),
        good.replace(r#""end":28"#, r#""end":4000000000"#),
        good.replace(r#""score":1.0"#, r#""score":1e300"#),
        good.replace(r#""revision":"1""#, r#""revision":"0""#),
        good.replace(r#""format":"paragraph""#, r#""format":"bullets""#),
        huge,
    ];
    for value in bad {
        assert_ne!(value, good);
        let _: () = redis.connection.set(&entry, &value).await.unwrap();
        let (stage, seen) = sharing(redis.address).await;
        let shown = value.get(..80).unwrap_or(&value);
        assert_eq!(cache_of(&stage, TEXT).await, "miss", "{shown}");
        assert_eq!(seen.count("summarize"), 1, "{shown}");
    }
}

#[tokio::test]
async fn a_redis_that_dies_is_not_missed() {
    let Some(redis) = Redis::start().await else { return };
    let wire = Wire::to(redis.address).await.unwrap();
    let (stage, _) = sharing(wire.address).await;
    assert_eq!(cache_of(&stage, TEXT).await, "miss");
    wire.cut();
    assert_eq!(cache_of(&stage, "Two.").await, "miss");
    assert_eq!(cache_of(&stage, TEXT).await, "hit");
}

#[tokio::test]
async fn a_redis_that_hangs_slows_one_request_by_its_limit_and_no_other() {
    // It takes connections, and says nothing.
    let hung = listener().await.unwrap();
    let (stage, _) = sharing(hung.local_addr().unwrap()).await;
    let began = Instant::now();
    assert_eq!(cache_of(&stage, TEXT).await, "miss");
    assert!((1000..3000).contains(&began.elapsed().as_millis()), "{:?}", began.elapsed());
    let began = Instant::now();
    for text in ["Two.", "Three.", "Four."] {
        assert_eq!(cache_of(&stage, text).await, "miss");
    }
    assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
}

#[tokio::test]
async fn what_does_not_speak_its_language_is_not_believed() {
    let stranger = listener().await.unwrap();
    let address = stranger.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = stranger.accept().await {
            let greeting = stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n$999999999999\r\n").await;
            greeting.unwrap();
        }
    });
    let (stage, seen) = sharing(address).await;
    for text in ["One.", "Two."] {
        assert_eq!(cache_of(&stage, text).await, "miss");
    }
    assert_eq!(seen.count("summarize"), 2);
}
