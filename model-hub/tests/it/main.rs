//! The client against a hub that misbehaves on command.
#![expect(clippy::unwrap_used, reason = "a test that can't go on has failed")]

mod cache;
mod interrupted;
mod pull;
mod refusals;
mod stage;
