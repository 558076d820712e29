//! What can go wrong, in words for whoever asked for the model: each message says what to do next.

use std::{io, path::PathBuf, time::Duration};

use crate::{
    reference::{FileName, RepoId, Revision},
    selection::NotAModel,
    size::Size,
};

/// Why there is no model, or no answer of the hub.
#[derive(Debug, thiserror::Error)]
pub enum HubError {
    /// Settings that make no sense.
    #[error("{0}")]
    Config(String),
    /// 404, or 401 without a token, for a whole repository.
    #[error(
        "there is no model {repo} on {hub}: check the spelling; if it is private, set HF_TOKEN to a token that may \
         read it"
    )]
    RepoNotFound {
        /// What was asked for.
        repo: RepoId,
        /// Who was asked.
        hub: String,
    },
    /// 404 for a branch, tag or commit.
    #[error(
        "{repo} has no revision {revision}: leave it out for the newest, or name a branch, tag or commit"
    )]
    RevisionNotFound {
        /// Where it was looked for.
        repo: RepoId,
        /// What was asked for.
        revision: Revision,
    },
    /// 404 for one file.
    #[error("{repo} has no file {file}")]
    FileNotFound {
        /// Where it was looked for.
        repo: RepoId,
        /// What was asked for.
        file: FileName,
    },
    /// 401.
    #[error(
        "{hub} wants to know who asks for {repo}: make a token with the right to read in your account there, and set \
         HF_TOKEN to it (one that is set already is not accepted)"
    )]
    Unauthorized {
        /// What was asked for.
        repo: RepoId,
        /// Who was asked.
        hub: String,
    },
    /// 403, or any refusal of a gated repository.
    #[error(
        "{repo} is gated: accept its conditions on {hub}, then set HF_TOKEN to a token of that account which may read \
         gated models"
    )]
    Gated {
        /// What was asked for.
        repo: RepoId,
        /// Who was asked.
        hub: String,
    },
    /// 429.
    #[error("{hub} asks for a rest of {}: try again after it, or with HF_TOKEN set", rest(*.retry_after))]
    RateLimited {
        /// Who was asked.
        hub: String,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// 5xx, after all attempts.
    #[error("{hub} fails with status {status}: try again later; what has arrived is kept")]
    Server {
        /// Who was asked.
        hub: String,
        /// The HTTP status.
        status: u16,
        /// How long it asks us to wait.
        retry_after: Option<Duration>,
    },
    /// No connection, or one that broke, after all attempts.
    #[error(
        "{hub} can't be reached ({cause}): check the network, HF_ENDPOINT and the proxy; what has arrived is kept"
    )]
    Unreachable {
        /// Who was asked.
        hub: String,
        /// The errors underneath.
        cause: String,
    },
    /// Nothing came for too long, after all attempts.
    #[error("{hub} sent nothing for {} s: try again later; what has arrived is kept", .patience.as_secs_f32())]
    Stalled {
        /// Who was asked.
        hub: String,
        /// How long we waited.
        patience: Duration,
    },
    /// An answer that is not the protocol's.
    #[error("{hub} does not answer as a hub does: {what}; check HF_ENDPOINT")]
    Protocol {
        /// Who was asked.
        hub: String,
        /// What was wrong.
        what: String,
    },
    /// More bytes than allowed or announced.
    #[error("{what} is larger than {limit}: it was not kept")]
    TooLarge {
        /// What was too large.
        what: String,
        /// The limit.
        limit: Size,
    },
    /// The bytes that arrived are not those that were announced.
    #[error(
        "{file} arrived damaged twice (its checksum is {actual}, not {expected}): something on the way changes it, \
         perhaps a proxy or a mirror"
    )]
    Checksum {
        /// Which file.
        file: FileName,
        /// As the hub says it.
        expected: String,
        /// As computed here.
        actual: String,
    },
    /// Seen before the download.
    #[error(
        "the download needs {need} and {} has {free}: make room (`nutgraf model list`), or set HF_HOME to a larger disk",
        .folder.display()
    )]
    DiskTooSmall {
        /// Bytes still to come.
        need: Size,
        /// Bytes free.
        free: Size,
        /// Where.
        folder: PathBuf,
    },
    /// Seen during it.
    #[error("the disk of {} is full: make room and start again, what has arrived is kept", .0.display())]
    DiskFull(PathBuf),
    /// The file system refused.
    #[error("{}: {source}", .path.display())]
    Io {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another process holds a file, and does nothing with it.
    #[error("another process downloads {what} and makes no progress: end it, then start again")]
    Locked {
        /// Which file.
        what: String,
    },
    /// Another process needs what should be removed.
    #[error("{0} is being downloaded right now: end that first")]
    InUse(RepoId),
    /// Not here, and we must not ask.
    #[error(
        "{model} is not on this machine, and the hub must not be asked (HF_HUB_OFFLINE): fetch it with `nutgraf model \
         pull {model}` while there is a network"
    )]
    Offline {
        /// What was asked for.
        model: String,
    },
    /// Nothing of it is here.
    #[error("{model} is not on this machine: fetch it with `nutgraf model pull {model}`")]
    NotCached {
        /// What was asked for.
        model: String,
    },
    /// Part of it is here.
    #[error("{model} is not all here ({why}): fetch the rest with `nutgraf model pull {model}`")]
    Incomplete {
        /// What was asked for.
        model: String,
        /// What is missing.
        why: NotAModel,
    },
    /// A repository or directory that holds no model that can be used.
    #[error("{model} can't be used: {why}")]
    NotAModel {
        /// What was asked for.
        model: String,
        /// What is missing.
        why: NotAModel,
    },
}

/// Whether the same request may go better the next time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Again {
    /// No.
    Never,
    /// After a pause of our choice.
    Soon,
    /// After the pause that the hub asks for.
    After(Duration),
}

impl HubError {
    pub(crate) fn io(path: impl Into<PathBuf>, source: io::Error) -> Self {
        let path = path.into();
        match source.kind() {
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                Self::DiskFull(path.parent().unwrap_or(&path).to_owned())
            }
            _ => Self::Io { path, source },
        }
    }

    pub(crate) fn again(&self) -> Again {
        match self {
            Self::RateLimited { retry_after, .. } | Self::Server { retry_after, .. } => {
                retry_after.map_or(Again::Soon, Again::After)
            }
            Self::Unreachable { .. } | Self::Stalled { .. } => Again::Soon,
            _ => Again::Never,
        }
    }
}

fn rest(wait: Option<Duration>) -> String {
    wait.map_or_else(|| "unknown length".to_owned(), |wait| format!("{} s", wait.as_secs()))
}
