//! Where the calls go.

use std::{collections::BTreeMap, net::IpAddr, time::Duration};

use gateway::{
    article::{Paragraph, lines_as_paragraphs},
    caller::Caller,
    clients::{
        Upstream,
        summarizer::{Summarizer, Text},
    },
    digest::Call,
    options::SummaryOptions,
};
use reqwest::Client;
use service_kit::{deadline::Deadline, grpc::Balanced, request_id::RequestId};
use tokio::time::{interval, timeout};

use super::names::Names;
use crate::{BenchError, steady, texts::text};

/// How long a caller waits.
const DEADLINE: Duration = Duration::from_secs(2);
/// A caller of the gateway waits for a stream as long as the gateway's own limits let it.
const STREAM_DEADLINE: Duration = Duration::from_secs(10);
const READY: Duration = Duration::from_secs(15);

/// Where the calls go.
#[derive(Debug)]
pub(super) enum Target {
    /// Through the gateway's client.
    Client { upstream: Upstream, summarizer: Summarizer },
    /// Through a gateway, by streams.
    Gateway { client: Client, address: String },
}

impl Target {
    pub(super) fn client(names: &Names, without_retries: bool) -> Self {
        let upstream = Upstream::over(Balanced::over("summarizer", names.clone()));
        let upstream = if without_retries { upstream.without_retries() } else { upstream };
        let summarizer = Summarizer::new(upstream.clone(), DEADLINE, usize::MAX);
        Self::Client { upstream, summarizer }
    }

    pub(super) fn gateway(address: &str) -> Self {
        Self::Gateway { client: Client::new(), address: address.to_owned() }
    }

    /// Waits until a call goes through.
    pub(super) async fn until_ready(&self) -> Result<(), BenchError> {
        let ready = async {
            let mut beat = interval(Duration::from_millis(100));
            while self.call(0).await.is_err() {
                beat.tick().await;
            }
        };
        let late = |_| BenchError::Unexpected("no call goes through".to_owned());
        timeout(READY, ready).await.map_err(late)
    }

    /// The name of the replica that answered, or what went wrong.
    pub(super) async fn call(&self, number: usize) -> Result<String, String> {
        match self {
            Self::Client { summarizer, .. } => {
                let paragraphs: Vec<Paragraph> = lines_as_paragraphs(&text(number));
                let options = SummaryOptions::default();
                let text = Text { title: "", paragraphs: &paragraphs, language: None, options: &options };
                let call = Call {
                    deadline: Deadline::after(DEADLINE),
                    request_id: RequestId::generate(),
                    caller: Caller::default(),
                };
                let summary = summarizer.summarize(text, &call).await;
                summary.map(|summary| summary.replica).map_err(|error| error.to_string())
            }
            Self::Gateway { client, address } => {
                let answer = timeout(STREAM_DEADLINE, steady::once(client, address, number, true)).await;
                answer.unwrap_or_else(|_| Err("no answer in time".to_owned()))
            }
        }
    }

    /// The calls that each replica was given so far, where that can be seen from here.
    pub(super) fn given(&self) -> BTreeMap<IpAddr, u64> {
        match self {
            Self::Client { upstream, .. } => {
                let replicas = upstream.channel().replicas();
                replicas.into_iter().map(|replica| (replica.address.ip(), replica.calls)).collect()
            }
            Self::Gateway { .. } => BTreeMap::new(),
        }
    }

    /// A channel to look at it from elsewhere.
    pub(super) fn channel(&self) -> Option<Balanced> {
        match self {
            Self::Client { upstream, .. } => Some(upstream.channel().clone()),
            Self::Gateway { .. } => None,
        }
    }
}
