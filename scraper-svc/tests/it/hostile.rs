//! Servers that mean harm: whatever they send, the scraper is done with them in bounded time and memory.

use std::{net::SocketAddr, time::Duration};

use axum::{
    Router,
    body::{Body, Bytes},
    http::header,
    routing::get,
};
use futures::StreamExt as _;
use scraper_svc::fetch::{Allowance, FetchConfig, FetchError};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpListener, TcpStream},
    time::{interval, timeout},
};

use crate::{
    refusals::fetch_error,
    sites::{packings, read, scraper, site, start},
};

const LONG: Duration = Duration::from_secs(20);

/// What a server says after the request, over and over.
#[derive(Clone, Copy)]
struct Script {
    once: &'static str,
    over_and_over: &'static str,
    pause: Duration,
}

async fn play(script: Script) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(perform(stream, script));
        }
    });
    address
}

async fn perform(mut stream: TcpStream, script: Script) {
    let mut request = [0; 4096];
    let Ok(length) = stream.read(&mut request).await else { return };
    if request[..length].starts_with(b"GET /robots.txt") {
        let _ = stream
            .write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            .await;
        return;
    }
    if stream.write_all(script.once.as_bytes()).await.is_err() {
        return;
    }
    let mut ticks = interval(script.pause.max(Duration::from_micros(1)));
    while !script.over_and_over.is_empty() {
        if !script.pause.is_zero() {
            ticks.tick().await;
        }
        if stream.write_all(script.over_and_over.as_bytes()).await.is_err() {
            return;
        }
    }
}

async fn outcome(script: Script) -> FetchError {
    let address = play(script).await;
    let fetch = FetchConfig {
        fetch_allow: vec![Allowance::Socket(address)],
        fetch_timeout: Duration::from_millis(1_500),
        fetch_max_bytes: 1_000_000,
        fetch_retries: 0,
        ..FetchConfig::default()
    };
    let scraper = start(fetch).await;
    let url = format!("http://{address}/a");
    fetch_error(timeout(LONG, read(&scraper, &url)).await.unwrap().unwrap_err())
}

#[tokio::test]
async fn headers_without_end_are_a_broken_connection() {
    let flood = Script {
        once: "HTTP/1.1 200 OK\r\n",
        over_and_over: "X-Flood: aaaaaaaaaaaaaaaa\r\n",
        pause: Duration::ZERO,
    };
    assert!(matches!(outcome(flood).await, FetchError::Unreachable { .. }));
    let one = Script {
        once: "HTTP/1.1 200 OK\r\nX-Flood: ",
        over_and_over: "aaaaaaaaaaaaaaaa",
        pause: Duration::ZERO,
    };
    assert!(matches!(outcome(one).await, FetchError::Unreachable { .. }));
}

#[tokio::test]
async fn headers_and_bodies_that_trickle_are_given_up() {
    let pause = Duration::from_millis(20);
    for once in ["HTTP/1.1 200 OK\r\nX-Slow: ", "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>"] {
        assert_eq!(outcome(Script { once, over_and_over: "a", pause }).await, FetchError::Timeout, "{once}");
    }
}

#[tokio::test]
async fn a_body_without_end_and_one_that_announces_too_much_are_too_large() {
    let endless = Script {
        once: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n",
        over_and_over: "<p>and on and on and on and on and on and on and on",
        pause: Duration::ZERO,
    };
    let announced = Script {
        once: "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 99999999999\r\n\r\n<p>",
        over_and_over: "",
        pause: Duration::ZERO,
    };
    for script in [endless, announced] {
        assert_eq!(outcome(script).await, FetchError::TooLarge { limit: 1_000_000 });
    }
}

#[tokio::test]
async fn what_is_no_http_is_a_broken_connection() {
    for once in ["", "SSH-2.0-OpenSSH_9.2\r\n", "HTTP/1.1 banana\r\n\r\n", "\0\0\0\0\0\0\0\0\r\n\r\n"] {
        let script = Script { once, over_and_over: "", pause: Duration::ZERO };
        assert!(matches!(outcome(script).await, FetchError::Unreachable { .. }), "{once:?}");
    }
}

#[tokio::test]
async fn bombs_of_every_packing_are_defused() {
    for (name, layer) in packings() {
        let bomb = || async {
            let zeros = Bytes::from(vec![b'0'; 64 * 1024]);
            let body = futures::stream::repeat(zeros).take(100).map(Ok::<_, std::io::Error>);
            ([(header::CONTENT_TYPE, "text/html")], Body::from_stream(body))
        };
        let site = site(Router::new().route("/a", get(bomb)).layer(layer)).await;
        let error = fetch_error(read(&scraper(&site).await, &site.url("/a")).await.unwrap_err());
        assert_eq!(error, FetchError::TooLarge { limit: 1_000_000 }, "{name}");
    }
}
