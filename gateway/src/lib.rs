//! REST, HTML and server-sent events over the scraper and the summarizer.
//!
//! # Layout
//!
//! - [`config`]: the settings.
//! - [`state`]: what every handler gets to see.
//! - `routes`, `middleware`, `body`, `server`: HTTP.
//! - [`digest`]: the use case, free of any transport, over [`article`], [`source`], [`summary`], [`model`],
//!   [`options`] and [`generation`].
//! - [`cache`]: summaries that are made once. [`caller`]: who asks for them.
//! - [`clients`]: the two services over gRPC.
//! - `views`: what the templates of the page get to show.
//! - [`error`]: every error as an RFC 9457 problem.
//! - [`health`]: the `health` subcommand.

pub mod article;
mod body;
pub mod cache;
pub mod caller;
pub mod clients;
pub mod config;
pub mod digest;
pub mod error;
pub mod generation;
pub mod health;
mod middleware;
pub mod model;
pub mod options;
mod problem_document;
mod problem_kind;
mod routes;
mod server;
pub mod source;
pub mod state;
pub mod summary;
mod views;

use axum::Router;

pub use self::server::serve;
use self::state::AppState;

/// The whole gateway as a service that needs no socket.
pub fn app(state: AppState) -> Router {
    middleware::wrap(routes::router(), &state).with_state(state)
}
