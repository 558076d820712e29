//! The files that a tokenizer is made of, read with a bound.

use std::fs::File;
use std::io::{ErrorKind, Read};
use std::path::Path;

use serde::de::DeserializeOwned;

use super::error::TokenizerError;

/// The largest file that is read, in bytes. The largest real one, of mT5, has 16 MiB.
pub const MAX_FILE_BYTES: u64 = 64 << 20;

pub(super) const TOKENIZER_JSON: &str = "tokenizer.json";
pub(super) const TOKENIZER_CONFIG: &str = "tokenizer_config.json";
pub(super) const SPECIAL_TOKENS_MAP: &str = "special_tokens_map.json";
pub(super) const ADDED_TOKENS: &str = "added_tokens.json";
pub(super) const CONFIG: &str = "config.json";
pub(super) const VOCAB: &str = "vocab.json";
pub(super) const MERGES: &str = "merges.txt";
/// The names that SentencePiece models go by, in the order in which they are looked for.
pub(super) const SENTENCEPIECE: [&str; 3] = ["spiece.model", "sentencepiece.bpe.model", "source.spm"];

/// The contents of a tokenizer's files, as they lie beside a model's weights. Each may be absent; what must be there
/// is `tokenizer.json`, or a SentencePiece model, or `vocab.json` with `merges.txt`.
#[derive(Debug, Default, Clone)]
pub struct TokenizerFiles {
    /// Where they are from, for error messages.
    pub place: String,
    /// `tokenizer.json`: all of a fast tokenizer.
    pub tokenizer_json: Option<Vec<u8>>,
    /// `spiece.model`, `sentencepiece.bpe.model` or `source.spm`, with its name.
    pub sentencepiece: Option<(&'static str, Vec<u8>)>,
    /// `vocab.json`: the ids of byte-level BPE.
    pub vocab_json: Option<Vec<u8>>,
    /// `merges.txt`: the merges of byte-level BPE.
    pub merges_txt: Option<Vec<u8>>,
    /// `tokenizer_config.json`: the class and its options.
    pub tokenizer_config: Option<Vec<u8>>,
    /// `special_tokens_map.json`: the special tokens by role.
    pub special_tokens_map: Option<Vec<u8>>,
    /// `added_tokens.json`: tokens added after the training, with their ids.
    pub added_tokens: Option<Vec<u8>>,
    /// `config.json` of the model, for its type.
    pub config: Option<Vec<u8>>,
}

impl TokenizerFiles {
    /// Reads the files of a directory.
    ///
    /// # Errors
    /// A file that can't be read, or is larger than [`MAX_FILE_BYTES`]. A file that isn't there is no error here.
    pub fn read(dir: &Path) -> Result<Self, TokenizerError> {
        let mut sentencepiece = None;
        for name in SENTENCEPIECE {
            if sentencepiece.is_none() {
                sentencepiece = read_bounded(&dir.join(name))?.map(|bytes| (name, bytes));
            }
        }
        Ok(Self {
            place: dir.display().to_string(),
            tokenizer_json: read_bounded(&dir.join(TOKENIZER_JSON))?,
            sentencepiece,
            vocab_json: read_bounded(&dir.join(VOCAB))?,
            merges_txt: read_bounded(&dir.join(MERGES))?,
            tokenizer_config: read_bounded(&dir.join(TOKENIZER_CONFIG))?,
            special_tokens_map: read_bounded(&dir.join(SPECIAL_TOKENS_MAP))?,
            added_tokens: read_bounded(&dir.join(ADDED_TOKENS))?,
            config: read_bounded(&dir.join(CONFIG))?,
        })
    }

    /// What to say where no vocabulary is there.
    pub(super) fn missing(&self) -> TokenizerError {
        let spm = SENTENCEPIECE.join(" or ");
        TokenizerError::Missing {
            place: self.place.clone(),
            expected: format!("{TOKENIZER_JSON}, or {spm}, or {VOCAB} with {MERGES} is needed"),
        }
    }
}

/// The content of a JSON file, or the default where it is absent.
pub(super) fn parse_json<T: DeserializeOwned + Default>(
    file: &'static str,
    bytes: Option<&[u8]>,
) -> Result<T, TokenizerError> {
    bytes.map_or_else(
        || Ok(T::default()),
        |bytes| serde_json::from_slice(bytes).map_err(|error| TokenizerError::invalid(file, error)),
    )
}

fn read_bounded(path: &Path) -> Result<Option<Vec<u8>>, TokenizerError> {
    let name = || path.display().to_string();
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(TokenizerError::Read { file: name(), source }),
    };
    let mut bytes = Vec::new();
    file.take(MAX_FILE_BYTES + 1)
        .read_to_end(&mut bytes)
        .map_err(|source| TokenizerError::Read { file: name(), source })?;
    if bytes.len() as u64 > MAX_FILE_BYTES {
        return Err(TokenizerError::TooLarge { file: name(), limit: MAX_FILE_BYTES });
    }
    Ok(Some(bytes))
}
