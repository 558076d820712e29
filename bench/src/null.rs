//! A summarizer that has its answer ready, so that what is measured is what stands before it.
#![expect(clippy::disallowed_types, reason = "it speaks gRPC")]

use std::time::Duration;

use futures::stream::{Iter, iter};
use nutgraf_proto::summarizer::v1::{
    self as pb,
    summarizer_service_server::{SummarizerService, SummarizerServiceServer},
};
use service_kit::{
    grpc::{Services, serve as serve_grpc},
    shutdown::DrainArgs,
};
use tokio::{net::TcpListener, sync::watch};
use tokio_util::sync::CancellationToken;
use tonic::{Request, Response, Status};

use crate::BenchError;

struct Null;

type Events = Iter<std::vec::IntoIter<Result<pb::StreamSummaryResponse, Status>>>;

#[tonic::async_trait]
impl SummarizerService for Null {
    type StreamSummaryStream = Events;

    async fn summarize(
        &self,
        _: Request<pb::SummarizeRequest>,
    ) -> Result<Response<pb::SummarizeResponse>, Status> {
        Ok(Response::new(pb::SummarizeResponse { summary: Some(summary()) }))
    }

    async fn stream_summary(&self, _: Request<pb::StreamSummaryRequest>) -> Result<Response<Events>, Status> {
        let done = pb::stream_summary_response::Event::Done(pb::Done { summary: Some(summary()) });
        Ok(Response::new(iter(vec![Ok(pb::StreamSummaryResponse { event: Some(done) })])))
    }

    async fn list_models(
        &self,
        _: Request<pb::ListModelsRequest>,
    ) -> Result<Response<pb::ListModelsResponse>, Status> {
        Ok(Response::new(pb::ListModelsResponse { models: vec![model()], replica: "null".to_owned() }))
    }
}

/// As large as a usual one: three sentences.
fn summary() -> pb::Summary {
    let sentence = |paragraph: u32| pb::SummarySentence {
        text: "The council of Harbour Mills approved a plan to rebuild the ferry pier for 4.2 million euros."
            .to_owned(),
        spans: vec![pb::SourceSpan { paragraph, start: 0, end: 90, score: 1.0 }],
        unsupported: Vec::new(),
    };
    pb::Summary {
        sentences: (0..3).map(sentence).collect(),
        engine: pb::Engine::Extractive.into(),
        model: Some(model()),
        tokens_in: 110,
        tokens_out: 48,
        coverage: Some(pb::Coverage {
            parts_total: 1,
            parts_read: 1,
            sentences_total: 7,
            sentences_skipped: 0,
        }),
        timings: Some(pb::Timings::default()),
        replica: "null".to_owned(),
        length: pb::Length::Medium.into(),
        format: pb::Format::Paragraph.into(),
        language: "en".to_owned(),
        ..pb::Summary::default()
    }
}

fn model() -> pb::Model {
    pb::Model {
        id: "extractive".to_owned(),
        revision: "null".to_owned(),
        engine: pb::Engine::Extractive.into(),
        state: pb::ModelState::Ready.into(),
        ..pb::Model::default()
    }
}

pub(crate) async fn serve(listener: TcpListener, shutdown: CancellationToken) -> Result<(), BenchError> {
    let services = Services::new(pb::DESCRIPTORS).with(SummarizerServiceServer::new(Null));
    let (_ready, serving) = watch::channel(true);
    let drain = DrainArgs::at_once(Duration::from_secs(1));
    let served = serve_grpc(listener, services, serving, &drain, shutdown).await;
    served.map_err(|error| BenchError::Unexpected(error.to_string()))
}
