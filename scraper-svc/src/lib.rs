//! Finds news articles and reads them: sources, fetching and extraction, behind gRPC.

pub mod article;
pub mod extract;
