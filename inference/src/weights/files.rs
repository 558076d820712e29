//! The files of weights in a model's folder.

use std::{
    collections::BTreeSet,
    fs,
    path::{Component, Path, PathBuf},
};

use serde_json::Value;

use super::{LoadError, Source, gguf::Gguf, pickle::Pickle, safetensors::SafeTensors};

/// Largest index of shards, in bytes; that of the largest models is under 1 MB.
const MAX_INDEX: u64 = 16 << 20;

type Kind = fn(Vec<PathBuf>) -> WeightFiles;

/// Which files hold the weights, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WeightFiles {
    /// `model.safetensors`, or its shards.
    SafeTensors(Vec<PathBuf>),
    /// `pytorch_model.bin`, or its shards.
    Pickle(Vec<PathBuf>),
    /// One file in the format of llama.cpp.
    Gguf(PathBuf),
}

impl WeightFiles {
    /// The best that a folder has: safetensors before pickles before GGUF, one file before shards. A path to a GGUF file
    /// is taken as it is.
    ///
    /// # Errors
    ///
    /// [`LoadError`].
    pub fn find(path: &Path) -> Result<Self, LoadError> {
        if path.is_file() {
            return Ok(Self::Gguf(path.to_owned()));
        }
        let kinds: [(&str, Kind); 2] =
            [("model.safetensors", Self::SafeTensors), ("pytorch_model.bin", Self::Pickle)];
        for (name, kind) in kinds {
            let (file, index) = (path.join(name), path.join(format!("{name}.index.json")));
            if file.is_file() {
                return Ok(kind(vec![file]));
            }
            if index.is_file() {
                return Ok(kind(shards(path, &index)?));
            }
        }
        let entries = fs::read_dir(path).map_err(|error| LoadError::io(path, error))?;
        let mut ggufs: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
        ggufs.retain(|path| path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("gguf")));
        ggufs.sort();
        ggufs.into_iter().next().map(Self::Gguf).ok_or_else(|| LoadError::NoWeights { path: path.to_owned() })
    }

    /// The files.
    pub(super) fn paths(&self) -> &[PathBuf] {
        match self {
            Self::SafeTensors(paths) | Self::Pickle(paths) => paths,
            Self::Gguf(path) => std::slice::from_ref(path),
        }
    }

    pub(super) fn open(&self) -> Result<Box<dyn Source>, LoadError> {
        Ok(match self {
            Self::SafeTensors(paths) => Box::new(SafeTensors::open(paths)?),
            Self::Pickle(paths) => Box::new(Pickle::open(paths)?),
            Self::Gguf(path) => Box::new(Gguf::open(path)?),
        })
    }
}

/// The files that an index names, each once. Only plain names are taken: an index can't point out of its folder.
fn shards(folder: &Path, index: &Path) -> Result<Vec<PathBuf>, LoadError> {
    let length = fs::metadata(index).map_err(|error| LoadError::io(index, error))?.len();
    if length > MAX_INDEX {
        return Err(LoadError::format(index, "an index of more than 16 MB"));
    }
    let text = fs::read(index).map_err(|error| LoadError::io(index, error))?;
    let json: Value = serde_json::from_slice(&text).map_err(|error| LoadError::format(index, error))?;
    let map = json.get("weight_map").and_then(Value::as_object);
    let map = map.ok_or_else(|| LoadError::format(index, "it has no `weight_map`"))?;
    let names: BTreeSet<&str> = map.values().filter_map(Value::as_str).collect();
    let is_plain =
        |name: &&str| matches!(Path::new(name).components().collect::<Vec<_>>()[..], [Component::Normal(_)]);
    if names.is_empty() || !names.iter().all(is_plain) {
        return Err(LoadError::format(index, "`weight_map` has to name files of the same folder"));
    }
    Ok(names.into_iter().map(|name| folder.join(name)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, text) in files {
            fs::write(folder.path().join(name), text).expect("written");
        }
        folder
    }

    #[test]
    fn safetensors_come_before_pickles() {
        let folder = folder(&[("pytorch_model.bin", ""), ("model.safetensors", ""), ("x.gguf", "")]);
        let found = WeightFiles::find(folder.path()).expect("weights");
        assert_eq!(found, WeightFiles::SafeTensors(vec![folder.path().join("model.safetensors")]));
    }

    #[test]
    fn an_index_names_its_shards() {
        let folder =
            folder(&[("model.safetensors.index.json", r#"{"weight_map": {"a": "2", "b": "1", "c": "2"}}"#)]);
        let found = WeightFiles::find(folder.path()).expect("weights");
        assert_eq!(found, WeightFiles::SafeTensors(vec![folder.path().join("1"), folder.path().join("2")]));
    }

    #[test]
    fn an_index_cannot_point_out_of_its_folder() {
        for target in ["../secret", "/etc/passwd", "a/../../b", ""] {
            let index = format!(r#"{{"weight_map": {{"a": "{target}"}}}}"#);
            let folder = folder(&[("model.safetensors.index.json", &index)]);
            assert!(matches!(WeightFiles::find(folder.path()), Err(LoadError::Format { .. })), "{target}");
        }
    }

    #[test]
    fn a_folder_without_weights_is_an_error() {
        assert!(matches!(WeightFiles::find(folder(&[]).path()), Err(LoadError::NoWeights { .. })));
    }
}
