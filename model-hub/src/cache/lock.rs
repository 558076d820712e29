//! Locks between processes, on the same files and in the same way (`flock`) as Hugging Face's own programs.

use std::{
    fs::{File, OpenOptions, TryLockError},
    path::Path,
    time::Duration,
};

use tokio::time::{Instant, sleep};

use crate::{cache::create_parent, error::HubError};

/// Between two looks at a lock that somebody else holds.
const LOOK: Duration = Duration::from_millis(100);

/// A lock that is held until it is dropped, or its process ends.
#[derive(Debug)]
pub(crate) struct FileLock {
    _file: File,
}

impl FileLock {
    /// The lock, or `None` while somebody else holds it.
    pub(crate) fn try_acquire(path: &Path) -> Result<Option<Self>, HubError> {
        create_parent(path)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map_err(|error| HubError::io(path, error))?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _file: file })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(HubError::io(path, error)),
        }
    }

    /// Waits for the lock for as long as whoever holds it gets on with the file at `growing`; at most `patience` without.
    pub(crate) async fn acquire(
        path: &Path,
        growing: &Path,
        patience: Duration,
        mut on_wait: impl FnMut(),
    ) -> Result<Self, HubError> {
        let size = || std::fs::metadata(growing).map_or(0, |file| file.len());
        let (mut seen, mut since) = (size(), Instant::now());
        loop {
            if let Some(lock) = Self::try_acquire(path)? {
                return Ok(lock);
            }
            on_wait();
            let now = size();
            if now != seen {
                (seen, since) = (now, Instant::now());
            }
            if since.elapsed() >= patience {
                let what = growing.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                return Err(HubError::Locked { what });
            }
            sleep(LOOK.min(patience)).await;
        }
    }
}
