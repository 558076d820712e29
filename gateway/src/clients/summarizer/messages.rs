//! A stream of messages under way, at one replica and, as long as there is no text, at another if that one goes away.
#![expect(clippy::disallowed_types, reason = "the edge to gRPC")]

use std::time::Duration;

use nutgraf_proto::summarizer::v1::{
    StreamSummaryRequest, StreamSummaryResponse, summarizer_service_client::SummarizerServiceClient,
};
use service_kit::grpc::{Balanced, Fault};
use tokio::time::timeout;
use tonic::Streaming;

use super::{SummarizerError, wire};
use crate::{clients::upstream::Tries, summary::SummaryEvent};

/// A stream of messages under way.
pub(super) struct Messages {
    request: StreamSummaryRequest,
    client: SummarizerServiceClient<Balanced>,
    tries: Tries,
    incoming: Streaming<StreamSummaryResponse>,
    /// Longest silence.
    idle: Duration,
    /// The reader has some text: another replica would begin anew, and perhaps with other words.
    has_text: bool,
}

/// Why there is no next event.
enum Stop {
    /// The stream broke.
    Broken(Fault),
    /// What came is none of the events.
    Invalid(SummarizerError),
}

impl Messages {
    /// Opens it at some replica.
    pub(super) async fn open(
        request: StreamSummaryRequest,
        client: SummarizerServiceClient<Balanced>,
        mut tries: Tries,
        idle: Duration,
    ) -> Result<Self, SummarizerError> {
        let incoming = incoming(&request, &client, &mut tries).await?;
        Ok(Self { request, client, tries, incoming, idle, has_text: false })
    }

    /// The next event; a stream that ends before `Done` has failed.
    pub(super) async fn next(&mut self) -> Result<SummaryEvent, SummarizerError> {
        loop {
            match self.receive().await {
                Ok(event) => {
                    self.has_text |= matches!(event, SummaryEvent::Delta(_));
                    if matches!(event, SummaryEvent::Delta(_) | SummaryEvent::Done(_)) {
                        self.tries.worked();
                    }
                    return Ok(event);
                }
                Err(Stop::Broken(fault)) if !self.has_text && self.tries.again(&fault) => {
                    self.incoming = incoming(&self.request, &self.client, &mut self.tries).await?;
                }
                Err(Stop::Broken(fault)) => return Err(fault.into()),
                Err(Stop::Invalid(error)) => return Err(error),
            }
        }
    }

    async fn receive(&mut self) -> Result<SummaryEvent, Stop> {
        loop {
            let left = self.tries.deadline().remaining();
            let message = match timeout(self.idle.min(left), self.incoming.message()).await {
                Ok(Ok(Some(message))) => message,
                Ok(Ok(None)) => return Err(Stop::Broken(Fault::broken("it ended without a summary"))),
                Ok(Err(status)) => return Err(Stop::Broken(Fault::from_status(&status))),
                Err(_) if self.tries.deadline().has_passed() => {
                    return Err(Stop::Broken(Fault::timeout("the time was up")));
                }
                Err(_) => return Err(Stop::Broken(Fault::broken("it fell silent"))),
            };
            // What a newer summarizer tells beyond this contract is passed over.
            let event = message.event.map(wire::event).transpose().map_err(Stop::Invalid)?;
            if let Some(event) = event.flatten() {
                return Ok(event);
            }
        }
    }
}

async fn incoming(
    request: &StreamSummaryRequest,
    client: &SummarizerServiceClient<Balanced>,
    tries: &mut Tries,
) -> Result<Streaming<StreamSummaryResponse>, Fault> {
    let send = |request| {
        let mut client = client.clone();
        async move { client.stream_summary(request).await }
    };
    tries.open(request, send).await
}
