//! What stands beside a vocabulary: the tokenizer's class, its options, and its special tokens.
//!
//! Follows `AutoTokenizer`: the class is named by `tokenizer_config.json`, else by `config.json`, else follows from the
//! model's type; what the files leave open is the class's default.

use serde::Deserialize;
use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::error::TokenizerError;
use super::files::{
    ADDED_TOKENS, CONFIG, SPECIAL_TOKENS_MAP, TOKENIZER_CONFIG, TOKENIZER_JSON, TokenizerFiles, parse_json,
};
use super::special::SpecialTokens;

/// The tokenizer classes of transformers that differ in their defaults or in how a fast one is built.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// T5, mT5, LongT5, UMT5.
    T5,
    /// PEGASUS, BigBird-PEGASUS.
    Pegasus,
    /// BART and what shares its byte-level BPE: RoBERTa, LED, MVP.
    Bart,
    /// mBART of 2020, with 25 languages.
    MBart,
    /// mBART-50.
    MBart50,
    /// Any other: all of it must be in `tokenizer.json`.
    Other,
}

impl Class {
    fn of_tokenizer(class: &str) -> Self {
        match class.strip_suffix("Fast").unwrap_or(class) {
            "T5Tokenizer" | "MT5Tokenizer" => Self::T5,
            "PegasusTokenizer" => Self::Pegasus,
            "BartTokenizer" | "RobertaTokenizer" | "LEDTokenizer" | "MvpTokenizer" => Self::Bart,
            "MBartTokenizer" => Self::MBart,
            "MBart50Tokenizer" => Self::MBart50,
            _ => Self::Other,
        }
    }

    fn of_model(model_type: &str) -> Self {
        match model_type {
            "t5" | "mt5" | "longt5" | "umt5" | "switch_transformers" => Self::T5,
            "pegasus" | "pegasus_x" | "bigbird_pegasus" => Self::Pegasus,
            "bart" | "roberta" | "led" | "mvp" => Self::Bart,
            "mbart" => Self::MBart,
            _ => Self::Other,
        }
    }
}

/// The options that change tokens or text.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) class: Class,
    pub(super) special: SpecialTokens,
    /// Tokens added after the training, in the order of their ids.
    pub(super) added: Vec<AddedToken>,
    pub(super) clean_up: bool,
    /// `add_prefix_space`, where the files say so.
    pub(super) prefix_space: Option<bool>,
    /// T5's `legacy`: each stretch of text after a special token gets a space of its own.
    pub(super) legacy: bool,
    /// How many `<extra_id_…>` T5 has.
    pub(super) extra_ids: usize,
    /// How many ids PEGASUS keeps before SentencePiece's.
    pub(super) offset: usize,
    /// mBART's language of the source text.
    pub(super) source_language: String,
}

#[derive(Debug, Default, Deserialize)]
struct ModelConfig {
    #[serde(default)]
    tokenizer_class: Option<String>,
    #[serde(default)]
    model_type: Option<String>,
}

impl Settings {
    /// Reads the files beside the vocabulary.
    ///
    /// # Errors
    /// Files that aren't JSON or hold values of another kind, and classes of which no fast tokenizer exists.
    pub(super) fn read(files: &TokenizerFiles) -> Result<Self, TokenizerError> {
        let config: Map<String, Value> = parse_json(TOKENIZER_CONFIG, files.tokenizer_config.as_deref())?;
        let map: Map<String, Value> = parse_json(SPECIAL_TOKENS_MAP, files.special_tokens_map.as_deref())?;
        let model: ModelConfig = parse_json(CONFIG, files.config.as_deref())?;
        let class = class(&config, &model)?;
        let extra_ids = count(&config, "extra_ids", 100)?;
        let offset = count(&config, "offset", 103)?;
        // The older files count only where the newer `added_tokens_decoder` is absent.
        let decoder = config.get("added_tokens_decoder").and_then(Value::as_object);
        let map = if decoder.is_some() { Map::new() } else { map };
        let special = SpecialTokens::read(class, &config, &map, extra_ids, offset)?;
        let added = match decoder {
            Some(decoder) => decoded_tokens(decoder, &special)?,
            None => listed_tokens(files, &special)?,
        };
        let flag = |name: &str| config.get(name).and_then(Value::as_bool);
        let language = config.get("src_lang").and_then(Value::as_str);
        Ok(Self {
            class,
            special,
            added,
            clean_up: flag("clean_up_tokenization_spaces").unwrap_or(false),
            prefix_space: flag("add_prefix_space"),
            legacy: flag("legacy").unwrap_or(true),
            extra_ids,
            offset,
            source_language: language.unwrap_or("en_XX").to_owned(),
        })
    }
}

fn class(config: &Map<String, Value>, model: &ModelConfig) -> Result<Class, TokenizerError> {
    let named = config.get("tokenizer_class").and_then(Value::as_str);
    let named = named.or(model.tokenizer_class.as_deref());
    let model_type = model.model_type.as_deref().unwrap_or_default();
    if named.is_some_and(|name| name.starts_with("Marian")) || (named.is_none() && model_type == "marian") {
        let what = "Marian's tokenizer (two SentencePiece models and a vocabulary)";
        return Err(TokenizerError::unsupported(TOKENIZER_CONFIG, what));
    }
    Ok(named.map_or_else(|| Class::of_model(model_type), Class::of_tokenizer))
}

/// A count within reason, or its default.
fn count(config: &Map<String, Value>, name: &str, default: usize) -> Result<usize, TokenizerError> {
    match config.get(name) {
        None | Some(Value::Null) => Ok(default),
        Some(value) => value
            .as_u64()
            .filter(|count| (2..=10_000).contains(count) || (name == "extra_ids" && *count < 2))
            .and_then(|count| usize::try_from(count).ok())
            .ok_or_else(|| TokenizerError::invalid(TOKENIZER_CONFIG, format!("{name} is {value}"))),
    }
}

/// The tokens of `added_tokens_decoder`, by id.
fn decoded_tokens(
    decoder: &Map<String, Value>,
    special: &SpecialTokens,
) -> Result<Vec<AddedToken>, TokenizerError> {
    let invalid =
        |id: &str| TokenizerError::invalid(TOKENIZER_CONFIG, format!("the added token {id} is malformed"));
    let mut tokens = Vec::with_capacity(decoder.len());
    for (key, value) in decoder {
        let id: u32 = key.parse().map_err(|_| invalid(key))?;
        let mut token = super::special::added_token(value).ok_or_else(|| invalid(key))?;
        token.special |= special.contains(&token.content);
        tokens.push((id, token));
    }
    tokens.sort_by_key(|(id, _)| *id);
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

/// The tokens of `added_tokens.json`, by id. Those that `tokenizer.json` knows are as it says.
fn listed_tokens(files: &TokenizerFiles, special: &SpecialTokens) -> Result<Vec<AddedToken>, TokenizerError> {
    let listed: Map<String, Value> = parse_json(ADDED_TOKENS, files.added_tokens.as_deref())?;
    if listed.is_empty() {
        return Ok(Vec::new());
    }
    let known: KnownTokens = parse_json(TOKENIZER_JSON, files.tokenizer_json.as_deref())?;
    let mut tokens = Vec::with_capacity(listed.len());
    for (content, id) in listed {
        let id = id
            .as_u64()
            .ok_or_else(|| TokenizerError::invalid(ADDED_TOKENS, format!("{content} has no id")))?;
        if !known.added_tokens.iter().any(|known| known.id == id) {
            let is_special = special.contains(&content);
            tokens.push((id, AddedToken::from(content, is_special)));
        }
    }
    tokens.sort_by_key(|(id, _)| *id);
    Ok(tokens.into_iter().map(|(_, token)| token).collect())
}

#[derive(Debug, Default, Deserialize)]
struct KnownTokens {
    #[serde(default)]
    added_tokens: Vec<KnownToken>,
}

#[derive(Debug, Deserialize)]
struct KnownToken {
    id: u64,
}
