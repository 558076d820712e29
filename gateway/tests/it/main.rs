//! The gateway with services of the tests' own behind it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod answers;
mod cache;
mod callers;
mod client;
mod compat;
mod description;
mod material;
mod metrics;
mod middleware;
mod models;
mod pages;
mod problems;
mod replicas;
mod server;
mod shared_cache;
mod stream;
mod summary_cache;
mod unavailable;
mod upstream;
