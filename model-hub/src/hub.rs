//! [`Hub`]: models by reference, from the cache or from the hub.

use tokio::sync::watch;

use crate::{
    cache::{Cache, CachedRepo, Removed},
    config::Config,
    download::Download,
    error::HubError,
    local::LocalModel,
    preset::Preset,
    progress::{Meter, Phase, Progress},
    reference::{HubModel, ModelRef, ModelSource, RepoId, Revision},
    selection::{NotAModel, Selection},
    wire::{Listing, Wire},
};

/// A hub and the cache before it.
///
/// The client is Nutgraf's own. The one that Hugging Face publishes for Rust (hf-hub 1.0) pulls in aws-lc through
/// reqwest's default features, which can't be switched off; starts a broken download from the beginning; compares no
/// checksums; and knows no offline mode.
#[derive(Debug)]
pub struct Hub {
    wire: Wire,
    cache: Cache,
    offline: bool,
}

/// What is known of a model of the hub.
#[derive(Debug)]
pub struct ModelInfo {
    /// The preset that names it, if one did.
    pub preset: Option<&'static Preset>,
    /// Its repository.
    pub repo: RepoId,
    /// The commit that its revision means: on the hub where it was asked, else in the cache.
    pub commit: Revision,
    /// Its licence, as its card states it; only where the hub was asked.
    pub licence: Option<String>,
    /// Its files on this machine, if all are here.
    pub local: Option<LocalModel>,
    /// What keeps it from being a model that can be used, as far as the hub's list of files shows it.
    pub unusable: Option<NotAModel>,
}

impl Hub {
    /// # Errors
    ///
    /// [`HubError::Config`] when TLS or the HTTP client can't be set up.
    pub fn new(config: &Config) -> Result<Self, HubError> {
        Ok(Self {
            wire: Wire::new(config)?,
            cache: Cache::new(config.cache.clone()),
            offline: config.offline,
        })
    }

    /// A model that is whole on this machine. Asks nobody.
    ///
    /// # Errors
    ///
    /// [`HubError::NotCached`] (offline: [`HubError::Offline`]), [`HubError::Incomplete`]; for a directory
    /// [`HubError::NotAModel`].
    pub fn cached(&self, model: &ModelRef) -> Result<LocalModel, HubError> {
        match model.source() {
            ModelSource::Hub(model) => self.cached_of_hub(model),
            ModelSource::Directory(path) => {
                let name = path.display().to_string();
                LocalModel::open(path, None).map_err(|why| HubError::NotAModel { model: name, why })
            }
        }
    }

    /// A model that is whole on this machine, else what the hub has.
    ///
    /// # Errors
    ///
    /// As [`Hub::pull`].
    pub async fn obtain(
        &self,
        model: &ModelRef,
        progress: &watch::Sender<Progress>,
    ) -> Result<LocalModel, HubError> {
        match self.cached(model) {
            Err(HubError::NotCached { .. } | HubError::Incomplete { .. }) => self.pull(model, progress).await,
            done => done,
        }
    }

    /// What the hub has under this name now: fetches what is missing of it, and tells `progress` how far it is. A commit
    /// that is here already is not asked for; a directory is only looked at. Offline, what is here.
    ///
    /// Dropping the future stops the download; the next one goes on where it was.
    ///
    /// # Errors
    ///
    /// Any [`HubError`].
    pub async fn pull(
        &self,
        model: &ModelRef,
        progress: &watch::Sender<Progress>,
    ) -> Result<LocalModel, HubError> {
        let meter = Meter::new(progress);
        let here = self.cached(model);
        let local = match (model.source(), here) {
            (ModelSource::Hub(hub_model), here) if !self.offline => match here {
                Ok(local) if hub_model.revision().is_commit() => local,
                _ => self.pull_from_hub(hub_model, &meter).await?,
            },
            (_, here) => here?,
        };
        meter.phase(Phase::Done);
        Ok(local)
    }

    async fn pull_from_hub(&self, model: &HubModel, meter: &Meter<'_>) -> Result<LocalModel, HubError> {
        let listing = self.wire.listing(&model.repo, &model.revision()).await?;
        let cache = self.cache.repo(&model.repo);
        let commit = &listing.commit;
        Download { wire: &self.wire, cache: cache.clone(), repo: &model.repo, commit, meter }
            .run(model, &listing)
            .await?;
        cache.point(&model.revision(), commit)?;
        tracing::info!(%model, %commit, "the model is here");
        self.cached_of_hub(model)
    }

    fn cached_of_hub(&self, model: &HubModel) -> Result<LocalModel, HubError> {
        let cache = self.cache.repo(&model.repo);
        let absent = || {
            let model = model.to_string();
            if self.offline { HubError::Offline { model } } else { HubError::NotCached { model } }
        };
        let commit = cache.commit(&model.revision()).ok_or_else(absent)?;
        let snapshot = cache.snapshot(&commit);
        if !snapshot.is_dir() {
            return Err(absent());
        }
        let found = LocalModel::open(&snapshot, model.gguf.as_ref());
        let found = found.map_err(|why| HubError::Incomplete { model: model.to_string(), why })?;
        Ok(LocalModel { revision: Some(commit), ..found })
    }

    /// What the hub knows of a model. Fetches no file of it. Offline, what is known of one that is here.
    ///
    /// # Errors
    ///
    /// Any [`HubError`] of asking the hub; offline those of [`Hub::cached_info`].
    pub async fn info(&self, model: &HubModel) -> Result<ModelInfo, HubError> {
        if self.offline {
            return self.cached_info(model);
        }
        let Listing { commit, files, licence } = self.wire.listing(&model.repo, &model.revision()).await?;
        let local = self.cached_of_hub(model).ok();
        Ok(ModelInfo {
            preset: model.preset,
            repo: model.repo.clone(),
            licence,
            local: local.filter(|local| local.revision.as_ref() == Some(&commit)),
            unusable: Selection::among(&files, model.gguf.as_ref()).err(),
            commit,
        })
    }

    /// What is known of a model that is here. Asks nobody.
    ///
    /// # Errors
    ///
    /// As [`Hub::cached`].
    pub fn cached_info(&self, model: &HubModel) -> Result<ModelInfo, HubError> {
        let local = self.cached_of_hub(model)?;
        Ok(ModelInfo {
            preset: model.preset,
            repo: model.repo.clone(),
            commit: local.revision.clone().unwrap_or_else(|| model.revision()),
            licence: None,
            local: Some(local),
            unusable: None,
        })
    }

    /// What is in the cache, by name.
    ///
    /// # Errors
    ///
    /// [`HubError::Io`] for a directory that can't be read; a cache that is not there is empty.
    pub fn list(&self) -> Result<Vec<CachedRepo>, HubError> {
        self.cache.list()
    }

    /// Removes a repository from the cache: all of it, or one revision and what only that one uses.
    ///
    /// # Errors
    ///
    /// [`HubError::NotCached`], [`HubError::InUse`], [`HubError::Io`].
    pub fn remove(&self, repo: &RepoId, revision: Option<&Revision>) -> Result<Removed, HubError> {
        let cache = self.cache.repo(repo);
        let Some(revision) = revision else { return cache.remove_all() };
        let absent = || HubError::NotCached { model: format!("{repo}@{revision}") };
        cache.remove_commit(&cache.commit(revision).ok_or_else(absent)?)
    }
}
