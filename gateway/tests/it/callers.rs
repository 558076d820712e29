//! Who asks, as the summarizer gets to know.

use std::net::SocketAddr;

use gateway::config::Config;
use service_kit::{shutdown::DrainArgs, testing::listener};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_util::sync::CancellationToken;

use crate::{
    material::whole,
    upstream::{Seen, Stage},
};

/// A gateway on a socket, for which the loopback interface is a trusted proxy.
async fn behind_a_proxy(trusted: &str) -> (SocketAddr, Stage, Seen) {
    let upstream = whole();
    let seen = upstream.seen.clone();
    let stage = upstream.start().await;
    let services = stage.services.clone();
    let trusted_proxies = trusted.split(',').filter_map(|network| network.parse().ok()).collect();
    let config = Config { trusted_proxies, ..Config::default() };
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let drain = DrainArgs::at_once(std::time::Duration::from_secs(1));
    tokio::spawn(async move {
        gateway::serve(listener, &services, config, &drain, CancellationToken::new()).await
    });
    (address, stage, seen)
}

/// Asks for the summary of a text, on behalf of a client.
async fn ask(gateway: SocketAddr, text: &str, client: &str) {
    let body = serde_json::json!({ "text": text }).to_string();
    let length = body.len();
    let request = format!(
        "POST /api/v1/summaries HTTP/1.1\r\nhost: x\r\nconnection: close\r\ncontent-type: application/json\r\n\
         x-forwarded-for: {client}\r\ncontent-length: {length}\r\n\r\n{body}"
    );
    let mut stream = TcpStream::connect(gateway).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 200"), "{answer}");
}

/// The keys of the summaries that were asked for.
fn keys(seen: &Seen) -> Vec<String> {
    let key = |message: &str| message.split_once("fairness_key: \"")?.1.split('"').next().map(str::to_owned);
    seen.of("summarize").iter().filter_map(|call| key(&call.message)).collect()
}

#[tokio::test]
async fn each_client_of_a_trusted_proxy_has_a_place_of_its_own_in_the_queue() {
    let (gateway, _stage, seen) = behind_a_proxy("127.0.0.0/8").await;
    for (text, client) in [("One.", "203.0.113.1"), ("Two.", "203.0.113.2"), ("Three.", "203.0.113.1")] {
        ask(gateway, text, client).await;
    }
    let keys = keys(&seen);
    assert_eq!((keys.len(), &keys[0]), (3, &keys[2]));
    assert_ne!(keys[0], keys[1]);
    assert!(keys.iter().all(|key| key.len() == 16), "{keys:?}");
}

#[tokio::test]
async fn what_a_stranger_claims_gives_no_place_of_its_own() {
    let (gateway, _stage, seen) = behind_a_proxy("").await;
    for (text, client) in [("One.", "203.0.113.1"), ("Two.", "203.0.113.2")] {
        ask(gateway, text, client).await;
    }
    let keys = keys(&seen);
    assert_eq!((keys.len(), &keys[0]), (2, &keys[1]));
}
