//! Parts of a system under test, each a process of its own: this program, started once more.

use std::{net::SocketAddr, path::Path, process::Stdio, time::Duration};

use clap::{Args, Subcommand};
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

/// A part of a system under test. It prints its address as one line.
#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// Where to listen; a free port of the loopback interface without it.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    #[command(subcommand)]
    role: Role,
}

/// What a process can be.
#[derive(Debug, Clone, Subcommand)]
enum Role {
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
        Self::spawn(Command::new(std::env::current_exe()?), arguments).await
    }

    /// The same in a network namespace.
    pub(crate) async fn start_in(namespace: &str, arguments: &[&str]) -> Result<Self, BenchError> {
        let mut command = Command::new("ip");
        // It becomes the program, and so the process's id is the program's.
        command.args(["netns", "exec", namespace]).arg(std::env::current_exe()?);
        Self::spawn(command, arguments).await
    }

    /// The same with another hosts file, which it sees in place of the system's.
    pub(crate) async fn start_with_hosts(hosts: &Path, arguments: &[&str]) -> Result<Self, BenchError> {
        let mut command = Command::new("unshare");
        command.args(["--mount", "sh", "-c", "mount --bind \"$0\" /etc/hosts && exec \"$@\""]).arg(hosts);
        command.arg(std::env::current_exe()?);
        Self::spawn(command, arguments).await
    }

    async fn spawn(mut command: Command, arguments: &[&str]) -> Result<Self, BenchError> {
        let mut child =
            command.arg("child").args(arguments).stdout(Stdio::piped()).kill_on_drop(true).spawn()?;
        let silent = || BenchError::Unexpected(format!("{arguments:?} did not start"));
        let mut lines = BufReader::new(child.stdout.take().ok_or_else(silent)?).lines();
        let line = timeout(Duration::from_secs(10), lines.next_line()).await.map_err(|_| silent())??;
        Ok(Self { address: line.ok_or_else(silent)?, child })
    }

    /// Its process id.
    pub(crate) fn id(&self) -> Result<u32, BenchError> {
        self.child.id().ok_or_else(|| BenchError::Unexpected("a process has ended".to_owned()))
    }

    /// Ends it at once.
    pub(crate) async fn kill(&mut self) -> Result<(), BenchError> {
        Ok(self.child.kill().await?)
    }

    /// Waits until it has ended.
    pub(crate) async fn ended(&mut self) -> Result<(), BenchError> {
        self.child.wait().await?;
        Ok(())
    }

    /// Processor time that it has used, user and system together.
    pub(crate) fn processor_time(&self) -> Result<Duration, BenchError> {
        /// `USER_HZ`, which is 100 on every Linux.
        const TICKS_PER_SECOND: f64 = 100.0;
        let line = std::fs::read_to_string(format!("/proc/{}/stat", self.id()?))?;
        // After the name in parentheses, the 12th and 13th fields (proc(5): utime, stime).
        let ticks = line.rsplit(')').next().unwrap_or_default().split_ascii_whitespace().skip(11).take(2);
        let ticks: f64 = ticks.filter_map(|ticks| ticks.parse::<f64>().ok()).sum();
        Ok(Duration::from_secs_f64(ticks / TICKS_PER_SECOND))
    }
}

/// Serves in a role until a signal comes.
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let shutdown = on_signal()?;
    let listener = TcpListener::bind(arguments.listen).await?;
    announce(listener.local_addr()?);
    match arguments.role {
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
