//! A gateway under load for a long time, while replicas go and come: what it holds must not grow.

use std::{
    collections::BTreeMap,
    fs,
    sync::Arc,
    time::{Duration, Instant},
};

use clap::Args;
use rand::{RngExt as _, seq::IndexedRandom as _};
use service_kit::config::duration;
use tokio::time::sleep;

use super::{
    load::{Call, Load},
    names::Names,
    script::Act,
    stage::Stage,
};
use crate::{BenchError, child::Process, stats::Times};

/// Between two looks at the gateway.
const LOOK: Duration = Duration::from_secs(30);
const REPLICAS: std::ops::RangeInclusive<usize> = 1..=3;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Streams a second. Three replicas can do 300; the two that are always there 200, of which this is 70 %.
    #[arg(long, default_value_t = 140.0)]
    rate: f64,
    /// How long.
    #[arg(long, default_value = "30m", value_parser = duration)]
    length: Duration,
    /// How long on average until the next replica goes, and until it comes back.
    #[arg(long, default_value = "10s", value_parser = duration)]
    pause: Duration,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let mut stage = Stage::set(Names::default()).await?;
    let target = stage.gateway().await?;
    target.until_ready().await?;
    let load = Load::start(Arc::new(target), arguments.rate);
    let (end, mut look, mut kills) = (Instant::now() + arguments.length, Instant::now(), 0);
    println!("| after | resident | descriptors | threads | tasks |");
    println!("|---|---|---|---|---|");
    while Instant::now() < end {
        let (replica, act) = random();
        for act in [act, Act::Start(replica)] {
            sleep(arguments.pause.mul_f64(rand::rng().random_range(0.5..1.5))).await;
            stage.act(act).await?;
        }
        kills += 1;
        if look.elapsed() >= LOOK {
            look = Instant::now();
            let held = held(stage.gateway_process()?).await?;
            println!("| {} s | {held} |", load.elapsed().as_secs());
        }
    }
    conclude(&load.stop().await?, kills);
    Ok(())
}

/// Who goes next, and how.
fn random() -> (usize, Act) {
    let mut rng = rand::rng();
    let replica = rng.random_range(REPLICAS);
    let acts = [Act::Kill(replica), Act::Terminate(replica)];
    (replica, acts.choose(&mut rng).copied().unwrap_or(Act::Kill(replica)))
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
fn conclude(calls: &[Call], kills: usize) {
    let mut causes: BTreeMap<&String, usize> = BTreeMap::new();
    for cause in calls.iter().filter_map(|call| call.result.as_ref().err()) {
        *causes.entry(cause).or_default() += 1;
    }
    let failed: usize = causes.values().sum();
    println!("\n{} streams, {kills} replicas gone and come, {failed} failed", calls.len());
    for (cause, count) in causes.iter().take(10) {
        println!("  {count} × {cause}");
    }
    let answered = calls.iter().filter(|call| call.result.is_ok()).map(|call| call.took).collect();
    if let Some(times) = Times::new(answered) {
        println!("  {times}");
    }
}

/// What a process holds: memory, file descriptors, threads, and its runtime's tasks as its metrics tell.
async fn held(process: &Process) -> Result<String, BenchError> {
    let id = process.id()?;
    let status = fs::read_to_string(format!("/proc/{id}/status"))?;
    let field =
        |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).unwrap_or("-").trim().to_owned();
    let descriptors = fs::read_dir(format!("/proc/{id}/fd"))?.count();
    let metrics = reqwest::get(format!("{}/metrics", process.address)).await?.text().await?;
    let tasks = metrics
        .lines()
        .find_map(|line| line.strip_prefix("nutgraf_runtime_tasks{runtime=\"tokio\"} "))
        .unwrap_or("-");
    Ok(format!("{} | {descriptors} | {} | {tasks}", field("VmRSS:"), field("Threads:")))
}
