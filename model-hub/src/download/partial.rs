//! A file on its way: `*.incomplete`, with the lock that lets nobody else write it.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use tokio::task::spawn_blocking;

use crate::{
    cache::{FileLock, create_parent},
    error::HubError,
    reference::FileName,
    wire::Etag,
};

/// An unfinished file. Each write owns a share of file and lock, so that a write which is under way when the download is
/// dropped ends before anybody else gets the lock.
#[derive(Debug)]
pub(super) struct Partial {
    held: Arc<Held>,
    path: PathBuf,
    len: u64,
}

#[derive(Debug)]
struct Held {
    file: File,
    _lock: Arc<FileLock>,
}

impl Partial {
    /// Opens what an earlier attempt left, or begins.
    pub(super) fn open(path: PathBuf, lock: Arc<FileLock>) -> Result<Self, HubError> {
        create_parent(&path)?;
        let opened = OpenOptions::new().create(true).append(true).open(&path);
        let file = opened.map_err(|error| HubError::io(&path, error))?;
        let len = file.metadata().map_err(|error| HubError::io(&path, error))?.len();
        Ok(Self { held: Arc::new(Held { file, _lock: lock }), path, len })
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    /// Appends bytes.
    pub(super) async fn append(&mut self, bytes: bytes::Bytes) -> Result<(), HubError> {
        let added = bytes.len() as u64;
        self.blocking(move |held, _| (&held.file).write_all(&bytes)).await?;
        self.len += added;
        Ok(())
    }

    /// Drops what is there.
    pub(super) async fn restart(&mut self) -> Result<(), HubError> {
        if self.len > 0 {
            self.blocking(|held, _| held.file.set_len(0)).await?;
        }
        self.len = 0;
        Ok(())
    }

    /// Reads all of it again and compares: what counts is what is on the disk.
    ///
    /// Gives the checksum that it has where it should have another.
    pub(super) async fn verify(&self, name: &FileName, etag: &Etag) -> Result<Result<(), String>, HubError> {
        let Some(digest) = etag.digest() else {
            tracing::warn!(file = %name, "the hub gives no checksum: only the size was compared");
            return Ok(Ok(()));
        };
        let actual = self.blocking(move |_, path| digest.of_file(path)).await?;
        Ok(if actual == etag.as_str() { Ok(()) } else { Err(actual) })
    }

    /// Makes it the blob that it was to become.
    pub(super) async fn finish(self, blob: PathBuf) -> Result<(), HubError> {
        self.blocking(move |held, path| held.file.sync_all().and_then(|()| fs::rename(path, blob))).await
    }

    /// Removes it: nothing of it is of use.
    pub(super) fn discard(self) -> Result<(), HubError> {
        fs::remove_file(&self.path).map_err(|error| HubError::io(&self.path, error))
    }

    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Held, &Path) -> io::Result<T> + Send + 'static,
    ) -> Result<T, HubError> {
        let (held, path) = (Arc::clone(&self.held), self.path.clone());
        let done = spawn_blocking(move || work(&held, &path)).await;
        done.map_err(io::Error::other).flatten().map_err(|error| HubError::io(&self.path, error))
    }
}
