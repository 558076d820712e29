//! The services that the gateway calls, through methods that speak its own types.

pub mod scraper;
pub mod summarizer;
