//! Bounds of a vocabulary, and the check of a `tokenizer.json` before it is built.
//!
//! The crate `tokenizers` trusts its files: a long piece makes a trie so deep that dropping it overflows the stack, a
//! prefix of continuing subwords cuts strings without a look at their characters, and a table of normalization
//! allocates whatever size it declares. So these are looked at first.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::error::TokenizerError;
use super::files::TOKENIZER_JSON;

/// The longest piece, in bytes.
const MAX_PIECE_BYTES: usize = 1024;
/// The most that all pieces may have together, in bytes: four times what mT5's 250,000 have.
const MAX_VOCABULARY_BYTES: usize = 8 << 20;
/// The most pieces, and the bound of their ids.
const MAX_PIECES: u64 = 1 << 20;

/// Counts the pieces of a vocabulary as they come, and says when they are too many.
#[derive(Debug, Default)]
pub(super) struct VocabularyBounds {
    bytes: usize,
    pieces: u64,
}

impl VocabularyBounds {
    /// Takes note of a piece and its id; the error says which bound is broken.
    pub(super) fn add(&mut self, piece: &str, id: u64) -> Result<(), String> {
        self.bytes += piece.len();
        self.pieces += 1;
        if piece.len() > MAX_PIECE_BYTES {
            return Err(format!("piece {id} is longer than {MAX_PIECE_BYTES} bytes"));
        }
        if self.bytes > MAX_VOCABULARY_BYTES || self.pieces > MAX_PIECES {
            return Err(format!("more than {MAX_PIECES} pieces, or {MAX_VOCABULARY_BYTES} bytes of them"));
        }
        if id >= MAX_PIECES {
            return Err(format!("the id {id} is out of range"));
        }
        Ok(())
    }
}

/// Reads a precompiled table of normalization's declared size and compares it with what is there.
pub(super) fn check_charsmap(declared: [u8; 4], len: usize) -> Result<(), String> {
    let size = u32::from_le_bytes(declared) as usize;
    if size.saturating_add(4) > len || !size.is_multiple_of(4) {
        return Err(format!(
            "the normalization table declares {size} bytes and has {}",
            len.saturating_sub(4)
        ));
    }
    Ok(())
}

/// Checks a `tokenizer.json` for what the crate `tokenizers` would not survive.
pub(super) fn check_tokenizer_json(bytes: &[u8]) -> Result<(), TokenizerError> {
    let invalid = |reason: String| TokenizerError::invalid(TOKENIZER_JSON, reason);
    let outline: Outline<'_> = serde_json::from_slice(bytes).map_err(|error| invalid(error.to_string()))?;
    check_normalizer(&outline.normalizer).map_err(invalid)?;
    for token in &outline.added_tokens {
        if token.content.len() > MAX_PIECE_BYTES || token.id >= MAX_PIECES {
            return Err(invalid(format!("the added token {} is too long or its id out of range", token.id)));
        }
    }
    if outline.model.continuing_subword_prefix.is_some_and(|prefix| !prefix.is_empty()) {
        return Err(TokenizerError::unsupported(TOKENIZER_JSON, "a prefix of continuing subwords"));
    }
    match outline.model.kind.as_deref() {
        Some("Unigram") if outline.model.unk_id.is_none() => Err(invalid("no unknown piece".to_owned())),
        None | Some("Unigram" | "BPE") => Ok(()),
        Some(other) => Err(TokenizerError::unsupported(TOKENIZER_JSON, format!("a model of type {other}"))),
    }
}

fn check_normalizer(value: &Value) -> Result<(), String> {
    if let Some(Value::String(charsmap)) = value.get("precompiled_charsmap") {
        let (head, len) = (charsmap.get(..8).unwrap_or_default(), charsmap.len() / 4 * 3);
        check_charsmap(base64_head(head).ok_or("the normalization table is not base64")?, len)?;
    }
    value
        .get("normalizers")
        .and_then(Value::as_array)
        .map_or(Ok(()), |normalizers| normalizers.iter().try_for_each(check_normalizer))
}

/// The first four bytes of what eight digits of base64 stand for.
fn base64_head(digits: &str) -> Option<[u8; 4]> {
    let mut bits = 0_u64;
    for digit in digits.bytes() {
        let value = match digit {
            b'A'..=b'Z' => digit - b'A',
            b'a'..=b'z' => digit - b'a' + 26,
            b'0'..=b'9' => digit - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            _ => return None,
        };
        bits = bits << 6 | u64::from(value);
    }
    let bytes = (bits << 16).to_be_bytes();
    (digits.len() == 8).then(|| bytes.first_chunk().copied()).flatten()
}

#[derive(Deserialize)]
struct Outline<'a> {
    #[serde(default)]
    normalizer: Value,
    #[serde(default, borrow)]
    added_tokens: Vec<AddedTokenOutline<'a>>,
    #[serde(borrow)]
    model: ModelOutline<'a>,
}

#[derive(Deserialize)]
struct AddedTokenOutline<'a> {
    id: u64,
    #[serde(borrow)]
    content: Cow<'a, str>,
}

#[derive(Deserialize)]
struct ModelOutline<'a> {
    #[serde(rename = "type", borrow)]
    kind: Option<Cow<'a, str>>,
    unk_id: Option<u64>,
    continuing_subword_prefix: Option<String>,
    #[serde(rename = "vocab")]
    _vocabulary: CheckedVocabulary,
}

/// A vocabulary that was within its bounds when it was read; nothing of it is kept.
struct CheckedVocabulary;

impl<'de> Deserialize<'de> for CheckedVocabulary {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(VocabularyVisitor)
    }
}

struct VocabularyVisitor;

impl<'de> Visitor<'de> for VocabularyVisitor {
    type Value = CheckedVocabulary;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of pieces with scores, or a map from pieces to ids")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<CheckedVocabulary, A::Error> {
        let mut bounds = VocabularyBounds::default();
        while let Some((piece, _)) = seq.next_element::<(Piece, IgnoredAny)>()? {
            bounds.add(&piece.0, bounds.pieces).map_err(serde::de::Error::custom)?;
        }
        Ok(CheckedVocabulary)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<CheckedVocabulary, A::Error> {
        let mut bounds = VocabularyBounds::default();
        while let Some((piece, id)) = map.next_entry::<Piece, u64>()? {
            bounds.add(&piece.0, id).map_err(serde::de::Error::custom)?;
        }
        Ok(CheckedVocabulary)
    }
}

/// A piece, borrowed where it has no escapes.
#[derive(Deserialize)]
struct Piece(String);
