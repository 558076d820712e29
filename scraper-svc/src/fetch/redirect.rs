//! Redirects, followed by hand so that every hop is checked.

use std::collections::HashSet;

use http::{HeaderMap, StatusCode, header::LOCATION};

use super::FetchError;
use crate::article::ArticleUrl;

/// The hops of one fetch.
#[derive(Debug)]
pub(super) struct Trail {
    visited: HashSet<ArticleUrl>,
    limit: usize,
}

impl Trail {
    /// Starts at `url`; at most `limit` redirects may follow.
    pub(super) fn new(url: ArticleUrl, limit: usize) -> Self {
        Self { visited: HashSet::from([url]), limit }
    }

    /// Where a response at `current` leads; None where it is no redirect.
    pub(super) fn next(
        &mut self,
        current: &ArticleUrl,
        status: StatusCode,
        headers: &HeaderMap,
    ) -> Result<Option<ArticleUrl>, FetchError> {
        if !matches!(status.as_u16(), 301 | 302 | 303 | 307 | 308) {
            return Ok(None);
        }
        let bad = || FetchError::BadRedirect { status: status.as_u16() };
        // Real sites send raw UTF-8 in this header.
        let location = headers.get(LOCATION).ok_or_else(bad)?;
        let location = str::from_utf8(location.as_bytes()).map_err(|_| bad())?;
        let target = current.as_url().join(location).map_err(|_| bad())?;
        let target = ArticleUrl::try_from(target).map_err(|_| bad())?;
        let seen_before = !self.visited.insert(target.clone());
        if seen_before || self.visited.len() > self.limit + 1 {
            return Err(FetchError::TooManyRedirects);
        }
        Ok(Some(target))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> ArticleUrl {
        ArticleUrl::parse(text).unwrap()
    }

    fn follow(trail: &mut Trail, from: &str, location: &[u8]) -> Result<Option<ArticleUrl>, FetchError> {
        let mut headers = HeaderMap::new();
        headers.insert(LOCATION, location.try_into().unwrap());
        trail.next(&url(from), StatusCode::FOUND, &headers)
    }

    #[test]
    fn a_location_is_relative_to_its_page_and_may_be_raw_utf8() {
        let mut trail = Trail::new(url("https://example.org/a/b"), 5);
        let next = follow(&mut trail, "https://example.org/a/b", b"../c?d=1#top").unwrap();
        assert_eq!(next, Some(url("https://example.org/c?d=1")));
        let next = follow(&mut trail, "https://example.org/c", "/économie".as_bytes()).unwrap();
        assert_eq!(next, Some(url("https://example.org/%C3%A9conomie")));
    }

    #[test]
    fn a_redirect_to_no_web_address_is_refused() {
        for location in [
            &b"file:///etc/passwd"[..],
            b"javascript:x()",
            b"https://user:pw@example.org/",
            b"http://",
            b"\xff",
        ] {
            let mut trail = Trail::new(url("https://example.org/"), 5);
            let refused = follow(&mut trail, "https://example.org/", location);
            assert_eq!(refused, Err(FetchError::BadRedirect { status: 302 }), "{location:?}");
        }
        let mut trail = Trail::new(url("https://example.org/"), 5);
        let refused = trail.next(&url("https://example.org/"), StatusCode::FOUND, &HeaderMap::new());
        assert_eq!(refused, Err(FetchError::BadRedirect { status: 302 }));
    }

    #[test]
    fn the_sixth_redirect_and_a_loop_are_refused() {
        let mut trail = Trail::new(url("https://example.org/0"), 5);
        for hop in 1..=5 {
            let next = follow(&mut trail, "https://example.org/", hop.to_string().as_bytes());
            assert!(next.is_ok(), "{hop}");
        }
        assert_eq!(follow(&mut trail, "https://example.org/5", b"6"), Err(FetchError::TooManyRedirects));

        let mut trail = Trail::new(url("https://example.org/a"), 5);
        follow(&mut trail, "https://example.org/a", b"/b").unwrap();
        assert_eq!(follow(&mut trail, "https://example.org/b", b"/a"), Err(FetchError::TooManyRedirects));
    }
}
