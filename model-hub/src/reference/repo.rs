//! Names of repositories and revisions, by the hub's rules.

use std::{fmt, str::FromStr};

use serde::{Serialize, Serializer};

const MAX_ID: usize = 96;
const MAX_REVISION: usize = 200;
/// Length of a Git commit's name.
const COMMIT: usize = 40;

/// Why a name is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum InvalidName {
    /// A repository's.
    #[error(
        "a repository is org/name of letters, digits, '-', '_' and '.', at most 96, which neither begin nor end with \
         '-' or '.', without '--' and '..'"
    )]
    Repo,
    /// A revision's.
    #[error(
        "a revision is a branch, tag or commit without spaces, '..' and special characters, at most 200 long"
    )]
    Revision,
    /// A file's.
    #[error("a file's name is a relative path without '..' and special characters, at most 500 long")]
    File,
}

/// A repository of the hub, `org/name`; some old ones have only a name.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct RepoId(String);

impl RepoId {
    /// A name that a test has seen to keep the rules.
    pub(crate) fn constant(name: &'static str) -> Self {
        Self(name.to_owned())
    }

    /// Its directory in a cache.
    pub(crate) fn folder(&self) -> String {
        format!("models--{}", self.0.replace('/', "--"))
    }

    /// The repository that a directory of a cache is for.
    pub(crate) fn of_folder(folder: &str) -> Option<Self> {
        folder.strip_prefix("models--")?.replacen("--", "/", 1).parse().ok()
    }

    /// Organisation and name.
    pub(crate) fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/')
    }
}

impl FromStr for RepoId {
    type Err = InvalidName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
        let edge = |c: char| matches!(c, '-' | '.');
        let part = |part: &str| {
            !part.is_empty() && part.chars().all(plain) && !part.starts_with(edge) && !part.ends_with(edge)
        };
        let good = text.len() <= MAX_ID
            && text.split('/').count() <= 2
            && text.split('/').all(part)
            && !text.contains("--")
            && !text.contains("..");
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidName::Repo) }
    }
}

impl fmt::Display for RepoId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for RepoId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

/// A branch, tag or commit of a repository.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Revision(String);

impl Revision {
    /// The branch that every repository has.
    pub fn main() -> Self {
        Self("main".to_owned())
    }

    /// Its name.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Whether it is a commit, which never changes.
    pub fn is_commit(&self) -> bool {
        self.0.len() == COMMIT && self.0.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    }
}

impl FromStr for Revision {
    type Err = InvalidName;

    /// The rules are those of `git check-ref-format`, and a little stricter.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |c: char| c.is_ascii_graphic() && !"~^:?*[]\\\"'<>|@{}%#&;$`".contains(c);
        let part = |part: &str| {
            !part.is_empty()
                && !part.starts_with(['.', '-'])
                && !part.ends_with('.')
                && part.strip_suffix(".lock").is_none()
        };
        let good = text.len() <= MAX_REVISION
            && text.chars().all(plain)
            && text.split('/').all(part)
            && !text.contains("..");
        if good { Ok(Self(text.to_owned())) } else { Err(InvalidName::Revision) }
    }
}

impl fmt::Display for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl Serialize for Revision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_the_cache_gives_its_repository_back() {
        for name in ["google/flan-t5-base", "gpt2"] {
            let repo: RepoId = name.parse().unwrap();
            assert_eq!(RepoId::of_folder(&repo.folder()), Some(repo));
        }
        for folder in ["datasets--a--b", "models--", "models--a--b--c", "models--..", "t5"] {
            assert_eq!(RepoId::of_folder(folder), None, "{folder}");
        }
    }

    #[test]
    fn only_a_full_hash_is_a_commit() {
        let commit = |text: &str| text.parse::<Revision>().unwrap().is_commit();
        assert!(commit(&"0a".repeat(20)));
        assert!(!commit(&"0a".repeat(19)) && !commit(&"0A".repeat(20)) && !commit("main"));
    }
}
