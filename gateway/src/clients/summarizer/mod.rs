//! The summarizer: summaries at once or as a stream, and the models for them.

mod error;
mod messages;
mod places;
mod wire;

use std::time::Duration;

use futures::{Stream, TryStreamExt as _, stream};
use nutgraf_proto::summarizer::v1::{
    ListModelsRequest, StreamSummaryRequest, SummarizeRequest,
    summarizer_service_client::SummarizerServiceClient,
};
use service_kit::grpc::Balanced;

pub use self::{error::SummarizerError, places::Place};
use self::{messages::Messages, places::Places};
use super::Upstream;
use crate::{
    article::Paragraph,
    digest::Call,
    model::Models,
    options::SummaryOptions,
    summary::{Summary, SummaryEvent},
};

/// What to summarize, and how.
#[derive(Debug, Clone, Copy)]
pub struct Text<'a> {
    /// Headline; empty when there is none.
    pub title: &'a str,
    /// The text; the summary's spans count these from 0.
    pub paragraphs: &'a [Paragraph],
    /// BCP 47; detected without one.
    pub language: Option<&'a str>,
    /// What the caller chose.
    pub options: &'a SummaryOptions,
}

/// The summarizer, all its replicas. Clones share their connections and their places.
#[derive(Debug, Clone)]
pub struct Summarizer {
    upstream: Upstream,
    /// Longest silence within a stream.
    idle: Duration,
    places: Places,
}

impl Summarizer {
    /// The summarizer over there. A stream that is silent for `idle` counts as broken; `places` summaries may be under
    /// way at once.
    pub fn new(upstream: Upstream, idle: Duration, places: usize) -> Self {
        Self { upstream, idle, places: Places::new(places) }
    }

    /// A place for a summary, to be had before any work is done for it.
    ///
    /// # Errors
    ///
    /// [`SummarizerError::QueueFull`] when all are taken.
    pub fn place(&self) -> Result<Place, SummarizerError> {
        self.places.take().ok_or(SummarizerError::QueueFull { retry_after: None })
    }

    /// The summary of `text`.
    ///
    /// # Errors
    ///
    /// As [`SummarizerError`] says.
    pub async fn summarize(&self, text: Text<'_>, call: &Call) -> Result<Summary, SummarizerError> {
        let message = SummarizeRequest { input: Some(wire::input(text, &call.caller.key)) };
        let send = |request| {
            let mut client = self.client();
            async move { client.summarize(request).await }
        };
        wire::summary(self.upstream.ask(message, call, send).await?.summary)
    }

    /// The same step by step. The stream's last item is `Done` or an error; dropping it stops the work. A replica that
    /// goes away before it has sent any text is replaced by another, which begins anew.
    ///
    /// # Errors
    ///
    /// As [`SummarizerError`] says.
    pub async fn stream(
        &self,
        text: Text<'_>,
        call: &Call,
    ) -> Result<impl Stream<Item = Result<SummaryEvent, SummarizerError>> + Send + use<>, SummarizerError>
    {
        let message = StreamSummaryRequest { input: Some(wire::input(text, &call.caller.key)) };
        let messages =
            Messages::open(message, self.client(), self.upstream.stream_tries(call), self.idle).await?;
        Ok(stream::try_unfold(Some(messages), |state| async {
            let Some(mut state) = state else { return Ok(None) };
            let event = state.next().await?;
            let rest = (!matches!(event, SummaryEvent::Done(_))).then_some(state);
            Ok(Some((event, rest)))
        })
        .map_err(SummarizerError::midway))
    }

    /// The models that the summarizer has.
    ///
    /// # Errors
    ///
    /// As [`SummarizerError`] says.
    pub async fn models(&self, call: &Call) -> Result<Models, SummarizerError> {
        let send = |request| {
            let mut client = self.client();
            async move { client.list_models(request).await }
        };
        wire::models(self.upstream.ask(ListModelsRequest {}, call, send).await?)
    }

    fn client(&self) -> SummarizerServiceClient<Balanced> {
        SummarizerServiceClient::new(self.upstream.channel().clone())
    }
}
