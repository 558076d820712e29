//! A real summarizer whose engine takes a fixed time.

use std::{sync::Arc, thread, time::Duration};

use clap::Args;
use service_kit::{config::duration, shutdown::DrainArgs};
use summarizer_svc::{
    Summarizer,
    config::Config,
    engine::{Engine, EngineError, Output, extractive::Extractive},
    serve_with,
    summary::{Draft, ModelId, Request},
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

use crate::BenchError;

#[derive(Debug, Clone, Args)]
pub(crate) struct Arguments {
    /// How long a summary takes.
    #[arg(long, default_value = "20ms", value_parser = duration)]
    service_time: Duration,
    /// Summaries at once.
    #[arg(long, default_value_t = 2)]
    workers: usize,
    /// Its name in its answers.
    #[arg(long, default_value = "")]
    name: String,
}

/// The extractive engine, after a while.
struct Slow(Duration);

impl Engine for Slow {
    fn model(&self) -> ModelId {
        Extractive.model()
    }

    fn summarize(&self, request: &Request, output: &mut dyn Output) -> Result<Draft, EngineError> {
        thread::sleep(self.0);
        output.check()?;
        Extractive.summarize(request, output)
    }
}

pub(crate) async fn serve(
    listener: TcpListener,
    arguments: &Arguments,
    shutdown: CancellationToken,
) -> Result<(), BenchError> {
    let config = Config {
        summarizer_workers: arguments.workers,
        replica: arguments.name.clone(),
        ..Config::default()
    };
    let summarizer = Summarizer::with_engine(&config, Arc::new(Slow(arguments.service_time)));
    let drain = DrainArgs { drain_notice: Duration::from_millis(1500), drain_limit: Duration::from_secs(8) };
    let served = serve_with(listener, summarizer, &drain, shutdown).await;
    served.map_err(|error| BenchError::Unexpected(error.to_string()))
}
