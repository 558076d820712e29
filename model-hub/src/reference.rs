//! What people call a model: [`ModelRef`], parsed from text.

use std::{fmt, path::PathBuf, str::FromStr};

mod file_name;
mod repo;

pub use file_name::FileName;
pub use repo::{InvalidName, RepoId, Revision};

use crate::preset::{self, Preset};

/// Which model: a preset, a repository of the hub, or a directory. It is one of these by its spelling alone, so that the
/// same text means the same model wherever the program is started:
///
/// 1. what begins with `/`, `./` or `../` (on Windows also with a drive, or with `\`), or is `.` or `..`, is a directory;
/// 2. a word without a slash is a preset ([`preset::all`]), and nothing else: a directory of that name is `./name`;
/// 3. `org/name` is a repository, even where there is a directory of that name;
/// 4. `org/name/file.gguf` is one GGUF file of a repository that holds several;
/// 5. presets and repositories may end with `@revision`: a branch, tag or commit. Without it, `main`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelRef(ModelSource);

/// What a [`ModelRef`] is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ModelSource {
    /// It comes from the hub.
    Hub(HubModel),
    /// It is in a directory of this machine, which stays as it is.
    Directory(PathBuf),
}

/// A model of the hub.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HubModel {
    /// The preset that names it, if one did.
    pub preset: Option<&'static Preset>,
    /// Its repository.
    pub repo: RepoId,
    /// The branch, tag or commit that was asked for.
    pub revision: Option<Revision>,
    /// The one file of weights that was asked for.
    pub gguf: Option<FileName>,
}

/// Why a text names no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum InvalidModelRef {
    /// No text.
    #[error("a model's name is empty")]
    Empty,
    /// A word that is no preset.
    #[error(
        "there is no preset {name:?}{}: the presets are {}; a repository is org/name, a directory ./name",
        .nearest.map(|near| format!(" (did you mean {near}?)")).unwrap_or_default(),
        preset::names()
    )]
    UnknownPreset {
        /// The word.
        name: String,
        /// The preset that is spelt most like it.
        nearest: Option<&'static str>,
    },
    /// Part of `org/name@revision` breaks the hub's rules.
    #[error("{text:?} names no model: {why}")]
    Name {
        /// The text.
        text: String,
        /// What is wrong with it.
        why: InvalidName,
    },
}

impl ModelRef {
    /// What it is.
    pub fn source(&self) -> &ModelSource {
        &self.0
    }

    /// The model that a preset names.
    pub fn preset(preset: &'static Preset) -> Self {
        Self(ModelSource::Hub(HubModel {
            preset: Some(preset),
            repo: preset.repo(),
            revision: None,
            gguf: None,
        }))
    }
}

impl HubModel {
    /// The branch, tag or commit that is meant: `main` where none was asked for.
    pub fn revision(&self) -> Revision {
        self.revision.clone().unwrap_or_else(Revision::main)
    }
}

impl FromStr for ModelRef {
    type Err = InvalidModelRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let text = text.trim();
        if text.is_empty() {
            return Err(InvalidModelRef::Empty);
        }
        if is_directory(text) {
            return Ok(Self(ModelSource::Directory(text.into())));
        }
        let invalid = |why| InvalidModelRef::Name { text: text.to_owned(), why };
        let (name, revision) = match text.split_once('@') {
            Some((name, revision)) => (name, Some(revision.parse().map_err(invalid)?)),
            None => (text, None),
        };
        if !name.contains('/') {
            let preset = preset::find(name).ok_or_else(|| InvalidModelRef::UnknownPreset {
                name: name.to_owned(),
                nearest: preset::nearest(name),
            })?;
            let Self(ModelSource::Hub(model)) = Self::preset(preset) else {
                return Err(InvalidModelRef::Empty);
            };
            return Ok(Self(ModelSource::Hub(HubModel { revision, ..model })));
        }
        let (repo, gguf) = split_file(name);
        let repo = repo.parse().map_err(invalid)?;
        let gguf = gguf.map(str::parse).transpose().map_err(invalid)?;
        Ok(Self(ModelSource::Hub(HubModel { preset: None, repo, revision, gguf })))
    }
}

impl fmt::Display for ModelRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            ModelSource::Hub(model) => model.fmt(f),
            ModelSource::Directory(path) => path.display().fmt(f),
        }
    }
}

impl fmt::Display for HubModel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.preset {
            Some(preset) => f.write_str(preset.name)?,
            None => self.repo.fmt(f)?,
        }
        if let Some(file) = &self.gguf {
            write!(f, "/{file}")?;
        }
        self.revision.as_ref().map_or(Ok(()), |revision| write!(f, "@{revision}"))
    }
}

fn is_directory(text: &str) -> bool {
    let first = text.split('/').next().unwrap_or_default();
    let windows = cfg!(windows) && (text.starts_with('\\') || text.chars().nth(1) == Some(':'));
    matches!(first, "" | "." | "..") || windows
}

/// `org/name/path/file.gguf` as `org/name` and the file.
fn split_file(name: &str) -> (&str, Option<&str>) {
    match name.match_indices('/').nth(1) {
        Some((at, _)) if name.to_ascii_lowercase().ends_with(".gguf") => {
            (&name[..at], name.get(at + 1..).filter(|file| !file.is_empty()))
        }
        _ => (name, None),
    }
}

#[cfg(test)]
mod tests;
