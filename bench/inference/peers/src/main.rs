//! One side of the benchmark: `inference-bench ours MODEL_DIR int8|f32`, `inference-bench candle MODEL_DIR` or `inference-bench rten MODEL_DIR ONNX_DIR`, with the
//! threads in `RAYON_NUM_THREADS` and `RTEN_NUM_THREADS`. For many requests at once see [`throughput`].
//!
//! Loads the model, says how long that took, and then runs the jobs that come in, one a line:
//! `{"ids": [[…]], "new": N, "beams": N}` asks for exactly N new tokens after each of the inputs, which have one length.
//! What goes out is `{"load_s"}`, a `{"seconds", "tokens"}` with the new tokens for each job, and at the end `{"peak_kb"}`,
//! the most memory that the process has held.

mod onnx;
mod ours;
mod stock;
mod throughput;

use std::{
    error::Error,
    io::{BufRead, Write},
    path::Path,
    time::Instant,
};

use serde::Deserialize;
use serde_json::json;

#[derive(Deserialize)]
struct Job {
    ids: Vec<Vec<u32>>,
    new: usize,
    beams: usize,
}

/// A model that runs jobs.
trait Side {
    /// Generates, and gives the new tokens of each input.
    fn run(&mut self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>>;
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if let ["throughput", folder, precision, workers] = *arguments {
        return throughput::run(Path::new(folder), precision, workers.parse()?);
    }
    let began = Instant::now();
    let mut side: Box<dyn Side> = match *arguments {
        ["ours", folder, precision] => Box::new(ours::Ours::open(Path::new(folder), precision)?),
        ["candle", folder] => Box::new(stock::Stock::open(Path::new(folder))?),
        ["rten", folder, graphs] => Box::new(onnx::Rten::open(Path::new(graphs), Path::new(folder))?),
        _ => return Err("usage: inference-bench ours|candle|rten MODEL_DIR [int8|f32|ONNX_DIR] < jobs".into()),
    };
    say(&json!({ "load_s": began.elapsed().as_secs_f64() }))?;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let began = Instant::now();
        let tokens = side.run(&job)?;
        say(&json!({ "seconds": began.elapsed().as_secs_f64(), "tokens": tokens }))?;
    }
    say(&json!({ "peak_kb": peak_kb()? }))
}

fn say(line: &serde_json::Value) -> Result<(), Box<dyn Error>> {
    let mut output = std::io::stdout().lock();
    writeln!(output, "{line}")?;
    Ok(output.flush()?)
}

/// `VmHWM` of this process.
fn peak_kb() -> Result<u64, Box<dyn Error>> {
    let status = std::fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("no VmHWM")?;
    Ok(line.trim().trim_end_matches("kB").trim().parse()?)
}
