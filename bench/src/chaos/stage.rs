//! The processes that the script happens to.

use std::{collections::HashMap, fs, path::PathBuf, time::Duration};

use tokio::{process::Command, time::sleep};

use super::{
    names::{NAME, Names, PORT},
    network::{Network, namespace, replica_address},
    script::Act,
    target::Target,
};
use crate::{BenchError, child::Process};

/// How much later a name is gone than the replica.
const LAG: Duration = Duration::from_millis(1500);
const NAMES_LOST: Duration = Duration::from_secs(10);
const REPLICAS: usize = 4;

pub(super) struct Stage {
    names: Names,
    replicas: HashMap<usize, Process>,
    gateway: Option<Process>,
    /// The gateway's hosts file.
    hosts: Option<PathBuf>,
    // Last, for it goes after those who are in it.
    network: Network,
}

impl Stage {
    /// Three replicas.
    pub(super) async fn set(names: Names) -> Result<Self, BenchError> {
        let mut network = Network::create().await?;
        for number in 1..=REPLICAS {
            network.namespace(number).await?;
        }
        let mut stage = Self { names, replicas: HashMap::new(), gateway: None, hosts: None, network };
        for number in 1..REPLICAS {
            stage.start(number, "20ms").await?;
        }
        Ok(stage)
    }

    /// A gateway over the replicas, with a hosts file of its own.
    pub(super) async fn gateway(&mut self) -> Result<Target, BenchError> {
        let hosts = std::env::temp_dir().join(format!("nutgraf-chaos-{}", std::process::id()));
        fs::write(&hosts, "")?;
        self.names.write_to(hosts.clone());
        let summarizer = format!("http://{NAME}:{PORT}");
        let gateway = Process::start_with_hosts(&hosts, &["gateway", &summarizer]).await?;
        self.hosts = Some(hosts);
        let target = Target::gateway(&gateway.address);
        self.gateway = Some(gateway);
        Ok(target)
    }

    pub(super) fn gateway_process(&self) -> Result<&Process, BenchError> {
        self.gateway.as_ref().ok_or_else(|| BenchError::Unexpected("there is no gateway".to_owned()))
    }

    pub(super) async fn act(&mut self, act: Act) -> Result<(), BenchError> {
        match act {
            Act::Nothing => Ok(()),
            Act::Kill(number) => {
                let mut replica = self.take(number)?;
                replica.kill().await?;
                self.forget_later(number);
                Ok(())
            }
            Act::Start(number) => self.start(number, "20ms").await,
            Act::StartSlow(number) => self.start(number, "200ms").await,
            Act::Terminate(number) => {
                let mut replica = self.take(number)?;
                signal(&replica, "TERM").await?;
                let (names, address) = (self.names.clone(), replica_address(number));
                tokio::spawn(async move {
                    let _ = replica.ended().await;
                    sleep(LAG).await;
                    names.remove(address);
                });
                Ok(())
            }
            Act::Freeze(number) => signal(self.replica(number)?, "STOP").await,
            Act::Thaw(number) => signal(self.replica(number)?, "CONT").await,
            Act::LoseNames => {
                self.names.lose(true);
                let names = self.names.clone();
                tokio::spawn(async move {
                    sleep(NAMES_LOST).await;
                    names.lose(false);
                });
                Ok(())
            }
            Act::Cut(number) => self.network.cut(number).await,
            Act::Mend(number) => self.network.mend(number).await,
        }
    }

    async fn start(&mut self, number: usize, time: &str) -> Result<(), BenchError> {
        let listen = format!("{}:{PORT}", replica_address(number));
        let name = number.to_string();
        let arguments = ["--listen", &listen, "replica", "--service-time", time, "--name", &name];
        let process = Process::start_in(&namespace(number), &arguments).await?;
        self.replicas.insert(number, process);
        self.names.add(replica_address(number));
        Ok(())
    }

    fn forget_later(&self, number: usize) {
        let (names, address) = (self.names.clone(), replica_address(number));
        tokio::spawn(async move {
            sleep(LAG).await;
            names.remove(address);
        });
    }

    fn replica(&self, number: usize) -> Result<&Process, BenchError> {
        self.replicas.get(&number).ok_or_else(|| no_replica(number))
    }

    fn take(&mut self, number: usize) -> Result<Process, BenchError> {
        self.replicas.remove(&number).ok_or_else(|| no_replica(number))
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Some(hosts) = &self.hosts {
            let _ = fs::remove_file(hosts);
        }
    }
}

fn no_replica(number: usize) -> BenchError {
    BenchError::Unexpected(format!("there is no replica {number}"))
}

async fn signal(process: &Process, signal: &str) -> Result<(), BenchError> {
    let id = process.id()?.to_string();
    let status = Command::new("kill").args(["-s", signal, &id]).status().await?;
    if status.success() {
        Ok(())
    } else {
        Err(BenchError::Unexpected(format!("kill -s {signal} {id} failed")))
    }
}
