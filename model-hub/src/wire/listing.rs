//! What a repository holds at a revision.

use std::collections::BTreeSet;

use http::Method;
use serde::Deserialize;

use super::{MAX_HOPS, Patience, Subject, Wire};
use crate::{
    error::HubError,
    reference::{FileName, RepoId, Revision},
};

/// A revision of a repository.
#[derive(Debug, Clone)]
pub(crate) struct Listing {
    /// The commit that the revision means.
    pub(crate) commit: Revision,
    /// Its files; without those whose names can't be used, which no model needs.
    pub(crate) files: BTreeSet<FileName>,
    /// As its card states it.
    pub(crate) licence: Option<String>,
}

#[derive(Deserialize)]
struct Answer {
    sha: String,
    #[serde(default)]
    siblings: Vec<Sibling>,
    #[serde(default, rename = "cardData")]
    card: Option<Card>,
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
}

#[derive(Deserialize)]
struct Card {
    /// A word, or a list of words.
    #[serde(default)]
    license: serde_json::Value,
}

impl Wire {
    /// Asks for the commit and the files of a revision, and again while that may help.
    pub(crate) async fn listing(&self, repo: &RepoId, revision: &Revision) -> Result<Listing, HubError> {
        let subject = Subject { repo, revision, file: None };
        let mut patience = Patience::new(&self.limits);
        loop {
            match self.listing_once(&subject).await {
                Err(error) => patience.bear(error).await?,
                done => return done,
            }
        }
    }

    async fn listing_once(&self, subject: &Subject<'_>) -> Result<Listing, HubError> {
        let segments = ["api", "models"].into_iter().chain(subject.repo.segments());
        let mut url = self.url(segments.chain(["revision", subject.revision.as_str()]));
        for _ in 0..MAX_HOPS {
            let response = self.ask(Method::GET, &url, None).await?;
            if let Some(next) = self.redirect(&url, &response)? {
                url = next;
                continue;
            }
            if !response.status().is_success() {
                return Err(self.refusal(subject, &url, &response));
            }
            let body = self.bounded(response, "the list of its files").await?;
            return self.read_listing(&body);
        }
        Err(self.protocol("it redirects for ever"))
    }

    fn read_listing(&self, body: &[u8]) -> Result<Listing, HubError> {
        let answer: Answer = serde_json::from_slice(body)
            .map_err(|error| self.protocol(format!("the list of files makes no sense ({error})")))?;
        let commit: Option<Revision> = answer.sha.parse().ok().filter(Revision::is_commit);
        let commit = commit.ok_or_else(|| self.protocol(format!("{:?} is no commit", answer.sha)))?;
        if answer.siblings.len() > self.limits.files {
            return Err(self.protocol(format!("the repository has {} files", answer.siblings.len())));
        }
        let files = answer.siblings.iter().filter_map(|file| file.rfilename.parse().ok()).collect();
        Ok(Listing { commit, files, licence: answer.card.and_then(|card| licence(&card.license)) })
    }
}

fn licence(value: &serde_json::Value) -> Option<String> {
    let words: Vec<&str> = match value {
        serde_json::Value::String(word) => vec![word],
        serde_json::Value::Array(words) => words.iter().filter_map(serde_json::Value::as_str).collect(),
        _ => Vec::new(),
    };
    let words: Vec<String> = words.iter().map(|word| word.chars().take(80).collect()).collect();
    if words.is_empty() { None } else { Some(words.join(", ")) }
}
