//! The summarizer as its clients see it: over gRPC, on a port of its own.
#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "a test may fail, and speaks gRPC")]

mod cancellation;
mod drain;
mod engines;
mod grounding;
mod health;
mod limits;
mod models;
mod sentences;
mod server;
mod stalled_readers;
mod summaries;
