//! What a retry and the balancer tell each other: an extension of the request.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

use super::turn::Turn;

/// One try of a call: replicas that must not get it, and the one that did. As a request's extension it goes to the
/// balanced channel; clones are the same try.
#[derive(Debug, Clone, Default)]
pub struct Attempt {
    avoid: Arc<[SocketAddr]>,
    tells: bool,
    turn: Arc<OnceLock<Turn>>,
}

impl Attempt {
    /// A try that goes to none of `tried`.
    pub fn avoiding(tried: &[SocketAddr]) -> Self {
        Self { avoid: tried.into(), ..Self::default() }
    }

    /// The same, of a stream whose first message says nothing about the work: its caller says when that is seen, by
    /// [`worked`](Self::worked). How long it takes until then is the replica's latency; without this it is how long the
    /// headers take.
    pub fn telling(self) -> Self {
        Self { tells: true, ..self }
    }

    /// The first of the replica's work is there; later words change nothing.
    pub fn worked(&self) {
        if let Some(turn) = self.turn.get() {
            turn.answered(None);
        }
    }

    /// Who got it; None before, or where nobody was there.
    pub fn picked(&self) -> Option<SocketAddr> {
        self.turn.get().map(Turn::address)
    }

    pub(super) fn avoids(&self, address: SocketAddr) -> bool {
        self.avoid.contains(&address)
    }

    pub(super) fn tells(&self) -> bool {
        self.tells
    }

    pub(super) fn went_to(&self, turn: &Turn) {
        // A try is made once; whoever sends it again is told of the first time.
        let _ = self.turn.set(turn.clone());
    }
}
