//! When each replica got its calls, by a look at the channel again and again.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use tokio::time::interval;
use tokio_util::task::AbortOnDropHandle;

use super::target::Target;

const EVERY: Duration = Duration::from_millis(20);

/// Times, since the start, at which a replica was seen to have got calls.
pub(super) type Seen = BTreeMap<IpAddr, Vec<Duration>>;

pub(super) struct Watch {
    seen: Arc<Mutex<Seen>>,
    _task: Option<AbortOnDropHandle<()>>,
}

impl Watch {
    pub(super) fn start(target: &Target) -> Self {
        let seen = Arc::new(Mutex::new(Seen::new()));
        let mut given = target.given();
        let look = target.channel().map(|channel| {
            let (seen, began) = (Arc::clone(&seen), Instant::now());
            AbortOnDropHandle::new(tokio::spawn(async move {
                let mut beat = interval(EVERY);
                loop {
                    beat.tick().await;
                    for replica in channel.replicas() {
                        let before = given.insert(replica.address.ip(), replica.calls).unwrap_or_default();
                        if replica.calls > before {
                            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
                            seen.entry(replica.address.ip()).or_default().push(began.elapsed());
                        }
                    }
                }
            }))
        });
        Self { seen, _task: look }
    }

    pub(super) fn stop(self) -> Seen {
        std::mem::take(&mut self.seen.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
