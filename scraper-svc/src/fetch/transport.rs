//! One request after another until there is a body: every hop is checked, and every byte counted.

use std::{future::Future, sync::Arc, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{
    HeaderMap, HeaderValue,
    header::{ACCEPT, CONTENT_TYPE},
};
use mime::Mime;
use reqwest::{Client, redirect::Policy};

use super::{FetchConfig, FetchError, guard::Guard, redirect::Trail, resolver, tls};
use crate::article::{ArticleUrl, RobotsVerdict};

const MAX_IDLE_PER_HOST: usize = 2;
const IDLE_TIMEOUT: Duration = Duration::from_secs(30);

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
    fn admit(&self, url: &ArticleUrl) -> impl Future<Output = Result<RobotsVerdict, FetchError>> + Send;
}

/// The gate that stands open: for robots.txt itself, and for what the operator has configured.
pub(super) struct Open;

impl Gate for Open {
    async fn admit(&self, _: &ArticleUrl) -> Result<RobotsVerdict, FetchError> {
        Ok(RobotsVerdict::Ignored)
    }
}

/// The HTTP client behind its guard.
#[derive(Debug)]
pub(super) struct Transport {
    client: Client,
    guard: Arc<Guard>,
    max_redirects: usize,
}

/// The last response of a chain of redirects. Its body is yet to be read.
pub(super) struct Answer {
    pub(super) url: ArticleUrl,
    pub(super) robots: RobotsVerdict,
    response: reqwest::Response,
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
        Ok(Self { client, guard, max_redirects: config.fetch_max_redirects })
    }

    /// Requests `url` and follows redirects.
    pub(super) async fn follow(
        &self,
        url: &ArticleUrl,
        accept: &'static str,
        gate: &impl Gate,
    ) -> Result<Answer, FetchError> {
        let mut trail = Trail::new(url.clone(), self.max_redirects);
        let mut url = url.clone();
        loop {
            self.guard.check(&url)?;
            let robots = gate.admit(&url).await?;
            let request =
                self.client.get(url.as_url().clone()).header(ACCEPT, HeaderValue::from_static(accept));
            let response = request.send().await.map_err(|error| transport_error(&error))?;
            match trail.next(&url, response.status(), response.headers())? {
                Some(next) => url = next,
                None => return Ok(Answer { url, robots, response }),
            }
        }
    }
}

impl Answer {
    /// HTTP status.
    pub(super) fn status(&self) -> u16 {
        self.response.status().as_u16()
    }

    pub(super) fn headers(&self) -> &HeaderMap {
        self.response.headers()
    }

    /// None where the site sends none, or nonsense.
    pub(super) fn media_type(&self) -> Option<Mime> {
        self.headers().get(CONTENT_TYPE)?.to_str().ok()?.parse().ok()
    }

    /// The whole body, decoded.
    pub(super) async fn body(self, limit: usize) -> Result<Bytes, FetchError> {
        let announced = self.response.content_length().unwrap_or_default();
        if announced > limit as u64 {
            return Err(FetchError::TooLarge { limit });
        }
        let (body, whole) = self.read(limit).await?;
        if whole { Ok(body) } else { Err(FetchError::TooLarge { limit }) }
    }

    /// The beginning of the body, decoded; at most `limit` bytes.
    pub(super) async fn beginning(self, limit: usize) -> Result<Bytes, FetchError> {
        self.read(limit).await.map(|(body, _)| body)
    }

    /// Reads until the end or the limit; and whether the end was reached.
    async fn read(mut self, limit: usize) -> Result<(Bytes, bool), FetchError> {
        let mut body = BytesMut::new();
        while let Some(chunk) = self.response.chunk().await.map_err(|error| transport_error(&error))? {
            let room = limit - body.len();
            if let Some(fits) = chunk.get(..room).filter(|_| chunk.len() > room) {
                body.extend_from_slice(fits);
                return Ok((body.freeze(), false));
            }
            body.extend_from_slice(&chunk);
        }
        Ok((body.freeze(), true))
    }
}

fn transport_error(error: &reqwest::Error) -> FetchError {
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
