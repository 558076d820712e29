//! From a name to a model that can write.

use std::sync::Arc;

use model_hub::{LocalModel, ModelRef, ModelSource, Progress};
use tokio::sync::watch;

use super::{Inner, slot::ModelState};
use crate::engine::{
    Engine as _,
    abstractive::{Abstractive, Identity},
};

/// What callers call a model: its preset, its repository, or the name of its folder.
pub fn name(reference: &ModelRef) -> String {
    match reference.source() {
        ModelSource::Hub(model) => {
            model.preset.map_or_else(|| model.repo.to_string(), |preset| preset.name.to_owned())
        }
        ModelSource::Directory(path) => {
            let last = path.file_name().map(|name| name.to_string_lossy().into_owned());
            last.unwrap_or_else(|| path.display().to_string())
        }
    }
}

/// Fetches a model where it isn't here, and loads it. Blocks.
pub(super) fn load(
    inner: &Arc<Inner>,
    name: &str,
    reference: &ModelRef,
    progress: &watch::Sender<Progress>,
) -> Result<Abstractive, String> {
    let local = obtain(inner, reference, progress)?;
    inner.set(name, ModelState::Loading);
    let preset = match reference.source() {
        ModelSource::Hub(model) => model.preset,
        ModelSource::Directory(_) => None,
    };
    let identity = Identity::of(name, &local, preset, inner.dtype);
    inner.make_room(name, identity.memory)?;
    let model = Abstractive::open(&local, identity, inner.dtype).map_err(|error| error.to_string())?;
    model.warm_up();
    Ok(model.watched())
}

fn obtain(
    inner: &Inner,
    reference: &ModelRef,
    progress: &watch::Sender<Progress>,
) -> Result<LocalModel, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| format!("no runtime to fetch it with: {error}"))?;
    let hub = inner.hub.as_ref().map_err(Clone::clone)?;
    runtime.block_on(hub.obtain(reference, progress)).map_err(|error| error.to_string())
}
