//! A tokenizer from its files.

use std::collections::HashSet;

use tokenizers::processors::template::TemplateProcessing;
use tokenizers::{Encoding, Model, PostProcessor, PreTokenizerWrapper, Token};

use super::error::TokenizerError;
use super::files::{MERGES, TOKENIZER_JSON, TokenizerFiles, VOCAB};
use super::sentencepiece::SentencePieceModel;
use super::settings::{Class, Settings};
use super::special::SpecialTokens;
use super::stream::TokenText;
use super::vocabulary::check_tokenizer_json;
use super::{SpecialIds, Specials, Tokenizer, convert, guard};

/// Stands for the text when a post-processor is asked what it puts around it. No vocabulary has such an id.
const TEXT: u32 = u32::MAX;

/// Loads a tokenizer.
pub(super) fn load(files: &TokenizerFiles) -> Result<Tokenizer, TokenizerError> {
    let settings = Settings::read(files)?;
    let (file, mut inner) = build(files, &settings)?;
    let invalid = |error: TokenizerError| match error {
        TokenizerError::Failed(reason) => TokenizerError::invalid(file, reason),
        other => other,
    };
    guard::run(|| complete(&mut inner, &settings)).map_err(invalid)?;
    let decoder = inner.get_decoder().and_then(TokenText::of);
    let token_text = decoder
        .ok_or_else(|| TokenizerError::unsupported(file, "a decoder that isn't Metaspace or ByteLevel"))?;
    let ids = special_ids(&inner, &settings.special);
    let added = inner.get_added_vocabulary();
    let mut literals = added.clone();
    literals.set_encode_special_tokens(true);
    let special = added.get_added_tokens_decoder().iter().filter(|(_, token)| token.special);
    let control = special.map(|(id, _)| *id).chain([ids.bos, ids.eos, ids.pad].into_iter().flatten());
    let control: HashSet<u32> = control.filter(|id| Some(*id) != ids.unk).collect();
    let frame = guard::run(|| frame(&inner)).map_err(invalid)?;
    let written = inner.get_vocab(true).into_values().filter(|id| !control.contains(id));
    let largest = written.chain(frame.0.iter().chain(&frame.1).copied()).max();
    let tokenizer = Tokenizer {
        literals,
        control,
        frame,
        text_size: largest.map_or(0, |id| id as usize + 1),
        ids,
        vocab_size: largest_id(&inner).map_or(0, |id| id as usize + 1),
        token_text,
        clean_up: settings.clean_up,
        inner,
    };
    // What contradicts itself shows here rather than with the first article.
    tokenizer.encode_plain("A probe, 1 … ﬁ", Specials::Parsed).map_err(invalid)?;
    Ok(tokenizer)
}

/// The bare tokenizer, and the name of the file that it is from.
fn build(
    files: &TokenizerFiles,
    settings: &Settings,
) -> Result<(&'static str, tokenizers::Tokenizer), TokenizerError> {
    // T5's class converts anew where `add_prefix_space` is set.
    let converts = settings.class == Class::T5 && settings.prefix_space.is_some();
    match (&files.tokenizer_json, &files.sentencepiece, &files.vocab_json, &files.merges_txt) {
        (Some(json), sentencepiece, ..) if !(converts && sentencepiece.is_some()) => {
            check_tokenizer_json(json)?;
            let built = guard::run(|| tokenizers::Tokenizer::from_bytes(json));
            let tokenizer = built.map_err(|error| TokenizerError::invalid(TOKENIZER_JSON, error))?;
            Ok((TOKENIZER_JSON, tokenizer))
        }
        (_, Some((name, bytes)), ..) => {
            let model = SentencePieceModel::parse(name, bytes)?;
            Ok((name, convert::from_sentencepiece(model, settings)?))
        }
        (None, None, Some(vocab), Some(merges)) => {
            Ok((VOCAB, convert::from_merges(vocab, merges, settings)?))
        }
        (None, None, Some(_), None) => Err(TokenizerError::Missing {
            place: files.place.clone(),
            expected: format!("{VOCAB} is there, but {MERGES} is needed with it"),
        }),
        _ => Err(files.missing()),
    }
}

/// What the classes of transformers do to a fast tokenizer after they have it.
fn complete(tokenizer: &mut tokenizers::Tokenizer, settings: &Settings) -> tokenizers::Result<()> {
    tokenizer.with_truncation(None)?;
    tokenizer.with_padding(None);
    tokenizer.add_tokens(settings.added.iter().cloned())?;
    let known = tokenizer.get_added_vocabulary().get_vocab();
    let missing: Vec<_> =
        settings.special.iter().filter(|token| !known.contains_key(&token.content)).cloned().collect();
    tokenizer.add_special_tokens(missing)?;
    if let Some(PreTokenizerWrapper::ByteLevel(byte_level)) = tokenizer.get_pre_tokenizer() {
        let byte_level = byte_level.add_prefix_space(settings.prefix_space.unwrap_or(false));
        tokenizer.with_pre_tokenizer(Some(byte_level));
    }
    if let Some(template) = language_template(tokenizer, settings)? {
        tokenizer.with_post_processor(Some(template));
    }
    Ok(())
}

/// What mBART puts around a text: the end and the language after it, or, from mBART-50 on, the language before it.
fn language_template(
    tokenizer: &tokenizers::Tokenizer,
    settings: &Settings,
) -> tokenizers::Result<Option<TemplateProcessing>> {
    let language = settings.source_language.as_str();
    let eos = settings.special.role("eos_token").unwrap_or("</s>");
    Ok(match settings.class {
        Class::MBart => Some(convert::template(tokenizer, &[], &[eos, language])?),
        Class::MBart50 => Some(convert::template(tokenizer, &[language], &[eos])?),
        Class::T5 | Class::Pegasus | Class::Bart | Class::Other => None,
    })
}

/// The ids that the post-processor puts before and after a text.
fn frame(tokenizer: &tokenizers::Tokenizer) -> tokenizers::Result<(Vec<u32>, Vec<u32>)> {
    let Some(processor) = tokenizer.get_post_processor() else {
        return Ok((Vec::new(), Vec::new()));
    };
    let text = Encoding::from_tokens(vec![Token::new(TEXT, String::new(), (0, 0))], 0);
    let framed = processor.process(text, None, true)?;
    let mut parts = framed.get_ids().split(|id| *id == TEXT).map(<[u32]>::to_vec);
    match (parts.next(), parts.next(), parts.next()) {
        (Some(before), Some(after), None) => Ok((before, after)),
        _ => Err("the post-processor doesn't keep the text once".into()),
    }
}

fn special_ids(tokenizer: &tokenizers::Tokenizer, special: &SpecialTokens) -> SpecialIds {
    let id = |role| special.role(role).and_then(|token| tokenizer.token_to_id(token));
    SpecialIds { bos: id("bos_token"), eos: id("eos_token"), pad: id("pad_token"), unk: id("unk_token") }
}

fn largest_id(tokenizer: &tokenizers::Tokenizer) -> Option<u32> {
    let added = tokenizer.get_added_vocabulary().get_added_tokens_decoder().keys().copied().max();
    tokenizer.get_model().get_vocab().into_values().max().max(added)
}
