//! How hard one host is pressed: so many requests at once, so many a second, at its own pace where its robots.txt names
//! one, and not at all while it asks for a rest.

use std::{
    num::NonZeroU32,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, SystemTime},
};

use governor::{
    DefaultDirectRateLimiter, Quota, RateLimiter,
    clock::{Clock as _, DefaultClock},
};
use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use moka::sync::Cache;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, sleep, sleep_until},
};

use super::FetchError;
use crate::article::ArticleUrl;

/// The longest that a request waits for its turn; for longer ones the caller is sent away.
const PATIENCE: Duration = Duration::from_secs(5);
/// The longest pause that a site's robots.txt can ask for.
const LONGEST_DELAY: Duration = Duration::from_mins(1);
/// The longest rest that a site can ask for.
const LONGEST_REST: Duration = Duration::from_hours(1);
/// Hosts that are remembered, and for how long after their last request.
const MOST_HOSTS: u64 = 10_000;
const REMEMBERED: Duration = Duration::from_hours(2);

/// The pace for hosts that name none.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pace {
    /// Requests at once.
    pub(super) at_once: usize,
    /// Requests a second; as many may come in one burst.
    pub(super) per_second: NonZeroU32,
}

/// Every host that was asked for something of late.
#[derive(Debug)]
pub(super) struct Hosts {
    known: Cache<String, Arc<Host>>,
    pace: Pace,
}

/// One host.
#[derive(Debug)]
struct Host {
    places: Arc<Semaphore>,
    limiter: DefaultDirectRateLimiter,
    /// When the next page may be asked for, where robots.txt asks for pauses.
    next_page: Mutex<Instant>,
    /// Until when it wants to be left alone, and the status that said so.
    rest: Mutex<Option<(Instant, u16)>>,
}

/// A place at a host; it is free again when this is dropped.
#[derive(Debug)]
pub(super) struct Place {
    _permit: OwnedSemaphorePermit,
}

impl Hosts {
    pub(super) fn new(pace: Pace) -> Self {
        let known = Cache::builder().max_capacity(MOST_HOSTS).time_to_idle(REMEMBERED).build();
        Self { known, pace }
    }

    /// Waits until `url`'s host may be asked for something; `delay` is what its robots.txt asks for between two pages.
    ///
    /// # Errors
    ///
    /// [`FetchError::SiteBusy`] while the host rests, [`FetchError::Busy`] when the wait would be too long.
    pub(super) async fn enter(&self, url: &ArticleUrl, delay: Option<Duration>) -> Result<Place, FetchError> {
        let host = self.host(url);
        host.check_rest()?;
        if let Some(delay) = delay {
            sleep_until(host.reserve(delay.min(LONGEST_DELAY))?).await;
        }
        let permit = Arc::clone(&host.places).acquire_owned().await;
        let permit = permit.map_err(|_| FetchError::Busy { retry_after: PATIENCE })?;
        while let Err(early) = host.limiter.check() {
            let wait = early.wait_time_from(DefaultClock::default().now());
            if wait > PATIENCE {
                return Err(FetchError::Busy { retry_after: wait });
            }
            sleep(wait).await;
        }
        host.check_rest()?;
        Ok(Place { _permit: permit })
    }

    /// Takes note of an answer that asks for a rest (RFC 9110, section 10.2.3).
    pub(super) fn note(&self, url: &ArticleUrl, status: StatusCode, headers: &HeaderMap) {
        if !matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE) {
            return;
        }
        if let Some(rest) = retry_after(headers, SystemTime::now()) {
            let until = (Instant::now() + rest.min(LONGEST_REST), status.as_u16());
            *self.host(url).rest.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        }
    }

    fn host(&self, url: &ArticleUrl) -> Arc<Host> {
        let url = url.as_url();
        let name = format!(
            "{}:{}",
            url.host_str().unwrap_or_default(),
            url.port_or_known_default().unwrap_or_default()
        );
        self.known.get_with(name, || Arc::new(Host::new(self.pace)))
    }
}

impl Host {
    fn new(pace: Pace) -> Self {
        Self {
            places: Arc::new(Semaphore::new(pace.at_once)),
            limiter: RateLimiter::direct(Quota::per_second(pace.per_second)),
            next_page: Mutex::new(Instant::now()),
            rest: Mutex::new(None),
        }
    }

    fn check_rest(&self) -> Result<(), FetchError> {
        let rest = *self.rest.lock().unwrap_or_else(PoisonError::into_inner);
        let left = rest.map(|(until, status)| (until.saturating_duration_since(Instant::now()), status));
        match left.filter(|(left, _)| !left.is_zero()) {
            Some((retry_after, status)) => Err(FetchError::SiteBusy { status, retry_after }),
            None => Ok(()),
        }
    }

    /// The time for the next page, which nobody else gets.
    fn reserve(&self, delay: Duration) -> Result<Instant, FetchError> {
        let now = Instant::now();
        let mut next = self.next_page.lock().unwrap_or_else(PoisonError::into_inner);
        let mine = (*next).max(now);
        if mine - now > PATIENCE {
            return Err(FetchError::Busy { retry_after: mine - now });
        }
        *next = mine + delay;
        Ok(mine)
    }
}

/// `Retry-After` as a span from `now`: seconds, or an HTTP-date.
pub(super) fn retry_after(headers: &HeaderMap, now: SystemTime) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = text.parse().map(Duration::from_secs).ok();
    seconds.or_else(|| {
        let at = httpdate::parse_http_date(text).ok()?;
        Some(at.duration_since(now).unwrap_or_default())
    })
}

#[cfg(test)]
mod tests {
    use futures::FutureExt as _;

    use super::*;

    fn hosts(at_once: usize, per_second: u32) -> Hosts {
        Hosts::new(Pace { at_once, per_second: per_second.try_into().unwrap() })
    }

    fn url(text: &str) -> ArticleUrl {
        ArticleUrl::parse(text).unwrap()
    }

    #[tokio::test]
    async fn a_host_is_asked_so_many_times_at_once_and_another_host_does_not_wait_for_it() {
        let hosts = hosts(2, 1_000);
        let at = url("https://a.example/1");
        let first = hosts.enter(&at, None).await.unwrap();
        let _second = hosts.enter(&at, None).await.unwrap();
        assert!(hosts.enter(&at, None).now_or_never().is_none());
        assert!(hosts.enter(&url("https://b.example/1"), None).now_or_never().is_some());
        drop(first);
        assert!(hosts.enter(&at, None).await.is_ok());
    }

    #[tokio::test]
    async fn a_burst_is_spread_over_time() {
        let hosts = hosts(100, 10);
        let at = url("https://a.example/");
        let began = Instant::now();
        for _ in 0..15 {
            hosts.enter(&at, None).await.unwrap();
        }
        // Ten at once, and five more at a tenth of a second each.
        assert!(began.elapsed() > Duration::from_millis(400), "{:?}", began.elapsed());
    }

    #[tokio::test(start_paused = true)]
    async fn a_crawl_delay_is_kept_and_one_too_long_to_wait_for_sends_away() {
        let hosts = hosts(10, 1_000);
        let at = url("https://a.example/");
        let began = Instant::now();
        let delay = Some(Duration::from_secs(3));
        for _ in 0..2 {
            hosts.enter(&at, delay).await.unwrap();
        }
        assert_eq!(began.elapsed().as_secs(), 3);
        hosts.host(&at).reserve(Duration::from_secs(30)).unwrap();
        let refused = hosts.enter(&at, delay).await.unwrap_err();
        assert!(
            matches!(refused, FetchError::Busy { retry_after } if retry_after > Duration::from_secs(29)),
            "{refused:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_for_a_rest_gets_it() {
        let hosts = hosts(10, 1_000);
        let at = url("https://a.example/");
        let headers = HeaderMap::from_iter([(RETRY_AFTER, "7".parse().unwrap())]);
        hosts.note(&at, StatusCode::OK, &headers);
        assert!(hosts.enter(&at, None).await.is_ok());
        hosts.note(&at, StatusCode::TOO_MANY_REQUESTS, &headers);
        let refused = hosts.enter(&at, None).await.unwrap_err();
        assert_eq!(refused, FetchError::SiteBusy { status: 429, retry_after: Duration::from_secs(7) });
        tokio::time::advance(Duration::from_secs(8)).await;
        assert!(hosts.enter(&at, None).await.is_ok());
    }

    #[test]
    fn retry_after_is_a_number_of_seconds_or_a_date() {
        let read = |text: &str| {
            let headers = HeaderMap::from_iter([(RETRY_AFTER, text.parse().unwrap())]);
            retry_after(&headers, SystemTime::UNIX_EPOCH)
        };
        assert_eq!(read("120"), Some(Duration::from_mins(2)));
        assert_eq!(read("Thu, 01 Jan 1970 00:00:30 GMT"), Some(Duration::from_secs(30)));
        assert_eq!(read("soon"), None);
        assert_eq!(read("-1"), None);
    }
}
