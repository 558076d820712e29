//! A model that is whole, on this machine.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use serde::Serialize;

use crate::{
    reference::{FileName, Revision},
    selection::{NotAModel, Selection, WeightFormat, Weights, shards},
    size::Size,
};

const MAX_INDEX: u64 = 64_000_000;

/// What inference needs to load a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LocalModel {
    /// Where the files are.
    pub dir: PathBuf,
    /// The commit that they belong to; none for a directory of the user's.
    pub revision: Option<Revision>,
    /// Which there are.
    pub files: ModelFiles,
}

/// The files of a model, relative to its directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ModelFiles {
    /// How the weights are stored.
    pub format: WeightFormat,
    /// The weights: one file, or all shards in the order of their names.
    pub weights: Vec<FileName>,
    /// Settings and vocabularies.
    pub settings: Vec<FileName>,
}

impl ModelFiles {
    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = &FileName> {
        self.settings.iter().chain(&self.weights)
    }
}

impl LocalModel {
    /// Looks whether a directory holds a whole model: settings, a tokenizer, and every shard of the weights, each a file
    /// that is there (a link that leads nowhere is not).
    ///
    /// # Errors
    ///
    /// [`NotAModel`] with what is missing.
    pub fn open(dir: &Path, gguf: Option<&FileName>) -> Result<Self, NotAModel> {
        let mut names = names(dir)?;
        names.extend(gguf.filter(|file| file.within(dir).is_file()).cloned());
        let selection = Selection::among(&names, gguf)?;
        let mut settings = selection.small;
        let weights = match selection.weights {
            Weights::Whole(file) => vec![file],
            Weights::Sharded(index) => {
                let shards = shards(&index, &read_index(dir, &index)?)?;
                settings.push(index);
                shards
            }
        };
        match weights.iter().find(|shard| !shard.within(dir).is_file()) {
            Some(missing) => Err(NotAModel::Missing(missing.clone())),
            None => Ok(Self {
                dir: dir.to_owned(),
                revision: None,
                files: ModelFiles { format: selection.format, weights, settings },
            }),
        }
    }

    /// The paths of the weights.
    pub fn weights(&self) -> Vec<PathBuf> {
        self.files.weights.iter().map(|file| file.within(&self.dir)).collect()
    }

    /// The path of a settings file or vocabulary, such as `config.json`, where the model has it.
    pub fn settings(&self, name: &str) -> Option<PathBuf> {
        let file = self.files.settings.iter().find(|file| file.as_str() == name)?;
        Some(file.within(&self.dir))
    }

    /// Bytes of its files.
    pub fn size(&self) -> Size {
        let bytes = |file: &FileName| fs::metadata(file.within(&self.dir)).map_or(0, |found| found.len());
        Size(self.files.iter().map(bytes).sum())
    }
}

fn names(dir: &Path) -> Result<BTreeSet<FileName>, NotAModel> {
    let entries = fs::read_dir(dir).map_err(|_| NotAModel::NoDirectory)?;
    let files = entries.flatten().filter(|entry| entry.path().is_file());
    Ok(files.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect())
}

fn read_index(dir: &Path, index: &FileName) -> Result<Vec<u8>, NotAModel> {
    let path = index.within(dir);
    let bad = |_| NotAModel::BadIndex(index.clone());
    if fs::metadata(&path).map_err(bad)?.len() > MAX_INDEX {
        return Err(NotAModel::BadIndex(index.clone()));
    }
    fs::read(&path).map_err(bad)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(dir: &Path, files: &[(&str, &str)]) {
        for (name, content) in files {
            fs::write(dir.join(name), content).unwrap();
        }
    }

    #[test]
    fn shards_are_all_there_or_there_is_no_model() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        let index = r#"{"weight_map": {"a": "pytorch_model-1.bin", "b": "pytorch_model-2.bin"}}"#;
        put(dir, &[("config.json", "{}"), ("spiece.model", "s"), ("pytorch_model.bin.index.json", index)]);
        put(dir, &[("pytorch_model-1.bin", "1234"), ("optimizer.pt", "no")]);
        assert_eq!(
            LocalModel::open(dir, None),
            Err(NotAModel::Missing("pytorch_model-2.bin".parse().unwrap()))
        );
        put(dir, &[("pytorch_model-2.bin", "5678")]);
        let model = LocalModel::open(dir, None).unwrap();
        assert_eq!(model.weights(), [dir.join("pytorch_model-1.bin"), dir.join("pytorch_model-2.bin")]);
        assert_eq!(model.settings("config.json"), Some(dir.join("config.json")));
        assert_eq!(model.settings("optimizer.pt"), None);
        assert_eq!(model.size(), Size(2 + 1 + index.len() as u64 + 8));
    }

    #[cfg(unix)]
    #[test]
    fn a_link_that_leads_nowhere_is_no_file() {
        let dir = tempfile::tempdir().unwrap();
        let dir = dir.path();
        put(dir, &[("config.json", "{}"), ("tokenizer.json", "{}")]);
        std::os::unix::fs::symlink("../../blobs/gone", dir.join("model.safetensors")).unwrap();
        assert_eq!(LocalModel::open(dir, None), Err(NotAModel::NoWeights { gguf: Vec::new() }));
    }
}
