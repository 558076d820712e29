//! How fast the products are beside what memory and processor give: `speed [THREADS] [SECONDS]`.
//!
//! For each set of instructions, shape and number of rows it prints the time, operations (two for each multiplication and
//! addition) and bytes of weights a second. Weights of a few rows are taken from a list that is larger than the cache, as
//! in decoding; the read bandwidth above them is that of the same list summed up. Those of 64 rows are taken from one that the
//! largest cache may hold, as in an encoder, where each thread has so many tokens.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use kernels::{Cpu, Finish, Int8Matrix, Int8Rows, MatrixError, Team, product_by};

/// Outputs and inputs of t5-small's, t5-base's and BART-large's layers.
const SHAPES: [(&str, usize, usize); 7] = [
    ("t5-small qkv", 1536, 512),
    ("t5-small up", 2048, 512),
    ("t5-small down", 512, 2048),
    ("t5-base qkv", 2304, 768),
    ("t5-base down", 768, 3072),
    ("bart-large o", 1024, 1024),
    ("bart-large up", 4096, 1024),
];
/// Bytes of weights that no cache holds.
const LARGE: usize = 192 << 20;
/// Bytes of weights that only the largest cache may hold.
const ENCODER: usize = 20 << 20;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let threads = arguments.next().map_or(Ok(1), |text| text.parse())?;
    let limit = Duration::from_secs_f64(arguments.next().map_or(Ok(0.3), |text| text.parse())?);
    Ok(run(&Team::new(threads)?, limit)?)
}

fn run(team: &Team, limit: Duration) -> Result<(), MatrixError> {
    println!("{} threads, reading {:.1} GB/s", team.threads(), bandwidth(team, limit));
    println!("{:>10} {:>14} {:>5} {:>10} {:>8} {:>8}", "path", "shape", "rows", "µs", "GOP/s", "GB/s");
    for cpu in Cpu::all() {
        for (name, out_dim, in_dim) in SHAPES {
            for rows in [1, 4, 8, 64, 512] {
                let copies = match rows {
                    ..=8 => LARGE / (out_dim * in_dim),
                    9..=64 => ENCODER / (out_dim * in_dim),
                    _ => 1,
                };
                let seconds = time(team, cpu, (out_dim, in_dim), rows, copies, limit)?;
                let bytes = (out_dim * in_dim) as f64;
                let (operations, gigabytes) =
                    (2.0 * bytes * rows as f64 / seconds / 1e9, bytes / seconds / 1e9);
                let (path, micros) = (format!("{:?}", cpu.isa()), seconds * 1e6);
                println!("{path:>10} {name:>14} {rows:>5} {micros:>10.1} {operations:>8.1} {gigabytes:>8.2}");
            }
        }
    }
    Ok(())
}

/// Seconds of one product, the median of as many rounds as there is time for.
fn time(
    team: &Team,
    cpu: Cpu,
    (out_dim, in_dim): (usize, usize),
    rows: usize,
    copies: usize,
    limit: Duration,
) -> Result<f64, MatrixError> {
    let weight = normal(out_dim * in_dim);
    let matrices: Vec<Int8Matrix> =
        (0..copies).map(|_| Int8Matrix::quantize(&weight, out_dim, in_dim)).collect::<Result<_, _>>()?;
    let input = normal(rows * in_dim);
    let mut quantized = Int8Rows::default();
    quantized.quantize(cpu, &input, in_dim);
    let mut output = vec![0.0; rows * out_dim];
    let mut times = Vec::new();
    let began = Instant::now();
    while times.len() < 3 || (began.elapsed() < limit && times.len() < 1000) {
        let began = Instant::now();
        for matrix in &matrices {
            product_by(team, &quantized, matrix, None, Finish::Store, black_box(&mut output), None);
        }
        times.push(began.elapsed().as_secs_f64() / copies as f64);
    }
    times.sort_by(f64::total_cmp);
    Ok(times[times.len() / 2])
}

/// Numbers that are distributed nearly as weights and a norm's outputs are: sums of 12 that are distributed evenly.
fn normal(count: usize) -> Vec<f32> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) as f32 / 16_777_216.0 - 0.5
    };
    (0..count).map(|_| (0..12).map(|_| next()).sum()).collect()
}

/// Gigabytes a second at which all threads sum up a vector that no cache holds.
fn bandwidth(team: &Team, limit: Duration) -> f64 {
    let numbers = vec![1_u64; LARGE / 8];
    let mut best = f64::MAX;
    let began = Instant::now();
    while began.elapsed() < limit.max(Duration::from_millis(200)) {
        let began = Instant::now();
        team.split(numbers.len(), team.threads(), numbers.len(), |part| {
            let numbers = numbers.get(part).unwrap_or_default();
            black_box(numbers.iter().fold(0_u64, |sum, number| sum ^ number));
        });
        best = best.min(began.elapsed().as_secs_f64());
    }
    LARGE as f64 / best / 1e9
}
