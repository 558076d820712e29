//! gRPC: servers with health and reflection, the client channel, and errors that survive the wire.

mod client;
mod fault;
mod observe;
mod rejection;
mod server;

pub use client::{GrpcAddress, GrpcAddressError, channel, remaining, request, request_id};
pub use fault::{Fault, FaultKind};
pub use rejection::{ERROR_DOMAIN, Rejection};
pub use server::{ServeError, Services, serve};
