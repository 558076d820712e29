//! The language models of this replica: which there are, which are ready, which has to go.
//!
//! The extractive engine serves from the first second; a model is fetched and loaded behind it, on a thread of its own.
//!
//! # Layout
//!
//! - `slot`: one model and its state. `load`: from a name to a model that can write.

mod load;
mod slot;
#[cfg(test)]
mod tests;

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
    time::{Duration, Instant},
};

use model_hub::{Hub, HubError, ModelRef};
use tokio::sync::watch;

pub use load::name;
pub use slot::{ModelState, ModelStatus, StateName};

use crate::engine::abstractive::{Abstractive, Dtype};
use slot::Slot;

/// When a caller is told to ask again while a model loads.
const ASK_AGAIN: Duration = Duration::from_secs(5);
/// A model that failed is tried anew by whoever asks for it after this.
const TRY_AGAIN: Duration = Duration::from_mins(1);

/// The models that were configured, the default first.
#[derive(Clone, Default)]
pub struct Models {
    inner: Option<Arc<Inner>>,
}

struct Inner {
    slots: Mutex<Vec<Slot>>,
    /// Where models come from, or why from nowhere.
    hub: Result<Hub, String>,
    /// Bytes that all loaded models may take together.
    budget: u64,
    /// In which numbers they compute.
    dtype: Dtype,
    /// Told after each change of a state.
    changes: watch::Sender<()>,
}

/// Why a model can't write now.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ModelsError {
    /// There are no models here.
    #[error("no language model is configured")]
    None,
    /// None has this name.
    #[error("no model has this name")]
    Unknown,
    /// It is being fetched or loaded.
    #[error("the model is not ready yet")]
    NotReady {
        /// How it is.
        status: Box<ModelStatus>,
        /// When to ask again.
        retry_after: Duration,
    },
    /// It can't be loaded.
    #[error("{error}")]
    Failed {
        /// Its name.
        name: String,
        /// Why.
        error: String,
    },
}

impl Models {
    /// Takes over the models, and begins to load the first.
    pub fn start(references: &[ModelRef], hub: Result<Hub, HubError>, budget: u64, dtype: Dtype) -> Self {
        if references.is_empty() {
            return Self::default();
        }
        let mut slots: Vec<Slot> = Vec::new();
        for reference in references {
            if slots.iter().all(|slot| slot.reference != *reference) {
                slots.push(Slot::new(reference.clone(), dtype));
            }
        }
        let inner = Inner {
            slots: Mutex::new(slots),
            hub: hub.map_err(|error| error.to_string()),
            budget,
            dtype,
            changes: watch::Sender::new(()),
        };
        let models = Self { inner: Some(Arc::new(inner)) };
        if let Err(error) = models.get(None) {
            tracing::debug!(%error, "the first model is on its way");
        }
        models
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.inner.is_none()
    }

    /// How each is.
    pub fn list(&self) -> Vec<ModelStatus> {
        self.inner.as_ref().map_or_else(Vec::new, |inner| inner.lock().iter().map(Slot::status).collect())
    }

    /// The model of that name, or the first, if it is ready. One that isn't is sent for.
    ///
    /// # Errors
    ///
    /// [`ModelsError`].
    pub fn get(&self, name: Option<&str>) -> Result<Arc<Abstractive>, ModelsError> {
        let inner = self.inner.as_ref().ok_or(ModelsError::None)?;
        let mut slots = inner.lock();
        let slot = match name {
            Some(name) => slots.iter_mut().find(|slot| slot.name == name),
            None => slots.first_mut(),
        };
        let slot = slot.ok_or(ModelsError::Unknown)?;
        slot.used = Instant::now();
        match &slot.state {
            ModelState::Ready(model) => return Ok(Arc::clone(model)),
            ModelState::Failed { error, at } if at.elapsed() < TRY_AGAIN => {
                return Err(ModelsError::Failed { name: slot.name.clone(), error: error.clone() });
            }
            ModelState::Absent | ModelState::Failed { .. } => inner.send_for(slot),
            ModelState::Downloading(_) | ModelState::Loading => {}
        }
        Err(ModelsError::NotReady { status: Box::new(slot.status()), retry_after: ASK_AGAIN })
    }

    /// [`get`](Self::get), but waits for a model that is on its way.
    ///
    /// # Errors
    ///
    /// [`ModelsError`], but for `NotReady`.
    pub async fn settled(&self, name: Option<&str>) -> Result<Arc<Abstractive>, ModelsError> {
        let inner = self.inner.as_ref().ok_or(ModelsError::None)?;
        // Before the look, so that what comes in between is not missed.
        let mut changes = inner.changes.subscribe();
        loop {
            match self.get(name) {
                Err(ModelsError::NotReady { .. }) if changes.changed().await.is_ok() => {}
                done => return done,
            }
        }
    }

    /// The default model, if it is ready and reads the language.
    pub fn ready(&self, language: &str) -> Option<Arc<Abstractive>> {
        let model = self.get(None).ok()?;
        model.identity().reads(language).then_some(model)
    }
}

impl Inner {
    /// No change can panic halfway.
    fn lock(&self) -> MutexGuard<'_, Vec<Slot>> {
        self.slots.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Begins to fetch and load a model.
    fn send_for(self: &Arc<Self>, slot: &mut Slot) {
        let progress = watch::Sender::new(model_hub::Progress::default());
        slot.state = ModelState::Downloading(progress.subscribe());
        let (inner, name, reference) = (Arc::clone(self), slot.name.clone(), slot.reference.clone());
        let load = move || {
            // A fault in loading must not leave the model on its way for ever.
            let loaded = catch_unwind(AssertUnwindSafe(|| load::load(&inner, &name, &reference, &progress)));
            let loaded = loaded.unwrap_or_else(|_| Err("loading it panicked; the log has more".to_owned()));
            inner.loaded(&name, loaded);
        };
        if let Err(error) = thread::Builder::new().name("model".to_owned()).spawn(load) {
            slot.state = ModelState::failed(format!("no thread to load it on: {error}"));
        }
    }

    fn loaded(&self, name: &str, loaded: Result<Abstractive, String>) {
        let state = match loaded {
            Ok(model) => {
                tracing::info!(model = name, revision = %model.identity().model.revision, "the model is ready");
                ModelState::Ready(Arc::new(model))
            }
            Err(error) => {
                tracing::error!(model = name, error, "the model can't be loaded");
                ModelState::failed(error)
            }
        };
        self.set(name, state);
    }

    fn set(&self, name: &str, state: ModelState) {
        let mut slots = self.lock();
        let old = slots
            .iter_mut()
            .find(|slot| slot.name == name)
            .map(|slot| std::mem::replace(&mut slot.state, state));
        drop(slots);
        // Weights are freed with the lock open.
        drop(old);
        self.changes.send_replace(());
    }

    /// Lets those go that were used the longest ago, until there is room for so many bytes more.
    fn make_room(&self, name: &str, bytes: u64) -> Result<(), String> {
        if bytes > self.budget {
            return Err(format!(
                "it needs about {} MB, and --model-memory allows {} MB for all",
                bytes.div_ceil(1_000_000),
                self.budget / 1_000_000
            ));
        }
        loop {
            let mut slots = self.lock();
            let loaded = slots.iter().filter(|slot| slot.name != name).filter_map(Slot::memory).sum::<u64>();
            if loaded + bytes <= self.budget {
                return Ok(());
            }
            let others = slots.iter_mut().filter(|slot| slot.name != name && slot.memory().is_some());
            let Some(oldest) = others.min_by_key(|slot| slot.used) else { return Ok(()) };
            tracing::info!(model = oldest.name, "the model has to go, for lack of memory");
            let gone = std::mem::replace(&mut oldest.state, ModelState::Absent);
            drop(slots);
            drop(gone);
        }
    }
}
