//! Keeps the replicas true: who is there, by name, and who serves, by health.
#![expect(clippy::disallowed_types, reason = "the edge itself")]

use std::{
    collections::{BTreeSet, HashMap},
    net::SocketAddr,
    sync::Arc,
    time::Duration,
};

use tokio::time::{MissedTickBehavior, interval, sleep, timeout};
use tokio_util::task::AbortOnDropHandle;
use tonic::{Status, Streaming};
use tonic_health::pb::{
    HealthCheckRequest, HealthCheckResponse, health_check_response::ServingStatus,
    health_client::HealthClient,
};

use super::{
    replica::{Replica, ReplicaHealth},
    replicas::Replicas,
    resolver::Resolver,
};

/// How often the name is asked for.
const RESOLVE: Duration = Duration::from_secs(1);
/// How long a replica may take to say how it is; later on, the connection's pings tell.
const FIRST_WORD: Duration = Duration::from_secs(3);
/// The first pause before a replica that says nothing is asked again, and the longest: as long as a call waits for one.
const PAUSE: (Duration, Duration) = (Duration::from_millis(100), Duration::from_secs(1));

/// Resolves again and again, for ever. Dropping the future ends all that it started.
pub(super) async fn names(replicas: Arc<Replicas>, resolver: Arc<dyn Resolver>, service: &'static str) {
    let mut followed: HashMap<SocketAddr, AbortOnDropHandle<()>> = HashMap::new();
    let mut ticks = interval(RESOLVE);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let (mut before, mut failed) = (BTreeSet::new(), false);
    loop {
        ticks.tick().await;
        let found: BTreeSet<SocketAddr> = match resolver.resolve().await {
            Ok(found) => found.into_iter().collect(),
            Err(error) => {
                tracing::debug!(service, %error, "no addresses");
                BTreeSet::new()
            }
        };
        // A name server that fails, or that knows nobody for a moment, must not take anybody's work away.
        if found.is_empty() != failed {
            failed = found.is_empty();
            tracing::info!(service, failed, "name resolution; the last addresses are kept while it fails");
        }
        if failed || found == before {
            continue;
        }
        tracing::info!(service, addresses = ?found, "replicas");
        for replica in replicas.set(&found) {
            let task = tokio::spawn(health(Arc::clone(&replica)));
            followed.insert(replica.address, AbortOnDropHandle::new(task));
        }
        followed.retain(|address, _| found.contains(address));
        before = found;
    }
}

/// Watches one replica's health, for ever.
async fn health(replica: Arc<Replica>) {
    let mut pause = PAUSE.0;
    loop {
        let served = watch(&replica).await;
        replica.is(ReplicaHealth::Unreachable);
        pause = if served { PAUSE.0 } else { (pause * 2).min(PAUSE.1) };
        sleep(pause).await;
    }
}

/// Watches until the stream ends, however it does. Tells whether the replica has served.
async fn watch(replica: &Replica) -> bool {
    let mut client = HealthClient::new(replica.channel.clone());
    let watching = async {
        let mut statuses = client.watch(HealthCheckRequest::default()).await?.into_inner();
        let first = statuses.message().await?;
        Ok::<_, Status>((statuses, first))
    };
    let Ok(Ok((statuses, Some(first)))) = timeout(FIRST_WORD, watching).await else { return false };
    follow(replica, statuses, &first).await
}

async fn follow(
    replica: &Replica,
    mut statuses: Streaming<HealthCheckResponse>,
    first: &HealthCheckResponse,
) -> bool {
    let mut status = first.status();
    let mut served = false;
    loop {
        let health =
            if status == ServingStatus::Serving { ReplicaHealth::Serving } else { ReplicaHealth::NotServing };
        served |= health == ReplicaHealth::Serving;
        replica.is(health);
        match statuses.message().await {
            Ok(Some(next)) => status = next.status(),
            Ok(None) | Err(_) => return served,
        }
    }
}
