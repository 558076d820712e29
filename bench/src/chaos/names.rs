//! What name resolution says: a list that the script changes, in this process and in a hosts file.

use std::{
    collections::BTreeSet,
    fs, io,
    net::{IpAddr, SocketAddr},
    path::PathBuf,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use futures::{FutureExt as _, future::BoxFuture};
use service_kit::grpc::Resolver;

/// The name that the hosts file has.
pub(super) const NAME: &str = "summarizer.chaos";
/// The port of every replica.
pub(super) const PORT: u16 = 50052;

/// What is named. Clones are the same.
#[derive(Debug, Clone, Default)]
pub(super) struct Names(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    addresses: BTreeSet<IpAddr>,
    lost: bool,
    hosts: Option<PathBuf>,
}

impl Names {
    pub(super) fn add(&self, address: IpAddr) {
        self.change(|state| state.addresses.insert(address));
    }

    pub(super) fn remove(&self, address: IpAddr) {
        self.change(|state| state.addresses.remove(&address));
    }

    /// Whether nothing can be resolved.
    pub(super) fn lose(&self, lost: bool) {
        self.change(|state| std::mem::replace(&mut state.lost, lost));
    }

    /// Keeps a hosts file as well.
    pub(super) fn write_to(&self, hosts: PathBuf) {
        self.change(|state| state.hosts.replace(hosts).is_none());
    }

    fn change(&self, act: impl FnOnce(&mut State) -> bool) {
        let mut state = self.lock();
        act(&mut state);
        let line = |address: &IpAddr| format!("{address} {NAME}\n");
        let text: String =
            if state.lost { String::new() } else { state.addresses.iter().map(line).collect() };
        if let Some(hosts) = &state.hosts {
            // In place: whoever has it mounted has this file.
            if let Err(error) = fs::write(hosts, text) {
                complain(&error);
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[expect(clippy::print_stderr, reason = "a benchmark says what went wrong")]
fn complain(error: &io::Error) {
    eprintln!("the hosts file can't be written: {error}");
}

impl Resolver for Names {
    fn resolve(&self) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>> {
        let state = self.lock();
        let found = if state.lost {
            Err(io::ErrorKind::TimedOut.into())
        } else {
            Ok(state.addresses.iter().map(|address| SocketAddr::new(*address, PORT)).collect())
        };
        async { found }.boxed()
    }
}
