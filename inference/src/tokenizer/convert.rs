//! Builds a fast tokenizer from the files of a slow one, as `convert_slow_tokenizer.py` of transformers does.

use std::collections::BTreeMap;

use tokenizers::models::bpe::{BPE, Merges};
use tokenizers::models::unigram::Unigram;
use tokenizers::normalizers::replace::ReplacePattern;
use tokenizers::normalizers::{NormalizerWrapper, Precompiled, Replace, Sequence, Strip};
use tokenizers::pre_tokenizers::byte_level::ByteLevel;
use tokenizers::pre_tokenizers::metaspace::{Metaspace, PrependScheme};
use tokenizers::pre_tokenizers::sequence::Sequence as PreTokenizers;
use tokenizers::pre_tokenizers::whitespace::WhitespaceSplit;
use tokenizers::processors::roberta::RobertaProcessing;
use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{AddedToken, PreTokenizerWrapper, Tokenizer};

use super::error::TokenizerError;
use super::files::{MERGES, VOCAB};
use super::sentencepiece::SentencePieceModel;
use super::settings::{Class, Settings};
use super::special::{LANGUAGES, LANGUAGES_2020};
use super::vocabulary::{VocabularyBounds, check_charsmap};

/// SentencePiece's sign for a space, U+2581.
const SPACE: char = '▁';

/// Builds the tokenizer of a SentencePiece model.
///
/// # Errors
/// A model that contradicts itself, or a class that isn't built on SentencePiece.
pub(super) fn from_sentencepiece(
    model: SentencePieceModel,
    settings: &Settings,
) -> Result<Tokenizer, TokenizerError> {
    let file = model.file;
    let invalid = |error: tokenizers::Error| TokenizerError::invalid(file, error);
    let normalizer = normalizer(&model)?;
    let added = model.added.clone();
    let (pieces, unk_id) = pieces(model, settings)?;
    let mut tokenizer = Tokenizer::new(Unigram::from(pieces, Some(unk_id), false).map_err(invalid)?);
    let added = added.into_iter().map(|(piece, control)| AddedToken::from(piece, control).normalized(false));
    tokenizer.add_tokens(added).map_err(invalid)?;
    tokenizer.with_normalizer(Some(normalizer)).map_err(invalid)?;
    let scheme = prepend_scheme(settings);
    let metaspace = Metaspace::new(SPACE, scheme, true);
    tokenizer.with_decoder(Some(metaspace.clone()));
    if settings.class == Class::Pegasus {
        let steps: Vec<PreTokenizerWrapper> = vec![WhitespaceSplit.into(), metaspace.into()];
        tokenizer.with_pre_tokenizer(Some(PreTokenizers::new(steps)));
    } else {
        tokenizer.with_pre_tokenizer(Some(metaspace));
    }
    if matches!(settings.class, Class::T5 | Class::Pegasus) {
        let eos =
            if settings.class == Class::T5 { "</s>" } else { settings.special.required("eos_token")? };
        let processor =
            template(&tokenizer, &[], &[eos]).map_err(|reason| TokenizerError::invalid(file, reason))?;
        tokenizer.with_post_processor(Some(processor));
    }
    Ok(tokenizer)
}

/// Builds the tokenizer of byte-level BPE, as BART and RoBERTa have it.
///
/// # Errors
/// Files that aren't a vocabulary and its merges.
pub(super) fn from_merges(
    vocab: &[u8],
    merges: &[u8],
    settings: &Settings,
) -> Result<Tokenizer, TokenizerError> {
    let vocab: BTreeMap<String, u32> =
        serde_json::from_slice(vocab).map_err(|error| TokenizerError::invalid(VOCAB, error))?;
    let mut bounds = VocabularyBounds::default();
    for (piece, id) in &vocab {
        bounds.add(piece, u64::from(*id)).map_err(|reason| TokenizerError::invalid(VOCAB, reason))?;
    }
    let special = |role| {
        let token = settings.special.required(role)?;
        let id =
            vocab.get(token).ok_or_else(|| TokenizerError::invalid(VOCAB, format!("{token} is missing")))?;
        Ok::<_, TokenizerError>((token.to_owned(), *id))
    };
    let prefix_space = settings.prefix_space.unwrap_or(false);
    let processor = RobertaProcessing::new(special("sep_token")?, special("cls_token")?)
        .trim_offsets(true)
        .add_prefix_space(prefix_space);
    let merges = parse_merges(merges, &vocab)?;
    // All merges are known to be of known pieces, so that this can't fail.
    let model = BPE::new(vocab.into_iter().collect(), merges);
    let mut tokenizer = Tokenizer::new(model);
    tokenizer.with_pre_tokenizer(Some(ByteLevel::new(prefix_space, true, true)));
    tokenizer.with_decoder(Some(ByteLevel::default()));
    tokenizer.with_post_processor(Some(processor));
    Ok(tokenizer)
}

/// A post-processor that puts tokens before and after each text.
pub(super) fn template(
    tokenizer: &Tokenizer,
    prefix: &[&str],
    suffix: &[&str],
) -> Result<TemplateProcessing, String> {
    let mut special = Vec::new();
    for token in prefix.iter().chain(suffix) {
        let id = tokenizer.token_to_id(token).ok_or_else(|| format!("{token} is missing"))?;
        special.push(((*token).to_owned(), id));
    }
    let pieces = prefix.iter().copied().chain(["$A"]).chain(suffix.iter().copied()).map(str::to_owned);
    TemplateProcessing::builder()
        .try_single(pieces.collect::<Vec<_>>())?
        .special_tokens(special)
        .build()
        .map_err(|error| error.to_string())
}

/// The pieces with the class's own before and after them, and the id of the unknown one.
fn pieces(
    model: SentencePieceModel,
    settings: &Settings,
) -> Result<(Vec<(String, f64)>, usize), TokenizerError> {
    let SentencePieceModel { file, pieces, unk_id, .. } = model;
    let constant =
        |names: &[&str], score: f64| names.iter().map(|name| ((*name).to_owned(), score)).collect();
    match settings.class {
        Class::T5 => {
            let extra = (0..settings.extra_ids).rev().map(|i| (format!("<extra_id_{i}>"), 0.0));
            Ok((pieces.into_iter().chain(extra).collect(), unk_id))
        }
        Class::Pegasus => {
            let names = [
                settings.special.required("pad_token")?,
                settings.special.required("eos_token")?,
                "<mask_1>",
                settings.special.required("mask_token")?,
            ];
            let mut all: Vec<(String, f64)> = constant(&names, 0.0);
            all.extend((2..settings.offset).map(|i| (format!("<unk_{i}>"), -100.0)));
            all.extend(pieces.into_iter().skip(2));
            let unk_id = unk_id + settings.offset;
            if unk_id >= all.len() {
                return Err(TokenizerError::invalid(file, "the unknown piece is not among the pieces"));
            }
            Ok((all, unk_id))
        }
        Class::MBart | Class::MBart50 => {
            let languages = if settings.class == Class::MBart { LANGUAGES_2020 } else { LANGUAGES.len() };
            let mut all: Vec<(String, f64)> = constant(&["<s>", "<pad>", "</s>", "<unk>"], 0.0);
            all.extend(pieces.into_iter().skip(3));
            all.extend(LANGUAGES.iter().take(languages).map(|name| ((*name).to_owned(), 0.0)));
            all.push(("<mask>".to_owned(), 0.0));
            Ok((all, 3))
        }
        Class::Bart | Class::Other => {
            let what = "a SentencePiece model of a class other than T5, PEGASUS and mBART (without a tokenizer.json)";
            Err(TokenizerError::unsupported(file, what))
        }
    }
}

fn normalizer(model: &SentencePieceModel) -> Result<Sequence, TokenizerError> {
    let invalid = |reason: String| TokenizerError::invalid(model.file, reason);
    let mut steps: Vec<NormalizerWrapper> = Vec::new();
    if !model.charsmap.is_empty() {
        let declared = model
            .charsmap
            .first_chunk()
            .copied()
            .ok_or_else(|| invalid("a cut normalization table".into()))?;
        check_charsmap(declared, model.charsmap.len()).map_err(invalid)?;
        let rules = Precompiled::from(&model.charsmap).map_err(|error| invalid(error.to_string()))?;
        steps.push(rules.into());
    }
    steps.push(Strip::new(false, true).into());
    let spaces = ReplacePattern::Regex(" {2,}".to_owned());
    steps.push(Replace::new(spaces, SPACE).map_err(|error| invalid(error.to_string()))?.into());
    Ok(Sequence::new(steps))
}

fn prepend_scheme(settings: &Settings) -> PrependScheme {
    match (settings.class, settings.prefix_space.unwrap_or(true)) {
        (_, false) => PrependScheme::Never,
        (Class::T5, true) if !settings.legacy => PrependScheme::First,
        _ => PrependScheme::Always,
    }
}

/// The lines of `merges.txt` between its first, a version, and what follows its last line break: two pieces each, both
/// in the vocabulary, and what they make as well.
fn parse_merges(bytes: &[u8], vocab: &BTreeMap<String, u32>) -> Result<Merges, TokenizerError> {
    let invalid = |line: usize| {
        TokenizerError::invalid(MERGES, format!("line {} is no merge of known pieces", line + 1))
    };
    let text = std::str::from_utf8(bytes).map_err(|error| TokenizerError::invalid(MERGES, error))?;
    let lines: Vec<&str> = text.split('\n').collect();
    let last = lines.len().saturating_sub(1);
    let mut merges = Vec::with_capacity(last);
    for (number, line) in lines.into_iter().enumerate().take(last).skip(1) {
        let (left, right) = line.trim_end().split_once(' ').ok_or_else(|| invalid(number))?;
        let known = |piece: &str| vocab.contains_key(piece);
        if !known(left) || !known(right) || !known(&format!("{left}{right}")) {
            return Err(invalid(number));
        }
        merges.push((left.to_owned(), right.to_owned()));
    }
    Ok(merges)
}
