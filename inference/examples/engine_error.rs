//! How far the engine's 8-bit integers are from 32-bit floats: `engine_error MODEL_DIR [SOURCES] [STEPS]`.
//!
//! Random sources of 100 to 600 tokens, and for each the tokens that the floats choose, greedily. Prints the mean and the
//! highest difference of the log-probability of the chosen token, the mean over all tokens that have at least a thousandth,
//! and in how many steps both choose the same.
#![expect(clippy::print_stdout, reason = "it is what the program is for")]

use std::{error::Error, path::PathBuf};

use inference::{
    DType, Device, Pretrained,
    model::{Logits, Seq2Seq, TokenBatch},
};

#[derive(Default)]
struct Differences {
    steps: usize,
    same: usize,
    chosen: f64,
    highest: f64,
    likely: usize,
    of_likely: f64,
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let folder = PathBuf::from(arguments.next().ok_or("usage: engine_error MODEL_DIR [SOURCES] [STEPS]")?);
    let count: u32 = arguments.next().map_or(Ok(8), |text| text.parse())?;
    let steps: usize = arguments.next().map_or(Ok(48), |text| text.parse())?;
    let floats = Pretrained::open(&folder, &Device::Cpu, DType::F32)?;
    let integers = Pretrained::open_int8(&folder)?;
    let start = floats.generation.with(&serde_json::Map::new())?.decoder_start().unwrap_or_default();
    let vocab_size = floats.config.vocab_size() as u32;
    let mut all = Differences::default();
    for source in 0..count {
        let length = 100 + source * 500 / count.max(1);
        let mut state = source * 7919 + 1;
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            3 + (state >> 8) % (vocab_size - 3)
        };
        let batch = TokenBatch::padded(&[(0..length).map(|_| next()).collect()], 0)?;
        let mut states = (floats.model.encode(&batch, 1)?, integers.model.encode(&batch, 1)?);
        let mut token = start;
        for _ in 0..steps {
            let wanted = floats.model.decode(&[token], &mut states.0)?;
            let found = integers.model.decode(&[token], &mut states.1)?;
            token = all.take(&wanted, &found);
        }
    }
    let steps = all.steps.max(1) as f64;
    println!("{} steps, the same token in {:.2} %", all.steps, 100.0 * all.same as f64 / steps);
    println!("|Δ log p| of the chosen: mean {:.5}, highest {:.5}", all.chosen / steps, all.highest);
    println!("|Δ log p| of the likely: mean {:.5}", all.of_likely / all.likely.max(1) as f64);
    Ok(())
}

impl Differences {
    /// Counts a step, and gives the token that the floats choose.
    fn take(&mut self, wanted: &Logits, found: &Logits) -> u32 {
        let (wanted, found) = (log_softmax(wanted.row(0)), log_softmax(found.row(0)));
        let best = highest(&wanted);
        let difference = |at: usize| (wanted[at] - found[at]).abs();
        self.steps += 1;
        self.same += usize::from(highest(&found) == best);
        self.chosen += difference(best);
        self.highest = self.highest.max(difference(best));
        for at in (0..wanted.len()).filter(|at| wanted[*at] > 1e-3_f64.ln()) {
            self.likely += 1;
            self.of_likely += difference(at);
        }
        best as u32
    }
}

fn log_softmax(scores: &[f32]) -> Vec<f64> {
    let most = scores.iter().copied().fold(f32::MIN, f32::max);
    let sum: f64 = scores.iter().map(|score| f64::from(score - most).exp()).sum();
    scores.iter().map(|score| f64::from(score - most) - sum.ln()).collect()
}

fn highest(scores: &[f64]) -> usize {
    scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).map_or(0, |(at, _)| at)
}
