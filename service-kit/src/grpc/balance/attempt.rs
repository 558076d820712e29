//! What a retry and the balancer tell each other: an extension of the request.

use std::{
    net::SocketAddr,
    sync::{Arc, OnceLock},
};

/// One try of a call: replicas that must not get it, and the one that did. As a request's extension it goes to the
/// balanced channel; clones are the same try.
#[derive(Debug, Clone, Default)]
pub struct Attempt {
    avoid: Arc<[SocketAddr]>,
    picked: Arc<OnceLock<SocketAddr>>,
}

impl Attempt {
    /// A try that goes to none of `tried`.
    pub fn avoiding(tried: &[SocketAddr]) -> Self {
        Self { avoid: tried.into(), picked: Arc::default() }
    }

    /// Who got it; None before, or where nobody was there.
    pub fn picked(&self) -> Option<SocketAddr> {
        self.picked.get().copied()
    }

    pub(super) fn avoids(&self, address: SocketAddr) -> bool {
        self.avoid.contains(&address)
    }

    pub(super) fn went_to(&self, address: SocketAddr) {
        // A try is made once; whoever sends it again is told of the first time.
        let _ = self.picked.set(address);
    }
}
