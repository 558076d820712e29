//! A model's folder, opened.

use std::{io, sync::Arc};

use clap::ValueEnum;
use inference::{
    DType, Device, Pretrained, PretrainedError,
    tokenizer::{Tokenizer, TokenizerError},
};
use model_hub::{
    LocalModel,
    preset::{Preset, WeightType},
};

use super::Abstractive;
use crate::summary::{EngineKind, ModelId};

/// The task whose parameters a model's configuration may have.
const TASK: &str = "summarization";

/// In which numbers a model computes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum Dtype {
    /// `int8` on a CPU, 16-bit floats (bf16) on a GPU.
    #[default]
    Auto,
    /// 8-bit integers, on the CPU: the fastest there, and nearly the same words.
    Int8,
    /// 32-bit floats: exactly what the reference implementation computes.
    F32,
}

impl Dtype {
    /// Whether a model computes in 8-bit integers, on this machine.
    pub fn is_int8(self) -> bool {
        match self {
            Self::Auto => matches!(inference::model::best_device(), Device::Cpu),
            Self::Int8 => true,
            Self::F32 => false,
        }
    }

    /// In which numbers the weights are held.
    pub fn weights(self) -> WeightType {
        if self.is_int8() { WeightType::Int8 } else { WeightType::Float }
    }
}

/// What a model is called, reads and needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Its name and revision.
    pub model: ModelId,
    /// BCP 47 codes of what it reads; empty where nobody said.
    pub languages: Vec<String>,
    /// Bytes of memory that it takes, about.
    pub memory: u64,
}

/// Why a model can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Its configuration or its weights.
    #[error(transparent)]
    Model(#[from] PretrainedError),
    /// Its tokenizer.
    #[error(transparent)]
    Tokenizer(#[from] TokenizerError),
    /// It got no thread of its own.
    #[error("there is no thread for the model: {0}")]
    Thread(#[from] io::Error),
    /// Its tokenizer gives texts tokens that it hasn't.
    #[error("the tokenizer has {tokens} tokens, and the model {rows}")]
    Vocabulary {
        /// Of the tokenizer.
        tokens: usize,
        /// Of the model.
        rows: usize,
    },
}

impl Identity {
    /// Of a model by the name that is asked for. The revision says which numbers it computes in, for with others it may
    /// write other words.
    pub fn of(name: &str, local: &LocalModel, preset: Option<&Preset>, dtype: Dtype) -> Self {
        let revision = local.revision.as_ref().map_or_else(|| "local".to_owned(), ToString::to_string);
        let revision = if dtype.is_int8() { revision + "+int8" } else { revision };
        let model =
            ModelId { engine: EngineKind::Abstractive, id: Arc::from(name), revision: Arc::from(revision) };
        let languages = preset.map(|preset| preset.languages.iter().map(|tag| (*tag).to_owned()).collect());
        // Floats have 32 bits in most files.
        let size = if dtype.is_int8() { local.size().0 / 4 } else { local.size().0 };
        let memory = preset.map_or(size, |preset| preset.memory(dtype.weights()).0);
        Self { model, languages: languages.unwrap_or_default(), memory }
    }

    /// Whether it reads a language; what is not known is not held against it.
    pub fn reads(&self, tag: &str) -> bool {
        let primary = |tag: &str| tag.split('-').next().unwrap_or_default().to_ascii_lowercase();
        tag.is_empty()
            || self.languages.is_empty()
            || self.languages.iter().any(|own| primary(own) == primary(tag))
    }
}

impl Abstractive {
    /// Loads a model that is whole on this machine; where it computes in floats, to the best device that the build has a
    /// backend for.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(local: &LocalModel, identity: Identity, dtype: Dtype) -> Result<Self, OpenError> {
        let tokenizer = Tokenizer::from_dir(&local.dir)?;
        let pretrained = if dtype.is_int8() {
            Pretrained::open_int8(&local.dir)?
        } else {
            let device = inference::model::best_device();
            let floats = if dtype == Dtype::Auto { DType::BF16 } else { DType::F32 };
            Pretrained::open(&local.dir, &device, floats)?
        };
        let (tokens, rows) = (tokenizer.text_size(), pretrained.config.vocab_size());
        if tokens > rows {
            return Err(OpenError::Vocabulary { tokens, rows });
        }
        let pretrained = Pretrained { model: pretrained.model.batching()?, ..pretrained };
        let (generation, prefix) = pretrained.generation.for_task(TASK);
        Ok(Self { identity, pretrained, tokenizer, generation, prefix: prefix.unwrap_or_default() })
    }
}
