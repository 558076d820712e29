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
    pub(crate) fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        Ok(Self(Pretrained::open(folder, &Device::Cpu, DType::F32)?))
    }
}

impl Side for Ours {
    fn run(&mut self, job: &Job) -> Result<Vec<usize>, Box<dyn Error>> {
        let overrides: Map<String, Value> = [
            ("max_new_tokens", json!(job.new)),
            ("min_new_tokens", json!(job.new)),
            ("num_beams", json!(job.beams)),
        ]
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect();
        let config = self.0.generation.with(&overrides)?;
        let batch = TokenBatch::rectangular(&job.ids, None, config.pad(), config.eos())?;
        let generated = generate(&self.0.model, &batch, &config, &mut Unwatched)?;
        Ok(generated.sequences.iter().map(|tokens| tokens.len() - 1).collect())
    }
}
