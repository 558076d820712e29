//! REST, HTML and server-sent events over the scraper and the summarizer.
//!
//! # Layout
//!
//! - [`config`]: the settings.
//! - [`state`]: what every handler gets to see.
//! - `routes`, `middleware`, `server`: HTTP.
//! - [`digest`]: the use case, free of any transport, over [`article`], [`source`], [`summary`], [`model`] and
//!   [`options`].
//! - [`clients`]: the two services over gRPC.
//! - [`error`]: every error as an RFC 9457 problem.
//! - [`health`]: the `health` subcommand.

pub mod article;
pub mod clients;
pub mod config;
pub mod digest;
pub mod error;
pub mod model;
pub mod options;
mod problem_kind;
mod routes;
pub mod source;
pub mod state;
pub mod summary;
