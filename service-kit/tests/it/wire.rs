//! The harness itself: a wire that doesn't break on command would make other tests pass for nothing.

use axum::{Router, routing::get};
use service_kit::testing::{Wire, serve_site};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

const REQUEST: &[u8] = b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n";

async fn ask(wire: &Wire) -> String {
    let mut stream = TcpStream::connect(wire.address).await.unwrap();
    let mut answer = Vec::new();
    if stream.write_all(REQUEST).await.is_ok() {
        // A cut wire may end in a reset: what came until then counts.
        let _ = stream.read_to_end(&mut answer).await;
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn a_wire_carries_until_it_is_cut_and_again_once_it_is_mended() {
    let site = serve_site(Router::new().route("/", get(|| async { "hello" }))).await.unwrap();
    let wire = Wire::to(site.address).await.unwrap();
    assert!(ask(&wire).await.ends_with("hello"));
    wire.cut();
    assert_eq!(ask(&wire).await, "");
    wire.mend();
    assert!(ask(&wire).await.ends_with("hello"));
}

#[tokio::test]
async fn a_stalled_wire_holds_bytes_back_and_keeps_the_connection() {
    let site = serve_site(Router::new().route("/", get(|| async { "hello" }))).await.unwrap();
    let wire = Wire::to(site.address).await.unwrap();
    wire.stall();
    let mut stream = TcpStream::connect(wire.address).await.unwrap();
    stream.write_all(REQUEST).await.unwrap();
    let mut answer = Vec::new();
    let quiet =
        tokio::time::timeout(std::time::Duration::from_millis(100), stream.read_to_end(&mut answer)).await;
    assert!(quiet.is_err() && answer.is_empty());
    wire.mend();
    stream.read_to_end(&mut answer).await.unwrap();
    assert!(answer.ends_with(b"hello"));
}
