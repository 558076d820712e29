//! The kit over real sockets.
#![expect(clippy::unwrap_used, reason = "a test may fail")]

mod balance;
mod grpc_server;
mod metrics;
mod wire;
