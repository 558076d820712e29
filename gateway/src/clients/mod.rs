//! The services that the gateway calls, through methods that speak its own types.

pub mod scraper;
pub mod summarizer;
mod upstream;

pub use self::upstream::Upstream;
use crate::config::ServiceAddresses;

/// The services that the gateway needs.
#[derive(Debug, Clone)]
pub struct Upstreams {
    /// It reads articles.
    pub scraper: Upstream,
    /// It writes summaries.
    pub summarizer: Upstream,
}

impl Upstreams {
    /// Connects to all replicas of both. Must be called within a tokio runtime.
    pub fn connect(services: &ServiceAddresses) -> Self {
        Self {
            scraper: Upstream::connect("scraper", &services.scraper),
            summarizer: Upstream::connect("summarizer", &services.summarizer),
        }
    }
}
