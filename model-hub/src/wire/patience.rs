//! How often and when a request is made again.

use std::time::Duration;

use backon::{BackoffBuilder as _, ExponentialBackoff, ExponentialBuilder};
use tokio::time::sleep;

use crate::{
    config::Limits,
    error::{Again, HubError},
};

/// The attempts that are left, and the pauses before them: they double, with jitter so that many who failed together
/// don't come back together.
#[derive(Debug)]
pub(crate) struct Patience<'a> {
    limits: &'a Limits,
    pauses: ExponentialBackoff,
}

impl<'a> Patience<'a> {
    pub(crate) fn new(limits: &'a Limits) -> Self {
        Self { limits, pauses: pauses(limits) }
    }

    /// Starts anew, because the last attempt brought something.
    pub(crate) fn renew(&mut self) {
        self.pauses = pauses(self.limits);
    }

    /// Waits before the next attempt; gives the error back where there is none.
    pub(crate) async fn bear(&mut self, error: HubError) -> Result<(), HubError> {
        let again = error.again();
        let pause: Option<Duration> = match again {
            Again::Never => None,
            Again::Soon => self.pauses.next(),
            Again::After(rest) if rest > self.limits.rest_max => None,
            Again::After(rest) => self.pauses.next().map(|pause| pause.max(rest)),
        };
        let Some(pause) = pause else { return Err(error) };
        tracing::info!(%error, ?pause, "the hub is asked again after a pause");
        sleep(pause).await;
        Ok(())
    }
}

fn pauses(limits: &Limits) -> ExponentialBackoff {
    ExponentialBuilder::new()
        .with_min_delay(limits.pause_min)
        .with_max_delay(limits.pause_max)
        .with_max_times(limits.attempts.saturating_sub(1))
        .with_jitter()
        .build()
}
