//! What a hub's refusals mean. `X-Error-Code` tells repository, revision and file apart; mirrors may leave it out.

use std::{
    str::FromStr,
    time::{Duration, SystemTime},
};

use http::{HeaderMap, StatusCode, header::RETRY_AFTER};
use reqwest::Response;
use url::Url;

use super::{Wire, host, text};
use crate::{
    error::HubError,
    reference::{FileName, RepoId, Revision},
};

const ERROR_CODE: &str = "x-error-code";

/// What is asked for.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject<'a> {
    pub(crate) repo: &'a RepoId,
    pub(crate) revision: &'a Revision,
    pub(crate) file: Option<&'a FileName>,
}

impl Wire {
    pub(super) fn refusal(&self, subject: &Subject<'_>, url: &Url, response: &Response) -> HubError {
        let (status, headers) = (response.status(), response.headers());
        let (hub, retry_after) = (host(url), retry_after(headers));
        if status == StatusCode::TOO_MANY_REQUESTS {
            return HubError::RateLimited { hub, retry_after };
        }
        // The storage behind the hub knows no accounts: when it refuses, the address it was given has run out, and the
        // hub gives a new one.
        let expired = status.is_client_error() && !self.is_hub(url);
        if expired || status.is_server_error() || status == StatusCode::REQUEST_TIMEOUT {
            return HubError::Server { hub, status: status.as_u16(), retry_after };
        }
        let repo = subject.repo.clone();
        let missing_file =
            subject.file.cloned().map(|file| HubError::FileNotFound { repo: repo.clone(), file });
        match (text(headers, ERROR_CODE), status.as_u16()) {
            (Some("GatedRepo"), _) | (_, 403) => HubError::Gated { repo, hub },
            (Some("RepoNotFound"), 401 | 404) => HubError::RepoNotFound { repo, hub },
            (Some("RevisionNotFound"), 404) => {
                HubError::RevisionNotFound { repo, revision: subject.revision.clone() }
            }
            (_, 404) => missing_file.unwrap_or(HubError::RepoNotFound { repo, hub }),
            (_, 401) => HubError::Unauthorized { repo, hub },
            (_, status) => HubError::Protocol { hub, what: format!("status {status}") },
        }
    }
}

/// `Retry-After` in seconds or as a date (RFC 9110, section 10.2.3).
fn retry_after(headers: &HeaderMap) -> Option<Duration> {
    if let Some(seconds) = number(headers, RETRY_AFTER.as_str()) {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(text(headers, RETRY_AFTER.as_str())?).ok()?;
    Some(date.duration_since(SystemTime::now()).unwrap_or_default())
}

pub(super) fn number<N: FromStr>(headers: &HeaderMap, name: &str) -> Option<N> {
    text(headers, name)?.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rest_is_asked_for_in_seconds_or_until_a_date() {
        let rest = |value: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, value.parse().unwrap());
            retry_after(&headers)
        };
        assert_eq!(rest("7"), Some(Duration::from_secs(7)));
        assert_eq!(rest("Wed, 21 Oct 2015 07:28:00 GMT"), Some(Duration::ZERO));
        let soon = httpdate::fmt_http_date(SystemTime::now() + Duration::from_mins(1));
        assert!((50..=60).contains(&rest(&soon).unwrap().as_secs()));
        assert_eq!(rest("soon"), None);
    }
}
