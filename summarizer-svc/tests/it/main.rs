//! The summarizer as its clients see it: over gRPC, on a port of its own.
#![expect(clippy::unwrap_used, clippy::disallowed_types, reason = "a test may fail, and speaks gRPC")]

mod cancellation;
mod server;
mod summaries;
