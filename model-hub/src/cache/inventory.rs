//! What is in the cache.

use std::{
    collections::{BTreeMap, BTreeSet},
    ffi::OsString,
    fs, io,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use serde::Serialize;

use super::RepoCache;
use crate::{
    error::HubError,
    local::LocalModel,
    reference::{RepoId, Revision},
    selection::NotAModel,
    size::Size,
};

const MAX_DEPTH: usize = 8;

/// A repository of which something is here.
#[derive(Debug, Clone, Serialize)]
pub struct CachedRepo {
    /// Its name.
    pub repo: RepoId,
    /// Its directory.
    pub path: PathBuf,
    /// Bytes on disk; what revisions share counts once.
    pub size: Size,
    /// Those of them that are of unfinished downloads.
    pub unfinished: Size,
    /// Its snapshots, by commit.
    pub revisions: Vec<CachedRevision>,
}

/// A snapshot of a repository.
#[derive(Debug, Clone, Serialize)]
pub struct CachedRevision {
    /// Its commit.
    pub commit: Revision,
    /// Branches and tags that mean it.
    pub refs: Vec<String>,
    /// Bytes of its files.
    pub size: Size,
    /// How many files it has.
    pub files: usize,
    /// When any of its files was last read, as exactly as the file system notes it.
    pub last_used: Option<Timestamp>,
    /// What it lacks to be a model; `None` when it is one.
    pub missing: Option<String>,
}

impl RepoCache {
    pub(super) fn inventory(&self) -> Result<CachedRepo, HubError> {
        let refs = self.named_commits()?;
        let mut revisions = Vec::new();
        let mut copies = 0;
        for commit in self.commits()? {
            let files = files_below(&self.snapshot(&commit))?;
            copies += files.iter().filter(|file| !file.is_symlink()).map(|file| len(file)).sum::<u64>();
            revisions.push(self.revision(commit, &files, &refs));
        }
        let blobs = files_below(&self.blobs())?;
        let unfinished: u64 = blobs.iter().filter(|blob| is_unfinished(blob)).map(|blob| len(blob)).sum();
        Ok(CachedRepo {
            repo: self.repo.clone(),
            path: self.dir.clone(),
            size: Size(blobs.iter().map(|blob| len(blob)).sum::<u64>() + copies),
            unfinished: Size(unfinished),
            revisions,
        })
    }

    fn revision(
        &self,
        commit: Revision,
        files: &[PathBuf],
        refs: &BTreeMap<String, Revision>,
    ) -> CachedRevision {
        let last_used = files.iter().filter_map(|file| fs::metadata(file).ok()?.accessed().ok()).max();
        CachedRevision {
            refs: refs.iter().filter(|(_, meant)| **meant == commit).map(|(name, _)| name.clone()).collect(),
            size: Size(files.iter().map(|file| len(file)).sum()),
            files: files.len(),
            last_used: last_used.and_then(|time| Timestamp::try_from(time).ok()),
            missing: missing(&self.snapshot(&commit), files).map(|why| why.to_string()),
            commit,
        }
    }

    /// The commits of which there is a snapshot.
    pub(super) fn commits(&self) -> Result<Vec<Revision>, HubError> {
        let names = children(&self.snapshots())?.into_iter().filter_map(|name| name.into_string().ok());
        let commits: BTreeSet<Revision> = names.filter_map(|name| name.parse().ok()).collect();
        Ok(commits.into_iter().filter(Revision::is_commit).collect())
    }

    /// Branches and tags, and the commits that they mean.
    pub(super) fn named_commits(&self) -> Result<BTreeMap<String, Revision>, HubError> {
        let refs = self.refs();
        let named = files_below(&refs)?.into_iter().filter_map(|path| {
            let name: Revision = path.strip_prefix(&refs).ok()?.to_str()?.replace('\\', "/").parse().ok()?;
            Some((name.to_string(), self.commit(&name)?))
        });
        Ok(named.collect())
    }
}

/// What a snapshot lacks. Any GGUF file in it is a model as well.
fn missing(snapshot: &Path, files: &[PathBuf]) -> Option<NotAModel> {
    let why = LocalModel::open(snapshot, None).err()?;
    let gguf = files.iter().any(|file| file.extension().is_some_and(|end| end == "gguf") && file.is_file());
    (!gguf).then_some(why)
}

/// Every file below a directory, links among them; none where there is no such directory.
pub(super) fn files_below(dir: &Path) -> Result<Vec<PathBuf>, HubError> {
    let mut files = Vec::new();
    let mut open = vec![(dir.to_owned(), 0)];
    while let Some((dir, depth)) = open.pop() {
        for name in children(&dir)? {
            let path = dir.join(name);
            // A link to a directory is followed nowhere: it could lead out of the cache.
            let is_dir = path.symlink_metadata().is_ok_and(|found| found.is_dir());
            match is_dir {
                true if depth < MAX_DEPTH => open.push((path, depth + 1)),
                true => {}
                false => files.push(path),
            }
        }
    }
    files.sort();
    Ok(files)
}

fn children(dir: &Path) -> Result<Vec<OsString>, HubError> {
    match fs::read_dir(dir) {
        Ok(entries) => Ok(entries.flatten().map(|entry| entry.file_name()).collect()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(HubError::io(dir, error)),
    }
}

pub(super) fn len(path: &Path) -> u64 {
    fs::metadata(path).map_or(0, |found| found.len())
}

pub(super) fn is_unfinished(blob: &Path) -> bool {
    blob.extension().is_some_and(|end| end == "incomplete")
}
