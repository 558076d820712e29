//! The client's side: an address, a channel to it, and what a call carries.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{fmt, str::FromStr, time::Duration};

use http::{HeaderMap, Uri};
use tonic::{
    Request,
    metadata::MetadataValue,
    transport::{Channel, Endpoint},
};

use crate::{deadline::Deadline, request_id};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(1);
/// A hung peer is noticed after two of these.
const KEEP_ALIVE: Duration = Duration::from_secs(1);
/// Bytes of one answer that may be under way before its reader takes them.
const STREAM_WINDOW: u32 = 1 << 18;
/// The same for all answers of one connection together: streams that nobody reads must not hold up the others.
const CONNECTION_WINDOW: u32 = 1 << 26;

/// Where a gRPC service is: `http://host:port`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GrpcAddress(Uri);

/// Why a text is no [`GrpcAddress`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected http://HOST:PORT")]
pub struct GrpcAddressError;

impl FromStr for GrpcAddress {
    type Err = GrpcAddressError;

    fn from_str(text: &str) -> Result<Self, GrpcAddressError> {
        let uri: Uri = text.parse().map_err(|_| GrpcAddressError)?;
        let plain = uri.scheme_str() == Some("http") && uri.port_u16().is_some() && uri.path() == "/";
        if plain && uri.query().is_none() { Ok(Self(uri)) } else { Err(GrpcAddressError) }
    }
}

impl GrpcAddress {
    /// `host:port`.
    pub(super) fn host_and_port(&self) -> &str {
        self.0.authority().map_or("", |authority| authority.as_str())
    }
}

impl From<std::net::SocketAddr> for GrpcAddress {
    fn from(address: std::net::SocketAddr) -> Self {
        // An address and a port always make a valid authority.
        Self(Uri::try_from(format!("http://{address}/")).unwrap_or_default())
    }
}

impl fmt::Display for GrpcAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "http://{}", self.host_and_port())
    }
}

/// A channel that connects when it is first used and again whenever the connection breaks. Must be called within a
/// tokio runtime.
pub fn channel(address: &GrpcAddress) -> Channel {
    Endpoint::from(address.0.clone())
        .connect_timeout(CONNECT_TIMEOUT)
        .tcp_nodelay(true)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .http2_keep_alive_interval(KEEP_ALIVE)
        .keep_alive_timeout(KEEP_ALIVE)
        .keep_alive_while_idle(true)
        .connect_lazy()
}

/// A request that tells the service how much time is left, and whose request it is.
pub fn request<T>(message: T, deadline: Deadline, id: &request_id::RequestId) -> Request<T> {
    let mut request = Request::new(message);
    // At least a millisecond: a timeout of zero would be read as none by some servers.
    request.set_timeout(deadline.remaining().max(Duration::from_millis(1)));
    if let Ok(value) = MetadataValue::try_from(id.as_str()) {
        request.metadata_mut().insert(request_id::HEADER, value);
    }
    request
}

/// The time that a caller gives a call, by its `grpc-timeout`; None where it set none, or nonsense.
///
/// Format: up to eight digits and one of `H M S m u n`
/// ([gRPC over HTTP/2](https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md)).
pub fn remaining<T>(request: &Request<T>) -> Option<Duration> {
    parse_timeout(request.metadata().get("grpc-timeout")?.to_str().ok()?)
}

/// The same of a request that has no message yet.
pub(super) fn timeout_of(headers: &HeaderMap) -> Option<Duration> {
    parse_timeout(headers.get("grpc-timeout")?.to_str().ok()?)
}

/// The request id that a caller sent along.
pub fn request_id<T>(request: &Request<T>) -> Option<request_id::RequestId> {
    request_id::RequestId::parse(request.metadata().get(request_id::HEADER)?.to_str().ok()?)
}

fn parse_timeout(text: &str) -> Option<Duration> {
    let unit = text.chars().next_back()?;
    let digits = text.strip_suffix(unit)?;
    if !(1..=8).contains(&digits.len()) || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let number: u64 = digits.parse().ok()?;
    Some(match unit {
        'H' => Duration::from_secs(number * 3600),
        'M' => Duration::from_secs(number * 60),
        'S' => Duration::from_secs(number),
        'm' => Duration::from_millis(number),
        'u' => Duration::from_micros(number),
        'n' => Duration::from_nanos(number),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_deadline_and_an_id_survive_the_metadata() {
        let id = request_id::RequestId::generate();
        let request = request((), Deadline::after(Duration::from_secs(5)), &id);
        let left = remaining(&request).unwrap();
        assert!(left > Duration::from_secs(4) && left <= Duration::from_secs(5), "{left:?}");
        assert_eq!(request_id(&request), Some(id));
    }

    #[test]
    fn timeouts_that_no_client_should_send_are_ignored() {
        for text in ["", "S", "1", "-1S", "123456789S", "1s", "1.5S", "é"] {
            assert_eq!(parse_timeout(text), None, "{text}");
        }
        assert_eq!(parse_timeout("250m"), Some(Duration::from_millis(250)));
    }

    #[test]
    fn an_address_needs_a_scheme_and_a_port() {
        assert_eq!(
            "http://scraper-svc:50051".parse::<GrpcAddress>().unwrap().to_string(),
            "http://scraper-svc:50051"
        );
        for text in
            ["scraper-svc:50051", "http://scraper-svc", "https://a:1", "http://a:1/path", "http://a:1/?x"]
        {
            assert!(text.parse::<GrpcAddress>().is_err(), "{text}");
        }
    }
}
