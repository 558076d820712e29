//! The use case: a request, a place in the queue, events, a summary.
//!
//! # Layout
//!
//! - `error`: why there is no summary. `choice`: who is to write it. `pulse`: whether somebody still does.
//! - `task`: a request as the worker sees it; `events`: as its caller does; `mailbox`: what is between the two.

mod choice;
mod error;
mod events;
mod mailbox;
mod pulse;
mod task;
#[cfg(test)]
mod tests;

use std::{
    sync::Arc,
    thread,
    time::{Duration, Instant},
};

use futures::StreamExt as _;
use service_kit::deadline::Deadline;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub use error::{Limit, SummarizeError};
pub use events::Events;

use crate::{
    config::Config,
    engine::{Engine, extractive::Extractive},
    health::Limits,
    models::{ModelStatus, Models},
    queue::{Queue, Refusal, Work},
    summary::{Event, ModelId, Request, Summary},
};
use choice::Choice;
use events::Hold;
use mailbox::mailbox;
use pulse::Pulses;
use task::Task;

/// Paragraphs that an article may have; a book has fewer.
pub const MAX_PARAGRAPHS: usize = 20_000;
/// What the built-in engine takes for a summary, before it has made any.
const ENGINE_GUESS: Duration = Duration::from_millis(20);
/// What a model takes for a summary, before it has made any: a middling one on a processor.
const MODEL_GUESS: Duration = Duration::from_secs(5);

/// Makes summaries.
#[derive(Clone)]
pub struct Summarizer {
    inner: Arc<Inner>,
}

struct Inner {
    /// The engine that is always there.
    engine: Arc<dyn Engine>,
    queue: Queue,
    models: Models,
    /// Models take seconds where the engine takes a millisecond; they have workers of their own.
    model_queue: Queue,
    max_input: usize,
    replica: String,
    degrade_after: Duration,
    limits: Limits,
    pulses: Pulses,
    /// True once the engine is warm; closed where it can't be.
    warm: watch::Receiver<bool>,
}

impl Summarizer {
    /// Starts the workers of the built-in engine, and the models that are configured.
    pub fn start(config: &Config) -> Self {
        Self::with(config, Arc::new(Extractive), config.models())
    }

    /// Starts the workers of another engine, which is warmed up beside them, without any model.
    pub fn with_engine(config: &Config, engine: Arc<dyn Engine>) -> Self {
        Self::with(config, engine, Models::default())
    }

    /// Starts the workers of an engine and of models.
    pub fn with(config: &Config, engine: Arc<dyn Engine>, models: Models) -> Self {
        let workers = if models.is_empty() { 0 } else { config.model_workers() };
        let inner = Inner {
            queue: Queue::start(config.workers(), config.queue_limit, ENGINE_GUESS).watched("extractive"),
            warm: warmed_up(Arc::clone(&engine)),
            engine,
            models,
            model_queue: Queue::start(workers, config.queue_limit, MODEL_GUESS).watched("abstractive"),
            max_input: config.max_input,
            replica: config.replica_name(),
            degrade_after: config.degrade_after,
            limits: Limits { stuck_after: config.stuck_after, hopeless_wait: config.hopeless_wait },
            pulses: Pulses::new(),
        };
        Self { inner: Arc::new(inner) }
    }

    /// This replica's name.
    pub fn replica(&self) -> &str {
        &self.inner.replica
    }

    /// The engine that is always there.
    pub fn built_in(&self) -> ModelId {
        self.inner.engine.model()
    }

    /// The language models that it has, and how they are.
    pub fn models(&self) -> Vec<ModelStatus> {
        self.inner.models.list()
    }

    /// Waits until the default model is ready, or can't be.
    ///
    /// # Errors
    ///
    /// [`SummarizeError::ModelFailed`], and [`SummarizeError::EngineUnavailable`] where there is none.
    pub async fn settled(&self) -> Result<(), SummarizeError> {
        self.inner.models.settled(None).await?;
        Ok(())
    }

    /// Whether there is a worker to make summaries.
    pub fn can_work(&self) -> bool {
        self.inner.queue.workers() > 0
    }

    /// Waits until the engine is warm; false where it can't be.
    pub(crate) async fn is_warm(&self) -> bool {
        self.inner.warm.clone().wait_for(|warm| *warm).await.is_ok()
    }

    /// When this replica is to say that it doesn't serve.
    pub(crate) fn limits(&self) -> Limits {
        self.inner.limits
    }

    /// How long the summary has shown no sign of life that has shown none the longest.
    pub(crate) fn longest_silence(&self) -> Duration {
        self.inner.pulses.longest_silence()
    }

    /// How long a new request would wait at worst.
    pub(crate) fn longest_wait(&self) -> Duration {
        self.inner.queue.outlook("").wait.max(self.inner.model_queue.outlook("").wait)
    }

    /// The largest article that is taken, in bytes of UTF-8, its headline included.
    pub fn max_input(&self) -> usize {
        self.inner.max_input
    }

    /// Refuses new requests with [`SummarizeError::ShuttingDown`]; those that were taken are still worked on.
    pub fn close(&self) {
        self.inner.queue.close();
        self.inner.model_queue.close();
    }

    /// Summarizes in one go.
    ///
    /// # Errors
    ///
    /// [`SummarizeError`].
    pub async fn summarize(
        &self,
        request: Request,
        deadline: Option<Deadline>,
    ) -> Result<Summary, SummarizeError> {
        let mut events = self.stream(request, deadline)?;
        while let Some(event) = events.next().await {
            if let Event::Done(summary) = event? {
                return Ok(*summary);
            }
        }
        Err(SummarizeError::Internal)
    }

    /// Summarizes as a stream of events. With a deadline it must be called within a tokio runtime.
    ///
    /// # Errors
    ///
    /// [`SummarizeError`] when the request is refused.
    pub fn stream(&self, request: Request, deadline: Option<Deadline>) -> Result<Events, SummarizeError> {
        let choice = self.choose(&request, deadline)?;
        if deadline.is_some_and(Deadline::has_passed) {
            return Err(SummarizeError::TimedOut);
        }
        let request = Arc::new(request);
        match self.enqueue(&choice, &request, deadline) {
            Err(SummarizeError::QueueFull { retry_after }) => match self.relieve(&choice, &request) {
                Some(choice) => self.enqueue(&choice, &request, deadline),
                None => Err(SummarizeError::QueueFull { retry_after }),
            },
            taken => taken,
        }
    }

    fn enqueue(
        &self,
        choice: &Choice<'_>,
        request: &Arc<Request>,
        deadline: Option<Deadline>,
    ) -> Result<Events, SummarizeError> {
        let cancelled = CancellationToken::new();
        let (writer, reader) = mailbox();
        let mut task = Task {
            writer,
            cancelled: cancelled.clone(),
            deadline,
            asked: Instant::now(),
            first: None,
            pulses: self.inner.pulses.clone(),
            pulse: None,
            degraded: choice.degraded.clone(),
        };
        let (engine, request) = (Arc::clone(&choice.engine), Arc::clone(request));
        let (model, replica) = (engine.model(), self.inner.replica.clone());
        let key = request.fairness_key.clone();
        let work: Work = Box::new(move || task.run(&*engine, &request, replica));
        let ticket = choice.queue.push(&key, work).map_err(|refusal| match refusal {
            Refusal::Full { retry_after } => SummarizeError::QueueFull { retry_after },
            Refusal::Closed => SummarizeError::ShuttingDown,
        })?;
        let accepted = Event::Accepted {
            queue_position: ticket.place.position,
            estimated_wait: ticket.place.estimated_wait,
            model,
            replica: self.inner.replica.clone(),
        };
        let hold = Hold { _ticket: ticket, _work: cancelled.drop_guard() };
        Ok(Events::new(accepted, reader, deadline, hold))
    }

    /// Whether an article of this size is taken; to be asked before one is put together.
    ///
    /// # Errors
    ///
    /// [`SummarizeError::InputTooLarge`].
    pub fn check_size(&self, bytes: usize, paragraphs: usize) -> Result<(), SummarizeError> {
        let exceeded = if bytes > self.inner.max_input {
            Limit::Bytes(self.inner.max_input)
        } else if paragraphs > MAX_PARAGRAPHS {
            Limit::Paragraphs(MAX_PARAGRAPHS)
        } else {
            return Ok(());
        };
        Err(SummarizeError::InputTooLarge { limit: exceeded })
    }
}

/// Warms the engine up, on a thread of its own.
fn warmed_up(engine: Arc<dyn Engine>) -> watch::Receiver<bool> {
    let (warm, is_warm) = watch::channel(false);
    let warm_up = move || {
        engine.warm_up();
        warm.send_replace(true);
    };
    if let Err(error) = thread::Builder::new().name("warm-up".to_owned()).spawn(warm_up) {
        tracing::error!(%error, "there is no thread to warm the engine up on");
    }
    is_warm
}
