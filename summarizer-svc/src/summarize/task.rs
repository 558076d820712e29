//! A request on its way through a worker.

use std::time::{Duration, Instant};

use service_kit::deadline::Deadline;
use tokio_util::sync::CancellationToken;

use super::{
    SummarizeError,
    mailbox::Writer,
    pulse::{Pulse, Pulses},
};
use crate::{
    engine::{Engine, EngineError, Output},
    queue::Ended,
    summary::{Degraded, Draft, Event, ModelId, Phase, Request, Summary, Timings},
};

/// A request on its way through a worker.
pub(super) struct Task {
    pub(super) writer: Writer,
    pub(super) cancelled: CancellationToken,
    pub(super) deadline: Option<Deadline>,
    pub(super) asked: Instant,
    /// When the first text was there.
    pub(super) first: Option<Duration>,
    pub(super) pulses: Pulses,
    /// Its signs of life, once it is being worked on.
    pub(super) pulse: Option<Pulse>,
    pub(super) degraded: Option<Degraded>,
}

impl Task {
    /// Works until the summary is done, or nobody waits for it.
    pub(super) fn run(&mut self, engine: &dyn Engine, request: &Request, replica: String) -> Ended {
        let queue = self.asked.elapsed();
        self.pulse = Some(self.pulses.begin());
        let drafted = self.check().and_then(|()| engine.summarize(request, self));
        let (last, ended) = match drafted {
            Ok(draft) => (Ok(self.summary(draft, engine.model(), request, queue, replica)), Ended::Done),
            Err(EngineError::NothingToSummarize) => (Err(SummarizeError::NothingToSummarize), Ended::Done),
            Err(EngineError::InvalidOption(message)) => {
                (Err(SummarizeError::InvalidOption(message)), Ended::Done)
            }
            Err(EngineError::Failed(error)) => {
                tracing::error!(error, model = %engine.model().id, "the summary failed");
                (Err(SummarizeError::Internal), Ended::Stopped)
            }
            Err(EngineError::Cancelled) => (Err(SummarizeError::TimedOut), Ended::Stopped),
        };
        self.writer.finish(last);
        ended
    }

    fn summary(
        &self,
        draft: Draft,
        model: ModelId,
        request: &Request,
        queue: Duration,
        replica: String,
    ) -> Box<Summary> {
        let total = self.asked.elapsed();
        let first_token = self.first.unwrap_or(total);
        let timings = Timings { queue, encode: draft.encode, first_token, total };
        let (length, format) = (request.length, request.format);
        let degraded = self.degraded.clone();
        Box::new(Summary { draft, model, timings, replica, length, format, degraded })
    }
}

impl Output for Task {
    fn check(&self) -> Result<(), EngineError> {
        if let Some(pulse) = &self.pulse {
            pulse.beat();
        }
        let late = self.deadline.is_some_and(Deadline::has_passed);
        if late || self.cancelled.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    fn progress(&mut self, phase: Phase, done: usize, total: usize) -> Result<(), EngineError> {
        self.check()?;
        self.writer.progress(Event::Progress { phase, done, total });
        Ok(())
    }

    fn delta(&mut self, text: &str) -> Result<(), EngineError> {
        self.check()?;
        self.first.get_or_insert_with(|| self.asked.elapsed());
        self.writer.text(text);
        Ok(())
    }
}
