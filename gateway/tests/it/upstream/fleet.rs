//! Several summarizers behind one name.

use std::{io, net::SocketAddr};

use futures::{FutureExt as _, future::BoxFuture};
use gateway::{
    app,
    clients::{Upstream as Client, Upstreams},
    config::Config,
    state::AppState,
};
use nutgraf_proto::{
    scraper::v1::{DESCRIPTORS as SCRAPING, scraper_service_server::ScraperServiceServer},
    summarizer::v1::{DESCRIPTORS as SUMMARIZING, summarizer_service_server::SummarizerServiceServer},
};
use service_kit::{
    grpc::{Balanced, Resolver, Services},
    testing::Wire,
};
use tokio_util::sync::CancellationToken;

use super::{Seen, Stage, Upstream, wired};

struct Names(Vec<SocketAddr>);

impl Resolver for Names {
    fn resolve(&self) -> BoxFuture<'_, io::Result<Vec<SocketAddr>>> {
        let addresses = self.0.clone();
        async { Ok(addresses) }.boxed()
    }
}

/// The gateway in front of several summarizers, and of a scraper that is the first one's.
pub(crate) struct Fleet {
    /// The gateway; its summarizer is the first.
    pub(crate) stage: Stage,
    /// The others.
    pub(crate) others: Vec<Wire>,
    /// What each summarizer saw, the first one's first.
    pub(crate) seen: Vec<Seen>,
}

impl Fleet {
    /// Starts them, and waits until the gateway knows that all serve.
    pub(crate) async fn of(replicas: impl IntoIterator<Item = Upstream>, config: Config) -> Self {
        let stop = CancellationToken::new();
        let replicas: Vec<Upstream> = replicas.into_iter().collect();
        let seen = replicas.iter().map(|replica| replica.seen.clone()).collect();
        let scraper = ScraperServiceServer::new(replicas[0].clone());
        let scraper = wired(Services::new(SCRAPING).with(scraper), stop.clone()).await;
        let mut wires = Vec::new();
        for replica in replicas {
            let services = Services::new(SUMMARIZING).with(SummarizerServiceServer::new(replica));
            wires.push(wired(services, stop.clone()).await);
        }
        let names = Names(wires.iter().map(|wire| wire.address).collect());
        let channel = Balanced::over("summarizer", names);
        let upstreams = Upstreams {
            scraper: Client::connect("scraper", &scraper.address.into()),
            summarizer: Client::over(channel.clone()),
        };
        let state = AppState::over(upstreams, config);
        while channel.others_than(&[]) < wires.len() {
            tokio::task::yield_now().await;
        }
        let summarizer = wires.remove(0);
        let services = gateway::config::ServiceAddresses {
            scraper: scraper.address.into(),
            summarizer: summarizer.address.into(),
        };
        let app = app(state.clone());
        Self {
            stage: Stage { app, state, services, scraper, summarizer, _stop: stop.drop_guard() },
            others: wires,
            seen,
        }
    }

    /// How often each saw this method.
    pub(crate) fn counts(&self, method: &str) -> Vec<usize> {
        self.seen.iter().map(|seen| seen.count(method)).collect()
    }
}
