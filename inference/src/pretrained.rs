//! A model's folder, as Hugging Face transformers writes it.

use std::{
    fs::File,
    io::Read,
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use candle_core::{DType, Device};
use serde_json::{Map, Value};

use crate::{
    config::{ConfigError, ModelConfig},
    engine::Engine,
    generation::GenerationDefaults,
    model::Model,
    weights::{LoadError, WeightFiles, Weights},
};

/// Largest configuration file, in bytes.
const MAX_CONFIG: u64 = 4 << 20;

/// A model that is ready to run, with what its files say about generating.
#[derive(Debug)]
pub struct Pretrained {
    /// The model.
    pub model: Model,
    /// Its architecture.
    pub config: ModelConfig,
    /// Its generation parameters.
    pub generation: GenerationDefaults,
}

/// Why a folder gives no model.
#[derive(Debug, thiserror::Error)]
pub enum PretrainedError {
    /// A configuration file can't be read.
    #[error("{path}: {message}", path = path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        message: String,
    },
    /// The configuration is not one of ours.
    #[error("{path}: {error}", path = path.display())]
    Config {
        /// The file.
        path: PathBuf,
        /// Why.
        error: ConfigError,
    },
    /// The weights can't be loaded.
    #[error(transparent)]
    Weights(#[from] LoadError),
}

impl Pretrained {
    /// Opens a folder; the weights come to `device` in `dtype`.
    ///
    /// # Errors
    ///
    /// [`PretrainedError`].
    pub fn open(folder: &Path, device: &Device, dtype: DType) -> Result<Self, PretrainedError> {
        Self::open_as(folder, device, dtype, |config, weights, _| {
            weights.read_ahead();
            Model::load(config, weights)
        })
    }

    /// Opens a folder; the weights are quantized to 8-bit integers and stay on the CPU ([`engine`](crate::engine)). What was
    /// made of them is kept in the folder, where that can be written to, and read the next time.
    ///
    /// # Errors
    ///
    /// [`PretrainedError`].
    pub fn open_int8(folder: &Path) -> Result<Self, PretrainedError> {
        let kept = Arc::new(AtomicBool::new(false));
        let open = || {
            Self::open_as(folder, &Device::Cpu, DType::F32, |config, weights, files| {
                let engine = Engine::load(config, weights.with_int8(files, Arc::clone(&kept)))?;
                Ok(Model::Int8(Box::new(engine)))
            })
        };
        let opened = open()?;
        // What was just made lies here and there; what is kept is read into one place, which is faster ever after.
        if kept.load(Ordering::Relaxed) {
            drop(opened);
            return open();
        }
        Ok(opened)
    }

    fn open_as(
        folder: &Path,
        device: &Device,
        dtype: DType,
        load: impl FnOnce(&ModelConfig, Weights, &WeightFiles) -> Result<Model, LoadError>,
    ) -> Result<Self, PretrainedError> {
        let path = folder.join("config.json");
        let json = read(&path)?.ok_or_else(|| file_error(&path, &"there is no such file"))?;
        let config = ModelConfig::parse(&json).map_err(|error| PretrainedError::Config { path, error })?;
        let generation = read(&folder.join("generation_config.json"))?;
        let generation = GenerationDefaults::read(&config, &json, generation.as_ref());
        let files = WeightFiles::find(folder)?;
        let weights = Weights::open(&files, device, dtype)?;
        let config = if matches!(files, WeightFiles::Gguf(_)) {
            as_gguf_says(config, &weights, &json)
        } else {
            config
        };
        Ok(Self { model: load(&config, weights, &files)?, config, generation })
    }
}

/// A GGUF file has a head of its own only where it isn't the embedding; a pickle may have a copy.
fn as_gguf_says(config: ModelConfig, weights: &Weights, json: &Map<String, Value>) -> ModelConfig {
    match config {
        ModelConfig::T5(mut config) if !json.contains_key("tie_word_embeddings") => {
            config.tie_word_embeddings &= !weights.contains("lm_head.weight");
            ModelConfig::T5(config)
        }
        config => config,
    }
}

fn file_error(path: &Path, message: &dyn std::fmt::Display) -> PretrainedError {
    PretrainedError::File { path: path.to_owned(), message: message.to_string() }
}

/// A JSON object; None where there is no such file.
fn read(path: &Path) -> Result<Option<Map<String, Value>>, PretrainedError> {
    if !path.is_file() {
        return Ok(None);
    }
    let mut text = Vec::new();
    let file = File::open(path).map_err(|error| file_error(path, &error))?;
    file.take(MAX_CONFIG + 1).read_to_end(&mut text).map_err(|error| file_error(path, &error))?;
    if text.len() as u64 > MAX_CONFIG {
        return Err(file_error(path, &"it has more than 4 MB"));
    }
    serde_json::from_slice(&text).map(Some).map_err(|error| file_error(path, &error))
}
