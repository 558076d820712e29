//! The scraper against sites of its own making, and over gRPC.
#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "a test may fail, and speaks gRPC")]

mod bodies;
mod corpus;
mod discovery;
mod etiquette;
mod hostile;
mod manners;
mod newsroom;
mod refusals;
mod reload;
mod sites;
mod wire;
