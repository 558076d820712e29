//! The wire: requests parsed into the domain's types, answers and errors translated back.
//!
//! # Layout
//!
//! - `request`: what comes in; `answer`: what goes out; `refusal`: errors.
#![expect(clippy::disallowed_types, reason = "the edge of the service")]

mod answer;
mod refusal;
mod request;

use std::pin::Pin;

use futures::{Stream, StreamExt as _};
use nutgraf_proto::summarizer::v1::{
    self as pb, DESCRIPTORS,
    summarizer_service_server::{SummarizerService, SummarizerServiceServer},
};
use service_kit::{
    deadline::Deadline,
    grpc::{Services, remaining},
};
use tonic::{Request, Response, Status, service::LayerExt as _};
use tower::util::MapResponseLayer;

use crate::summarize::{MAX_PARAGRAPHS, Summarizer};
use refusal::status;

/// What a paragraph takes on the wire beside its text: two tags, two lengths and its kind.
const PARAGRAPH_FRAME: usize = 12;
/// Room for all that is no text: names, options and frames.
const OPTIONS: usize = 16 << 10;

struct Grpc {
    summarizer: Summarizer,
}

/// The service, ready to be served.
pub(crate) fn services(summarizer: Summarizer) -> Services {
    let max_input = summarizer.max_input();
    // The largest article that is taken fits, however it is cut into paragraphs.
    let max_message = max_input.saturating_add(MAX_PARAGRAPHS * PARAGRAPH_FRAME + OPTIONS);
    let server = SummarizerServiceServer::new(Grpc { summarizer }).max_decoding_message_size(max_message);
    let in_our_words = MapResponseLayer::new(move |answer| refusal::oversized(answer, max_input));
    Services::new(DESCRIPTORS).with(in_our_words.named_layer(server))
}

#[tonic::async_trait]
impl SummarizerService for Grpc {
    type StreamSummaryStream = Pin<Box<dyn Stream<Item = Result<pb::StreamSummaryResponse, Status>> + Send>>;

    async fn summarize(
        &self,
        request: Request<pb::SummarizeRequest>,
    ) -> Result<Response<pb::SummarizeResponse>, Status> {
        let deadline = remaining(&request).map(Deadline::after);
        let wanted = request::parse(request.into_inner().input.unwrap_or_default(), &self.summarizer)?;
        let summary = self.summarizer.summarize(wanted, deadline).await.map_err(|error| status(&error))?;
        Ok(Response::new(pb::SummarizeResponse { summary: Some(answer::summary(summary)) }))
    }

    async fn stream_summary(
        &self,
        request: Request<pb::StreamSummaryRequest>,
    ) -> Result<Response<Self::StreamSummaryStream>, Status> {
        let deadline = remaining(&request).map(Deadline::after);
        let wanted = request::parse(request.into_inner().input.unwrap_or_default(), &self.summarizer)?;
        let events = self.summarizer.stream(wanted, deadline).map_err(|error| status(&error))?;
        let events = events.map(|event| {
            event
                .map(|event| pb::StreamSummaryResponse { event: Some(answer::event(event)) })
                .map_err(|error| status(&error))
        });
        Ok(Response::new(Box::pin(events)))
    }

    async fn list_models(
        &self,
        _request: Request<pb::ListModelsRequest>,
    ) -> Result<Response<pb::ListModelsResponse>, Status> {
        let built_in = std::iter::once(answer::model(&self.summarizer.built_in()));
        let models = built_in.chain(self.summarizer.models().into_iter().map(answer::status)).collect();
        Ok(Response::new(pb::ListModelsResponse { models, replica: self.summarizer.replica().to_owned() }))
    }
}
