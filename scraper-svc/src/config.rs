//! The scraper's settings: each is a flag and an environment variable.

use std::{
    net::{Ipv4Addr, SocketAddr, SocketAddrV4},
    path::PathBuf,
};

use clap::Args;
use service_kit::config::Validate;

use crate::{
    fetch::FetchConfig,
    sources::{InvalidSources, Sources, watch},
};

/// Where the scraper listens unless told otherwise.
pub const DEFAULT_LISTEN: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 50051));
/// Where the bundled newspaper listens unless told otherwise.
pub const DEFAULT_NEWSROOM: SocketAddr = SocketAddr::V4(SocketAddrV4::new(Ipv4Addr::LOCALHOST, 8090));

/// The scraper's settings.
#[derive(Debug, Clone, PartialEq, Eq, Args)]
#[group(id = "scraper-config")]
pub struct Config {
    /// A TOML file of sources in place of the built-in ones.
    #[arg(long, env = "NUTGRAF_SOURCES", value_name = "FILE")]
    pub sources: Option<PathBuf>,
    /// Where the bundled newspaper listens, if it is among the sources; another port is taken where this one is in use.
    #[arg(long, env = "NUTGRAF_NEWSROOM", value_name = "ADDR", default_value_t = DEFAULT_NEWSROOM)]
    pub newsroom: SocketAddr,
    /// How the web is read.
    #[command(flatten)]
    pub fetch: FetchConfig,
}

impl Default for Config {
    fn default() -> Self {
        Self { sources: None, newsroom: DEFAULT_NEWSROOM, fetch: FetchConfig::default() }
    }
}

impl Config {
    /// Reads the sources. Blocks for as long as a small file takes.
    ///
    /// # Errors
    ///
    /// When the file can't be read, or with everything that is wrong in it.
    pub fn read_sources(&self) -> Result<Sources, InvalidSources> {
        self.sources.as_deref().map_or_else(Sources::built_in, watch::read)
    }
}

impl Validate for Config {
    fn problems(&self) -> Vec<String> {
        let mut problems = self.fetch.problems();
        if let Err(InvalidSources(more)) = self.read_sources() {
            problems.extend(more.into_iter().map(|problem| format!("--sources: {problem}")));
        }
        if !self.newsroom.ip().is_loopback() {
            problems.push("--newsroom must be a loopback address".to_owned());
        }
        problems
    }
}

#[cfg(test)]
mod tests {
    use clap::{Command, FromArgMatches as _};

    use super::*;

    #[test]
    fn the_default_is_what_no_flag_at_all_gives() {
        let command = Config::augment_args(Command::new("x")).mut_args(|arg| arg.env(None::<&str>));
        let matches = command.try_get_matches_from(["x"]).unwrap();
        assert_eq!(Config::from_arg_matches(&matches).unwrap(), Config::default());
        assert_eq!(Config::default().problems(), Vec::<String>::new());
    }
}
