//! The T5 of candle-transformers, in the loop of candle's own example: greedy, with its cache.

use std::{error::Error, path::Path};

use candle_core::{D, DType, Device, Tensor};
use candle_nn::VarBuilder;
use candle_transformers::models::t5::{Config, T5ForConditionalGeneration};

use crate::{Job, Side};

pub(crate) struct Stock {
    model: T5ForConditionalGeneration,
    start: u32,
}

impl Stock {
    pub(crate) fn open(folder: &Path) -> Result<Self, Box<dyn Error>> {
        let config: Config = serde_json::from_slice(&std::fs::read(folder.join("config.json"))?)?;
        // SAFETY: nothing writes the file while the benchmark runs.
        let weights = unsafe {
            VarBuilder::from_mmaped_safetensors(
                &[folder.join("model.safetensors")],
                DType::F32,
                &Device::Cpu,
            )?
        };
        let start = config.decoder_start_token_id.unwrap_or(config.pad_token_id) as u32;
        Ok(Self { model: T5ForConditionalGeneration::load(weights, &config)?, start })
    }
}

impl Side for Stock {
    fn run(&mut self, job: &Job) -> Result<Vec<Vec<u32>>, Box<dyn Error>> {
        if job.beams != 1 {
            return Err("candle-transformers has no beam search".into());
        }
        self.model.clear_kv_cache();
        let inputs = Tensor::new(job.ids.clone(), &Device::Cpu)?;
        let encoded = self.model.encode(&inputs)?;
        let mut last = Tensor::full(self.start, (job.ids.len(), 1), &Device::Cpu)?;
        // No token ends the output here, so that there is none to suppress.
        let mut written = vec![Vec::new(); job.ids.len()];
        for _ in 0..job.new {
            last = self.model.decode(&last, &encoded)?.argmax(D::Minus1)?.reshape((job.ids.len(), 1))?;
            for (row, token) in written.iter_mut().zip(last.flatten_all()?.to_vec1::<u32>()?) {
                row.push(token);
            }
        }
        Ok(written)
    }
}
