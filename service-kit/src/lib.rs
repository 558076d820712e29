//! What every Nutgraf binary needs, and no business word.
//!
//! # Layout
//!
//! - [`config`]: settings from flags and environment variables; every bad value is reported at once.
//! - [`telemetry`]: logs on standard error, as text for people or JSON for machines.
//! - [`shutdown`]: signals to token to bounded drain.
//! - [`deadline`]: the one point in time by which a request must be answered.
//! - [`request_id`]: the name by which a request is found in every service's log.
//! - [`grpc`]: server with health and reflection, client channel, errors on the wire.
//! - [`metrics`]: figures for Prometheus.
//! - [`health`]: the `health` subcommand.
//! - `testing` (feature): sites, wires that break, ports.

pub mod config;
pub mod deadline;
pub mod grpc;
pub mod health;
pub mod metrics;
pub mod request_id;
pub mod shutdown;
pub mod telemetry;
#[cfg(feature = "testing")]
pub mod testing;
