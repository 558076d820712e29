//! Which files of a repository a model needs. Repositories hold the same weights in many forms, and images and logs
//! besides.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::reference::FileName;

/// Settings and vocabularies, taken where they are there.
const SMALL: [&str; 13] = [
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "spiece.model",
    "source.spm",
    "target.spm",
    "vocab.json",
    "merges.txt",
    "sentencepiece.bpe.model",
    "tokenizer.model",
];
/// Each line alone makes a tokenizer.
const TOKENIZERS: [&[&str]; 6] = [
    &["tokenizer.json"],
    &["spiece.model"],
    &["sentencepiece.bpe.model"],
    &["tokenizer.model"],
    &["vocab.json", "merges.txt"],
    &["source.spm", "target.spm", "vocab.json"],
];
/// Weights by preference: safetensors can be mapped, and holds no code.
const WEIGHTS: [(&str, WeightFormat); 2] =
    [("model.safetensors", WeightFormat::Safetensors), ("pytorch_model.bin", WeightFormat::PyTorch)];
const MAX_SHARDS: usize = 1_000;

/// How weights are stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WeightFormat {
    /// `*.safetensors`.
    Safetensors,
    /// `*.bin`, pickled by PyTorch.
    PyTorch,
    /// `*.gguf`, with vocabulary and settings inside.
    Gguf,
}

/// Why files make no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotAModel {
    /// The directory is not there, or can't be read.
    #[error("there is no such directory")]
    NoDirectory,
    /// No settings.
    #[error("it has no config.json")]
    NoConfig,
    /// No vocabulary of any kind.
    #[error("it has no tokenizer: neither tokenizer.json nor a vocabulary")]
    NoTokenizer,
    /// Nothing that could be loaded.
    #[error(
        "it has neither model.safetensors nor pytorch_model.bin, nor shards of them{}",
        if .gguf.is_empty() { String::new() } else { format!("; pick one of its GGUF files: {}", listed(.gguf)) }
    )]
    NoWeights {
        /// GGUF files that could be asked for.
        gguf: Vec<FileName>,
    },
    /// A file that is asked for or that an index names.
    #[error("{0} is missing")]
    Missing(FileName),
    /// An index of shards that makes no sense.
    #[error("{0} is no index of shards")]
    BadIndex(FileName),
}

/// The files of one model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) format: WeightFormat,
    /// Settings and vocabularies.
    pub(crate) small: Vec<FileName>,
    pub(crate) weights: Weights,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Weights {
    /// One file.
    Whole(FileName),
    /// Shards that this index names.
    Sharded(FileName),
}

impl Selection {
    /// What a model needs of the files called `names`.
    pub(crate) fn among(names: &BTreeSet<FileName>, gguf: Option<&FileName>) -> Result<Self, NotAModel> {
        let find = |name: &str| names.iter().find(|found| found.as_str() == name).cloned();
        let small: Vec<FileName> = SMALL.iter().filter_map(|name| find(name)).collect();
        if let Some(file) = gguf {
            let file = names.get(file).ok_or_else(|| NotAModel::Missing(file.clone()))?;
            return Ok(Self { format: WeightFormat::Gguf, small, weights: Weights::Whole(file.clone()) });
        }
        let (weights, format) = WEIGHTS
            .iter()
            .find_map(|(name, format)| {
                let weights = find(name)
                    .map(Weights::Whole)
                    .or_else(|| find(&format!("{name}.index.json")).map(Weights::Sharded))?;
                Some((weights, *format))
            })
            .ok_or_else(|| NotAModel::NoWeights {
                gguf: names.iter().filter(|name| name.has_extension("gguf")).cloned().collect(),
            })?;
        if find("config.json").is_none() {
            return Err(NotAModel::NoConfig);
        }
        let has_all = |needed: &&[&str]| needed.iter().all(|name| find(name).is_some());
        if !TOKENIZERS.iter().any(has_all) {
            return Err(NotAModel::NoTokenizer);
        }
        Ok(Self { format, small, weights })
    }
}

/// The shards that an index names, each once.
pub(crate) fn shards(index: &FileName, json: &[u8]) -> Result<Vec<FileName>, NotAModel> {
    #[derive(Deserialize)]
    struct Index {
        weight_map: BTreeMap<String, String>,
    }
    let bad = || NotAModel::BadIndex(index.clone());
    let parsed: Index = serde_json::from_slice(json).map_err(|_| bad())?;
    let names: BTreeSet<String> = parsed.weight_map.into_values().collect();
    if names.is_empty() || names.len() > MAX_SHARDS {
        return Err(bad());
    }
    names.iter().map(|name| name.parse().map_err(|_| bad())).collect()
}

fn listed(names: &[FileName]) -> String {
    names.iter().take(20).map(FileName::as_str).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn among(names: &str) -> Result<Selection, NotAModel> {
        Selection::among(&names.split_whitespace().map(|name| name.parse().unwrap()).collect(), None)
    }

    fn name(text: &str) -> FileName {
        text.parse().unwrap()
    }

    #[test]
    fn safetensors_go_before_pickles_and_a_whole_file_before_shards() {
        let base = "README.md config.json spiece.model onnx/model.onnx model.safetensors.index.json ";
        let all = among(&format!("{base} pytorch_model.bin model.safetensors tf_model.h5")).unwrap();
        assert_eq!(all.weights, Weights::Whole(name("model.safetensors")));
        assert_eq!(all.small, [name("config.json"), name("spiece.model")]);
        let shards = among(&format!("{base} pytorch_model.bin")).unwrap();
        assert_eq!(shards.weights, Weights::Sharded(name("model.safetensors.index.json")));
        let pickle = among("config.json vocab.json merges.txt pytorch_model.bin flax_model.msgpack").unwrap();
        assert_eq!((pickle.format, pickle.small.len()), (WeightFormat::PyTorch, 3));
    }

    #[test]
    fn what_is_missing_is_named() {
        assert_eq!(among("tokenizer.json model.safetensors"), Err(NotAModel::NoConfig));
        assert_eq!(among("config.json vocab.json model.safetensors"), Err(NotAModel::NoTokenizer));
        let none = among("config.json tokenizer.json a.gguf").unwrap_err();
        assert_eq!(none, NotAModel::NoWeights { gguf: vec![name("a.gguf")] });
        assert!(none.to_string().ends_with("GGUF files: a.gguf"), "{none}");
    }

    #[test]
    fn a_gguf_file_is_taken_only_when_asked_for() {
        let names = [name("a.gguf"), name("config.json")].into();
        let taken = Selection::among(&names, Some(&name("a.gguf"))).unwrap();
        assert_eq!((taken.format, taken.small), (WeightFormat::Gguf, vec![name("config.json")]));
        assert_eq!(Selection::among(&names, Some(&name("b.gguf"))), Err(NotAModel::Missing(name("b.gguf"))));
    }

    #[test]
    fn an_index_names_each_shard_once_and_nothing_outside() {
        let index = name("model.safetensors.index.json");
        let named = |json: &str| shards(&index, json.as_bytes());
        let good = r#"{"metadata": {}, "weight_map": {"a": "m-2.safetensors", "b": "m-1.safetensors", "c": "m-2.safetensors"}}"#;
        assert_eq!(named(good).unwrap(), [name("m-1.safetensors"), name("m-2.safetensors")]);
        for bad in [
            "",
            "{}",
            r#"{"weight_map": {}}"#,
            r#"{"weight_map": {"a": "../../etc/passwd"}}"#,
            r#"{"weight_map": 1}"#,
        ] {
            assert_eq!(named(bad), Err(NotAModel::BadIndex(index.clone())), "{bad}");
        }
    }
}
