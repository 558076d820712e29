//! Whether this replica serves: it does once its engine is warm, and not while a summary is stuck or the queue is
//! hopeless.

use std::{
    convert::Infallible,
    fmt,
    future::pending,
    time::{Duration, Instant},
};

use tokio::{sync::watch, time::sleep};

use crate::Summarizer;

/// How long the wait must be too long before the queue is hopeless.
const HOPELESS_FOR: Duration = Duration::from_secs(10);
/// How often it is looked at.
const LOOK: Duration = Duration::from_secs(1);
/// The same where signs of life are asked for more often.
const LEAST_LOOK: Duration = Duration::from_millis(10);

/// When a replica is to say that it doesn't serve.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// The longest that a summary may show no sign of life.
    pub(crate) stuck_after: Duration,
    /// The longest that a new request may have to wait, but for a short while.
    pub(crate) hopeless_wait: Duration,
}

/// How a replica is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    Well,
    Stuck,
    Hopeless,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Well => "it serves",
            Self::Stuck => "a summary shows no sign of life",
            Self::Hopeless => "the wait is longer than any caller's deadline",
        })
    }
}

/// Follows the summarizer for as long as it is served, and tells `ready`. Each change is logged once.
pub(crate) async fn follow(summarizer: &Summarizer, ready: watch::Sender<bool>) -> Infallible {
    if !summarizer.is_warm().await || !summarizer.can_work() {
        tracing::error!("this replica can't work; it says that it doesn't serve");
        return pending().await;
    }
    let limits = summarizer.limits();
    let mut judge = Judge { limits, too_long_since: None };
    let mut known = None;
    loop {
        let verdict = judge.judge(Instant::now(), summarizer.longest_silence(), summarizer.longest_wait());
        if known.replace(verdict) != Some(verdict) {
            tell(verdict, &ready);
        }
        sleep((limits.stuck_after / 4).clamp(LEAST_LOOK, LOOK)).await;
    }
}

fn tell(verdict: Verdict, ready: &watch::Sender<bool>) {
    let serves = verdict == Verdict::Well;
    if serves {
        tracing::info!(health = %verdict, "SERVING");
    } else {
        tracing::error!(health = %verdict, "NOT_SERVING");
    }
    ready.send_replace(serves);
}

struct Judge {
    limits: Limits,
    too_long_since: Option<Instant>,
}

impl Judge {
    fn judge(&mut self, now: Instant, silence: Duration, wait: Duration) -> Verdict {
        let is_too_long = wait > self.limits.hopeless_wait;
        let since = is_too_long.then(|| self.too_long_since.unwrap_or(now));
        self.too_long_since = since;
        if silence >= self.limits.stuck_after {
            Verdict::Stuck
        } else if since.is_some_and(|since| now.saturating_duration_since(since) >= HOPELESS_FOR) {
            Verdict::Hopeless
        } else {
            Verdict::Well
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{
        Verdict::{Hopeless, Stuck, Well},
        *,
    };

    const SECOND: Duration = Duration::from_secs(1);

    fn judge() -> Judge {
        Judge {
            limits: Limits { stuck_after: SECOND * 30, hopeless_wait: SECOND * 60 },
            too_long_since: None,
        }
    }

    #[test]
    fn a_queue_is_hopeless_when_its_wait_has_been_too_long_for_a_while() {
        let (mut judge, start) = (judge(), Instant::now());
        let waits = [(0, 61), (9, 300), (10, 61), (11, 60), (12, 61), (21, 61), (22, 61)];
        let verdicts = waits.map(|(at, wait)| judge.judge(start + SECOND * at, SECOND, SECOND * wait));

        assert_eq!(verdicts, [Well, Well, Hopeless, Well, Well, Well, Hopeless]);
    }

    #[test]
    fn a_summary_is_stuck_as_long_as_it_is_silent() {
        let mut judge = judge();
        let silences = [0, 29, 30, 31, 0];
        let verdicts = silences.map(|silence| judge.judge(Instant::now(), SECOND * silence, SECOND));

        assert_eq!(verdicts, [Well, Well, Stuck, Stuck, Well]);
    }
}
