//! A scraper and a summarizer that answer what a test tells them, with the gateway in front of them and wires between
//! that can be broken.
#![expect(clippy::disallowed_types, reason = "names the codes that a service fails with")]

mod fleet;
mod scraper;
mod summarizer;

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use gateway::{
    app,
    config::{Config, ServiceAddresses},
    state::AppState,
};
use nutgraf_proto::{
    scraper::v1::{self as scraping, scraper_service_server::ScraperServiceServer},
    summarizer::v1::{
        self as summarizing, stream_summary_response::Event,
        summarizer_service_server::SummarizerServiceServer,
    },
};
use service_kit::{
    grpc::{Rejection, Services, serve},
    shutdown::DrainArgs,
    testing::{Wire, listener},
};
use tokio::sync::watch;
use tokio_util::sync::{CancellationToken, DropGuard};
use tonic::Code;

pub(crate) use fleet::Fleet;

/// An error as a service names it.
pub(crate) type Reason = (Code, &'static str);

/// A refusal for a reason, which is all that the gateway goes by.
pub(crate) fn refused(reason: &'static str) -> Reason {
    (Code::FailedPrecondition, reason)
}

/// What a stream does next.
#[derive(Debug, Clone)]
pub(crate) enum Step {
    Send(Box<Event>),
    Refuse(Reason),
    /// Says nothing more, and stays open.
    Hang,
}

impl Step {
    pub(crate) fn send(event: Event) -> Self {
        Self::Send(Box::new(event))
    }
}

/// What the two services answer.
#[derive(Debug, Clone)]
pub(crate) struct Upstream {
    pub(crate) article: Result<scraping::Article, Reason>,
    /// The headline that leads to it; its own address without one.
    pub(crate) headline_url: Option<&'static str>,
    pub(crate) headlines: Result<Vec<scraping::Headline>, Reason>,
    pub(crate) summary: Result<summarizing::Summary, Reason>,
    pub(crate) models: Result<Vec<summarizing::Model>, Reason>,
    /// The models from the moment on that they are set.
    pub(crate) models_now: ModelsNow,
    /// What a streamed summary does; it ends after the last step.
    pub(crate) steps: Vec<Step>,
    /// Calls that get no answer, by the name of their method.
    pub(crate) hangs: &'static [&'static str],
    /// What comes with an error.
    pub(crate) metadata: Vec<(&'static str, String)>,
    pub(crate) retry_after: Option<Duration>,
    pub(crate) seen: Seen,
}

impl Default for Upstream {
    fn default() -> Self {
        Self {
            article: Ok(scraping::Article {
                url: "https://news.example/".into(),
                ..scraping::Article::default()
            }),
            headline_url: None,
            headlines: Ok(Vec::new()),
            summary: Ok(summarizing::Summary {
                engine: summarizing::Engine::Extractive.into(),
                ..summarizing::Summary::default()
            }),
            models: Ok(Vec::new()),
            models_now: ModelsNow::default(),
            steps: Vec::new(),
            hangs: &[],
            metadata: Vec::new(),
            retry_after: None,
            seen: Seen::default(),
        }
    }
}

/// Models that a test changes while the services run.
#[derive(Debug, Clone, Default)]
pub(crate) struct ModelsNow(Arc<Mutex<Option<Vec<summarizing::Model>>>>);

impl ModelsNow {
    pub(crate) fn set(&self, models: Vec<summarizing::Model>) {
        *self.0.lock().unwrap() = Some(models);
    }
}

/// What the services saw.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    calls: Arc<Mutex<Vec<SeenCall>>>,
    changed: Arc<watch::Sender<Progress>>,
}

/// A call as a service saw it.
#[derive(Debug, Clone)]
pub(crate) struct SeenCall {
    pub(crate) method: &'static str,
    pub(crate) request_id: Option<String>,
    pub(crate) timeout: Option<Duration>,
    /// The message, as Rust writes it.
    pub(crate) message: String,
}

/// How many calls hung, and how many of these were given up.
#[derive(Debug, Clone, Copy, Default)]
struct Progress {
    hung: usize,
    dropped: usize,
}

impl Seen {
    pub(crate) fn calls(&self) -> Vec<SeenCall> {
        self.calls.lock().unwrap().clone()
    }

    /// The calls of a method, in their order.
    pub(crate) fn of(&self, method: &str) -> Vec<SeenCall> {
        self.calls().into_iter().filter(|call| call.method == method).collect()
    }

    pub(crate) fn count(&self, method: &str) -> usize {
        self.of(method).len()
    }

    /// How many of the calls that hung were given up.
    pub(crate) fn dropped(&self) -> usize {
        self.changed.borrow().dropped
    }

    /// Waits until a call hangs.
    pub(crate) async fn a_call_hangs(&self) {
        self.until("no call came to hang", |progress| progress.hung > 0).await;
    }

    /// Waits until the caller of one that hangs has gone.
    pub(crate) async fn a_caller_left(&self) {
        self.until("no caller went away", |progress| progress.dropped > 0).await;
    }

    async fn until(&self, otherwise: &str, reached: impl Fn(&Progress) -> bool) {
        let mut progress = self.changed.subscribe();
        let waited =
            tokio::time::timeout(Duration::from_secs(5), progress.wait_for(|seen| reached(seen))).await;
        waited.expect(otherwise).unwrap();
    }

    /// Never ends; tells when it begins, and when nobody waits for it any more.
    async fn hang(self) {
        struct Guard(Seen);
        impl Drop for Guard {
            fn drop(&mut self) {
                self.0.changed.send_modify(|progress| progress.dropped += 1);
            }
        }
        self.changed.send_modify(|progress| progress.hung += 1);
        let _guard = Guard(self);
        std::future::pending::<()>().await;
    }
}

/// The gateway in front of the services, which stop when it is dropped.
pub(crate) struct Stage {
    pub(crate) app: axum::Router,
    pub(crate) state: AppState,
    pub(crate) services: ServiceAddresses,
    pub(crate) scraper: Wire,
    pub(crate) summarizer: Wire,
    _stop: DropGuard,
}

impl Upstream {
    /// Starts both services and the gateway.
    pub(crate) async fn start(self) -> Stage {
        self.start_with(Config::default()).await
    }

    /// The same with other settings.
    pub(crate) async fn start_with(self, config: Config) -> Stage {
        let stop = CancellationToken::new();
        let scraper = Services::new(scraping::DESCRIPTORS).with(ScraperServiceServer::new(self.clone()));
        let summarizer = Services::new(summarizing::DESCRIPTORS).with(SummarizerServiceServer::new(self));
        let scraper = wired(scraper, stop.clone()).await;
        let summarizer = wired(summarizer, stop.clone()).await;
        let services =
            ServiceAddresses { scraper: scraper.address.into(), summarizer: summarizer.address.into() };
        let state = AppState::new(&services, config);
        let found = async {
            for upstream in [&state.upstreams.scraper, &state.upstreams.summarizer] {
                while upstream.channel().others_than(&[]) == 0 {
                    tokio::task::yield_now().await;
                }
            }
        };
        tokio::time::timeout(Duration::from_secs(30), found).await.expect("a service is not found");
        Stage { app: app(state.clone()), state, services, scraper, summarizer, _stop: stop.drop_guard() }
    }

    fn refusal(&self, (code, reason): Reason) -> Rejection {
        let message = "not for the reader".to_owned();
        Rejection { code, reason, message, metadata: self.metadata.clone(), retry_after: self.retry_after }
    }
}

async fn wired(services: Services, stop: CancellationToken) -> Wire {
    let listener = listener().await.unwrap();
    let wire = Wire::to(listener.local_addr().unwrap()).await.unwrap();
    tokio::spawn(async move {
        let drain = DrainArgs::at_once(Duration::from_secs(1));
        serve(listener, services, watch::channel(true).1, &drain, stop).await.unwrap();
    });
    wire
}

/// The gateway with nothing behind it.
pub(crate) async fn alone() -> Stage {
    let stage = Upstream::default().start().await;
    stage.scraper.cut();
    stage.summarizer.cut();
    stage
}
