//! The summarizer's side.
#![expect(clippy::disallowed_types, reason = "a gRPC server is an edge")]

use std::pin::Pin;

use futures::{Stream, StreamExt as _, stream};
use nutgraf_proto::summarizer::v1::{
    ListModelsRequest, ListModelsResponse, StreamSummaryRequest, StreamSummaryResponse, SummarizeRequest,
    SummarizeResponse, Summary, summarizer_service_server::SummarizerService,
};
use tonic::{Request, Response, Status};

use super::{Step, Upstream};

#[tonic::async_trait]
impl SummarizerService for Upstream {
    type StreamSummaryStream = Pin<Box<dyn Stream<Item = Result<StreamSummaryResponse, Status>> + Send>>;

    async fn summarize(
        &self,
        request: Request<SummarizeRequest>,
    ) -> Result<Response<SummarizeResponse>, Status> {
        self.arrive("summarize", &request).await;
        let format = request.into_inner().input.map(|input| input.format).unwrap_or_default();
        let summary = self.summary.clone().map_err(|reason| self.refusal(reason).into_status())?;
        Ok(Response::new(SummarizeResponse { summary: Some(Summary { format, ..summary }) }))
    }

    async fn stream_summary(
        &self,
        request: Request<StreamSummaryRequest>,
    ) -> Result<Response<Self::StreamSummaryStream>, Status> {
        self.arrive("stream_summary", &request).await;
        let upstream = self.clone();
        let steps = stream::iter(self.steps.clone()).then(move |step| {
            let upstream = upstream.clone();
            async move {
                match step {
                    Step::Send(event) => Ok(StreamSummaryResponse { event: Some(*event) }),
                    Step::Refuse(reason) => Err(upstream.refusal(reason).into_status()),
                    Step::Hang => {
                        upstream.seen.hang().await;
                        Err(Status::internal("unreachable"))
                    }
                }
            }
        });
        Ok(Response::new(steps.boxed()))
    }

    async fn list_models(
        &self,
        request: Request<ListModelsRequest>,
    ) -> Result<Response<ListModelsResponse>, Status> {
        self.arrive("list_models", &request).await;
        let now = self.models_now.0.lock().unwrap().clone();
        let models = now.map_or_else(|| self.models.clone(), Ok);
        let models = models.map_err(|reason| self.refusal(reason).into_status())?;
        Ok(Response::new(ListModelsResponse { models, replica: "replica-1".into() }))
    }
}
