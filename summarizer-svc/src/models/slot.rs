//! One model and its state.

use std::{sync::Arc, time::Instant};

use model_hub::{ModelRef, ModelSource, Progress};
use tokio::sync::watch;

use crate::engine::abstractive::{Abstractive, Dtype};

/// A model that was configured.
pub(super) struct Slot {
    /// What callers call it.
    pub(super) name: String,
    pub(super) reference: ModelRef,
    /// In which numbers it computes.
    pub(super) dtype: Dtype,
    pub(super) state: ModelState,
    /// When somebody last asked for it.
    pub(super) used: Instant,
}

/// How a model is.
#[derive(Clone)]
pub enum ModelState {
    /// Not in memory; whoever asks for it sets it going.
    Absent,
    /// It comes from the hub, or is looked for in the cache.
    Downloading(watch::Receiver<Progress>),
    /// It goes from the disk to memory.
    Loading,
    /// It can write.
    Ready(Arc<Abstractive>),
    /// It can't be had.
    Failed {
        /// Why, in words for whoever runs the server.
        error: String,
        /// Since when.
        at: Instant,
    },
}

/// How a model is, for those who ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelStatus {
    /// Name to ask for.
    pub name: String,
    /// Commit of its repository, where it is known, and the numbers that it computes in.
    pub revision: String,
    /// How it is.
    pub state: StateName,
    /// BCP 47 codes of what it reads; empty where nobody said.
    pub languages: Vec<String>,
    /// Bytes of memory that it takes, about; 0 where it is not known.
    pub memory: u64,
    /// Bytes that are here, and of how many.
    pub downloaded: (u64, u64),
    /// Why it can't be had; empty otherwise.
    pub error: String,
}

/// A state without what belongs to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StateName {
    /// As [`ModelState::Absent`].
    Absent,
    /// As [`ModelState::Downloading`].
    Downloading,
    /// As [`ModelState::Loading`].
    Loading,
    /// As [`ModelState::Ready`].
    Ready,
    /// As [`ModelState::Failed`].
    Failed,
}

impl StateName {
    /// In lower case.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Absent => "absent",
            Self::Downloading => "downloading",
            Self::Loading => "loading",
            Self::Ready => "ready",
            Self::Failed => "failed",
        }
    }
}

impl ModelState {
    pub(super) fn failed(error: String) -> Self {
        Self::Failed { error, at: Instant::now() }
    }

    fn name(&self) -> StateName {
        match self {
            Self::Absent => StateName::Absent,
            Self::Downloading(_) => StateName::Downloading,
            Self::Loading => StateName::Loading,
            Self::Ready(_) => StateName::Ready,
            Self::Failed { .. } => StateName::Failed,
        }
    }
}

impl Slot {
    pub(super) fn new(reference: ModelRef, dtype: Dtype) -> Self {
        Self {
            name: super::name(&reference),
            reference,
            dtype,
            state: ModelState::Absent,
            used: Instant::now(),
        }
    }

    /// Bytes that it takes, if it is in memory.
    pub(super) fn memory(&self) -> Option<u64> {
        match &self.state {
            ModelState::Ready(model) => Some(model.identity().memory),
            _ => None,
        }
    }

    pub(super) fn status(&self) -> ModelStatus {
        let preset = match self.reference.source() {
            ModelSource::Hub(model) => model.preset,
            ModelSource::Directory(_) => None,
        };
        let identity = match &self.state {
            ModelState::Ready(model) => Some(model.identity()),
            _ => None,
        };
        let progress = match &self.state {
            ModelState::Downloading(progress) => *progress.borrow(),
            _ => Progress::default(),
        };
        let known = || preset.map(|preset| preset.languages.iter().map(|tag| (*tag).to_owned()).collect());
        ModelStatus {
            name: self.name.clone(),
            revision: identity.map(|identity| identity.model.revision.to_string()).unwrap_or_default(),
            state: self.state.name(),
            languages: identity.map(|identity| identity.languages.clone()).or_else(known).unwrap_or_default(),
            memory: identity.map_or_else(
                || preset.map_or(0, |preset| preset.memory(self.dtype.weights()).0),
                |identity| identity.memory,
            ),
            downloaded: (progress.bytes_done, progress.bytes_total),
            error: if let ModelState::Failed { error, .. } = &self.state {
                error.clone()
            } else {
                String::new()
            },
        }
    }
}
