//! A server for one test.

use std::{sync::Arc, time::Duration};

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
    pub(crate) client: SummarizerServiceClient<Channel>,
    pub(crate) shutdown: CancellationToken,
    pub(crate) task: JoinHandle<Result<(), ServeError>>,
}

pub(crate) async fn start() -> Server {
    start_with(Config { replica: "test".to_owned(), ..Config::default() }, Arc::new(Extractive)).await
}

pub(crate) async fn start_with(config: Config, engine: Arc<dyn Engine>) -> Server {
    let listener = listener().await.unwrap();
    let address = listener.local_addr().unwrap();
    let shutdown = CancellationToken::new();
    let stop = shutdown.clone();
    let summarizer = Summarizer::with_engine(&config, engine);
    let task =
        tokio::spawn(async move { serve_with(listener, summarizer, &DrainArgs::at_once(LONG), stop).await });
    Server { client: SummarizerServiceClient::new(channel(&address.into())), shutdown, task }
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
