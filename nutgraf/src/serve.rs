//! `nutgraf serve`: the three services in one process, over the same gRPC as when they run apart.

use std::{
    io::{Write as _, stdout},
    net::{Ipv4Addr, SocketAddr},
    time::Duration,
};

use clap::Args;
use gateway::config::{DEFAULT_LISTEN, ServiceAddresses};
use service_kit::{
    config::Validate,
    deadline::Deadline,
    grpc::GrpcAddress,
    health::{reachable, until_serving},
    shutdown::{DrainArgs, on_signal},
};
use tokio::{net::TcpListener, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::exit::Failure;

/// How long the services inside may take to be ready.
const START_LIMIT: Duration = Duration::from_secs(20);
/// Nobody balances over this process, so it needs no notice before it stops.
const DRAIN: DrainArgs = DrainArgs::at_once(Duration::from_secs(8));

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Where to listen; port 0 for a free one.
    #[arg(long, env = "NUTGRAF_LISTEN", value_name = "ADDR", default_value_t = DEFAULT_LISTEN)]
    listen: SocketAddr,
    #[command(flatten, next_help_heading = "Gateway")]
    gateway: gateway::config::Config,
    #[command(flatten, next_help_heading = "Scraper")]
    scraper_svc: scraper_svc::config::Config,
    #[command(flatten, next_help_heading = "Summarizer")]
    summarizer_svc: summarizer_svc::config::Config,
}

impl Validate for Arguments {
    fn problems(&self) -> Vec<String> {
        [self.gateway.problems(), self.scraper_svc.problems(), self.summarizer_svc.problems()].concat()
    }
}

/// Serves until a signal comes. Prints the page's address, and nothing else, on standard output once it is ready.
pub(crate) async fn run(arguments: Arguments) -> Result<(), Failure> {
    let shutdown =
        on_signal().map_err(|error| Failure::Fault(format!("no signals can be handled: {error}")))?;
    let listener = TcpListener::bind(arguments.listen)
        .await
        .map_err(|error| Failure::Fault(format!("can't listen on {}: {error}", arguments.listen)))?;
    let address = listener.local_addr().map_err(fault)?;

    let mut services = JoinSet::new();
    // The services inside go down after the gateway, whose requests need them.
    let inner = CancellationToken::new();
    let (at, config, stop) = (private_listener().await?, arguments.scraper_svc, inner.clone());
    let scraper = GrpcAddress::from(at.local_addr().map_err(fault)?);
    services.spawn(async move { scraper_svc::serve(at, config, &DRAIN, stop).await.map_err(fault) });
    let (at, config, stop) = (private_listener().await?, arguments.summarizer_svc, inner.clone());
    let summarizer = GrpcAddress::from(at.local_addr().map_err(fault)?);
    services.spawn(async move { summarizer_svc::serve(at, config, &DRAIN, stop).await.map_err(fault) });

    let start = Deadline::after(START_LIMIT);
    tokio::select! {
        (a, b) = async { tokio::join!(until_serving(&scraper, start), until_serving(&summarizer, start)) } => {
            if !(a && b) {
                return Err(Failure::Fault("a service was not ready in time".to_owned()));
            }
        }
        Some(ended) = services.join_next() => return Err(ended_early(ended)),
    }
    announce(address)?;
    let addresses = ServiceAddresses { scraper, summarizer };
    let ended = tokio::select! {
        ended = gateway::serve(listener, &addresses, arguments.gateway, &DRAIN, shutdown) => ended.map_err(fault),
        Some(ended) = services.join_next() => Err(ended_early(ended)),
    };
    inner.cancel();
    while services.join_next().await.is_some() {}
    ended
}

async fn private_listener() -> Result<TcpListener, Failure> {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.map_err(fault)
}

fn announce(address: SocketAddr) -> Result<(), Failure> {
    let mut out = stdout().lock();
    writeln!(out, "http://{}", reachable(address)).and_then(|()| out.flush()).map_err(fault)
}

fn fault(error: impl std::fmt::Display) -> Failure {
    Failure::Fault(error.to_string())
}

fn ended_early(ended: Result<Result<(), Failure>, tokio::task::JoinError>) -> Failure {
    match ended {
        Ok(Ok(())) => Failure::Fault("a service ended by itself".to_owned()),
        Ok(Err(failure)) => failure,
        Err(error) => fault(error),
    }
}
