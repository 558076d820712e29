//! Taking models out of the cache.

use std::{
    collections::BTreeSet,
    ffi::OsString,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use super::{
    FileLock, RepoCache,
    inventory::{files_below, is_unfinished, len},
};
use crate::{
    error::HubError,
    reference::{RepoId, Revision},
    size::Size,
};

/// What was removed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Removed {
    /// Of which repository.
    pub repo: RepoId,
    /// The commits whose snapshots are gone.
    pub commits: Vec<Revision>,
    /// Bytes that are free now.
    pub freed: Size,
}

impl RepoCache {
    /// Removes everything of this repository.
    pub(crate) fn remove_all(&self) -> Result<Removed, HubError> {
        let _locks = self.lock_all()?;
        let commits = self.commits()?;
        let files = files_below(&self.dir)?;
        let freed = files.iter().filter(|file| !file.is_symlink()).map(|file| len(file)).sum();
        remove_dir(&self.dir)?;
        Ok(Removed { repo: self.repo.clone(), commits, freed: Size(freed) })
    }

    /// Removes one snapshot, the names that mean it, and the blobs that no other snapshot uses.
    pub(crate) fn remove_commit(&self, commit: &Revision) -> Result<Removed, HubError> {
        let snapshot = self.snapshot(commit);
        if !snapshot.is_dir() {
            return Err(HubError::NotCached { model: format!("{}@{commit}", self.repo) });
        }
        let others: Vec<Revision> = self.commits()?.into_iter().filter(|other| other != commit).collect();
        if others.is_empty() {
            return self.remove_all();
        }
        let _locks = self.lock_all()?;
        for (name, _) in self.named_commits()?.into_iter().filter(|(_, meant)| meant == commit) {
            remove_file(&self.refs().join(name))?;
        }
        let copies = files_below(&snapshot)?;
        let mut freed: u64 = copies.iter().filter(|file| !file.is_symlink()).map(|file| len(file)).sum();
        remove_dir(&snapshot)?;
        for blob in self.orphans(&others)? {
            freed += len(&blob);
            remove_file(&blob)?;
        }
        Ok(Removed { repo: self.repo.clone(), commits: vec![commit.clone()], freed: Size(freed) })
    }

    /// Blobs that no file of these snapshots is a link to. A copy doesn't tell which blob it is of, so that with copies
    /// there are none for certain.
    fn orphans(&self, commits: &[Revision]) -> Result<Vec<PathBuf>, HubError> {
        let mut used: BTreeSet<OsString> = BTreeSet::new();
        for commit in commits {
            for file in files_below(&self.snapshot(commit))? {
                let Ok(target) = fs::read_link(&file) else { return Ok(Vec::new()) };
                used.extend(target.file_name().map(ToOwned::to_owned));
            }
        }
        let is_orphan = |blob: &PathBuf| {
            !is_unfinished(blob) && blob.file_name().is_some_and(|name| !used.contains(name))
        };
        Ok(files_below(&self.blobs())?.into_iter().filter(is_orphan).collect())
    }

    /// The locks of all blobs, so that nobody writes one meanwhile.
    fn lock_all(&self) -> Result<Vec<FileLock>, HubError> {
        if !self.dir.is_dir() {
            return Err(HubError::NotCached { model: self.repo.to_string() });
        }
        let names = files_below(&self.blobs())?.into_iter().filter_map(|blob| {
            let name = if is_unfinished(&blob) { blob.file_stem() } else { blob.file_name() };
            name?.to_str().map(ToOwned::to_owned)
        });
        names
            .collect::<BTreeSet<_>>()
            .iter()
            .map(|name| {
                FileLock::try_acquire(&self.lock(name))?.ok_or_else(|| HubError::InUse(self.repo.clone()))
            })
            .collect()
    }
}

fn remove_dir(path: &Path) -> Result<(), HubError> {
    fs::remove_dir_all(path).map_err(|error| HubError::io(path, error))
}

fn remove_file(path: &Path) -> Result<(), HubError> {
    fs::remove_file(path).map_err(|error| HubError::io(path, error))
}
