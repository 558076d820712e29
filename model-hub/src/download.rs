//! Fetching a model: the small files first, then the weights, each to `*.incomplete`, verified, renamed, linked. Since
//! weights come last, a snapshot with all its weights has everything. Dropping the future at any point leaves files that
//! the next attempt goes on with.

use std::{fs, path::PathBuf, time::Duration};

use futures::{StreamExt as _, TryStreamExt as _, stream};

mod file;
mod partial;

use crate::{
    cache::RepoCache,
    error::HubError,
    progress::{FileMeter, Meter},
    reference::{FileName, HubModel, RepoId, Revision},
    selection::{NotAModel, Selection, WeightFormat, Weights, shards},
    size::Size,
    wire::{Listing, Remote, Wire},
};

/// Descriptions that are asked for at once: they are small.
const ASKED_AT_ONCE: usize = 8;
/// Between two log lines.
const LOG_EVERY: Duration = Duration::from_secs(5);

/// One model's download.
#[derive(Debug)]
pub(crate) struct Download<'a> {
    pub(crate) wire: &'a Wire,
    pub(crate) cache: RepoCache,
    pub(crate) repo: &'a RepoId,
    pub(crate) commit: &'a Revision,
    pub(crate) meter: &'a Meter<'a>,
}

impl Download<'_> {
    /// Fetches what the model needs of `listing`, and says in the log how far it is.
    pub(crate) async fn run(&self, model: &HubModel, listing: &Listing) -> Result<(), HubError> {
        let mut log = tokio::time::interval(LOG_EVERY);
        log.tick().await;
        let mut work = std::pin::pin!(self.fetch(model, listing));
        loop {
            tokio::select! {
                done = &mut work => return done,
                _ = log.tick() => self.log(),
            }
        }
    }

    fn log(&self) {
        let now = self.meter.now();
        tracing::info!(
            repo = %self.repo, phase = ?now.phase, files = now.files_done, of_files = now.files_total,
            done = %Size(now.bytes_done), total = %Size(now.bytes_total), per_second = %Size(now.bytes_per_second),
            "fetching a model"
        );
    }

    async fn fetch(&self, model: &HubModel, listing: &Listing) -> Result<(), HubError> {
        let unusable = |why| HubError::NotAModel { model: model.to_string(), why };
        let Selection { format, mut small, weights } =
            Selection::among(&listing.files, model.gguf.as_ref()).map_err(unusable)?;
        if let Weights::Sharded(index) = &weights {
            small.push(index.clone());
        }
        if format == WeightFormat::PyTorch {
            tracing::debug!(repo = %self.repo, "the weights are pickled: there are no safetensors");
        }
        let limits = self.wire.limits();
        let small = self.plan(&small, limits.small_file).await?;
        let index = match weights {
            Weights::Whole(file) => {
                let weights = self.plan(&[file], limits.weights).await?;
                self.fetch_files(&small).await?;
                return self.fetch_files(&weights).await;
            }
            Weights::Sharded(index) => index,
        };
        self.fetch_files(&small).await?;
        let path = index.within(&self.cache.snapshot(self.commit));
        let json = fs::read(&path).map_err(|error| HubError::io(path, error))?;
        let shards = shards(&index, &json).map_err(unusable)?;
        if let Some(missing) = shards.iter().find(|shard| !listing.files.contains(shard)) {
            return Err(unusable(NotAModel::Missing(missing.clone())));
        }
        self.fetch_files(&self.plan(&shards, limits.weights).await?).await
    }

    /// Asks for checksums and sizes of those files that the snapshot lacks, and whether there is room for them.
    async fn plan(&self, files: &[FileName], limit: u64) -> Result<Vec<Remote>, HubError> {
        let snapshot = self.cache.snapshot(self.commit);
        let (present, absent): (Vec<&FileName>, Vec<&FileName>) =
            files.iter().partition(|file| file.within(&snapshot).is_file());
        for file in present {
            let size = fs::metadata(file.within(&snapshot)).map_or(0, |found| found.len());
            self.meter.plan(1, size);
            FileMeter::new(self.meter).stands_at(size);
            self.meter.file_done();
        }
        let remotes: Vec<Remote> = stream::iter(absent)
            .map(|file| self.wire.describe(self.repo, self.commit, file))
            .buffered(ASKED_AT_ONCE)
            .try_collect()
            .await?;
        if let Some(file) = remotes.iter().find(|file| file.size > limit) {
            return Err(HubError::TooLarge { what: file.name.to_string(), limit: Size(limit) });
        }
        self.meter.plan(remotes.len(), remotes.iter().map(|file| file.size).sum());
        self.check_space(&remotes)?;
        Ok(remotes)
    }

    async fn fetch_files(&self, files: &[Remote]) -> Result<(), HubError> {
        stream::iter(files)
            .map(|file| self.fetch_file(file))
            .buffer_unordered(self.wire.limits().parallel.max(1))
            .try_collect::<Vec<()>>()
            .await?;
        Ok(())
    }

    /// Whether what is still to come has room. A disk that doesn't tell is tried.
    fn check_space(&self, files: &[Remote]) -> Result<(), HubError> {
        let here = |path: PathBuf| fs::metadata(path).map_or(0, |found| found.len());
        let missing = |file: &Remote| {
            let have = here(self.cache.blob(&file.etag)).max(here(self.cache.incomplete(&file.etag)));
            file.size.saturating_sub(have)
        };
        let need = files.iter().map(missing).fold(0_u64, u64::saturating_add);
        let folder = self.cache.blobs();
        fs::create_dir_all(&folder).map_err(|error| HubError::io(&folder, error))?;
        match fs4::available_space(&folder) {
            Ok(free) if free < need => {
                Err(HubError::DiskTooSmall { need: Size(need), free: Size(free), folder })
            }
            Ok(_) => Ok(()),
            Err(error) => {
                tracing::debug!(%error, "the disk doesn't say how much room it has");
                Ok(())
            }
        }
    }
}
