//! The summarizer: summaries at once or as a stream, and the models for them.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

mod error;
mod wire;

use std::{future::Future, time::Duration};

use futures::{Stream, TryStreamExt as _, stream};
use nutgraf_proto::summarizer::v1::{
    ListModelsRequest, StreamSummaryRequest, StreamSummaryResponse, SummarizeRequest,
    summarizer_service_client::SummarizerServiceClient,
};
use service_kit::{
    deadline::Deadline,
    grpc::{Fault, GrpcAddress, channel, request},
};
use tokio::time::timeout;
use tonic::{Response, Status, Streaming, transport::Channel};

pub use self::error::SummarizerError;
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

/// A summarizer at an address. Clones share one connection.
#[derive(Debug, Clone)]
pub struct Summarizer {
    client: SummarizerServiceClient<Channel>,
    /// Longest silence within a stream.
    idle: Duration,
}

impl Summarizer {
    /// Connects when it is first used. A stream that is silent for `idle` counts as broken. Must be called within a
    /// tokio runtime.
    pub fn new(address: &GrpcAddress, idle: Duration) -> Self {
        Self { client: SummarizerServiceClient::new(channel(address)), idle }
    }

    /// The summary of `text`.
    ///
    /// # Errors
    ///
    /// As [`SummarizerError`] says.
    pub async fn summarize(&self, text: Text<'_>, call: &Call) -> Result<Summary, SummarizerError> {
        let mut client = self.client.clone();
        let message = SummarizeRequest { input: Some(wire::input(text, &call.caller.key)) };
        let message = request(message, call.deadline, &call.request_id);
        wire::summary(answer(call.deadline, client.summarize(message)).await?.summary)
    }

    /// The same step by step. The stream's last item is `Done` or an error; dropping it stops the work.
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
        let mut client = self.client.clone();
        let message = StreamSummaryRequest { input: Some(wire::input(text, &call.caller.key)) };
        let message = request(message, call.deadline, &call.request_id);
        let incoming = answer(call.deadline, client.stream_summary(message)).await?;
        let state = Some(Messages { incoming, deadline: call.deadline, idle: self.idle });
        Ok(stream::try_unfold(state, |state| async {
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
        let mut client = self.client.clone();
        let message = request(ListModelsRequest {}, call.deadline, &call.request_id);
        wire::models(answer(call.deadline, client.list_models(message)).await?)
    }
}

/// A stream of messages under way.
struct Messages {
    incoming: Streaming<StreamSummaryResponse>,
    deadline: Deadline,
    idle: Duration,
}

impl Messages {
    /// The next event; a stream that ends before `Done` has failed.
    async fn next(&mut self) -> Result<SummaryEvent, SummarizerError> {
        loop {
            let wait = self.idle.min(self.deadline.remaining());
            let message = match timeout(wait, self.incoming.message()).await {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => return Err(interrupted("it ended without a summary")),
                Ok(Err(status)) => return Err(Fault::from_status(&status).into()),
                Err(_) if self.deadline.has_passed() => return Err(SummarizerError::DeadlineExceeded),
                Err(_) => return Err(interrupted("it fell silent")),
            };
            // What a newer summarizer tells beyond this contract is passed over.
            if let Some(event) = message.event.map(wire::event).transpose()?.flatten() {
                return Ok(event);
            }
        }
    }
}

fn interrupted(cause: &str) -> SummarizerError {
    SummarizerError::Interrupted { cause: cause.to_owned() }
}

/// The answer's message, if it is there by the deadline.
async fn answer<T>(
    deadline: Deadline,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, SummarizerError> {
    match timeout(deadline.remaining(), answer).await {
        Ok(Ok(response)) => Ok(response.into_inner()),
        Ok(Err(status)) => Err(Fault::from_status(&status).into()),
        Err(_) => Err(SummarizerError::DeadlineExceeded),
    }
}
