//! The gateway and the scraper with a summarizer whose model does what a test tells it.
#![expect(clippy::disallowed_types, reason = "a gRPC server is an edge")]

use std::{
    net::SocketAddr,
    pin::Pin,
    sync::{Arc, Mutex},
    time::Duration,
};

use futures::{Stream, StreamExt as _, stream};
use gateway::config::{Config, ServiceAddresses};
use nutgraf_proto::summarizer::v1::{
    DESCRIPTORS, Done, Engine, Format, Length, ListModelsRequest, ListModelsResponse, Model, ModelState,
    Phase, Progress, SourceSpan, StreamSummaryRequest, StreamSummaryResponse, SummarizeRequest,
    SummarizeResponse, Summary, SummaryInput, SummarySentence,
    stream_summary_response::Event,
    summarizer_service_server::{SummarizerService, SummarizerServiceServer},
    summary_input::Content,
};
use service_kit::{
    grpc::{GrpcAddress, Rejection, Services, serve},
    shutdown::DrainArgs,
    testing::listener,
};
use tokio::sync::{Semaphore, watch};
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::{Code, Request, Response, Status};

pub(crate) const DRAIN: DrainArgs = DrainArgs::at_once(Duration::from_secs(5));
const SIZE: u64 = 1_222_320_000;

/// A summarizer with a model named "distilbart" that does as it is told, besides what is always ready. Clones are the same.
#[derive(Debug, Clone)]
pub(crate) struct Summarizer {
    writer: Arc<Mutex<Model>>,
    /// The model goes from one phase to the next when it gets a permit.
    pub(crate) phases: Arc<Semaphore>,
}

impl Summarizer {
    /// The model is being downloaded, and this many bytes of it are here.
    pub(crate) fn downloading(bytes: u64) -> Self {
        let writer = Model {
            id: "distilbart".into(),
            revision: "a4f8f3ea906ed274767e9906dbaede7531d660ff".into(),
            engine: Engine::Abstractive.into(),
            state: ModelState::Downloading.into(),
            downloaded_bytes: bytes,
            download_bytes: SIZE,
            ..Model::default()
        };
        Self { writer: Arc::new(Mutex::new(writer)), phases: Arc::new(Semaphore::new(0)) }
    }

    /// Lets this many bytes of the model be here.
    pub(crate) fn download(&self, bytes: u64) {
        self.writer.lock().unwrap().downloaded_bytes = bytes;
    }

    /// Puts the model into a state.
    pub(crate) fn turn(&self, state: ModelState, error: &str) {
        let mut writer = self.writer.lock().unwrap();
        writer.set_state(state);
        writer.error = error.into();
    }

    /// Serves pages over it, and over the scraper with its bundled newspaper, until the guard is dropped.
    pub(crate) async fn serve_pages(self) -> (SocketAddr, DropGuard) {
        let stop = CancellationToken::new();
        let (at, token) = (listener().await.unwrap(), stop.clone());
        let summarizer = GrpcAddress::from(at.local_addr().unwrap());
        let services = Services::new(DESCRIPTORS).with(SummarizerServiceServer::new(self));
        tokio::spawn(
            async move { serve(at, services, watch::channel(true).1, &DRAIN, token).await.unwrap() },
        );
        serve_pages_over(summarizer, stop).await
    }

    fn models(&self) -> [Model; 3] {
        let ready = |id: &str, engine: Engine| Model {
            id: id.into(),
            revision: "1".into(),
            engine: engine.into(),
            state: ModelState::Ready.into(),
            ..Model::default()
        };
        let small = ready("flan-t5-small", Engine::Abstractive);
        [ready("extractive", Engine::Extractive), self.writer.lock().unwrap().clone(), small]
    }

    /// The model that answers.
    fn pick(&self, input: &SummaryInput) -> Result<Model, Status> {
        let models = self.models();
        let is_asked_for = |model: &&Model| model.id == input.model && input.engine() != Engine::Extractive;
        let model = models.iter().find(is_asked_for).unwrap_or(&models[0]);
        if model.state() == ModelState::Ready { Ok(model.clone()) } else { Err(not_ready(model)) }
    }
}

/// Serves pages over a summarizer, and over the scraper with its bundled newspaper, until the guard is dropped.
pub(crate) async fn serve_pages_over(
    summarizer: GrpcAddress,
    stop: CancellationToken,
) -> (SocketAddr, DropGuard) {
    let (at, token) = (listener().await.unwrap(), stop.clone());
    let scraper = GrpcAddress::from(at.local_addr().unwrap());
    let newsroom = "127.0.0.1:0".parse().unwrap();
    let config = scraper_svc::config::Config { newsroom, ..Default::default() };
    tokio::spawn(async move { scraper_svc::serve(at, config, &DRAIN, token).await.unwrap() });
    let (at, token) = (listener().await.unwrap(), stop.clone());
    let address = at.local_addr().unwrap();
    let services = ServiceAddresses { scraper, summarizer };
    tokio::spawn(async move { gateway::serve(at, &services, Config::default(), &DRAIN, token).await });
    (address, stop.drop_guard())
}

fn not_ready(model: &Model) -> Status {
    let state = model.state().as_str_name().trim_start_matches("MODEL_STATE_").to_lowercase();
    let metadata = vec![
        ("model", model.id.clone()),
        ("state", state),
        ("downloaded_bytes", model.downloaded_bytes.to_string()),
        ("download_bytes", model.download_bytes.to_string()),
    ];
    let (code, message) = (Code::Unavailable, "The model is not ready.".into());
    let retry_after = Some(Duration::from_secs(5));
    Rejection { code, reason: "MODEL_NOT_READY", message, metadata, retry_after }.into_status()
}

/// The first paragraph, word for word.
fn summary(input: SummaryInput, model: Model) -> Summary {
    let Some(Content::Paragraphs(list)) = input.content else { panic!("no paragraphs") };
    let text = list.paragraphs[0].text.clone();
    let span = SourceSpan { paragraph: 0, start: 0, end: text.chars().count() as u32, score: 1.0 };
    let sentence = SummarySentence { text, spans: vec![span], unsupported: Vec::new() };
    Summary {
        sentences: vec![sentence],
        engine: model.engine,
        model: Some(model),
        length: Length::Medium.into(),
        format: Format::Paragraph.into(),
        ..Summary::default()
    }
}

#[tonic::async_trait]
impl SummarizerService for Summarizer {
    type StreamSummaryStream = Pin<Box<dyn Stream<Item = Result<StreamSummaryResponse, Status>> + Send>>;

    async fn summarize(
        &self,
        request: Request<SummarizeRequest>,
    ) -> Result<Response<SummarizeResponse>, Status> {
        let input = request.into_inner().input.unwrap();
        let model = self.pick(&input)?;
        Ok(Response::new(SummarizeResponse { summary: Some(summary(input, model)) }))
    }

    async fn stream_summary(
        &self,
        request: Request<StreamSummaryRequest>,
    ) -> Result<Response<Self::StreamSummaryStream>, Status> {
        let input = request.into_inner().input.unwrap();
        let model = self.pick(&input)?;
        let writes = model.engine() == Engine::Abstractive;
        let phases = [Phase::Loading, Phase::Reading, Phase::Encoding, Phase::Writing, Phase::Grounding];
        let gate = Arc::clone(&self.phases);
        let progress = stream::iter(phases.into_iter().filter(move |_| writes)).then(move |phase| {
            let gate = Arc::clone(&gate);
            async move {
                gate.acquire().await.unwrap().forget();
                Event::Progress(Progress { phase: phase.into(), done: 0, total: 0 })
            }
        });
        let gate = Arc::clone(&self.phases);
        let done = stream::once(async move {
            if writes {
                gate.acquire().await.unwrap().forget();
            }
            Event::Done(Done { summary: Some(summary(input, model)) })
        });
        let events = progress.chain(done).map(|event| Ok(StreamSummaryResponse { event: Some(event) }));
        Ok(Response::new(events.boxed()))
    }

    async fn list_models(
        &self,
        _: Request<ListModelsRequest>,
    ) -> Result<Response<ListModelsResponse>, Status> {
        let models = self.models().to_vec();
        Ok(Response::new(ListModelsResponse { models, replica: "replica-1".into() }))
    }
}
