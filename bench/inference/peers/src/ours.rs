//! Nutgraf's own crate.

use std::{error::Error, path::Path};

use inference::{
    DType, Device, Pretrained,
    generation::{Unwatched, generate},
    model::TokenBatch,
};
use serde_json::{Map, Value, json};

use crate::{Job, Side};

pub(crate) struct Ours(Pretrained);

impl Ours {
    pub(crate) fn open(folder: &Path, precision: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self(match precision {
            "int8" => Pretrained::open_int8(folder)?,
            "f32" => Pretrained::open(folder, &Device::Cpu, DType::F32)?,
            other => return Err(format!("{other} is neither int8 nor f32").into()),
        }))
    }

    /// The same, for many requests at once.
    pub(crate) fn batching(self) -> Result<Self, Box<dyn Error>> {
        Ok(Self(Pretrained { model: self.0.model.batching()?, ..self.0 }))
    }

    /// The new tokens of each input.
    pub(crate) fn generate(&self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        let overrides: Map<String, Value> = [
            ("max_new_tokens", json!(job.new)),
            ("min_new_tokens", json!(job.new)),
            ("num_beams", json!(job.beams)),
            // No side is made to begin or end with a token.
            ("forced_bos_token_id", Value::Null),
            ("forced_eos_token_id", Value::Null),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let config = self.0.generation.with(&overrides)?;
        let batch = TokenBatch::rectangular(&job.ids, None, config.pad(), config.eos())?;
        let generated = generate(&self.0.model, &batch, &config, &mut Unwatched)?;
        Ok(generated.sequences.iter().map(|tokens| tokens[1..].to_vec()).collect())
    }
}

impl Side for Ours {
    fn run(&mut self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        self.generate(job)
    }
}
