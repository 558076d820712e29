//! The fetcher's settings.

use std::{num::NonZeroU32, time::Duration};

use clap::Args;
use service_kit::config::{byte_size, duration};

use super::Allowance;

const CONTACT_URL: &str = "https://github.com/nutgraf/nutgraf";
const DEFAULT_HOST_RATE: NonZeroU32 = NonZeroU32::new(5).expect("5 is not 0");

/// How the web is read.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
pub struct FetchConfig {
    /// Address that sites find in the user agent, so that they can ask who reads them.
    #[arg(long, env = "NUTGRAF_CONTACT_URL", value_name = "URL", default_value = CONTACT_URL, value_parser = contact_url)]
    pub contact_url: String,
    /// Private addresses that may be read nevertheless: IP:PORT, or networks such as 10.0.0.0/8.
    #[arg(long, env = "NUTGRAF_FETCH_ALLOW", value_name = "ADDRESSES", value_delimiter = ',')]
    pub fetch_allow: Vec<Allowance>,
    /// Ports that pages are read from.
    #[arg(long, env = "NUTGRAF_FETCH_PORTS", value_name = "PORTS", value_delimiter = ',', default_values_t = [80, 443, 8080, 8443])]
    pub fetch_ports: Vec<u16>,
    /// How long a connection may take to come about.
    #[arg(long, env = "NUTGRAF_FETCH_CONNECT_TIMEOUT", value_name = "TIME", default_value = "5s", value_parser = duration)]
    pub fetch_connect_timeout: Duration,
    /// How long a fetch may take from the first connection to the last byte, with redirects and robots.txt.
    #[arg(long, env = "NUTGRAF_FETCH_TIMEOUT", value_name = "TIME", default_value = "15s", value_parser = duration)]
    pub fetch_timeout: Duration,
    /// How many redirects are followed.
    #[arg(long, env = "NUTGRAF_FETCH_MAX_REDIRECTS", value_name = "COUNT", default_value_t = 5)]
    pub fetch_max_redirects: usize,
    /// Size of the largest page or feed that is read, after decompression.
    #[arg(long, env = "NUTGRAF_FETCH_MAX_BYTES", value_name = "SIZE", default_value = "10MB", value_parser = byte_size)]
    pub fetch_max_bytes: usize,
    /// How many fetches run at once.
    #[arg(long, env = "NUTGRAF_MAX_FETCHES", value_name = "COUNT", default_value_t = 32)]
    pub max_fetches: usize,
    /// How many more may wait for their turn.
    #[arg(long, env = "NUTGRAF_MAX_WAITING_FETCHES", value_name = "COUNT", default_value_t = 128)]
    pub max_waiting_fetches: usize,
    /// How many requests one host gets at once.
    #[arg(long, env = "NUTGRAF_FETCH_HOST_LIMIT", value_name = "COUNT", default_value_t = 4)]
    pub fetch_host_limit: usize,
    /// How many requests one host gets a second.
    #[arg(long, env = "NUTGRAF_FETCH_HOST_RATE", value_name = "COUNT", default_value_t = DEFAULT_HOST_RATE)]
    pub fetch_host_rate: NonZeroU32,
    /// How often a request is made again after a connection or a server behind the site failed.
    #[arg(long, env = "NUTGRAF_FETCH_RETRIES", value_name = "COUNT", default_value_t = 2)]
    pub fetch_retries: usize,
    /// Size of the cache of pages and feeds, which are kept for as long as their sites say; 0 for none.
    #[arg(long, env = "NUTGRAF_FETCH_CACHE", value_name = "SIZE", default_value = "64MiB", value_parser = byte_size)]
    pub fetch_cache: usize,
    /// Read pages without asking robots.txt: for sites of your own.
    #[arg(long, env = "NUTGRAF_IGNORE_ROBOTS")]
    pub ignore_robots: bool,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            contact_url: CONTACT_URL.to_owned(),
            fetch_allow: Vec::new(),
            fetch_ports: vec![80, 443, 8080, 8443],
            fetch_connect_timeout: Duration::from_secs(5),
            fetch_timeout: Duration::from_secs(15),
            fetch_max_redirects: 5,
            fetch_max_bytes: 10_000_000,
            max_fetches: 32,
            max_waiting_fetches: 128,
            fetch_host_limit: 4,
            fetch_host_rate: DEFAULT_HOST_RATE,
            fetch_retries: 2,
            fetch_cache: 64 << 20,
            ignore_robots: false,
        }
    }
}

impl FetchConfig {
    /// Problems of more than one value, each as a sentence.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        if self.max_fetches == 0 {
            problems.push("--max-fetches must be at least 1".to_owned());
        }
        if self.fetch_host_limit == 0 {
            problems.push("--fetch-host-limit must be at least 1".to_owned());
        }
        if self.fetch_retries > 5 {
            problems.push("--fetch-retries can be 5 at most".to_owned());
        }
        if self.fetch_ports.is_empty() || self.fetch_ports.contains(&0) {
            problems.push("--fetch-ports needs at least one port, and none of them 0".to_owned());
        }
        if self.fetch_timeout.is_zero() || self.fetch_connect_timeout.is_zero() {
            problems.push("--fetch-timeout and --fetch-connect-timeout must be longer than 0s".to_owned());
        }
        if self.fetch_max_bytes == 0 {
            problems.push("--fetch-max-bytes must be at least 1".to_owned());
        }
        problems
    }

    /// How sites see us.
    pub(super) fn user_agent(&self) -> String {
        format!("Nutgraf/{} (+{})", env!("CARGO_PKG_VERSION"), self.contact_url)
    }
}

fn contact_url(text: &str) -> Result<String, String> {
    let fits = crate::article::ArticleUrl::parse(text).ok().map(|url| url.to_string());
    fits.filter(|url| !url.contains(['(', ')'])).ok_or_else(|| "expected an http or https address".to_owned())
}
