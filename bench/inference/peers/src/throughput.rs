//! Many requests at once: `inference-bench throughput MODEL_DIR int8|f32 WORKERS`.
//!
//! Takes a line `{"requests": [{"ids": […], "new": N}], "in_flight": N}` and answers `{"seconds", "cpu_s",
//! "latencies", "tokens", "peak_kb"}`: seconds for all, by the clock and of CPU time, and for each request, and how many tokens
//! each got. As many requests as `in_flight` says
//! are always waiting or at work: the next comes when one is done.

use std::{
    error::Error,
    path::Path,
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    time::Instant,
};

use serde::Deserialize;
use serde_json::json;

use crate::{Job, ours::Ours, peak_kb, say};

#[derive(Deserialize)]
struct Asked {
    requests: Vec<Request>,
    in_flight: usize,
}

#[derive(Clone, Deserialize)]
struct Request {
    ids: Vec<u32>,
    new: usize,
}

/// A request's place in the list, and what came of it: how many tokens.
type Done = (usize, Result<usize, String>);

/// Something that answers requests, at most as many at a time as it likes.
trait Server: Sync {
    /// Answers what comes until no more can come.
    fn serve(&self, requests: Receiver<(usize, Request)>, done: Sender<Done>);
}

/// Each worker does one request after the other, on one copy of the weights; in int8 they take their steps together.
struct Workers {
    model: Ours,
    count: usize,
}

impl Server for Workers {
    fn serve(&self, requests: Receiver<(usize, Request)>, done: Sender<Done>) {
        let requests = &Mutex::new(requests);
        std::thread::scope(|scope| {
            for _ in 0..self.count {
                let done = done.clone();
                scope.spawn(move || {
                    while let Some((at, request)) = next(requests) {
                        let job = Job { ids: vec![request.ids], new: request.new, beams: 1 };
                        let tokens = self.model.generate(&job).map_err(|error| error.to_string());
                        let sent = done.send((at, tokens.map(|rows| rows.iter().map(Vec::len).sum())));
                        if sent.is_err() {
                            return;
                        }
                    }
                });
            }
        });
    }
}

fn next(requests: &Mutex<Receiver<(usize, Request)>>) -> Option<(usize, Request)> {
    requests.lock().ok()?.recv().ok()
}

/// Runs the list that standard input has.
pub(crate) fn run(folder: &Path, precision: &str, workers: usize) -> Result<(), Box<dyn Error>> {
    let server = Workers { model: Ours::open(folder, precision)?.batching()?, count: workers };
    let mut line = String::new();
    std::io::stdin().read_line(&mut line)?;
    let asked: Asked = serde_json::from_str(&line)?;
    let first = asked.requests.first().ok_or("no requests")?;
    server.model.generate(&Job { ids: vec![first.ids.clone()], new: first.new, beams: 1 })?;
    let (requests, coming) = channel();
    let (done, finished) = channel();
    std::thread::scope(|scope| {
        scope.spawn(|| server.serve(coming, done));
        drive(&asked, requests, &finished)
    })
}

/// Sends the requests, and says how they fared.
fn drive(
    asked: &Asked,
    requests: Sender<(usize, Request)>,
    finished: &Receiver<Done>,
) -> Result<(), Box<dyn Error>> {
    let count = asked.requests.len();
    let (mut latencies, mut tokens) = (vec![0.0; count], vec![0; count]);
    let (began, cpu) = (Instant::now(), cpu_seconds()?);
    let mut came = vec![began; asked.in_flight.min(count)];
    for at in 0..came.len() {
        requests.send((at, asked.requests[at].clone()))?;
    }
    for _ in 0..count {
        let (at, result) = finished.recv()?;
        tokens[at] = result?;
        latencies[at] = came[at].elapsed().as_secs_f64();
        if let Some(request) = asked.requests.get(came.len()) {
            requests.send((came.len(), request.clone()))?;
            came.push(Instant::now());
        }
    }
    say(&json!({
        "seconds": began.elapsed().as_secs_f64(), "cpu_s": cpu_seconds()? - cpu, "latencies": latencies,
        "tokens": tokens, "peak_kb": peak_kb()?,
    }))
}

/// CPU time of this process, from `/proc/self/stat`, whose ticks are hundredths of a second.
fn cpu_seconds() -> Result<f64, Box<dyn Error>> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    // The name in parentheses may have blanks; user and system time are the 12th and 13th fields after it.
    let (_, fields) = stat.rsplit_once(')').ok_or("no name in stat")?;
    let ticks: Result<Vec<u32>, _> = fields.split_whitespace().skip(11).take(2).map(str::parse).collect();
    Ok(f64::from(ticks?.iter().sum::<u32>()) / 100.0)
}
