//! The replicas that there are now, and a place at one of them.

use std::{
    collections::BTreeSet,
    net::SocketAddr,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use http::uri::PathAndQuery;
use tokio::{
    sync::watch,
    time::{Instant, timeout},
};

use super::{
    attempt::Attempt,
    pick::{Offer, best},
    replica::{Replica, ReplicaState},
    turn::Place,
};

pub(super) struct Replicas {
    list: Mutex<Vec<Arc<Replica>>>,
    turn: AtomicUsize,
    changed: watch::Sender<()>,
}

impl Replicas {
    pub(super) fn new() -> Self {
        Self { list: Mutex::default(), turn: AtomicUsize::new(0), changed: watch::Sender::new(()) }
    }

    /// Makes `addresses` the ones that there are. Tells which are new. Those that are gone get no more calls, and keep
    /// their connection until the last one has ended.
    pub(super) fn set(&self, addresses: &BTreeSet<SocketAddr>) -> Vec<Arc<Replica>> {
        let mut list = self.lock();
        list.retain(|replica| addresses.contains(&replica.address));
        let known: BTreeSet<SocketAddr> = list.iter().map(|replica| replica.address).collect();
        let new = addresses.difference(&known);
        let new: Vec<_> = new.map(|address| Arc::new(Replica::new(*address, self.changed.clone()))).collect();
        list.extend(new.iter().cloned());
        drop(list);
        self.changed.send_replace(());
        new
    }

    /// A place at the best replica; waits for one up to `patience`.
    pub(super) async fn place(
        &self,
        method: &PathAndQuery,
        attempt: &Attempt,
        patience: Duration,
    ) -> Option<Place> {
        let until = Instant::now() + patience;
        let mut changed = self.changed.subscribe();
        loop {
            if let Some(place) = self.pick(method, attempt) {
                return Some(place);
            }
            let now = Instant::now();
            let left = until.saturating_duration_since(now);
            if left.is_zero() {
                return None;
            }
            let back = self.lock().iter().filter_map(|replica| replica.back_in(now)).min();
            // Whatever comes first: all of it leads to another look.
            let _ = timeout(back.unwrap_or(left).min(left), changed.changed()).await;
        }
    }

    /// To how many a call could go that were not tried.
    pub(super) fn others_than(&self, tried: &[SocketAddr]) -> usize {
        let (now, method) = (Instant::now(), PathAndQuery::from_static("/"));
        let list = self.lock();
        let others = list.iter().filter(|replica| !tried.contains(&replica.address));
        others.filter(|replica| replica.offer(&method, now).is_some()).count()
    }

    pub(super) fn subscribe(&self) -> watch::Receiver<()> {
        self.changed.subscribe()
    }

    pub(super) fn snapshot(&self) -> Vec<ReplicaState> {
        let now = Instant::now();
        self.lock().iter().map(|replica| replica.snapshot(now)).collect()
    }

    /// Picks with the list locked, so that two calls see each other.
    fn pick(&self, method: &PathAndQuery, attempt: &Attempt) -> Option<Place> {
        let now = Instant::now();
        let list = self.lock();
        let offer = |replica: &Arc<Replica>| {
            if attempt.avoids(replica.address) { None } else { replica.offer(method, now) }
        };
        let offers: Vec<Option<Offer>> = list.iter().map(offer).collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        let replica = list.get(best(&offers, turn)?)?;
        Some(Place::at(Arc::clone(replica), method))
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Arc<Replica>>> {
        self.list.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
