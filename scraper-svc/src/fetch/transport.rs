//! One request after another until there is an answer: every hop is checked, waits for its turn, and is tried again
//! where the network or the site stumbled.

use std::{future::Future, sync::Arc, time::Duration};

use backon::{BackoffBuilder as _, ExponentialBuilder};
use http::{
    HeaderValue, StatusCode,
    header::{ACCEPT, RETRY_AFTER},
};
use reqwest::{Client, Request, Response, redirect::Policy};
use tokio::time::sleep;

use super::{
    FetchConfig, FetchError,
    answer::Answer,
    cache::{HttpCache, Lookup},
    guard::Guard,
    host::{Hosts, Pace, Place},
    redirect::Trail,
    resolver, tls,
};
use crate::article::{ArticleUrl, RobotsVerdict};

const MAX_IDLE_PER_HOST: usize = 2;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);
/// Pauses before a request is made again, with jitter so that replicas don't do it in step.
const RETRY: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(150))
    .with_max_delay(Duration::from_secs(1))
    .with_jitter();

/// Why there is no client.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// The TLS library refuses its settings.
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] rustls::Error),
    /// The HTTP client refuses its settings.
    #[error("the HTTP client can't be set up: {0}")]
    Http(#[from] reqwest::Error),
}

/// Says for each hop whether it may be made.
pub(super) trait Gate {
    /// What robots.txt says of `url`, where this gate asks it.
    fn admit(&self, url: &ArticleUrl) -> impl Future<Output = Result<Admission, FetchError>> + Send;
}

/// A hop that may be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct Admission {
    /// What robots.txt says.
    pub(super) verdict: RobotsVerdict,
    /// The pause between two pages that robots.txt asks for.
    pub(super) delay: Option<Duration>,
}

/// The gate that stands open: for robots.txt itself.
pub(super) struct Open;

impl Gate for Open {
    async fn admit(&self, _: &ArticleUrl) -> Result<Admission, FetchError> {
        Ok(Admission { verdict: RobotsVerdict::Ignored, delay: None })
    }
}

/// The HTTP client behind its guard.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    guard: Arc<Guard>,
    hosts: Hosts,
    cache: HttpCache,
    retries: ExponentialBuilder,
}

impl Transport {
    pub(super) fn new(config: &FetchConfig) -> Result<Self, ClientError> {
        let guard = Arc::new(Guard::new(config.fetch_allow.clone(), config.fetch_ports.clone()));
        let client = Client::builder()
            .tls_backend_preconfigured(tls::client_config()?)
            .dns_resolver(Arc::new(resolver::CheckedResolver { guard: Arc::clone(&guard) }))
            .user_agent(config.user_agent())
            .connect_timeout(config.fetch_connect_timeout)
            .redirect(Policy::none())
            .referer(false)
            .no_proxy()
            .pool_max_idle_per_host(MAX_IDLE_PER_HOST)
            .pool_idle_timeout(IDLE_TIMEOUT)
            .build()?;
        let pace = Pace { at_once: config.fetch_host_limit, per_second: config.fetch_host_rate };
        Ok(Self {
            client,
            guard,
            hosts: Hosts::new(pace),
            cache: HttpCache::new(config.fetch_cache),
            retries: RETRY.with_max_times(config.fetch_retries),
        })
    }

    /// Requests `url` and follows at most so many redirects.
    pub(super) async fn follow(
        &self,
        url: &ArticleUrl,
        accept: &'static str,
        gate: &impl Gate,
        max_redirects: usize,
    ) -> Result<Answer, FetchError> {
        let mut trail = Trail::new(url.clone(), max_redirects);
        let mut url = url.clone();
        let mut visited = None;
        loop {
            self.guard.check(&url)?;
            let mut admission = gate.admit(&url).await?;
            // The pause is between two visits; a redirect within the site is part of the same one.
            let site = url.as_url().host_str().map(str::to_owned);
            if visited == site {
                admission.delay = None;
            }
            visited = site;
            let answer = Box::pin(self.ask(&url, accept, admission)).await?;
            match trail.next(&url, answer.status, &answer.headers)? {
                Some(next) => url = next,
                None => return Ok(answer),
            }
        }
    }

    /// The answer to one hop, from the cache where its site permits.
    async fn ask(
        &self,
        url: &ArticleUrl,
        accept: &'static str,
        admission: Admission,
    ) -> Result<Answer, FetchError> {
        let mut request = get(url, accept);
        let known = match self.cache.look_up(url, &mut request) {
            Lookup::Fresh(kept) => return Ok(Answer::kept(url.clone(), admission.verdict, kept)),
            Lookup::Stale(kept) => Some(kept),
            Lookup::Absent => None,
        };
        // What stands in the settings by its exact address is the operator's own.
        let place =
            if self.guard.is_own(url) { None } else { Some(self.hosts.enter(url, admission.delay).await?) };
        let response = self.send(&request).await?;
        self.hosts.note(url, response.status(), response.headers());
        match known {
            Some(kept) if response.status() == StatusCode::NOT_MODIFIED => {
                if let Some(kept) = self.cache.confirm(url, kept, &request, &response) {
                    return Ok(Answer::kept(url.clone(), admission.verdict, kept));
                }
                // It confirms something that we don't have.
                let request = get(url, accept);
                let response = self.send(&request).await?;
                Ok(self.arriving(url, admission, &request, response, place))
            }
            _ => Ok(self.arriving(url, admission, &request, response, place)),
        }
    }

    fn arriving(
        &self,
        url: &ArticleUrl,
        admission: Admission,
        request: &Request,
        response: Response,
        place: Option<Place>,
    ) -> Answer {
        let room = self.cache.reserve(url, request, &response);
        Answer::arriving(url.clone(), admission.verdict, response, room, place)
    }

    /// Sends a request, and again after a moment where the connection or a server behind the site failed.
    async fn send(&self, request: &Request) -> Result<Response, FetchError> {
        let mut delays = self.retries.build();
        loop {
            let Some(attempt) = request.try_clone() else { return Err(FetchError::Timeout) };
            let outcome = self.client.execute(attempt).await;
            let stumbled = match &outcome {
                Ok(response) => {
                    matches!(response.status().as_u16(), 502..=504)
                        && !response.headers().contains_key(RETRY_AFTER)
                }
                Err(error) => {
                    (error.is_connect() || error.is_request())
                        && !error.is_timeout()
                        && !resolver::is_refusal(error)
                }
            };
            match delays.next().filter(|_| stumbled) {
                Some(delay) => sleep(delay).await,
                None => return outcome.map_err(|error| transport_error(&error)),
            }
        }
    }
}

pub(super) fn transport_error(error: &reqwest::Error) -> FetchError {
    if resolver::is_private(error) {
        FetchError::PrivateAddress
    } else if error.is_timeout() {
        FetchError::Timeout
    } else {
        let causes = std::iter::successors(Some(error as &dyn std::error::Error), |error| error.source());
        let cause = causes.map(ToString::to_string).collect::<Vec<_>>().join(": ");
        FetchError::Unreachable { cause }
    }
}

fn get(url: &ArticleUrl, accept: &'static str) -> Request {
    let mut request = Request::new(http::Method::GET, url.as_url().clone());
    request.headers_mut().insert(ACCEPT, HeaderValue::from_static(accept));
    request
}
