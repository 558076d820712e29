//! A model's folder, opened.

use std::sync::Arc;

use inference::{
    DType, Device, Pretrained, PretrainedError,
    tokenizer::{Tokenizer, TokenizerError},
};
use model_hub::{LocalModel, preset::Preset};

use super::Abstractive;
use crate::summary::{EngineKind, ModelId};

/// The task whose parameters a model's configuration may have.
const TASK: &str = "summarization";

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
    /// Its tokenizer has tokens that it hasn't.
    #[error("the tokenizer has {tokens} tokens, and the model {rows}")]
    Vocabulary {
        /// Of the tokenizer.
        tokens: usize,
        /// Of the model.
        rows: usize,
    },
}

impl Identity {
    /// Of a model by the name that is asked for.
    pub fn of(name: &str, local: &LocalModel, preset: Option<&Preset>) -> Self {
        let revision = local.revision.as_ref().map_or_else(|| "local".to_owned(), ToString::to_string);
        let model =
            ModelId { engine: EngineKind::Abstractive, id: Arc::from(name), revision: Arc::from(revision) };
        let languages = preset.map(|preset| preset.languages.iter().map(|tag| (*tag).to_owned()).collect());
        // Weights become 32-bit floats, whatever they are in the file.
        let memory = preset.map_or_else(|| local.size().0, |preset| preset.memory().0);
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
    /// Loads a model that is whole on this machine, to the best device that the build has a backend for.
    ///
    /// # Errors
    ///
    /// [`OpenError`].
    pub fn open(local: &LocalModel, identity: Identity) -> Result<Self, OpenError> {
        let device = inference::model::best_device();
        let dtype = if matches!(device, Device::Cpu) { DType::F32 } else { DType::BF16 };
        let tokenizer = Tokenizer::from_dir(&local.dir)?;
        let pretrained = Pretrained::open(&local.dir, &device, dtype)?;
        let (tokens, rows) = (tokenizer.vocab_size(), pretrained.config.vocab_size());
        if tokens > rows {
            return Err(OpenError::Vocabulary { tokens, rows });
        }
        let (generation, prefix) = pretrained.generation.for_task(TASK);
        Ok(Self { identity, pretrained, tokenizer, generation, prefix: prefix.unwrap_or_default() })
    }
}
