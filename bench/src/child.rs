//! Parts of a system under test, each a process of its own: this program, started once more.

use std::{
    net::{Ipv4Addr, SocketAddr},
    process::Stdio,
    time::Duration,
};

use clap::Subcommand;
use gateway::config::ServiceAddresses;
use service_kit::{grpc::GrpcAddress, shutdown::DrainArgs, shutdown::on_signal};
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    net::TcpListener,
    process::{Child, Command},
    time::timeout,
};

use crate::{BenchError, floor, null, replica};

const DRAIN: DrainArgs = DrainArgs::at_once(Duration::from_secs(5));

/// What a process can be. Each prints its address as one line.
#[derive(Debug, Clone, Subcommand)]
pub(crate) enum Role {
    /// A summarizer whose summaries take a fixed time.
    Replica(replica::Arguments),
    /// A summarizer that has its answer ready.
    Null,
    /// A bare axum server that asks the summarizer and answers what it says.
    Floor {
        /// The summarizer.
        summarizer: GrpcAddress,
    },
    /// The gateway.
    Gateway {
        /// The summarizer.
        summarizer: GrpcAddress,
    },
}

/// A process in a role.
#[derive(Debug)]
pub(crate) struct Process {
    /// Where it listens.
    pub(crate) address: String,
    child: Child,
}

impl Process {
    /// Starts this program in a role, with its arguments.
    pub(crate) async fn start(arguments: &[&str]) -> Result<Self, BenchError> {
        let mut child = Command::new(std::env::current_exe()?)
            .arg("child")
            .args(arguments)
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        let silent = || BenchError::Unexpected(format!("{arguments:?} did not start"));
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        let line = timeout(Duration::from_secs(10), lines.next_line()).await.map_err(|_| silent())??;
        Ok(Self { address: line.ok_or_else(silent)?, child })
    }

    /// Processor time that it has used, user and system together.
    pub(crate) fn processor_time(&self) -> Result<Duration, BenchError> {
        /// `USER_HZ`, which is 100 on every Linux.
        const TICKS_PER_SECOND: f64 = 100.0;
        let id = self.child.id().ok_or_else(|| BenchError::Unexpected("a process has ended".to_owned()))?;
        let line = std::fs::read_to_string(format!("/proc/{id}/stat"))?;
        // After the name in parentheses, the 12th and 13th fields (proc(5): utime, stime).
        let ticks = line.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
    }
}

/// Serves in a role until a signal comes.
pub(crate) async fn run(role: Role) -> Result<(), BenchError> {
    let shutdown = on_signal()?;
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    announce(listener.local_addr()?);
    match role {
        Role::Replica(arguments) => replica::serve(listener, &arguments, shutdown).await,
        Role::Null => null::serve(listener, shutdown).await,
        Role::Floor { summarizer } => floor::serve(listener, &summarizer).await,
        Role::Gateway { summarizer } => {
            let services = ServiceAddresses { summarizer, ..ServiceAddresses::default() };
            let config = gateway::config::Config::default();
            Ok(gateway::serve(listener, &services, config, &DRAIN, shutdown).await?)
        }
    }
}

#[expect(clippy::print_stdout, reason = "whoever started it reads the address")]
fn announce(address: SocketAddr) {
    println!("http://{address}");
}
