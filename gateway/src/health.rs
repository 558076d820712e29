//! The `health` subcommand: asks a running gateway whether it is ready.

use std::{io, net::SocketAddr, time::Duration};

use service_kit::health::{Health, reachable};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
    time::timeout,
};

const REQUEST: &[u8] = b"GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
/// Long enough for `HTTP/1.1 200`.
const STATUS_BYTES: usize = 12;

/// Asks the gateway that listens on `listen`, over loopback where that is a wildcard address.
pub async fn check(listen: SocketAddr, limit: Duration) -> Health {
    match timeout(limit, ready_status(reachable(listen))).await {
        Ok(Ok(200)) => Health::Serving,
        Ok(Ok(_)) => Health::NotServing,
        Ok(Err(_)) | Err(_) => Health::Unreachable,
    }
}

/// The HTTP status that /readyz answers with.
async fn ready_status(address: SocketAddr) -> io::Result<u16> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(REQUEST).await?;
    let mut head = [0; STATUS_BYTES];
    stream.read_exact(&mut head).await?;
    let status = str::from_utf8(&head).ok().and_then(|head| head.strip_prefix("HTTP/1.1 "));
    status.and_then(|status| status.parse().ok()).ok_or_else(|| io::ErrorKind::InvalidData.into())
}
