//! gRPC: servers with health and reflection, client channels, and errors that survive the wire.

mod balance;
mod client;
mod ended;
mod fault;
mod observe;
mod rejection;
mod server;

pub use balance::{Attempt, Balanced, ReplicaHealth, ReplicaState, Resolver};
pub use client::{GrpcAddress, GrpcAddressError, channel, remaining, request, request_id};
pub use fault::{Fault, FaultKind};
pub use rejection::{ERROR_DOMAIN, Rejection};
pub use server::{ServeError, Services, serve};
