//! The gateway's settings: each is a flag and an environment variable. Where the services are is apart from the rest, for
//! whoever runs them in the same process knows.

use std::{net::SocketAddr, time::Duration};

use clap::Args;
use ipnet::IpNet;
use service_kit::{
    config::{Validate, byte_size, duration},
    grpc::GrpcAddress,
};

use crate::{cache::config::CacheConfig, caller::network};

/// Where the gateway listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr =
    SocketAddr::V4(std::net::SocketAddrV4::new(std::net::Ipv4Addr::LOCALHOST, 8080));

/// The longest that anything is kept: a year, which the caches can still reckon with.
const LONGEST_AGE: Duration = Duration::from_hours(8760);

/// Where the two services are.
#[derive(Debug, Clone, Args)]
#[group(id = "gateway-services")]
pub struct ServiceAddresses {
    /// Address of the scraper.
    #[arg(long, env = "NUTGRAF_SCRAPER", value_name = "URL", default_value = "http://127.0.0.1:50051")]
    pub scraper: GrpcAddress,
    /// Address of the summarizer.
    #[arg(long, env = "NUTGRAF_SUMMARIZER", value_name = "URL", default_value = "http://127.0.0.1:50052")]
    pub summarizer: GrpcAddress,
}

/// The gateway's own limits.
#[derive(Debug, Clone, Args)]
#[group(id = "gateway-config")]
pub struct Config {
    /// How long finding or reading an article may take.
    #[arg(long, env = "NUTGRAF_ARTICLE_TIMEOUT", value_name = "TIME", default_value = "20s", value_parser = duration)]
    pub article_timeout: Duration,
    /// How long a summary may take, its article included.
    #[arg(long, env = "NUTGRAF_SUMMARY_TIMEOUT", value_name = "TIME", default_value = "60s", value_parser = duration)]
    pub summary_timeout: Duration,
    /// How long the summarizer may be silent within a stream before it counts as gone.
    #[arg(long, env = "NUTGRAF_STREAM_SILENCE", value_name = "TIME", default_value = "30s", value_parser = duration)]
    pub stream_silence: Duration,
    /// How long to wait for a service when asked whether it is ready.
    #[arg(long, env = "NUTGRAF_READY_TIMEOUT", value_name = "TIME", default_value = "1s", value_parser = duration)]
    pub ready_timeout: Duration,
    /// How long a client may take to send a request's headers, and again for its body.
    #[arg(long, env = "NUTGRAF_READ_TIMEOUT", value_name = "TIME", default_value = "10s", value_parser = duration)]
    pub read_timeout: Duration,
    /// Longest text to summarize, in bytes of UTF-8. A request's body may have 3.5 times as many.
    #[arg(long, env = "NUTGRAF_MAX_TEXT", value_name = "BYTES", default_value = "1MB", value_parser = byte_size)]
    pub max_text: usize,
    /// Connections that are served at once; more wait in the kernel's queue.
    #[arg(long, env = "NUTGRAF_MAX_CONNECTIONS", value_name = "N", default_value_t = 1024)]
    pub max_connections: usize,
    /// Summaries that may be under way at once; one more is told to come back later, before any work is done for it.
    #[arg(long, env = "NUTGRAF_MAX_SUMMARIES", value_name = "N", default_value_t = 256)]
    pub max_summaries: usize,
    /// How much text of articles is kept, in bytes, so that what a page shows is what gets summarized.
    #[arg(long, env = "NUTGRAF_ARTICLE_CACHE", value_name = "BYTES", default_value = "16MiB", value_parser = byte_size)]
    pub article_cache: usize,
    /// How long an article is kept.
    #[arg(long, env = "NUTGRAF_ARTICLE_AGE", value_name = "TIME", default_value = "2m", value_parser = duration)]
    pub article_age: Duration,
    /// Proxies before the gateway, by address or network, that may say in X-Forwarded-For whom they ask for; several may
    /// be given.
    #[arg(long, env = "NUTGRAF_TRUSTED_PROXIES", value_name = "NET", value_delimiter = ',', value_parser = network)]
    pub trusted_proxies: Vec<IpNet>,
    /// What is kept of summaries.
    #[command(flatten)]
    pub cache: CacheConfig,
}

impl Default for ServiceAddresses {
    fn default() -> Self {
        let local = |port| GrpcAddress::from(SocketAddr::from(([127, 0, 0, 1], port)));
        Self { scraper: local(50051), summarizer: local(50052) }
    }
}

impl Config {
    /// Largest body of a request, in bytes: percent-encoding and JSON's escapes can make a text three times as long.
    pub fn max_body(&self) -> usize {
        self.max_text.saturating_mul(7) / 2
    }
}

impl Default for Config {
    fn default() -> Self {
        Self {
            article_timeout: Duration::from_secs(20),
            summary_timeout: Duration::from_mins(1),
            stream_silence: Duration::from_secs(30),
            ready_timeout: Duration::from_secs(1),
            read_timeout: Duration::from_secs(10),
            max_text: 1_000_000,
            max_connections: 1024,
            max_summaries: 256,
            article_cache: 16 << 20,
            article_age: Duration::from_mins(2),
            trusted_proxies: Vec::new(),
            cache: CacheConfig::default(),
        }
    }
}

impl Validate for Config {
    fn problems(&self) -> Vec<String> {
        let times = [
            ("--article-timeout", self.article_timeout),
            ("--summary-timeout", self.summary_timeout),
            ("--stream-silence", self.stream_silence),
            ("--ready-timeout", self.ready_timeout),
            ("--read-timeout", self.read_timeout),
            ("--cache-timeout", self.cache.cache_timeout),
        ];
        let numbers = [
            ("--max-text", self.max_text),
            ("--max-connections", self.max_connections),
            ("--max-summaries", self.max_summaries),
        ];
        let zero_times = times.into_iter().filter(|(_, time)| time.is_zero()).map(|(flag, _)| flag);
        let zero_numbers = numbers.into_iter().filter(|(_, number)| *number == 0).map(|(flag, _)| flag);
        let too_little = zero_times.chain(zero_numbers).map(|flag| format!("{flag} must be more than 0"));
        let ages = [
            ("--article-age", self.article_age),
            ("--summary-age", self.cache.summary_age),
            ("--models-age", self.cache.models_age),
        ];
        let too_long = ages.into_iter().filter(|(_, age)| *age > LONGEST_AGE);
        too_little.chain(too_long.map(|(flag, _)| format!("{flag} can be 8760h at most"))).collect()
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches as _};

    use super::*;

    #[test]
    fn the_default_is_what_no_flag_at_all_gives() {
        let command = ServiceAddresses::augment_args(Config::augment_args(Command::new("gateway")));
        let command = command.mut_args(|arg| arg.env(None::<&str>));
        let matches = command.try_get_matches_from(["gateway"]).unwrap();
        let parsed = Config::from_arg_matches(&matches).unwrap();
        assert_eq!(format!("{parsed:?}"), format!("{:?}", Config::default()));
        let services = ServiceAddresses::from_arg_matches(&matches).unwrap();
        assert_eq!(format!("{services:?}"), format!("{:?}", ServiceAddresses::default()));
        assert_eq!(parsed.problems(), Vec::<String>::new());
    }

    #[test]
    fn a_limit_of_zero_is_refused() {
        let config = Config { max_text: 0, read_timeout: Duration::ZERO, ..Config::default() };
        assert_eq!(
            config.problems(),
            ["--read-timeout must be more than 0", "--max-text must be more than 0"]
        );
    }

    #[test]
    fn an_age_that_no_cache_can_reckon_with_is_refused() {
        let config = Config { article_age: Duration::MAX, ..Config::default() };
        assert_eq!(config.problems(), ["--article-age can be 8760h at most"]);
    }
}
