//! The page in Debian's chromium, with and without scripts, over the whole program.
//!
//! Without a chromedriver these tests say so and pass; with `NUTGRAF_REQUIRE_BROWSER=1` they fail.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used,
    reason = "a test that can't go on has failed"
)]

mod keyboard;
mod leaving;
mod look;
mod models;
mod no_script;
mod reading;
mod stage;
mod summarizer;
mod trouble;
