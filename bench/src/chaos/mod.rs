//! Replicas that are killed, hung, slowed and cut off while calls go on: what failed, who got what, and how soon it was
//! noticed.
//!
//! The replicas are processes of their own in network namespaces, so that it needs root and `ip`. What is tested is the
//! gateway's own way to the summarizer, or, with `--through gateway`, the whole gateway with streams.
//!
//! # Layout
//!
//! - `script`: what happens, and when; `stage`: the processes that it happens to.
//! - `network`: a bridge and namespaces; `names`: what name resolution says.
//! - `load`: the calls; `target`: where they go.
//! - `soak`: the same for a long time, at random.
//! - `scaling`: what several replicas do that none disturbs.
//! - `watch`: when a replica got its calls; `report`: the table.

mod load;
mod names;
mod network;
mod report;
pub(crate) mod scaling;
mod script;
pub(crate) mod soak;
mod stage;
mod target;
mod watch;

use std::{sync::Arc, time::Duration};

use clap::{Args, ValueEnum};

use self::{load::Load, names::Names, report::report, stage::Stage, target::Target, watch::Watch};
use crate::BenchError;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What the calls go through.
    #[arg(long, value_enum, default_value_t = Through::Client)]
    through: Through,
    /// Make no second try.
    #[arg(long)]
    without_retries: bool,
    /// Calls a second, at random distances (a Poisson process).
    #[arg(long, default_value_t = 80.0)]
    rate: f64,
    /// How long the phases are, as a multiple of the usual.
    #[arg(long, default_value_t = 1.0)]
    length: f64,
}

/// What the calls go through.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Through {
    /// The gateway's client of the summarizer, in this process.
    Client,
    /// A gateway, asked for streams.
    Gateway,
}

pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let names = Names::default();
    let mut stage = Stage::set(names.clone()).await?;
    let target = match arguments.through {
        Through::Client => Target::client(&names, arguments.without_retries),
        Through::Gateway => stage.gateway().await?,
    };
    target.until_ready().await?;
    let watch = Watch::start(&target);
    let load = Load::start(Arc::new(target), arguments.rate);
    let mut phases = Vec::new();
    for phase in script::PHASES {
        let began = load.elapsed();
        stage.act(phase.act).await?;
        let rest = Duration::from_secs(phase.seconds).mul_f64(arguments.length);
        tokio::time::sleep(rest.saturating_sub(load.elapsed().saturating_sub(began))).await;
        phases.push((phase, began));
    }
    let calls = load.stop().await?;
    report(&phases, &calls, &watch.stop());
    Ok(())
}
