//! Generates token ids with a model's folder: `generate MODEL_DIR < cases.jsonl`.
//!
//! Each line of the input is a case, `{"id", "input_ids": [[…]], "attention_mask"?: [[…]], "generation": {…}}` with
//! overrides by transformers' names, and each line of the output is `{"id", "output_ids": [[…]], "scores"?: […]}`.
//! `--device best` takes a GPU where the build has a backend for one, and `--dtype f16` or `bf16` its 16-bit floats; `--dtype int8` is
//! the CPU's 8-bit integers.

use std::{
    error::Error,
    io::{BufRead, BufWriter, Write},
    path::PathBuf,
};

use inference::{
    DType, Device, Pretrained,
    generation::{Generated, Unwatched, generate},
    model::{TokenBatch, best_device},
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

#[derive(Deserialize)]
struct Case {
    id: Value,
    input_ids: Vec<Vec<u32>>,
    attention_mask: Option<Vec<Vec<u8>>>,
    #[serde(default)]
    generation: Map<String, Value>,
}

#[derive(Serialize)]
struct Outcome {
    id: Value,
    #[serde(skip_serializing_if = "Option::is_none")]
    output_ids: Option<Vec<Vec<u32>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    scores: Option<Vec<f32>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let (mut folder, mut device, mut dtype, mut int8) = (None, Device::Cpu, DType::F32, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--device" => {
                device = if arguments.next().as_deref() == Some("best") { best_device() } else { Device::Cpu }
            }
            "--dtype" => {
                let name = arguments.next().ok_or("--dtype needs a value")?;
                int8 = name == "int8";
                if !int8 {
                    dtype = name.parse().map_err(|_| "no such type")?;
                }
            }
            _ => folder = Some(PathBuf::from(argument)),
        }
    }
    let folder = folder
        .ok_or("usage: generate MODEL_DIR [--device cpu|best] [--dtype f32|f16|bf16|int8] < cases.jsonl")?;
    let pretrained =
        if int8 { Pretrained::open_int8(&folder)? } else { Pretrained::open(&folder, &device, dtype)? };
    let mut output = BufWriter::new(std::io::stdout().lock());
    for line in std::io::stdin().lock().lines() {
        let line = line?;
        if line.trim().is_empty() {
            continue;
        }
        let case: Case = serde_json::from_str(&line)?;
        let id = case.id.clone();
        let outcome = match run(&pretrained, &case) {
            Ok(Generated { sequences, scores }) => {
                Outcome { id, output_ids: Some(sequences), scores, error: None }
            }
            Err(error) => Outcome { id, output_ids: None, scores: None, error: Some(error.to_string()) },
        };
        serde_json::to_writer(&mut output, &outcome)?;
        output.write_all(b"\n")?;
        output.flush()?;
    }
    Ok(())
}

fn run(pretrained: &Pretrained, case: &Case) -> Result<Generated, Box<dyn Error>> {
    let config = pretrained.generation.with(&case.generation)?;
    let mask = case.attention_mask.as_deref();
    let batch = TokenBatch::rectangular(&case.input_ids, mask, config.pad(), config.eos())?;
    Ok(generate(&pretrained.model, &batch, &config, &mut Unwatched)?)
}
