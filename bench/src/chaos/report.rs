//! The table.

use std::{collections::BTreeMap, time::Duration};

use super::{load::Call, network::replica_address, script::Phase, watch::Seen};
use crate::stats::Times;

/// Prints what happened in each phase; a call belongs to the one in which it began.
#[expect(clippy::print_stdout, reason = "figures are the result")]
pub(super) fn report(phases: &[(&Phase, Duration)], calls: &[Call], seen: &Seen) {
    println!("| phase | calls | failed | p50 | p99 | noticed after | share of the replicas |");
    println!("|---|---|---|---|---|---|---|");
    let mut causes: BTreeMap<&str, usize> = BTreeMap::new();
    for (index, (phase, began)) in phases.iter().enumerate() {
        let end = phases.get(index + 1).map_or(Duration::MAX, |(_, next)| *next);
        let own: Vec<&Call> = calls.iter().filter(|call| (*began..end).contains(&call.at)).collect();
        let failed = own.iter().filter(|call| call.result.is_err()).count();
        for cause in own.iter().filter_map(|call| call.result.as_ref().err()) {
            *causes.entry(cause).or_default() += 1;
        }
        println!(
            "| {} | {} | {failed} | {} | {} | {} |",
            phase.name,
            own.len(),
            times(&own),
            noticed(phase, *began, end, seen)
                .map_or("-".to_owned(), |time| format!("{:.2} s", time.as_secs_f64())),
            shares(&own)
        );
    }
    let failed: usize = causes.values().sum();
    println!("\n{} calls, {failed} failed", calls.len());
    for (cause, count) in causes {
        println!("  {count:6} × {cause}");
    }
}

/// Median and 99th percentile of those that were answered.
fn times(calls: &[&Call]) -> String {
    let answered = calls.iter().filter(|call| call.result.is_ok()).map(|call| call.took).collect();
    let ms = |times: &Times, share| times.quantile(share).as_secs_f64() * 1e3;
    Times::new(answered)
        .map_or("- | -".to_owned(), |times| format!("{:.1} ms | {:.1} ms", ms(&times, 0.5), ms(&times, 0.99)))
}

fn shares(calls: &[&Call]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for replica in calls.iter().filter_map(|call| call.result.as_ref().ok()) {
        *counts.entry(replica).or_default() += 1;
    }
    let total: usize = counts.values().sum();
    let share =
        |(replica, count): (&str, usize)| format!("{replica}: {:.1} %", 100.0 * count as f64 / total as f64);
    counts.into_iter().map(share).collect::<Vec<_>>().join(", ")
}

/// How long whoever is gone still got calls, or how soon whoever came got the first.
fn noticed(phase: &Phase, began: Duration, end: Duration, seen: &Seen) -> Option<Duration> {
    let (replica, comes) = phase.act.replica()?;
    let mut calls = seen.get(&replica_address(replica))?.iter().filter(|time| (began..end).contains(time));
    let time = if comes { calls.next() } else { calls.next_back().or(Some(&began)) };
    time.map(|time| time.saturating_sub(began))
}
