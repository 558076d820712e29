//! How long the engine takes for the parts of a task: `engine_speed MODEL_DIR [ROUNDS] [LENGTH] [STEP]`, with the threads in
//! `RAYON_NUM_THREADS`. Prints medians in milliseconds: the encoder, and a step of so many rows over one source each (or of
//! beams over one), over the first 64 tokens of an output, and over 64 after 192. A fourth argument measures one of these, `8 rows`, or with `encode` none.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::{error::Error, path::PathBuf, sync::Arc, time::Instant};

use inference::{
    Pretrained,
    engine::{Engine, Row, Source},
    model::{Logits, Model},
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder =
        PathBuf::from(arguments.next().ok_or("usage: engine_speed MODEL_DIR [ROUNDS] [LENGTH] [STEP]")?);
    let rounds: usize = arguments.next().map_or(Ok(9), |text| text.parse())?;
    let length: u32 = arguments.next().map_or(Ok(512), |text| text.parse())?;
    let began = Instant::now();
    let Model::Int8(engine) = Pretrained::open_int8(&folder)?.model else { return Err("no engine".into()) };
    println!("load {:.0} ms", began.elapsed().as_secs_f64() * 1e3);
    let tokens: Vec<u32> = (0..length).map(|at| 100 + at * 17 % 30_000).collect();
    let mut times = Vec::new();
    let mut sources = Vec::new();
    for _ in 0..rounds.max(MOST_ROWS) {
        let began = Instant::now();
        let source = engine.encode_source(&tokens)?;
        times.push(began.elapsed().as_secs_f64());
        // What more there is makes room for the next, as the sources of requests that have ended do.
        if sources.len() < MOST_ROWS {
            sources.push(source);
        }
    }
    let [encode, least] = median_and_least(&mut times).map(|seconds| seconds * 1e3);
    println!("encode {length} tokens: {encode:.1} ms, least {least:.1}");
    let all = [("row", 1, true), ("beams", 4, true), ("rows", 4, false), ("rows", MOST_ROWS, false)];
    let only = arguments.next();
    for (name, rows, shared) in all {
        let wanted = only.as_ref().is_none_or(|only| *only == format!("{rows} {name}"));
        if !wanted {
            continue;
        }
        let [first, late] = step(&engine, &sources, rows, shared, rounds)?.map(|seconds| seconds * 1e3);
        println!("step of {rows} {name}: {first:.3} ms, after {LATE} tokens {late:.3} ms");
    }
    Ok(())
}

/// Most rows of a step.
const MOST_ROWS: usize = 8;
/// Steps of a median.
const STEPS: usize = 64;
/// Tokens before the second median.
const LATE: usize = 192;

/// Seconds of a step, the median of all rounds' first 64 steps, and of 64 after [`LATE`] tokens.
fn step(
    engine: &Engine,
    sources: &[Arc<Source>],
    rows: usize,
    shared: bool,
    rounds: usize,
) -> Result<[f64; 2], Box<dyn Error>> {
    let mut times = [Vec::new(), Vec::new()];
    for _ in 0..rounds {
        let source = |at: usize| sources.get(if shared { 0 } else { at }).cloned().ok_or("no source");
        let mut rows: Vec<Row> =
            (0..rows).map(|at| Ok(engine.row(source(at)?))).collect::<Result<_, &str>>()?;
        let mut logits = Logits::new(Vec::new(), engine.vocab_size());
        for at in 0..LATE + STEPS {
            let began = Instant::now();
            let tokens = vec![200 + at as u32; rows.len()];
            engine.step(&mut rows.iter_mut().collect::<Vec<_>>(), &tokens, &mut logits)?;
            let seconds = began.elapsed().as_secs_f64();
            let [first, late] = &mut times;
            if at < STEPS {
                first.push(seconds);
            } else if at >= LATE {
                late.push(seconds);
            }
        }
    }
    Ok(times.map(|mut times| median(&mut times)))
}

fn median_and_least(times: &mut [f64]) -> [f64; 2] {
    [median(times), times.first().copied().unwrap_or_default()]
}

fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times.get(times.len() / 2).copied().unwrap_or_default()
}
