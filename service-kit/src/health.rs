//! The `health` subcommand: asks a running server how it is, for container health checks and scripts.

use std::{
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    process::ExitCode,
    time::Duration,
};

use clap::Args;
use tonic_health::pb::{
    HealthCheckRequest, health_check_response::ServingStatus, health_client::HealthClient,
};

use crate::{
    config::duration,
    deadline::Deadline,
    grpc::{GrpcAddress, channel, request},
    request_id::RequestId,
};

/// How a server is, as far as can be told from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Health {
    /// It takes requests.
    Serving,
    /// It is there, and takes none now.
    NotServing,
    /// Nobody answers.
    Unreachable,
}

impl From<Health> for ExitCode {
    /// 0 serving, 1 not serving, 2 unreachable.
    fn from(health: Health) -> Self {
        match health {
            Health::Serving => Self::SUCCESS,
            Health::NotServing => Self::from(1),
            Health::Unreachable => Self::from(2),
        }
    }
}

/// Asks a running server how it is: exit status 0 serving, 1 not serving, 2 unreachable.
#[derive(Debug, Clone, Args)]
pub struct HealthCommand {
    /// How long to wait for the answer.
    #[arg(long, value_name = "TIME", default_value = "2s", value_parser = duration)]
    pub timeout: Duration,
}

impl HealthCommand {
    /// Asks the gRPC server that listens on `listen`, over loopback where that is a wildcard address.
    pub async fn check_grpc(&self, listen: SocketAddr) -> Health {
        check(&GrpcAddress::from(reachable(listen)), "", Deadline::after(self.timeout)).await
    }
}

/// An address at which a listener on `listen` can be reached from this host.
pub fn reachable(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}

/// Asks `grpc.health.v1` of the server at `address` for `service` (empty: the server as a whole).
pub async fn check(address: &GrpcAddress, service: &str, deadline: Deadline) -> Health {
    let mut client = HealthClient::new(channel(address));
    let message = HealthCheckRequest { service: service.to_owned() };
    let call = client.check(request(message, deadline, &RequestId::generate()));
    match tokio::time::timeout(deadline.remaining(), call).await {
        Ok(Ok(answer)) if answer.get_ref().status() == ServingStatus::Serving => Health::Serving,
        Ok(Ok(_)) => Health::NotServing,
        // A service that answers, if only to say that it knows no such name, is there.
        Ok(Err(status)) if status.code() == tonic_not_found() => Health::NotServing,
        Ok(Err(_)) | Err(_) => Health::Unreachable,
    }
}

/// Watches the server at `address` until it serves; false when it does not by the deadline, or can't be reached.
pub async fn until_serving(address: &GrpcAddress, deadline: Deadline) -> bool {
    let watch = async {
        let mut client = HealthClient::new(channel(address));
        let message = request(HealthCheckRequest::default(), deadline, &RequestId::generate());
        let mut statuses = client.watch(message).await.ok()?.into_inner();
        while let Some(answer) = statuses.message().await.ok()? {
            if answer.status() == ServingStatus::Serving {
                return Some(());
            }
        }
        None
    };
    matches!(tokio::time::timeout(deadline.remaining(), watch).await, Ok(Some(())))
}

#[expect(clippy::disallowed_types, reason = "health speaks gRPC")]
fn tonic_not_found() -> tonic::Code {
    tonic::Code::NotFound
}
