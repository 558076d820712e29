//! The use case: a request, a place in the queue, events, a summary.

use std::{
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
    time::{Duration, Instant},
};

use futures::{Stream, StreamExt as _};
use service_kit::deadline::Deadline;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::{CancellationToken, DropGuard};

use crate::{
    config::Config,
    engine::{Engine, EngineError, Output, extractive::Extractive},
    queue::{Job, Queue, Refusal},
    summary::{EngineChoice, Event, ModelId, Phase, Request, Summary, Timings},
};

/// Events that may wait for a slow reader.
const EVENTS: usize = 64;

/// Why there is no summary.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SummarizeError {
    /// Neither text nor paragraphs, or nothing but white space.
    #[error("There is no text to summarize. Give the article's text.")]
    EmptyInput,
    /// More text than is taken.
    #[error("The text is larger than {limit} bytes. Give a shorter one.")]
    InputTooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// No such engine here.
    #[error("This server has no abstractive engine. Ask for the extractive one, or for auto.")]
    EngineUnavailable,
    /// No model has this name.
    #[error("No model has this name. Ask for the list of models, or leave the name out.")]
    UnknownModel,
    /// All of the text is boilerplate.
    #[error("{}", EngineError::NothingToSummarize)]
    NothingToSummarize,
    /// As many requests wait as may.
    #[error("Too many summaries are being made. Try again in a moment.")]
    QueueFull {
        /// When there should be room again.
        retry_after: Duration,
    },
    /// This replica is going down.
    #[error("The server is stopping. Try again.")]
    ShuttingDown,
    /// The caller's time was up before the work was done.
    #[error("The summary was not done in time. Try again, or give it more time.")]
    TimedOut,
    /// A fault of ours.
    #[error("The summary failed. Please report it.")]
    Internal,
}

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

/// The events of one request. Dropping it stops the work.
pub struct Events {
    accepted: Option<Event>,
    received: Receiver<Result<Event, SummarizeError>>,
    ended: bool,
    _stop: DropGuard,
}

impl Summarizer {
    /// Starts the workers of the built-in engine.
    pub fn start(config: &Config) -> Self {
        Self::with_engine(config, Arc::new(Extractive))
    }

    /// Starts the workers of another engine.
    pub fn with_engine(config: &Config, engine: Arc<dyn Engine>) -> Self {
        let queue = Queue::start(config.workers(), config.queue_limit);
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

    /// Summarizes as a stream of events: [`Event::Accepted`] first, [`Event::Done`] or an error last.
    ///
    /// # Errors
    ///
    /// [`SummarizeError`] when the request is refused.
    pub fn stream(&self, request: Request, deadline: Option<Deadline>) -> Result<Events, SummarizeError> {
        self.check(&request)?;
        let cancelled = CancellationToken::new();
        let (sender, received) = channel(EVENTS);
        let asked = Instant::now();
        let model = self.inner.engine.model();
        let mut task = Task { sender, cancelled: cancelled.clone(), deadline, asked, first: None };
        let (engine, replica) = (Arc::clone(&self.inner.engine), self.inner.replica.clone());
        let work = Box::new(move || task.run(&*engine, &request, replica));
        let place =
            self.inner.queue.push(Job { work, cancelled: cancelled.clone() }).map_err(
                |refusal| match refusal {
                    Refusal::Full { retry_after } => SummarizeError::QueueFull { retry_after },
                    Refusal::Closed => SummarizeError::ShuttingDown,
                },
            )?;
        let accepted = Event::Accepted {
            queue_position: place.position,
            estimated_wait: place.estimated_wait,
            model,
            replica: self.inner.replica.clone(),
        };
        Ok(Events { accepted: Some(accepted), received, ended: false, _stop: cancelled.drop_guard() })
    }

    fn check(&self, request: &Request) -> Result<(), SummarizeError> {
        let limit = self.inner.max_input;
        if request.article.bytes() > limit {
            return Err(SummarizeError::InputTooLarge { limit });
        }
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
}

impl Stream for Events {
    type Item = Result<Event, SummarizeError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(accepted) = self.accepted.take() {
            return Poll::Ready(Some(Ok(accepted)));
        }
        if self.ended {
            return Poll::Ready(None);
        }
        self.received.poll_recv(context).map(|event| {
            // A worker that goes away without a last word has panicked.
            let event = event.unwrap_or(Err(SummarizeError::Internal));
            self.ended = matches!(event, Err(_) | Ok(Event::Done(_)));
            Some(event)
        })
    }
}

/// A request on its way through a worker.
struct Task {
    sender: Sender<Result<Event, SummarizeError>>,
    cancelled: CancellationToken,
    deadline: Option<Deadline>,
    asked: Instant,
    first: Option<Duration>,
}

impl Task {
    fn run(&mut self, engine: &dyn Engine, request: &Request, replica: String) {
        let queue = self.asked.elapsed();
        let drafted = self.check().and_then(|()| engine.summarize(request, self));
        let last = match drafted {
            Ok(draft) => {
                let total = self.asked.elapsed();
                let timings =
                    Timings { queue, encode: draft.encode, first_token: self.first.unwrap_or(total), total };
                let (length, format) = (request.length, request.format);
                Ok(Event::Done(Box::new(Summary {
                    draft,
                    model: engine.model(),
                    timings,
                    replica,
                    length,
                    format,
                })))
            }
            Err(EngineError::NothingToSummarize) => Err(SummarizeError::NothingToSummarize),
            Err(EngineError::Cancelled) => Err(SummarizeError::TimedOut),
        };
        // Nobody there to hear it is no fault.
        let _ = self.sender.blocking_send(last);
    }

    fn send(&self, event: Event) -> Result<(), EngineError> {
        self.check()?;
        self.sender.blocking_send(Ok(event)).map_err(|_| EngineError::Cancelled)
    }
}

impl Output for Task {
    fn check(&self) -> Result<(), EngineError> {
        let late = self.deadline.is_some_and(Deadline::has_passed);
        if late || self.cancelled.is_cancelled() { Err(EngineError::Cancelled) } else { Ok(()) }
    }

    fn progress(&mut self, phase: Phase, done: usize, total: usize) -> Result<(), EngineError> {
        self.send(Event::Progress { phase, done, total })
    }

    fn delta(&mut self, text: String) -> Result<(), EngineError> {
        self.first.get_or_insert_with(|| self.asked.elapsed());
        self.send(Event::Delta(text))
    }
}
