//! A Redis or Valkey that all gateways share. It is asked within a limit of time, never trusted, and left alone for a
//! while when it fails: no request fails because of it, and none takes longer than the limit.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, RedisError, aio::MultiplexedConnection};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;

use super::{
    config::CacheConfig,
    key::{Key, SCHEMA},
};
use crate::summary::Summary;

/// Largest value, in bytes. A summary of five sentences with its spans has about 2,000.
const MAX_VALUE: usize = 256 << 10;
/// How long it is left alone after a failure.
const REST: Duration = Duration::from_secs(5);

/// The shared cache. Clones share one connection.
#[derive(Debug, Clone)]
pub(super) struct Shared {
    client: Client,
    limit: Duration,
    age: Duration,
    state: Arc<Mutex<State>>,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<Connection>,
    /// Whether the last use failed, and until when it rests.
    rests_until: Option<Instant>,
}

#[derive(Clone)]
struct Connection(MultiplexedConnection);

impl std::fmt::Debug for Connection {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Connection")
    }
}

/// A summary as it is kept.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry<S> {
    schema: u32,
    summary: S,
}

/// Why the shared cache did not do its part.
#[derive(Debug, thiserror::Error)]
enum Failure {
    #[error("it did not answer within {0:?}")]
    Slow(Duration),
    #[error("{0}")]
    Broken(#[from] RedisError),
}

impl Shared {
    /// None where none is configured, or nothing is to be kept. Connects when it is first used.
    pub(super) fn new(config: &CacheConfig) -> Option<Self> {
        let info = config.shared.connection().filter(|_| !config.summary_age.is_zero())?;
        let client = Client::open(info.clone())
            .inspect_err(|error| tracing::error!(%error, "the shared cache can't be used"))
            .ok()?;
        let (limit, age) = (config.cache_timeout, config.summary_age);
        Some(Self { client, limit, age, state: Arc::default() })
    }

    /// What is kept under this key, if it is a summary.
    pub(super) async fn get(&self, key: &Key) -> Option<Summary> {
        // The server sends no more than this, whatever it holds.
        let mut command = redis::cmd("GETRANGE");
        command.arg(name(key)).arg(0).arg(MAX_VALUE);
        let value: Vec<u8> = self.ask(command).await?;
        if value.is_empty() || value.len() > MAX_VALUE {
            return None;
        }
        match serde_json::from_slice::<Entry<Summary>>(&value) {
            Ok(Entry { schema: SCHEMA, summary }) => Some(summary),
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(%error, %key, "the shared cache holds what is no summary");
                None
            }
        }
    }

    /// Keeps a summary, unless it is too large.
    pub(super) async fn put(&self, key: &Key, summary: &Summary) {
        let Ok(value) = serde_json::to_vec(&Entry { schema: SCHEMA, summary }) else { return };
        if value.len() > MAX_VALUE {
            return;
        }
        let age = u64::try_from(self.age.as_millis()).unwrap_or(u64::MAX).clamp(1, i64::MAX as u64 / 2);
        let mut command = redis::cmd("SET");
        command.arg(name(key)).arg(value).arg("PX").arg(age);
        self.ask::<()>(command).await;
    }

    /// Its answer, if it is well, and there in time.
    async fn ask<T: FromRedisValue>(&self, command: Cmd) -> Option<T> {
        if !self.may_ask() {
            return None;
        }
        let asked = timeout(self.limit, async {
            let mut connection = self.connection().await?;
            connection
                .send_packed_command(&command)
                .await
                .and_then(|value| Ok(redis::from_redis_value(value)?))
        });
        let answer = match asked.await {
            Ok(Ok(answer)) => Ok(answer),
            Ok(Err(error)) => Err(Failure::Broken(error)),
            Err(_) => Err(Failure::Slow(self.limit)),
        };
        self.learn(answer.as_ref().err());
        answer.ok()
    }

    /// The one who finds its rest over tries; the others go on without until that one knows.
    fn may_ask(&self) -> bool {
        let mut state = self.lock();
        match state.rests_until {
            Some(until) if Instant::now() < until => false,
            Some(_) => {
                state.rests_until = Some(Instant::now() + REST);
                true
            }
            None => true,
        }
    }

    fn learn(&self, failure: Option<&Failure>) {
        let mut state = self.lock();
        let was_well = state.rests_until.is_none();
        match failure {
            None => state.rests_until = None,
            Some(_) => *state = State { connection: None, rests_until: Some(Instant::now() + REST) },
        }
        drop(state);
        match failure {
            Some(error) if was_well => tracing::warn!(%error, "the shared cache fails; summaries do without"),
            None if !was_well => tracing::info!("the shared cache is back"),
            Some(_) | None => {}
        }
    }

    async fn connection(&self) -> Result<MultiplexedConnection, RedisError> {
        if let Some(Connection(connection)) = self.lock().connection.clone() {
            return Ok(connection);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.limit))
            .set_response_timeout(Some(self.limit));
        let connection = self.client.get_multiplexed_async_connection_with_config(&config).await?;
        self.lock().connection = Some(Connection(connection.clone()));
        Ok(connection)
    }

    /// No change can panic halfway.
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Of another form, another name: gateways of two versions never read each other's entries.
fn name(key: &Key) -> String {
    format!("nutgraf:summary:{SCHEMA}:{key}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shared() -> Shared {
        let shared = "redis://127.0.0.1:1".parse().unwrap();
        Shared::new(&CacheConfig { shared, ..CacheConfig::default() }).unwrap()
    }

    #[test]
    fn after_a_failure_it_rests_and_then_one_caller_tries() {
        let shared = shared();
        shared.learn(Some(&Failure::Slow(REST)));
        assert!(!shared.may_ask());
        shared.lock().rests_until = Some(Instant::now());
        assert_eq!([shared.may_ask(), shared.may_ask()], [true, false]);
        shared.learn(None);
        assert!(shared.may_ask() && shared.may_ask());
    }

    #[test]
    fn nothing_is_shared_without_an_address_or_an_age() {
        assert!(Shared::new(&CacheConfig::default()).is_none());
        let shared = "redis://127.0.0.1:1".parse().unwrap();
        assert!(
            Shared::new(&CacheConfig { shared, summary_age: Duration::ZERO, ..CacheConfig::default() })
                .is_none()
        );
    }
}
