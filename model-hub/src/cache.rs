//! The cache on disk, laid out as Hugging Face's own programs do, so that they and Nutgraf share each file:
//!
//! ```text
//! models--org--name/blobs/<etag>                    content, named by its checksum
//! models--org--name/refs/<branch or tag>            the commit it meant when it was last asked for
//! models--org--name/snapshots/<commit>/<file>       a relative link into blobs
//! .locks/models--org--name/<etag>.lock              held by whoever writes that blob
//! ```
//!
//! A blob appears by a rename once its checksum is right; until then it is `<etag>.incomplete`. A reference is written
//! when the snapshot is whole, so that an older whole one stays in use until then.

use std::{
    fs, io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicU64, Ordering},
};

mod inventory;
mod link;
mod lock;
mod remove;

pub use inventory::{CachedRepo, CachedRevision};
pub(crate) use link::link;
pub(crate) use lock::FileLock;
pub use remove::Removed;

use crate::{
    error::HubError,
    reference::{RepoId, Revision},
    wire::Etag,
};

/// A cache's directory. It need not be there yet.
#[derive(Debug, Clone)]
pub(crate) struct Cache {
    root: PathBuf,
}

impl Cache {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self { root }
    }

    pub(crate) fn repo(&self, repo: &RepoId) -> RepoCache {
        let folder = repo.folder();
        RepoCache {
            dir: self.root.join(&folder),
            locks: self.root.join(".locks").join(folder),
            repo: repo.clone(),
        }
    }

    /// What is in it, by name.
    pub(crate) fn list(&self) -> Result<Vec<CachedRepo>, HubError> {
        let entries = match fs::read_dir(&self.root) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            Err(error) => return Err(HubError::io(&self.root, error)),
        };
        let names = entries.flatten().filter_map(|entry| entry.file_name().into_string().ok());
        let mut repos: Vec<RepoId> = names.filter_map(|name| RepoId::of_folder(&name)).collect();
        repos.sort();
        repos.iter().map(|repo| self.repo(repo).inventory()).collect()
    }
}

/// The part of a cache that belongs to one repository.
#[derive(Debug, Clone)]
pub(crate) struct RepoCache {
    repo: RepoId,
    dir: PathBuf,
    locks: PathBuf,
}

impl RepoCache {
    pub(crate) fn blobs(&self) -> PathBuf {
        self.dir.join("blobs")
    }

    pub(crate) fn blob(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(etag.as_str())
    }

    pub(crate) fn incomplete(&self, etag: &Etag) -> PathBuf {
        self.blobs().join(format!("{etag}.incomplete"))
    }

    pub(crate) fn lock(&self, blob: &str) -> PathBuf {
        self.locks.join(format!("{blob}.lock"))
    }

    pub(crate) fn snapshot(&self, commit: &Revision) -> PathBuf {
        self.snapshots().join(commit.as_str())
    }

    fn snapshots(&self) -> PathBuf {
        self.dir.join("snapshots")
    }

    fn refs(&self) -> PathBuf {
        self.dir.join("refs")
    }

    /// The commit that a revision means in this cache.
    pub(crate) fn commit(&self, revision: &Revision) -> Option<Revision> {
        if revision.is_commit() {
            return Some(revision.clone());
        }
        let commit = fs::read_to_string(self.refs().join(revision.as_str())).ok()?;
        commit.trim().parse().ok().filter(Revision::is_commit)
    }

    /// Notes which commit a revision means.
    pub(crate) fn point(&self, revision: &Revision, commit: &Revision) -> Result<(), HubError> {
        if revision.is_commit() || self.commit(revision).as_ref() == Some(commit) {
            return Ok(());
        }
        let path = self.refs().join(revision.as_str());
        create_parent(&path)?;
        let draft = draft(&path);
        fs::write(&draft, commit.as_str())
            .and_then(|()| fs::rename(&draft, &path))
            .map_err(|error| HubError::io(path, error))
    }
}

/// A name beside `path` that nobody else uses, for what is renamed to it when whole.
fn draft(path: &Path) -> PathBuf {
    static DRAFTS: AtomicU64 = AtomicU64::new(0);
    let mut name = path.as_os_str().to_owned();
    // '~' is in no name of a revision.
    name.push(format!(".{}-{}~", std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    name.into()
}

/// Makes the directory that `path` will be in.
pub(crate) fn create_parent(path: &Path) -> Result<(), HubError> {
    path.parent().map_or(Ok(()), fs::create_dir_all).map_err(|error| HubError::io(path, error))
}

#[cfg(test)]
mod tests;
