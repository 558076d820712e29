//! Where the gateway saturates, beside the least that a gateway can do, in front of a summarizer that has its answer ready.
//!
//! Both are processes of their own, and take turns. What counts is requests per second of processor time of that
//! process: that is what a core gives, whatever else runs on the machine.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use clap::Args;
use reqwest::Client;
use serde_json::json;
use tokio::task::JoinSet;

use crate::{BenchError, child::Process, stats::Times, texts::text};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Clients at once; several runs, one after the other.
    #[arg(long, value_delimiter = ',', default_value = "1,16,64")]
    clients: Vec<usize>,
    /// How long each side is asked in each round.
    #[arg(long, default_value_t = 3)]
    seconds: u64,
    /// Rounds.
    #[arg(long, default_value_t = 5)]
    rounds: usize,
}

/// What was measured of one side.
#[derive(Debug, Default)]
struct Side {
    /// Requests per second of processor time, by round.
    rates: Vec<f64>,
    times: Vec<Duration>,
    failed: usize,
}

#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(crate) async fn run(arguments: Arguments) -> Result<(), BenchError> {
    let null = Process::start(&["null"]).await?;
    let floor = Process::start(&["floor", &null.address]).await?;
    let gateway = Process::start(&["gateway", &null.address]).await?;
    for &clients in &arguments.clients {
        let (mut least, mut ours) = (Side::default(), Side::default());
        for side in [&floor, &gateway] {
            measure(side, &mut Side::default(), clients, Duration::from_secs(1)).await?;
        }
        for _ in 0..arguments.rounds {
            measure(&floor, &mut least, clients, Duration::from_secs(arguments.seconds)).await?;
            measure(&gateway, &mut ours, clients, Duration::from_secs(arguments.seconds)).await?;
        }
        println!("{clients:3} clients");
        let (floor_rate, rate) = (show("floor", least), show("gateway", ours));
        println!("    of the floor's rate {:.2}", rate / floor_rate);
    }
    Ok(())
}

/// Prints a side; gives its median rate.
#[expect(clippy::print_stdout, reason = "figures are the result")]
fn show(name: &str, side: Side) -> f64 {
    let mut rates = side.rates;
    rates.sort_by(f64::total_cmp);
    let at = |share: usize| rates.get((rates.len() - 1) * share / 4).copied().unwrap_or_default();
    let median = at(2);
    println!(
        "    {name:8} {median:6.0} requests/s of a core, {:.0} to {:.0}; failed {}",
        at(1),
        at(3),
        side.failed
    );
    if let Some(times) = Times::new(side.times) {
        println!("             {times}");
    }
    median
}

/// Asks as fast as `clients` get answers, for a while.
async fn measure(
    process: &Process,
    side: &mut Side,
    clients: usize,
    length: Duration,
) -> Result<(), BenchError> {
    static SERIAL: AtomicUsize = AtomicUsize::new(0);
    let client = Client::builder().timeout(Duration::from_secs(10)).build()?;
    let url = Arc::new(format!("{}/api/v1/summaries", process.address));
    let (before, end) = (process.processor_time()?, Instant::now() + length);
    let mut tasks = JoinSet::new();
    for _ in 0..clients {
        let (client, url) = (client.clone(), Arc::clone(&url));
        tasks.spawn(async move {
            let (mut times, mut failed) = (Vec::new(), 0);
            while Instant::now() < end {
                let began = Instant::now();
                let body = json!({ "text": text(SERIAL.fetch_add(1, Ordering::Relaxed)) });
                let answer = client.post(url.as_str()).json(&body).send().await;
                let whole = match answer.and_then(reqwest::Response::error_for_status) {
                    Ok(answer) => answer.bytes().await.is_ok(),
                    Err(_) => false,
                };
                if whole { times.push(began.elapsed()) } else { failed += 1 }
            }
            (times, failed)
        });
    }
    let mut answered = 0;
    while let Some(ended) = tasks.join_next().await {
        let (times, failed) = ended.map_err(|error| BenchError::Unexpected(error.to_string()))?;
        answered += times.len();
        side.times.extend(times);
        side.failed += failed;
    }
    let used = process.processor_time()?.saturating_sub(before).as_secs_f64();
    side.rates.push(answered as f64 / used.max(0.01));
    Ok(())
}
