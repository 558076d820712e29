//! The gateway with services of the tests' own behind it.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod answers;
mod cache;
mod client;
mod compat;
mod description;
mod material;
mod middleware;
mod models;
mod pages;
mod problems;
mod server;
mod stream;
mod unavailable;
mod upstream;
