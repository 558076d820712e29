//! Calls at random distances that wait for nobody.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use rand::RngExt as _;
use tokio::{
    sync::oneshot,
    task::{JoinHandle, JoinSet},
    time::sleep_until,
};

use super::target::Target;
use crate::BenchError;

/// A call that has ended.
#[derive(Debug, Clone)]
pub(super) struct Call {
    /// When it began, since the start of the load.
    pub(super) at: Duration,
    pub(super) took: Duration,
    /// The replica's name, or what went wrong.
    pub(super) result: Result<String, String>,
}

/// Calls under way.
pub(super) struct Load {
    began: Instant,
    stop: oneshot::Sender<()>,
    calls: JoinHandle<Vec<Call>>,
}

impl Load {
    pub(super) fn start(target: Arc<Target>, rate: f64) -> Self {
        let (stop, stopped) = oneshot::channel();
        let began = Instant::now();
        Self { began, stop, calls: tokio::spawn(calls(target, rate, began, stopped)) }
    }

    pub(super) fn elapsed(&self) -> Duration {
        self.began.elapsed()
    }

    /// Waits for the calls that are under way, and gives all.
    pub(super) async fn stop(self) -> Result<Vec<Call>, BenchError> {
        let _ = self.stop.send(());
        self.calls.await.map_err(|error| BenchError::Unexpected(error.to_string()))
    }
}

async fn calls(
    target: Arc<Target>,
    rate: f64,
    began: Instant,
    mut stopped: oneshot::Receiver<()>,
) -> Vec<Call> {
    let (mut tasks, mut ended, mut next) = (JoinSet::new(), Vec::new(), Duration::ZERO);
    let first = rand::rng().random_range(0..1_000_000_000);
    for number in first.. {
        // Distances of a Poisson process are exponential.
        next += Duration::from_secs_f64(-rand::rng().random_range(f64::MIN_POSITIVE..1.0).ln() / rate);
        tokio::select! {
            () = sleep_until((began + next).into()) => {}
            _ = &mut stopped => break,
        }
        let target = Arc::clone(&target);
        tasks.spawn(async move {
            let (at, asked) = (began.elapsed(), Instant::now());
            let result = target.call(number).await;
            Call { at, took: asked.elapsed(), result }
        });
        while let Some(Ok(call)) = tasks.try_join_next() {
            ended.push(call);
        }
    }
    ended.extend(tasks.join_all().await);
    ended
}
