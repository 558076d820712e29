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
    document::Document,
    engine::{Engine, extractive::Extractive},
    models::{ModelStatus, Models},
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
    /// The engine that is always there.
    engine: Arc<dyn Engine>,
    queue: Queue,
    models: Models,
    /// Models take seconds where the engine takes a millisecond; they have workers of their own.
    model_queue: Queue,
    max_input: usize,
    replica: String,
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
        let model_queue =
            Queue::start(if models.is_empty() { 0 } else { config.model_workers }, config.queue_limit);
        let queue = Queue::start(config.workers(), config.queue_limit);
        let cold = Arc::clone(&engine);
        if let Err(error) = thread::Builder::new().name("warm-up".to_owned()).spawn(move || cold.warm_up()) {
            tracing::warn!(%error, "the engine is not warmed up");
        }
        let (max_input, replica) = (config.max_input, config.replica_name());
        let inner = Inner { engine, queue, models, model_queue, max_input, replica };
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
        let (engine, queue) = self.pick(&request)?;
        if deadline.is_some_and(Deadline::has_passed) {
            return Err(SummarizeError::TimedOut);
        }
        let cancelled = CancellationToken::new();
        let (writer, reader) = mailbox();
        let mut task =
            Task { writer, cancelled: cancelled.clone(), deadline, asked: Instant::now(), first: None };
        let (model, replica) = (engine.model(), self.inner.replica.clone());
        let key = request.fairness_key.clone();
        let work: Work = Box::new(move || task.run(&*engine, &request, replica));
        let ticket = queue.push(&key, work).map_err(|refusal| match refusal {
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

    /// Who is to write, and where the request waits for it.
    fn pick(&self, request: &Request) -> Result<(Arc<dyn Engine>, &Queue), SummarizeError> {
        let inner = &self.inner;
        self.check_size(request.article.bytes(), request.article.paragraphs.len())?;
        if request.article.is_blank() {
            return Err(SummarizeError::EmptyInput);
        }
        let built_in = || Ok((Arc::clone(&inner.engine), &inner.queue));
        let is_built_in = |name: &str| name == &*inner.engine.model().id;
        match (request.engine, request.model.as_deref()) {
            (EngineChoice::Extractive, None) => built_in(),
            (EngineChoice::Extractive | EngineChoice::Auto, Some(name)) if is_built_in(name) => built_in(),
            (EngineChoice::Extractive, Some(_)) => Err(SummarizeError::UnknownModel),
            (EngineChoice::Auto, None) => match self.ready(request) {
                Some(model) => Ok((model, &inner.model_queue)),
                None => built_in(),
            },
            (EngineChoice::Auto, Some(_)) if inner.models.is_empty() => Err(SummarizeError::UnknownModel),
            (EngineChoice::Auto | EngineChoice::Abstractive, name) => {
                Ok((inner.models.get(name)?, &inner.model_queue))
            }
        }
    }

    /// The default model, if it can write about the article now. Nobody is told to wait for it who didn't ask for it.
    fn ready(&self, request: &Request) -> Option<Arc<dyn Engine>> {
        if self.inner.models.is_empty() {
            return None;
        }
        let language = Document::language(&request.article, request.language.as_ref());
        self.inner.models.ready(language.tag()).map(|model| model as Arc<dyn Engine>)
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
