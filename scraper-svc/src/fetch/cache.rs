//! Pages and feeds that were read before, for as long as their sites say (RFC 9111), and asked for again with their
//! validators after that.

use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use http_cache_semantics::{AfterResponse, BeforeRequest, CachePolicy, ResponseLike};
use moka::sync::Cache;
use reqwest::{Request, Response};

use crate::article::ArticleUrl;

/// What an entry takes beside its body and headers, in bytes, more or less.
const ENTRY_BYTES: usize = 2_048;
/// What a header takes beside its name and value.
const HEADER_BYTES: usize = 64;
/// Entries are let go after this long in any case.
const LONGEST: Duration = Duration::from_hours(24);

const VALIDATORS: [HeaderName; 2] = [header::IF_NONE_MATCH, header::IF_MODIFIED_SINCE];

/// Answers of sites, bounded in bytes. Clones share everything.
#[derive(Debug, Clone)]
pub(super) struct HttpCache {
    entries: Cache<ArticleUrl, Kept>,
}

/// A whole answer with status 200.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    policy: CachePolicy,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

/// What the cache knows of a request.
pub(super) enum Lookup {
    /// The answer, which needs no request.
    Fresh(Kept),
    /// An answer that may still be right; the request now asks whether it is.
    Stale(Kept),
    Absent,
}

/// Room that is kept for an answer until its body is there.
#[derive(Debug)]
pub(super) struct Reservation {
    cache: HttpCache,
    url: ArticleUrl,
    policy: CachePolicy,
    headers: HeaderMap,
}

impl Kept {
    /// What it takes in memory, more or less. The policy has the headers once more.
    fn bytes(&self) -> usize {
        let header =
            |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + HEADER_BYTES;
        self.body.len() + self.headers.iter().map(header).sum::<usize>() * 2 + ENTRY_BYTES
    }
}

impl HttpCache {
    /// At most `bytes` of bodies and headers; none for 0.
    pub(super) fn new(bytes: usize) -> Self {
        let weigher = |_: &ArticleUrl, kept: &Kept| u32::try_from(kept.bytes()).unwrap_or(u32::MAX);
        let entries =
            Cache::builder().max_capacity(bytes as u64).weigher(weigher).time_to_live(LONGEST).build();
        Self { entries }
    }

    /// Looks `url` up, and adds the validators of a stale answer to `request`.
    pub(super) fn look_up(&self, url: &ArticleUrl, request: &mut Request) -> Lookup {
        let (Some(kept), Some(asked)) = (self.entries.get(url), parts(request)) else {
            return Lookup::Absent;
        };
        match kept.policy.before_request(&asked, SystemTime::now()) {
            BeforeRequest::Fresh(parts) => Lookup::Fresh(Kept { headers: parts.headers, ..kept }),
            BeforeRequest::Stale { request: asked, matches } if matches => {
                let mut conditional = false;
                for name in VALIDATORS {
                    if let Some(value) = asked.headers.get(&name) {
                        request.headers_mut().insert(name, value.clone());
                        conditional = true;
                    }
                }
                if conditional { Lookup::Stale(kept) } else { Lookup::Absent }
            }
            BeforeRequest::Stale { .. } => Lookup::Absent,
        }
    }

    /// The answer that a 304 confirms. None, and forgotten, where it confirms another one.
    pub(super) fn confirm(
        &self,
        url: &ArticleUrl,
        kept: Kept,
        request: &Request,
        response: &Response,
    ) -> Option<Kept> {
        let asked = parts(request)?;
        match kept.policy.after_response(&asked, &Head(response), SystemTime::now()) {
            AfterResponse::NotModified(policy, parts) => {
                let kept = Kept { policy, headers: parts.headers, body: kept.body };
                self.entries.insert(url.clone(), kept.clone());
                Some(kept)
            }
            AfterResponse::Modified(..) => {
                self.entries.invalidate(url);
                None
            }
        }
    }

    /// Room for an answer, if its site lets it be kept and there is a use in that.
    pub(super) fn reserve(
        &self,
        url: &ArticleUrl,
        request: &Request,
        response: &Response,
    ) -> Option<Reservation> {
        let policy = CachePolicy::new(&parts(request)?, &Head(response));
        let headers = response.headers();
        let comparable = headers.contains_key(header::ETAG) || headers.contains_key(header::LAST_MODIFIED);
        let useful = comparable || !policy.time_to_live(SystemTime::now()).is_zero();
        let keep = response.status() == StatusCode::OK && policy.is_storable() && useful;
        keep.then(|| Reservation { cache: self.clone(), url: url.clone(), policy, headers: headers.clone() })
    }
}

/// A request as the policy reads it; None for the few addresses that the two crates disagree on.
fn parts(request: &Request) -> Option<http::request::Parts> {
    let builder = http::Request::builder().method(request.method()).uri(request.url().as_str());
    let (mut parts, ()) = builder.body(()).ok()?.into_parts();
    parts.headers = request.headers().clone();
    Some(parts)
}

/// The head of a response.
struct Head<'a>(&'a Response);

impl ResponseLike for Head<'_> {
    fn status(&self) -> StatusCode {
        self.0.status()
    }

    fn headers(&self) -> &HeaderMap {
        self.0.headers()
    }
}

impl Reservation {
    /// Keeps the whole body, in no more memory than it is counted for.
    pub(super) fn fill(self, body: &[u8]) {
        let kept = Kept { policy: self.policy, headers: self.headers, body: Bytes::copy_from_slice(body) };
        self.cache.entries.insert(self.url, kept);
    }
}
