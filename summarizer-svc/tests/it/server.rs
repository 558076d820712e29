//! A server for one test.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use nutgraf_proto::summarizer::v1::{self as pb, summarizer_service_client::SummarizerServiceClient};
use service_kit::{
    grpc::{Fault, ServeError, channel},
    shutdown::DrainArgs,
    testing::listener,
};
use summarizer_svc::{
    Summarizer, config::Config, engine::Engine, engine::extractive::Extractive, serve_with,
};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use tonic::{Status, transport::Channel};

pub(crate) const LONG: Duration = Duration::from_secs(10);

pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    pub(crate) channel: Channel,
    pub(crate) client: SummarizerServiceClient<Channel>,
    pub(crate) summarizer: Summarizer,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

pub(crate) async fn start() -> Server {
    start_with(Config { replica: "test".to_owned(), ..Config::default() }, Extractive).await
}

pub(crate) async fn start_with(config: Config, engine: impl Engine) -> Server {
    start_draining(config, engine, DrainArgs::at_once(LONG)).await
}

pub(crate) async fn start_draining(config: Config, engine: impl Engine, drain: DrainArgs) -> Server {
    start_summarizer(Summarizer::with_engine(&config, Arc::new(engine)), drain).await
}

pub(crate) async fn start_summarizer(summarizer: Summarizer, drain: DrainArgs) -> Server {
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let channel = channel(&address.into());
    let shutdown = CancellationToken::new();
    let (served, stop) = (summarizer.clone(), shutdown.clone());
    let task = tokio::spawn(async move { serve_with(listener, served, &drain, stop).await });
    let client = SummarizerServiceClient::new(channel.clone());
    Server { address, channel, client, summarizer, shutdown, task }
}

impl Server {
    /// A client with a connection of its own.
    pub(crate) fn another_client(&self) -> SummarizerServiceClient<Channel> {
        SummarizerServiceClient::new(channel(&self.address.into()))
    }

    pub(crate) async fn summarize(&mut self, input: pb::SummaryInput) -> Result<pb::Summary, Status> {
        let answer = self.client.summarize(pb::SummarizeRequest { input: Some(input) }).await?;
        Ok(answer.into_inner().summary.unwrap())
    }
}

pub(crate) fn text(text: &str) -> pb::SummaryInput {
    pb::SummaryInput {
        content: Some(pb::summary_input::Content::Text(text.to_owned())),
        ..pb::SummaryInput::default()
    }
}

pub(crate) fn reason(status: &Status) -> String {
    Fault::from_status(status).reason.unwrap_or_default()
}
