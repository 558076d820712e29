//! The name of a request, in the answer and in every service's log.

use std::fmt;

use uuid::Uuid;

/// Header (HTTP) and metadata key (gRPC) that carries it.
pub const HEADER: &str = "x-request-id";

/// 1 to 64 ASCII letters, digits, `-`, `_` or `.`: safe in headers and logs.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RequestId(String);

impl RequestId {
    /// A new one (UUID version 7, so that they sort by time).
    pub fn generate() -> Self {
        Self(Uuid::now_v7().simple().to_string())
    }

    /// Takes a caller's own; None where it is too long or has odd characters.
    pub fn parse(text: &str) -> Option<Self> {
        let sane = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        ((1..=64).contains(&text.len()) && text.bytes().all(sane)).then(|| Self(text.to_owned()))
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_callers_id_is_kept_only_when_it_is_safe_to_log() {
        assert!(RequestId::parse("abc-1_2.3").is_some());
        for text in ["", "a b", "a\nb", "é", &"a".repeat(65)] {
            assert_eq!(RequestId::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn generated_ids_differ_and_parse() {
        let (a, b) = (RequestId::generate(), RequestId::generate());
        assert_ne!(a, b);
        assert_eq!(RequestId::parse(a.as_str()), Some(a));
    }
}
