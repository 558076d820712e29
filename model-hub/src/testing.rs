//! A hub on a free port, and the storage behind it on another: they speak the protocol, and misbehave on command.

use std::{
    collections::{BTreeMap, VecDeque},
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use axum::Router;
use bytes::Bytes;
use tokio::{net::TcpListener, task::AbortHandle};
use url::Url;

mod answers;
mod content;

pub use content::{Kind, commit_of, model_files};
use content::{Stored, digest_of};

/// How the next `GET` of a file goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection breaks after so many bytes.
    CutAfter(usize),
    /// Nothing comes any more after so many bytes.
    StallAfter(usize),
    /// One bit is another.
    Damage,
    /// `Range` is ignored.
    WholeAlways,
    /// More bytes than were announced, and no length.
    Oversize,
    /// This status, and `Retry-After` in seconds.
    Status(u16, Option<u64>),
}

/// A request as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// `GET` or `HEAD`.
    pub method: String,
    /// Path and query.
    pub path: String,
    /// Whether the storage was asked, not the hub.
    pub storage: bool,
    /// `Authorization`.
    pub authorization: Option<String>,
    /// `Range`.
    pub range: Option<String>,
}

/// A hub that is served until it is dropped.
#[derive(Debug)]
pub struct TestHub {
    hub: SocketAddr,
    state: Shared,
    tasks: [AbortHandle; 2],
}

type Shared = Arc<State>;

#[derive(Debug)]
struct State {
    storage: SocketAddr,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    repos: BTreeMap<String, Repo>,
    faults: BTreeMap<String, VecDeque<Fault>>,
    seen: Vec<Seen>,
    /// A size that is announced in place of the true one.
    announced: BTreeMap<String, u64>,
    no_checksums: bool,
    /// Old names of repositories.
    renamed: BTreeMap<String, String>,
}

#[derive(Debug, Default)]
struct Repo {
    gate: Option<String>,
    revisions: BTreeMap<String, String>,
    commits: BTreeMap<String, BTreeMap<String, Stored>>,
}

impl TestHub {
    /// Starts an empty hub.
    ///
    /// # Errors
    ///
    /// When there are no free ports.
    pub async fn start() -> io::Result<Self> {
        let (hub, storage) = (listener().await?, listener().await?);
        let state = Arc::new(State { storage: storage.local_addr()?, inner: Mutex::default() });
        let address = hub.local_addr()?;
        let tasks = [
            serve(hub, answers::hub_router(Arc::clone(&state))),
            serve(storage, answers::storage_router(Arc::clone(&state))),
        ];
        Ok(Self { hub: address, state, tasks })
    }

    /// Its address, for `HF_ENDPOINT`.
    pub fn address(&self) -> String {
        format!("http://{}", self.hub)
    }

    /// The same as a URL, for a config.
    ///
    /// # Errors
    ///
    /// Never, as addresses of sockets make URLs.
    pub fn endpoint(&self) -> Result<Url, url::ParseError> {
        self.address().parse()
    }

    /// Makes a commit of these files the one that `revision` of `repo` means; gives its name.
    pub fn publish(&self, repo: &str, revision: &str, files: &[(&str, Bytes)]) -> String {
        let commit = commit_of(files);
        let stored = files.iter().map(|(name, bytes)| ((*name).to_owned(), Stored::new(name, bytes.clone())));
        let mut inner = self.state.inner();
        let repo = inner.repos.entry(repo.to_owned()).or_default();
        repo.commits.insert(commit.clone(), stored.collect());
        repo.revisions.insert(revision.to_owned(), commit.clone());
        commit
    }

    /// Lets only those into `repo` who send this token.
    pub fn gate(&self, repo: &str, token: &str) {
        self.state.inner().repos.entry(repo.to_owned()).or_default().gate = Some(token.to_owned());
    }

    /// Makes the next `GET` of `file` (of the list of files, where it is empty) go wrong; those after it by the faults
    /// that are added later.
    pub fn fail(&self, file: &str, fault: Fault) {
        self.state.inner().faults.entry(file.to_owned()).or_default().push_back(fault);
    }

    /// Announces another size of `file` than it has.
    pub fn announce(&self, file: &str, size: u64) {
        self.state.inner().announced.insert(file.to_owned(), size);
    }

    /// Redirects whoever asks for the repository `old` to `new`.
    pub fn rename(&self, old: &str, new: &str) {
        self.state.inner().renamed.insert(old.to_owned(), new.to_owned());
    }

    /// Sends ETags that are no checksums, as some mirrors do.
    pub fn hide_checksums(&self) {
        self.state.inner().no_checksums = true;
    }

    /// The requests that came since the last call.
    pub fn take_seen(&self) -> Vec<Seen> {
        std::mem::take(&mut self.state.inner().seen)
    }

    /// The checksum that names a file's blob.
    pub fn etag(name: &str, bytes: &[u8]) -> String {
        digest_of(Kind::of(name), bytes)
    }
}

impl Drop for TestHub {
    fn drop(&mut self) {
        self.tasks.iter().for_each(AbortHandle::abort);
    }
}

impl State {
    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

async fn listener() -> io::Result<TcpListener> {
    TcpListener::bind(("127.0.0.1", 0)).await
}

fn serve(listener: TcpListener, router: Router) -> AbortHandle {
    tokio::spawn(async move { axum::serve(listener, router).await }).abort_handle()
}
