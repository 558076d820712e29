//! The hub's protocol over HTTP, as Hugging Face's documentation and its Python client have it:
//!
//! - `GET {hub}/api/models/{repo}/revision/{revision}`: the commit, and the names of its files;
//! - `HEAD {hub}/{repo}/resolve/{commit}/{file}`: checksum and size, as `X-Linked-Etag` and `X-Linked-Size` for a file in
//!   large-file storage, which is a redirect to another host, else as `ETag` and `Content-Length`;
//! - `GET` of the same: the bytes, from an offset with `Range`.
//!
//! Redirects are followed here, hop by hop, so that the token goes to the hub and to nobody else.

use std::error::Error;

use http::{
    HeaderMap, HeaderValue, Method, StatusCode,
    header::{ACCEPT_ENCODING, AUTHORIZATION, CONTENT_LENGTH, CONTENT_RANGE, ETAG, LOCATION, RANGE},
};
use reqwest::{Client, Request, Response, redirect::Policy};
use tokio::time::timeout;
use url::Url;

mod etag;
mod listing;
mod patience;
mod refusal;
mod tls;

pub(crate) use etag::Etag;
pub(crate) use listing::Listing;
pub(crate) use patience::Patience;
pub(crate) use refusal::Subject;
use refusal::number;

use crate::{
    config::{Config, Limits, Token},
    error::HubError,
    reference::{FileName, RepoId, Revision},
    size::Size,
};

const MAX_HOPS: usize = 6;
const COMMIT: &str = "x-repo-commit";
const LINKED_ETAG: &str = "x-linked-etag";
const LINKED_SIZE: &str = "x-linked-size";
const USER_AGENT: &str = concat!("nutgraf/", env!("CARGO_PKG_VERSION"));

/// A hub, and who asks it.
#[derive(Debug)]
pub(crate) struct Wire {
    client: Client,
    endpoint: Url,
    token: Option<Token>,
    limits: Limits,
}

/// A file as the hub describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    pub(crate) name: FileName,
    pub(crate) etag: Etag,
    pub(crate) size: u64,
}

/// The bytes of a file.
pub(crate) enum Body {
    /// All of them, whatever was asked for.
    Whole(Response),
    /// Those from the offset that was asked for.
    Rest(Response),
    /// The file ends before that offset.
    Nothing,
}

impl Wire {
    pub(crate) fn new(config: &Config) -> Result<Self, HubError> {
        let tls = tls::client_config()
            .map_err(|error| HubError::Config(format!("TLS can't be set up: {error}")))?;
        let mut builder = Client::builder()
            .tls_backend_preconfigured(tls)
            .user_agent(USER_AGENT)
            .connect_timeout(config.limits.connect)
            .redirect(Policy::none())
            .referer(false)
            // Ranges and checksums are of the bytes as they are stored.
            .no_gzip()
            .no_brotli()
            .no_zstd()
            .no_deflate();
        if !config.system_proxy {
            builder = builder.no_proxy();
        }
        let client = builder.build().map_err(|error| {
            HubError::Config(format!("the HTTP client can't be set up: {}", causes(&error)))
        })?;
        Ok(Self {
            client,
            endpoint: config.endpoint.clone(),
            token: config.token.clone(),
            limits: config.limits.clone(),
        })
    }

    /// The hub's host, for messages.
    pub(crate) fn hub(&self) -> String {
        host(&self.endpoint)
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Checksum and size of a file, tried again while that may help.
    pub(crate) async fn describe(
        &self,
        repo: &RepoId,
        commit: &Revision,
        file: &FileName,
    ) -> Result<Remote, HubError> {
        let subject = Subject { repo, revision: commit, file: Some(file) };
        let mut patience = Patience::new(&self.limits);
        loop {
            match self.describe_once(&subject, file).await {
                Err(error) => patience.bear(error).await?,
                done => return done,
            }
        }
    }

    async fn describe_once(&self, subject: &Subject<'_>, file: &FileName) -> Result<Remote, HubError> {
        let mut url = self.file_url(subject, file);
        for _ in 0..MAX_HOPS {
            let response = self.ask(Method::HEAD, &url, None).await?;
            let headers = response.headers();
            self.check_commit(subject, headers)?;
            let next = self.redirect(&url, &response)?;
            // What the storage behind a link says of itself is not asked: its ETag is another, and it may refuse a HEAD.
            if let Some(etag) =
                text(headers, LINKED_ETAG).filter(|_| next.is_some() || response.status().is_success())
            {
                let size = number(headers, LINKED_SIZE).or_else(|| number(headers, CONTENT_LENGTH.as_str()));
                return self.remote(file, etag, size);
            }
            match next {
                Some(next) => url = next,
                None if response.status().is_success() => {
                    let etag = text(headers, ETAG.as_str()).unwrap_or_default();
                    return self.remote(file, etag, number(headers, CONTENT_LENGTH.as_str()));
                }
                None => return Err(self.refusal(subject, &url, &response)),
            }
        }
        Err(self.protocol("it redirects for ever"))
    }

    fn remote(&self, file: &FileName, etag: &str, size: Option<u64>) -> Result<Remote, HubError> {
        let etag =
            Etag::of_header(etag).ok_or_else(|| self.protocol(format!("{file} has no usable ETag")))?;
        let size = size.ok_or_else(|| self.protocol(format!("it doesn't say how large {file} is")))?;
        Ok(Remote { name: file.clone(), etag, size })
    }

    /// The bytes of a file from an offset on. One attempt.
    pub(crate) async fn body(
        &self,
        subject: &Subject<'_>,
        file: &Remote,
        from: u64,
    ) -> Result<Body, HubError> {
        let mut url = self.file_url(subject, &file.name);
        for _ in 0..MAX_HOPS {
            let response = self.ask(Method::GET, &url, (from > 0).then_some(from)).await?;
            self.check_commit(subject, response.headers())?;
            if let Some(next) = self.redirect(&url, &response)? {
                url = next;
                continue;
            }
            return match response.status() {
                StatusCode::PARTIAL_CONTENT if from > 0 => {
                    let range = text(response.headers(), CONTENT_RANGE.as_str()).unwrap_or_default();
                    // How long the rest is shows when it comes.
                    if range.starts_with(&format!("bytes {from}-")) {
                        Ok(Body::Rest(response))
                    } else {
                        Err(self.protocol(format!(
                            "asked for {} from byte {from}, it sends {range:?}",
                            file.name
                        )))
                    }
                }
                StatusCode::RANGE_NOT_SATISFIABLE if from > 0 => Ok(Body::Nothing),
                StatusCode::OK => Ok(Body::Whole(response)),
                _ => Err(self.refusal(subject, &url, &response)),
            };
        }
        Err(self.protocol("it redirects for ever"))
    }

    /// One request to one address.
    async fn ask(&self, method: Method, url: &Url, from: Option<u64>) -> Result<Response, HubError> {
        let mut request = Request::new(method, url.clone());
        let headers = request.headers_mut();
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        if let Some(token) = self.token.as_ref().filter(|_| self.is_hub(url)) {
            let mut value = HeaderValue::try_from(format!("Bearer {}", token.reveal()))
                .map_err(|_| HubError::Config("HF_TOKEN can't be sent".to_owned()))?;
            value.set_sensitive(true);
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(range) = from.and_then(|from| HeaderValue::try_from(format!("bytes={from}-")).ok()) {
            headers.insert(RANGE, range);
        }
        let patience = self.limits.connect + self.limits.stall;
        match timeout(patience, self.client.execute(request)).await {
            Ok(answered) => answered.map_err(|error| unreachable(url, &error)),
            Err(_) => Err(HubError::Stalled { hub: host(url), patience }),
        }
    }

    /// The next piece of a body; `None` at its end.
    pub(crate) async fn chunk(&self, response: &mut Response) -> Result<Option<bytes::Bytes>, HubError> {
        match timeout(self.limits.stall, response.chunk()).await {
            Ok(chunk) => chunk.map_err(|error| unreachable(response.url(), &error)),
            Err(_) => Err(HubError::Stalled { hub: host(response.url()), patience: self.limits.stall }),
        }
    }

    async fn bounded(&self, mut response: Response, what: &str) -> Result<Vec<u8>, HubError> {
        let mut body = Vec::new();
        while let Some(chunk) = self.chunk(&mut response).await? {
            if (body.len() + chunk.len()) as u64 > self.limits.answer {
                return Err(HubError::TooLarge { what: what.to_owned(), limit: Size(self.limits.answer) });
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    fn redirect(&self, from: &Url, response: &Response) -> Result<Option<Url>, HubError> {
        if !matches!(response.status().as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let next = text(response.headers(), LOCATION.as_str()).and_then(|target| from.join(target).ok());
        let next = next.filter(|next| matches!(next.scheme(), "http" | "https"));
        next.map(Some).ok_or_else(|| self.protocol("it redirects to no address"))
    }

    fn check_commit(&self, subject: &Subject<'_>, headers: &HeaderMap) -> Result<(), HubError> {
        match text(headers, COMMIT) {
            Some(commit) if commit != subject.revision.as_str() => {
                Err(self.protocol(format!("asked for commit {}, it answers with {commit}", subject.revision)))
            }
            _ => Ok(()),
        }
    }

    fn file_url(&self, subject: &Subject<'_>, file: &FileName) -> Url {
        let revision = ["resolve", subject.revision.as_str()];
        self.url(subject.repo.segments().chain(revision).chain(file.parts()))
    }

    fn url<'a>(&self, segments: impl Iterator<Item = &'a str>) -> Url {
        let mut url = self.endpoint.clone();
        // Every address of HTTP has a path, so that this never fails.
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }

    fn is_hub(&self, url: &Url) -> bool {
        url.origin() == self.endpoint.origin()
    }

    fn protocol(&self, what: impl Into<String>) -> HubError {
        HubError::Protocol { hub: self.hub(), what: what.into() }
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn host(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port().map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

fn unreachable(url: &Url, error: &reqwest::Error) -> HubError {
    HubError::Unreachable { hub: host(url), cause: causes(error) }
}

/// An error and those underneath, without addresses: they may hold a signature.
fn causes(error: &reqwest::Error) -> String {
    let below = std::iter::successors(error.source(), |error| (*error).source());
    let causes: Vec<String> = below.map(ToString::to_string).collect();
    if causes.is_empty() { "the connection failed".to_owned() } else { causes.join(": ") }
}
