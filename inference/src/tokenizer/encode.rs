//! Text to token ids.

use std::ops::Range;

use tokenizers::{Model, OffsetType, PreTokenizer};

use super::error::TokenizerError;
use super::{Tokenizer, guard};

/// What a special token that is written in a text means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Specials {
    /// Itself, as transformers reads it. For texts that are written for the model.
    Parsed,
    /// Its letters. For texts of others: an article that says `</s>` doesn't end there.
    Literal,
}

/// A token and where it is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenSpan {
    /// The token's id.
    pub id: u32,
    /// The bytes of the text that it stands for.
    pub span: Range<usize>,
}

impl Tokenizer {
    /// The ids of a text with the special tokens that the model wants around it. With `max_len`, the text's end is cut
    /// so that all are at most so many.
    ///
    /// # Errors
    /// A `max_len` that the special tokens alone exceed, and failures of the tokenizer.
    pub fn encode(
        &self,
        text: &str,
        specials: Specials,
        max_len: Option<usize>,
    ) -> Result<Vec<u32>, TokenizerError> {
        let special = self.special_count();
        let room = max_len.map(|max_len| max_len.checked_sub(special).ok_or((max_len, special))).transpose();
        let room = room.map_err(|(max_len, special)| TokenizerError::NoRoom { max_len, special })?;
        let mut ids = self.encode_plain(text, specials)?;
        ids.truncate(room.unwrap_or(usize::MAX));
        let (before, after) = &self.frame;
        Ok(before.iter().copied().chain(ids).chain(after.iter().copied()).collect())
    }

    /// The ids of a text alone.
    ///
    /// # Errors
    /// Failures of the tokenizer.
    pub fn encode_plain(&self, text: &str, specials: Specials) -> Result<Vec<u32>, TokenizerError> {
        Ok(self.token_spans(text, specials)?.into_iter().map(|token| token.id).collect())
    }

    /// How many tokens a text has, without those around it; special tokens in it are literals.
    ///
    /// # Errors
    /// Failures of the tokenizer.
    pub fn count(&self, text: &str) -> Result<usize, TokenizerError> {
        Ok(self.token_spans(text, Specials::Literal)?.len())
    }

    /// The ids of a text alone, each with the bytes of the text that it stands for.
    ///
    /// # Errors
    /// Failures of the tokenizer.
    pub fn token_spans(&self, text: &str, specials: Specials) -> Result<Vec<TokenSpan>, TokenizerError> {
        let tokens = guard::run(|| self.segment(text, specials))?;
        if specials == Specials::Parsed || tokens.iter().all(|token| !self.control.contains(&token.id)) {
            return Ok(tokens);
        }
        let mut literal = Vec::with_capacity(tokens.len());
        for token in tokens {
            if self.control.contains(&token.id) {
                let ids = self.inner.id_to_token(token.id).unwrap_or_default();
                let ids = guard::run(|| self.spell(&ids))?;
                literal.extend(ids.into_iter().map(|id| TokenSpan { id, span: token.span.clone() }));
            } else {
                literal.push(token);
            }
        }
        Ok(literal)
    }

    /// The steps of `tokenizers::Tokenizer::encode`, with the added tokens of the mode.
    fn segment(&self, text: &str, specials: Specials) -> tokenizers::Result<Vec<TokenSpan>> {
        let added = match specials {
            Specials::Parsed => self.inner.get_added_vocabulary(),
            Specials::Literal => &self.literals,
        };
        let mut pieces = added.extract_and_normalize(self.inner.get_normalizer(), text);
        if let Some(pre_tokenizer) = self.inner.get_pre_tokenizer() {
            pre_tokenizer.pre_tokenize(&mut pieces)?;
        }
        let model = self.inner.get_model();
        pieces.tokenize(|piece| model.tokenize(piece.get()))?;
        let encoding = pieces.into_encoding(None, 0, OffsetType::Byte)?;
        let spans = encoding.get_ids().iter().zip(encoding.get_offsets());
        Ok(spans.map(|(id, (start, end))| TokenSpan { id: *id, span: *start..*end }).collect())
    }

    /// The tokens of a special token's letters. A model that has the token among its pieces (Unigram) finds it in the
    /// text; so its first character is taken alone, and the rest, which can only be a shorter one, after it.
    fn spell(&self, token: &str) -> tokenizers::Result<Vec<u32>> {
        let mut ids = Vec::new();
        let mut rest = token;
        while let Some(first) = rest.chars().next() {
            let (head, tail) = rest.split_at(first.len_utf8());
            let found = self.inner.get_model().tokenize(rest)?;
            if rest.len() < token.len() && found.iter().all(|piece| !self.control.contains(&piece.id)) {
                ids.extend(found.iter().map(|piece| piece.id));
                break;
            }
            let head = self.inner.get_model().tokenize(head)?;
            ids.extend(head.iter().map(|piece| piece.id).filter(|id| !self.control.contains(id)));
            rest = tail;
        }
        Ok(ids)
    }
}
