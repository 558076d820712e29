//! What one replica does in a second, and what several do, with a model that takes a fixed time.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use tokio::task::JoinSet;

use super::{
    names::{Names, PORT},
    target::Target,
};
use crate::{BenchError, child::Process, stats::Times};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Replicas; several runs, one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,2,3")]
    replicas: Vec<u8>,
    /// Clients for each replica, who ask anew as soon as they have an answer. A replica makes two summaries at once.
    #[arg(long, default_value_t = 4)]
    clients: usize,
    /// How long each run takes.
    #[arg(long, default_value_t = 10)]
    seconds: u64,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let mut alone = None;
    for &count in &arguments.replicas {
        let names = Names::default();
        let mut replicas = Vec::new();
        for number in 0..count {
            // Every address of 127.0.0.0/8 is this machine's.
            let listen = format!("127.0.0.{}:{PORT}", number + 2);
            replicas.push(Process::start(&["--listen", &listen, "replica"]).await?);
            names.add([127, 0, 0, number + 2].into());
        }
        let target = Arc::new(Target::client(&names, false));
        target.until_ready().await?;
        let clients = arguments.clients * usize::from(count);
        let (times, failed) = measure(&target, clients, Duration::from_secs(arguments.seconds)).await?;
        let rate = times.len() as f64 / arguments.seconds as f64;
        let base = *alone.get_or_insert(rate / f64::from(count));
        println!(
            "{count} replicas  {rate:6.1} summaries/s, {:.2} of the first  failed {failed}",
            rate / base
        );
        if let Some(times) = Times::new(times) {
            println!("    {times}");
        }
    }
    Ok(())
}

async fn measure(
    target: &Arc<Target>,
    clients: usize,
    length: Duration,
) -> Result<(Vec<Duration>, usize), BenchError> {
    let end = Instant::now() + length;
    let mut tasks = JoinSet::new();
    for client in 0..clients {
        let target = Arc::clone(target);
        tasks.spawn(async move {
            let (mut times, mut failed, mut number) = (Vec::new(), 0, client);
            while Instant::now() < end {
                let asked = Instant::now();
                number += clients;
                match target.call(number).await {
                    Ok(_) => times.push(asked.elapsed()),
                    Err(_) => failed += 1,
                }
            }
            (times, failed)
        });
    }
    let (mut times, mut failed) = (Vec::new(), 0);
    while let Some(ended) = tasks.join_next().await {
        let (more, less) = ended.map_err(|error| BenchError::Unexpected(error.to_string()))?;
        times.extend(more);
        failed += less;
    }
    Ok((times, failed))
}
