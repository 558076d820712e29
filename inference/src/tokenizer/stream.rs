//! Decoding one token at a time.

use tokenizers::DecoderWrapper;
use tokenizers::pre_tokenizers::metaspace::PrependScheme;

use super::Tokenizer;
use super::cleanup::CleanUpStream;

/// How a token's string becomes text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenText {
    /// A sign stands for the space; where `strip_first`, the first token's are dropped (SentencePiece).
    Metaspace {
        /// The sign that stands for a space.
        sign: char,
        /// Whether the spaces of the first token are dropped.
        strip_first: bool,
    },
    /// Each character stands for a byte (GPT-2, BART).
    ByteLevel,
}

impl TokenText {
    /// The kind of a decoder; `None` for those that can't be followed token by token.
    pub(super) fn of(decoder: &DecoderWrapper) -> Option<Self> {
        match decoder {
            DecoderWrapper::Metaspace(metaspace) => Some(Self::Metaspace {
                sign: metaspace.get_replacement(),
                strip_first: metaspace.get_prepend_scheme() != PrependScheme::Never,
            }),
            DecoderWrapper::ByteLevel(_) => Some(Self::ByteLevel),
            _ => None,
        }
    }
}

/// Decodes tokens as they come. What it gives out is final: no character is cut, and the pieces joined are what
/// [`Tokenizer::decode`] makes of all the tokens.
#[derive(Debug)]
pub struct Detokenizer<'a> {
    tokenizer: &'a Tokenizer,
    skip_special: bool,
    first: bool,
    /// Bytes that aren't a whole character yet.
    bytes: Vec<u8>,
    clean_up: Option<CleanUpStream>,
}

impl<'a> Detokenizer<'a> {
    pub(super) fn new(tokenizer: &'a Tokenizer, skip_special: bool) -> Self {
        let clean_up = tokenizer.clean_up.then(CleanUpStream::default);
        Self { tokenizer, skip_special, first: true, bytes: Vec::new(), clean_up }
    }

    /// Takes the next token and gives out the text that is certain by now; often one token's, sometimes none.
    pub fn push(&mut self, id: u32) -> String {
        let Some(token) = self.tokenizer.token_text(id, self.skip_special) else {
            return String::new();
        };
        let text = match self.tokenizer.token_text {
            TokenText::Metaspace { sign, strip_first } => {
                let space = if self.first && strip_first { "" } else { " " };
                token.replace(sign, space)
            }
            TokenText::ByteLevel => {
                self.bytes.extend(token_bytes(&token));
                take_whole_characters(&mut self.bytes)
            }
        };
        self.first = false;
        self.tidy(text)
    }

    /// Gives out what is left at the end. A character that was never finished is U+FFFD.
    pub fn finish(mut self) -> String {
        let rest = String::from_utf8_lossy(&std::mem::take(&mut self.bytes)).into_owned();
        let mut text = self.tidy(rest);
        if let Some(clean_up) = &mut self.clean_up {
            text.push_str(&clean_up.flush());
        }
        text
    }

    fn tidy(&mut self, text: String) -> String {
        match &mut self.clean_up {
            Some(clean_up) => clean_up.push(&text),
            None => text,
        }
    }
}

/// The bytes that a byte-level token stands for; a token with other characters (an added one) is itself.
fn token_bytes(token: &str) -> Vec<u8> {
    token.chars().map(byte_of).collect::<Option<Vec<u8>>>().unwrap_or_else(|| token.as_bytes().to_vec())
}

/// The inverse of GPT-2's `bytes_to_unicode`: printable Latin-1 stands for itself, the other bytes follow from U+0100.
fn byte_of(c: char) -> Option<u8> {
    let code = u32::from(c);
    let byte = match code {
        0x21..=0x7E | 0xA1..=0xAC | 0xAE..=0xFF => code,
        0x100..=0x120 => code - 0x100,
        0x121..=0x142 => code - 0x121 + 0x7F,
        0x143 => 0xAD,
        _ => return None,
    };
    u8::try_from(byte).ok()
}

/// Takes from the bytes the text that more bytes can't change: all but the start of a last character.
fn take_whole_characters(bytes: &mut Vec<u8>) -> String {
    let mut text = String::new();
    let mut done = 0;
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        done += chunk.valid().len();
        let invalid = chunk.invalid();
        let at_end = done + invalid.len() == bytes.len();
        let unfinished =
            at_end && std::str::from_utf8(invalid).is_err_and(|error| error.error_len().is_none());
        if !invalid.is_empty() && !unfinished {
            text.push(char::REPLACEMENT_CHARACTER);
            done += invalid.len();
        }
    }
    bytes.drain(..done);
    text
}
