//! The use case: a request, a place in the queue, events, a summary.
//!
//! # Layout
//!
//! - `error`: why there is no summary.
//! - `task`: a request as the worker sees it; `events`: as its caller does; `mailbox`: what is between the two.

mod error;
mod events;
mod mailbox;
mod task;

use std::{sync::Arc, thread, time::Instant};

use futures::StreamExt as _;
use service_kit::deadline::Deadline;
use tokio_util::sync::CancellationToken;

pub use error::{Limit, SummarizeError};
pub use events::Events;

use crate::{
    config::Config,
    engine::{Engine, extractive::Extractive},
    queue::{Queue, Refusal, Work},
    summary::{EngineChoice, Event, ModelId, Request, Summary},
};
use events::Hold;
use mailbox::mailbox;
use task::Task;

/// Paragraphs that an article may have; a book has fewer.
pub const MAX_PARAGRAPHS: usize = 20_000;

/// Makes summaries.
#[derive(Clone)]
pub struct Summarizer {
    inner: Arc<Inner>,
}

struct Inner {
    engine: Arc<dyn Engine>,
    queue: Queue,
    max_input: usize,
    replica: String,
}

impl Summarizer {
    /// Starts the workers of the built-in engine.
    pub fn start(config: &Config) -> Self {
        Self::with_engine(config, Arc::new(Extractive))
    }

    /// Starts the workers of another engine, which is warmed up beside them.
    pub fn with_engine(config: &Config, engine: Arc<dyn Engine>) -> Self {
        let queue = Queue::start(config.workers(), config.queue_limit);
        let cold = Arc::clone(&engine);
        if let Err(error) = thread::Builder::new().name("warm-up".to_owned()).spawn(move || cold.warm_up()) {
            tracing::warn!(%error, "the engine is not warmed up");
        }
        let inner = Inner { engine, queue, max_input: config.max_input, replica: config.replica_name() };
        Self { inner: Arc::new(inner) }
    }

    /// This replica's name.
    pub fn replica(&self) -> &str {
        &self.inner.replica
    }

    /// The models that it has.
    pub fn models(&self) -> Vec<ModelId> {
        vec![self.inner.engine.model()]
    }

    /// Whether there is a worker to make summaries.
    pub fn can_work(&self) -> bool {
        self.inner.queue.workers() > 0
    }

    /// The largest article that is taken, in bytes of UTF-8, its headline included.
    pub fn max_input(&self) -> usize {
        self.inner.max_input
    }

    /// Refuses new requests with [`SummarizeError::ShuttingDown`]; those that were taken are still worked on.
    pub fn close(&self) {
        self.inner.queue.close();
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
        self.check(&request)?;
        if deadline.is_some_and(Deadline::has_passed) {
            return Err(SummarizeError::TimedOut);
        }
        let cancelled = CancellationToken::new();
        let (writer, reader) = mailbox();
        let mut task =
            Task { writer, cancelled: cancelled.clone(), deadline, asked: Instant::now(), first: None };
        let (engine, replica) = (Arc::clone(&self.inner.engine), self.inner.replica.clone());
        let key = request.fairness_key.clone();
        let work: Work = Box::new(move || task.run(&*engine, &request, replica));
        let ticket = self.inner.queue.push(&key, work).map_err(|refusal| match refusal {
            Refusal::Full { retry_after } => SummarizeError::QueueFull { retry_after },
            Refusal::Closed => SummarizeError::ShuttingDown,
        })?;
        let accepted = Event::Accepted {
            queue_position: ticket.place.position,
            estimated_wait: ticket.place.estimated_wait,
            model: self.inner.engine.model(),
            replica: self.inner.replica.clone(),
        };
        let hold = Hold { _ticket: ticket, _work: cancelled.drop_guard() };
        Ok(Events::new(accepted, reader, deadline, hold))
    }

    fn check(&self, request: &Request) -> Result<(), SummarizeError> {
        self.check_size(request.article.bytes(), request.article.paragraphs.len())?;
        if request.article.is_blank() {
            return Err(SummarizeError::EmptyInput);
        }
        if request.engine == EngineChoice::Abstractive {
            return Err(SummarizeError::EngineUnavailable);
        }
        match &request.model {
            Some(name) if *name != self.inner.engine.model().id => Err(SummarizeError::UnknownModel),
            _ => Ok(()),
        }
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
