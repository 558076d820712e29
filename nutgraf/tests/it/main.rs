//! The program as a shell sees it, and the three services together over their real wires.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod client;
mod extract;
mod house;
mod model;
mod newspaper;
mod program;
mod serve;
mod sources;
mod summarize;
