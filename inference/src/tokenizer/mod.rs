//! Text to token ids and back, as the model's own tokenizer does it.
//!
//! The reference is the fast tokenizer that `AutoTokenizer` of Hugging Face transformers 4.57 gives: read from
//! `tokenizer.json`, or built from the files of a slow tokenizer. The segmentation itself is the crate `tokenizers`.
//!
//! # Layout
//! - `files`, `settings`, `special`, `sentencepiece`: what lies beside a model's weights
//! - `vocabulary`: bounds for files that aren't to be trusted
//! - `load`, `convert`: a tokenizer from these files
//! - `encode`: text to ids; `stream`, `cleanup`: ids to text, all at once or one by one
//! - `normalize`: untrusted text made fit for a model

mod cleanup;
mod convert;
mod encode;
mod error;
mod files;
mod guard;
mod load;
mod normalize;
mod sentencepiece;
mod settings;
mod special;
mod stream;
#[cfg(test)]
mod tests;
mod vocabulary;

use std::collections::HashSet;
use std::path::Path;

use tokenizers::{AddedVocabulary, Decoder, Model};

pub use encode::{Specials, TokenSpan};
pub use error::TokenizerError;
pub use files::{MAX_FILE_BYTES, TokenizerFiles};
pub use normalize::normalize_input;
pub use stream::Detokenizer;

/// The ids of the tokens with a role. A model may lack any of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SpecialIds {
    /// The start of a sequence.
    pub bos: Option<u32>,
    /// The end of a sequence.
    pub eos: Option<u32>,
    /// What fills short sequences of a batch.
    pub pad: Option<u32>,
    /// What stands for text that the vocabulary can't spell.
    pub unk: Option<u32>,
}

/// A model's tokenizer. It is read-only and may be shared by threads; each call works on the thread that made it.
#[derive(Debug)]
pub struct Tokenizer {
    inner: tokenizers::Tokenizer,
    /// The added tokens without the special ones, for texts in which those are literals.
    literals: AddedVocabulary,
    /// The ids of the special tokens, but for the unknown one.
    control: HashSet<u32>,
    /// The ids before and after each sequence.
    frame: (Vec<u32>, Vec<u32>),
    ids: SpecialIds,
    vocab_size: usize,
    text_size: usize,
    token_text: stream::TokenText,
    clean_up: bool,
}

impl Tokenizer {
    /// Loads the tokenizer of a model's directory.
    ///
    /// # Errors
    /// See [`TokenizerFiles::read`] and [`Tokenizer::load`].
    pub fn from_dir(dir: &Path) -> Result<Self, TokenizerError> {
        Self::load(&TokenizerFiles::read(dir)?)
    }

    /// Loads a tokenizer: `tokenizer.json` where it is there, else the files of a slow one.
    ///
    /// # Errors
    /// Missing files, files that aren't what their names say, and kinds of tokenizers that aren't supported.
    pub fn load(files: &TokenizerFiles) -> Result<Self, TokenizerError> {
        load::load(files)
    }

    /// Text of the tokens; with `skip_special`, of those that aren't special. Ids out of the vocabulary are skipped.
    /// A byte sequence that is no character becomes U+FFFD.
    ///
    /// # Errors
    /// A failure of the decoder.
    pub fn decode(&self, ids: &[u32], skip_special: bool) -> Result<String, TokenizerError> {
        let tokens = ids.iter().filter_map(|id| self.token_text(*id, skip_special)).collect();
        let text = match self.inner.get_decoder() {
            Some(decoder) => guard::run(|| decoder.decode(tokens))?,
            None => return Err(TokenizerError::Failed("no decoder".to_owned())),
        };
        Ok(if self.clean_up { cleanup::clean_up(&text) } else { text })
    }

    /// Decodes tokens one by one, with the same result as [`Tokenizer::decode`].
    pub fn detokenizer(&self, skip_special: bool) -> Detokenizer<'_> {
        Detokenizer::new(self, skip_special)
    }

    /// How many ids there are: one more than the largest. A model may have more rows, for padding.
    pub fn vocab_size(&self) -> usize {
        self.vocab_size
    }

    /// One more than the largest id that a text can have as [`Specials::Literal`], with what frames it: the rows that a
    /// model needs. Those of BART for news have no row for `<mask>`, the last of their tokenizer's.
    pub fn text_size(&self) -> usize {
        self.text_size
    }

    /// The ids of the tokens with a role.
    pub fn special_ids(&self) -> SpecialIds {
        self.ids
    }

    /// How many special tokens [`Tokenizer::encode`] puts around each sequence.
    pub fn special_count(&self) -> usize {
        self.frame.0.len() + self.frame.1.len()
    }

    /// The string of a token as the decoder wants it.
    fn token_text(&self, id: u32, skip_special: bool) -> Option<String> {
        let added = self.inner.get_added_vocabulary();
        match added.get_added_tokens_decoder().get(&id) {
            Some(token) if skip_special && added.is_special_token(&token.content) => None,
            Some(token) => Some(token.content.clone()),
            None => self
                .inner
                .get_model()
                .id_to_token(id)
                .filter(|token| !skip_special || !added.is_special_token(token)),
        }
    }
}
