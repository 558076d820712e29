//! What the fetcher may connect to: public hosts on web ports, and what the operator allows besides.

use std::{
    fmt,
    net::{IpAddr, SocketAddr},
    str::FromStr,
};

use ipnet::IpNet;
use url::Host;

use super::{FetchError, address::is_public};
use crate::article::ArticleUrl;

/// Something private that the operator lets the fetcher connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Allowance {
    /// One socket, given in addresses by its IP address and not by a name.
    Socket(SocketAddr),
    /// A network on the web ports, by IP address or by a name that resolves into it.
    Net(IpNet),
}

/// Why a text is no [`Allowance`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("expected IP:PORT or a network such as 10.0.0.0/8")]
pub struct AllowanceError;

impl FromStr for Allowance {
    type Err = AllowanceError;

    fn from_str(text: &str) -> Result<Self, AllowanceError> {
        let text = text.trim();
        let socket = text.parse().map(Self::Socket).ok();
        socket
            .or_else(|| text.parse().map(Self::Net).ok())
            .or_else(|| text.parse::<IpAddr>().map(|ip| Self::Net(ip.into())).ok())
            .ok_or(AllowanceError)
    }
}

impl fmt::Display for Allowance {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Socket(address) => address.fmt(f),
            Self::Net(net) => net.fmt(f),
        }
    }
}

/// The rules of one fetcher.
#[derive(Debug, Clone)]
pub(crate) struct Guard {
    allowed: Vec<Allowance>,
    ports: Vec<u16>,
}

impl Guard {
    pub(crate) fn new(allowed: Vec<Allowance>, ports: Vec<u16>) -> Self {
        Self { allowed, ports }
    }

    /// Checks what an address itself says, before anything is connected. Hosts that are IP addresses, in whatever
    /// spelling, are settled here, since no resolver sees them; names are settled by [`Self::permits_resolved`].
    pub(super) fn check(&self, url: &ArticleUrl) -> Result<(), FetchError> {
        let (ip, port) = endpoint(url);
        if self.is_own(url) {
            return Ok(());
        }
        if ip.is_some_and(|ip| !self.permits_resolved(ip)) {
            return Err(FetchError::PrivateAddress);
        }
        if self.ports.contains(&port) { Ok(()) } else { Err(FetchError::ForbiddenPort(port)) }
    }

    /// Whether a name may resolve to `ip`.
    pub(super) fn permits_resolved(&self, ip: IpAddr) -> bool {
        let canonical = ip.to_canonical();
        let allowed = |allowance: &Allowance| match allowance {
            Allowance::Net(net) => net.contains(&canonical),
            Allowance::Socket(_) => false,
        };
        is_public(ip) || self.allowed.iter().any(allowed)
    }

    /// Whether the operator has named exactly this socket: a site of his own.
    pub(super) fn is_own(&self, url: &ArticleUrl) -> bool {
        let (ip, port) = endpoint(url);
        ip.is_some_and(|ip| {
            self.allowed.contains(&Allowance::Socket(SocketAddr::new(ip.to_canonical(), port)))
        })
    }
}

/// The IP address where the host is one, in whatever spelling, and the port.
fn endpoint(url: &ArticleUrl) -> (Option<IpAddr>, u16) {
    let ip = match url.as_url().host() {
        Some(Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
        Some(Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
        Some(Host::Domain(_)) | None => None,
    };
    (ip, url.as_url().port_or_known_default().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn guard(allowed: &[&str]) -> Guard {
        Guard::new(allowed.iter().map(|text| text.parse().unwrap()).collect(), vec![80, 443])
    }

    fn check(guard: &Guard, url: &str) -> Result<(), FetchError> {
        guard.check(&ArticleUrl::parse(url).unwrap())
    }

    #[test]
    fn loopback_is_refused_in_every_spelling() {
        let guard = guard(&[]);
        for host in [
            "127.0.0.1",
            "127.1",
            "127.0.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "0177.0.0.1",
            "017700000001",
            "0",
            "0.0.0.0",
            "[::1]",
            "[::]",
            "[::ffff:127.0.0.1]",
            "[::ffff:7f00:1]",
            "[::127.0.0.1]",
            "①②⑦.⓪.⓪.①",
            "127。0。0。1",
            "１２７.０.０.１",
            "127.0.0.1.",
            "%31%32%37.0.0.1",
            "[64:ff9b::7f00:1]",
        ] {
            assert_eq!(check(&guard, &format!("http://{host}/")), Err(FetchError::PrivateAddress), "{host}");
        }
    }

    #[test]
    fn only_web_ports_are_read() {
        let guard = guard(&[]);
        assert_eq!(check(&guard, "https://example.org/"), Ok(()));
        assert_eq!(check(&guard, "http://8.8.8.8/"), Ok(()));
        for port in [22, 25, 6379, 8081] {
            for host in ["example.org", "8.8.8.8"] {
                let refused = Err(FetchError::ForbiddenPort(port));
                assert_eq!(check(&guard, &format!("http://{host}:{port}/")), refused);
            }
        }
    }

    #[test]
    fn an_allowed_socket_opens_no_other_port_and_no_name() {
        let guard = guard(&["127.0.0.1:8090"]);
        assert_eq!(check(&guard, "http://127.0.0.1:8090/"), Ok(()));
        assert_eq!(check(&guard, "http://[::ffff:127.0.0.1]:8090/"), Ok(()));
        assert_eq!(check(&guard, "http://127.0.0.1:8091/"), Err(FetchError::PrivateAddress));
        assert_eq!(check(&guard, "http://127.0.0.1/"), Err(FetchError::PrivateAddress));
        assert!(!guard.permits_resolved("127.0.0.1".parse().unwrap()));
    }

    #[test]
    fn an_allowed_network_is_open_on_web_ports_by_address_and_name() {
        let guard = guard(&["10.1.0.0/16", "fd00::/8", "192.168.0.7"]);
        for host in ["10.1.2.3", "[fd00::1]", "192.168.0.7"] {
            assert_eq!(check(&guard, &format!("http://{host}/")), Ok(()));
        }
        assert_eq!(check(&guard, "http://10.1.2.3:5432/"), Err(FetchError::ForbiddenPort(5432)));
        assert!(guard.permits_resolved("::ffff:10.1.2.3".parse().unwrap()));
        assert_eq!(check(&guard, "http://10.2.0.1/"), Err(FetchError::PrivateAddress));
        assert_eq!(check(&guard, "http://192.168.0.8/"), Err(FetchError::PrivateAddress));
    }

    #[test]
    fn what_is_neither_a_socket_nor_a_network_is_no_allowance() {
        for text in ["", "localhost:80", "10.0.0.0/33", "127.0.0.1:", ":80", "*"] {
            assert_eq!(text.parse::<Allowance>(), Err(AllowanceError), "{text}");
        }
        for text in ["127.0.0.1:80", "10.0.0.0/8", "[::1]:80", "fd00::/8"] {
            assert_eq!(text.parse::<Allowance>().unwrap().to_string(), text);
        }
    }
}
