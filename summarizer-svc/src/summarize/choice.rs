//! Who is to write, and where a request waits for it.

use std::{sync::Arc, time::Duration};

use service_kit::deadline::Deadline;

use super::{Inner, SummarizeError, Summarizer};
use crate::{
    document::Document,
    engine::Engine,
    queue::Queue,
    summary::{Degraded, DegradedReason, EngineChoice, Request},
};

/// Who is to write, and where the request waits for it.
pub(super) struct Choice<'a> {
    pub(super) engine: Arc<dyn Engine>,
    pub(super) queue: &'a Queue,
    /// Why it is not the one who would have written.
    pub(super) degraded: Option<Degraded>,
}

impl Summarizer {
    /// Who is to write; the built-in engine in place of a model that would be too late, for those who allow it.
    pub(super) fn choose(
        &self,
        request: &Request,
        deadline: Option<Deadline>,
    ) -> Result<Choice<'_>, SummarizeError> {
        self.check_size(request.article.bytes(), request.article.paragraphs.len())?;
        if request.article.is_blank() {
            return Err(SummarizeError::EmptyInput);
        }
        let inner = &*self.inner;
        match inner.pick(request) {
            Ok(choice) if request.allow_degraded && inner.is_too_late(&choice, request, deadline) => {
                Ok(inner.stand_in(DegradedReason::WaitTooLong, choice.engine.model().id.to_string()))
            }
            Err(SummarizeError::ModelNotReady { status, .. }) if request.allow_degraded => {
                Ok(inner.stand_in(DegradedReason::ModelNotReady, status.name))
            }
            picked => picked,
        }
    }

    /// The built-in engine in place of one whose queue is full, for those who allow it.
    pub(super) fn relieve(&self, full: &Choice<'_>, request: &Request) -> Option<Choice<'_>> {
        let is_model = std::ptr::eq(full.queue, &raw const self.inner.model_queue);
        let model = full.engine.model().id.to_string();
        (is_model && request.allow_degraded).then(|| self.inner.stand_in(DegradedReason::QueueFull, model))
    }
}

impl Inner {
    fn built_in(&self) -> Choice<'_> {
        Choice { engine: Arc::clone(&self.engine), queue: &self.queue, degraded: None }
    }

    fn written_by(&self, engine: Arc<dyn Engine>) -> Choice<'_> {
        Choice { engine, queue: &self.model_queue, degraded: None }
    }

    fn stand_in(&self, reason: DegradedReason, model: String) -> Choice<'_> {
        Choice { degraded: Some(Degraded { reason, model }), ..self.built_in() }
    }

    fn pick(&self, request: &Request) -> Result<Choice<'_>, SummarizeError> {
        let is_built_in = |name: &str| name == &*self.engine.model().id;
        match (request.engine, request.model.as_deref()) {
            (EngineChoice::Extractive, None) => Ok(self.built_in()),
            (EngineChoice::Extractive | EngineChoice::Auto, Some(name)) if is_built_in(name) => {
                Ok(self.built_in())
            }
            (EngineChoice::Extractive, Some(_)) => Err(SummarizeError::UnknownModel),
            (EngineChoice::Auto, None) => {
                Ok(self.ready(request).map_or_else(|| self.built_in(), |model| self.written_by(model)))
            }
            (EngineChoice::Auto, Some(_)) if self.models.is_empty() => Err(SummarizeError::UnknownModel),
            (EngineChoice::Auto | EngineChoice::Abstractive, name) => {
                Ok(self.written_by(self.models.get(name)?))
            }
        }
    }

    /// The default model, if it can write about the article now. Nobody is told to wait for it who didn't ask for it.
    fn ready(&self, request: &Request) -> Option<Arc<dyn Engine>> {
        if self.models.is_empty() {
            return None;
        }
        let language = Document::language(&request.article, request.language.as_ref());
        self.models.ready(language.tag()).map(|model| model as Arc<dyn Engine>)
    }

    /// Whether a model would be done after the deadline, or begin later than the operator allows.
    fn is_too_late(&self, choice: &Choice<'_>, request: &Request, deadline: Option<Deadline>) -> bool {
        if !std::ptr::eq(choice.queue, &raw const self.model_queue) {
            return false;
        }
        let outlook = choice.queue.outlook(&request.fairness_key);
        let misses = deadline.is_some_and(|deadline| outlook.wait + outlook.work > deadline.remaining());
        misses || (self.degrade_after > Duration::ZERO && outlook.wait > self.degrade_after)
    }
}
