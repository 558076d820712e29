//! Reads the file of sources again whenever it changes.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use tokio::time::{MissedTickBehavior, interval};

use super::{InvalidSources, Sources};

/// How often the file is looked at: a look costs one system call, and works on every file system and for links that are
/// swapped, as Kubernetes does it.
const EVERY: Duration = Duration::from_secs(1);

/// What tells one version of a file from another; None where there is no file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Stamp(Option<(Option<SystemTime>, u64)>);

impl Stamp {
    /// The version that is there now.
    pub(crate) fn of(path: &Path) -> Self {
        Self(fs::metadata(path).ok().map(|metadata| (metadata.modified().ok(), metadata.len())))
    }
}

/// Hands each good version after `known` to `take`, which may refuse it. Never ends.
pub(crate) async fn follow(
    path: PathBuf,
    mut known: Stamp,
    take: impl Fn(Sources) -> Result<(), InvalidSources>,
) {
    let mut ticks = interval(EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        ticks.tick().await;
        let now = Stamp::of(&path);
        // A file that is gone is about to be replaced.
        if now == Stamp(None) || now == known {
            continue;
        }
        known = now;
        match read(&path).and_then(&take) {
            Ok(()) => tracing::info!(path = %path.display(), "the sources changed and were read again"),
            Err(problems) => {
                tracing::error!(path = %path.display(), %problems, "the sources changed, but can't be used; the last good ones stay");
            }
        }
    }
}

/// Reads a file of sources. Blocks for as long as a small file takes.
pub(crate) fn read(path: &Path) -> Result<Sources, InvalidSources> {
    let text = fs::read_to_string(path);
    text.map_err(|error| InvalidSources(vec![format!("{}: {error}", path.display())]))?.parse()
}
