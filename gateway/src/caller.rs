//! Who asks: what a request tells of its client, besides its content.

use std::{convert::Infallible, net::IpAddr};

use axum::extract::FromRequestParts;
use http::{HeaderMap, HeaderName, header::CACHE_CONTROL, request::Parts};
use ipnet::IpNet;
use sha2::{Digest as _, Sha256};

use crate::state::AppState;

const FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// Proxies that a request may have come through; what is further away is not looked at.
const MOST_HOPS: usize = 16;

/// The other end of the connection.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// Who asks.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Caller {
    /// Tells clients apart without naming them; empty where nothing is known of one.
    pub key: String,
    /// Whether the caller wants nothing that is kept.
    pub fresh: bool,
}

impl FromRequestParts<AppState> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Infallible> {
        let peer = parts.extensions.get::<Peer>();
        let client = peer.map(|Peer(peer)| client(*peer, &parts.headers, &state.config.trusted_proxies));
        Ok(Self { key: client.map(key).unwrap_or_default(), fresh: wants_fresh(&parts.headers) })
    }
}

/// The client's address: the peer's own, or, where that is a trusted proxy, the nearest in X-Forwarded-For that is none.
fn client(peer: IpAddr, headers: &HeaderMap, trusted: &[IpNet]) -> IpAddr {
    let is_trusted = |address: &IpAddr| trusted.iter().any(|network| network.contains(address));
    let peer = peer.to_canonical();
    if !is_trusted(&peer) {
        return peer;
    }
    let values = headers.get_all(FORWARDED_FOR).iter().rev();
    let hops = values.flat_map(|value| value.to_str().unwrap_or_default().rsplit(','));
    // What is no address was not written by a proxy that can be trusted, and nor is anything before it.
    let hops = hops.take(MOST_HOPS).map_while(|hop| hop.trim().parse::<IpAddr>().ok());
    let mut nearest = peer;
    for hop in hops {
        nearest = hop.to_canonical();
        if !is_trusted(&nearest) {
            break;
        }
    }
    nearest
}

/// The beginning of a hash. An IPv6 client has a network of its own (RFC 6177), and counts as one.
fn key(address: IpAddr) -> String {
    let bytes = match address {
        IpAddr::V4(address) => address.octets().to_vec(),
        IpAddr::V6(address) => address.octets().into_iter().take(8).collect(),
    };
    let hash = Sha256::digest(bytes);
    hash.first_chunk().map(|beginning| format!("{:016x}", u64::from_be_bytes(*beginning))).unwrap_or_default()
}

/// Whether the request says `Cache-Control: no-cache` (RFC 9111, 5.2.1.4).
fn wants_fresh(headers: &HeaderMap) -> bool {
    let values = headers.get_all(CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    values
        .flat_map(|value| value.split(','))
        .any(|directive| directive.trim().eq_ignore_ascii_case("no-cache"))
}

/// Parses an address or a network such as `10.0.0.0/8`. For clap's `value_parser`.
///
/// # Errors
///
/// A sentence for the operator.
pub(crate) fn network(text: &str) -> Result<IpNet, String> {
    let text = text.trim();
    let one = |_| text.parse::<IpAddr>().map(IpNet::from);
    text.parse::<IpNet>()
        .or_else(one)
        .map_err(|_| "expected an address or a network such as 10.0.0.0/8".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(peer: &str, forwarded: &[&str], trusted: &[&str]) -> String {
        let mut headers = HeaderMap::new();
        for value in forwarded {
            headers.append(FORWARDED_FOR, value.parse().unwrap());
        }
        let trusted: Vec<IpNet> = trusted.iter().map(|text| network(text).unwrap()).collect();
        client(peer.parse().unwrap(), &headers, &trusted).to_string()
    }

    #[test]
    fn what_a_stranger_says_of_where_it_comes_from_is_not_believed() {
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &[]), "203.0.113.9");
        assert_eq!(seen("203.0.113.9", &["198.51.100.1"], &["10.0.0.0/8"]), "203.0.113.9");
    }

    #[test]
    fn a_trusted_proxy_is_believed_up_to_the_first_stranger() {
        let trusted = ["10.0.0.0/8", "192.0.2.7"];
        assert_eq!(seen("10.1.1.1", &["198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(seen("::ffff:10.1.1.1", &["1.2.3.4, 198.51.100.1, 192.0.2.7"], &trusted), "198.51.100.1");
        assert_eq!(seen("10.1.1.1", &["1.2.3.4", "198.51.100.1"], &trusted), "198.51.100.1");
        assert_eq!(seen("10.1.1.1", &["1.2.3.4, unknown, 192.0.2.7"], &trusted), "192.0.2.7");
        assert_eq!(seen("10.1.1.1", &[], &trusted), "10.1.1.1");
    }

    #[test]
    fn a_key_tells_clients_apart_and_does_not_name_them() {
        let of = |text: &str| key(text.parse().unwrap());
        assert_ne!(of("203.0.113.9"), of("203.0.113.8"));
        assert_eq!(of("2001:db8::1"), of("2001:db8::2"));
        assert_ne!(of("2001:db8::1"), of("2001:db8:0:1::1"));
        assert_eq!(of("203.0.113.9").len(), 16);
    }

    #[test]
    fn only_no_cache_asks_for_a_fresh_answer() {
        for (value, fresh) in
            [("no-cache", true), ("max-age=0, No-Cache", true), ("max-age=0", false), ("", false)]
        {
            let mut headers = HeaderMap::new();
            headers.insert(CACHE_CONTROL, value.parse().unwrap());
            assert_eq!(wants_fresh(&headers), fresh, "{value}");
        }
    }
}
