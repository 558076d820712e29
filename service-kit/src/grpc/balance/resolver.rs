//! Where the replicas are.

use std::{io, net::SocketAddr};

use futures::{FutureExt as _, future::BoxFuture};
use tokio::net::lookup_host;

use crate::grpc::client::GrpcAddress;

/// Names the addresses of a service.
pub trait Resolver: Send + Sync + 'static {
    /// The addresses that there are now.
    ///
    /// # Errors
    ///
    /// When that can't be told; the ones of before are kept then.
    fn resolve(&self) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>>;
}

/// The system's resolver. It keeps nothing, so that what it says is what the name server says now.
impl Resolver for GrpcAddress {
    fn resolve(&self) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>> {
        async { Ok(lookup_host(self.host_and_port()).await?.collect()) }.boxed()
    }
}
