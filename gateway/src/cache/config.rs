//! The settings of what is kept of summaries.

use std::{fmt, str::FromStr, time::Duration};

use clap::Args;
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo as _};
use service_kit::config::{byte_size, duration};

/// What is kept of summaries, where, and for how long.
#[derive(Debug, Clone, Args)]
#[group(id = "gateway-cache")]
pub struct CacheConfig {
    /// How much of summaries is kept in memory, in bytes; 0 keeps none there.
    #[arg(long, env = "NUTGRAF_SUMMARY_CACHE", value_name = "BYTES", default_value = "32MiB", value_parser = byte_size)]
    pub summary_cache: usize,
    /// How long a summary is kept; 0 keeps none anywhere.
    #[arg(long, env = "NUTGRAF_SUMMARY_AGE", value_name = "TIME", default_value = "1h", value_parser = duration)]
    pub summary_age: Duration,
    /// How long the summarizer's list of models counts as true; a summary by a model that is no longer there is stale.
    #[arg(long, env = "NUTGRAF_MODELS_AGE", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub models_age: Duration,
    /// A Redis or Valkey in which all gateways keep summaries, as redis://USER:PASSWORD@HOST:PORT/DATABASE, of which only
    /// the host is needed; none where it is empty.
    #[arg(
        long = "cache",
        env = "NUTGRAF_CACHE",
        value_name = "URL",
        default_value = "",
        hide_env_values = true
    )]
    pub shared: SharedCache,
    /// How long to wait for it before going on without.
    #[arg(long, env = "NUTGRAF_CACHE_TIMEOUT", value_name = "TIME", default_value = "100ms", value_parser = duration)]
    pub cache_timeout: Duration,
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            summary_cache: 32 << 20,
            summary_age: Duration::from_hours(1),
            shared: SharedCache::default(),
            models_age: Duration::from_secs(5),
            cache_timeout: Duration::from_millis(100),
        }
    }
}

/// Where the shared cache is, if there is one. It may hold a password, which is never shown.
#[derive(Clone, Default)]
pub struct SharedCache(Option<ConnectionInfo>);

impl SharedCache {
    /// How to connect to it.
    pub fn connection(&self) -> Option<&ConnectionInfo> {
        self.0.as_ref()
    }
}

impl FromStr for SharedCache {
    type Err = String;

    /// An empty text is none.
    fn from_str(text: &str) -> Result<Self, String> {
        let expected = || "expected redis://HOST:PORT, without TLS".to_owned();
        match text.trim() {
            "" => Ok(Self(None)),
            url if url.starts_with("redis://") => {
                url.into_connection_info().map(Some).map(Self).map_err(|_| expected())
            }
            _ => Err(expected()),
        }
    }
}

impl fmt::Display for SharedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.as_ref().map(ConnectionInfo::addr) {
            Some(ConnectionAddr::Tcp(host, port)) => write!(f, "redis://{host}:{port}"),
            Some(_) | None => Ok(()),
        }
    }
}

impl fmt::Debug for SharedCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_never_shown() {
        let shared: SharedCache = "redis://reader:secret@cache:6380/2".parse().unwrap();
        assert_eq!(format!("{shared} {shared:?}"), "redis://cache:6380 redis://cache:6380");
    }

    #[test]
    fn nothing_but_a_plain_redis_address_is_taken() {
        assert!("".parse::<SharedCache>().unwrap().connection().is_none());
        assert!("redis://cache".parse::<SharedCache>().unwrap().connection().is_some());
        for text in
            ["cache:6379", "rediss://cache", "http://cache", "unix:///tmp/x", "redis://", "redis://h:x"]
        {
            assert!(text.parse::<SharedCache>().is_err(), "{text}");
        }
    }
}
