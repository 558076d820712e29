//! The special tokens of a tokenizer by their roles.

use serde_json::{Map, Value};
use tokenizers::AddedToken;

use super::error::TokenizerError;
use super::files::{SPECIAL_TOKENS_MAP, TOKENIZER_CONFIG};
use super::settings::Class;

/// The roles, in the order in which transformers adds their tokens.
const ROLES: [&str; 7] =
    ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token"];

/// mBART's languages, in the order of their ids. The first 25 are those of 2020.
pub(super) const LANGUAGES: [&str; 52] = [
    "ar_AR", "cs_CZ", "de_DE", "en_XX", "es_XX", "et_EE", "fi_FI", "fr_XX", "gu_IN", "hi_IN", "it_IT",
    "ja_XX", "kk_KZ", "ko_KR", "lt_LT", "lv_LV", "my_MM", "ne_NP", "nl_XX", "ro_RO", "ru_RU", "si_LK",
    "tr_TR", "vi_VN", "zh_CN", "af_ZA", "az_AZ", "bn_IN", "fa_IR", "he_IL", "hr_HR", "id_ID", "ka_GE",
    "km_KH", "mk_MK", "ml_IN", "mn_MN", "mr_IN", "pl_PL", "ps_AF", "pt_XX", "sv_SE", "sw_KE", "ta_IN",
    "te_IN", "th_TH", "tl_XX", "uk_UA", "ur_PK", "xh_ZA", "gl_ES", "sl_SI",
];

/// How many languages mBART of 2020 has.
pub(super) const LANGUAGES_2020: usize = 25;

/// The special tokens: one for each role, and the rest.
#[derive(Debug)]
pub(super) struct SpecialTokens {
    roles: Vec<(&'static str, AddedToken)>,
    additional: Vec<AddedToken>,
}

impl SpecialTokens {
    /// The class's tokens, changed by `tokenizer_config.json` and `special_tokens_map.json` in this order.
    ///
    /// # Errors
    /// Tokens that are neither strings nor descriptions of tokens.
    pub(super) fn read(
        class: Class,
        config: &Map<String, Value>,
        map: &Map<String, Value>,
        extra_ids: usize,
        offset: usize,
    ) -> Result<Self, TokenizerError> {
        let mut roles = Vec::new();
        for role in ROLES {
            let mut token = default_token(class, role);
            for (file, source) in [(TOKENIZER_CONFIG, config), (SPECIAL_TOKENS_MAP, map)] {
                match source.get(role) {
                    None => {}
                    Some(Value::Null) => token = None,
                    Some(value) => token = Some(role_token(file, role, class, value)?),
                }
            }
            roles.extend(token.map(|token| (role, token)));
        }
        let mut listed = listed(TOKENIZER_CONFIG, config)?;
        listed.extend(self::listed(SPECIAL_TOKENS_MAP, map)?);
        let additional = additional(class, listed, extra_ids, offset);
        Ok(Self { roles, additional })
    }

    /// The token of a role, such as `eos_token`.
    pub(super) fn role(&self, role: &str) -> Option<&str> {
        self.roles.iter().find(|(name, _)| *name == role).map(|(_, token)| token.content.as_str())
    }

    /// The token of a role that the class can't do without.
    pub(super) fn required(&self, role: &str) -> Result<&str, TokenizerError> {
        self.role(role).ok_or_else(|| TokenizerError::invalid(TOKENIZER_CONFIG, format!("{role} is missing")))
    }

    /// All of them, in the order in which they are added.
    pub(super) fn iter(&self) -> impl Iterator<Item = &AddedToken> {
        self.roles.iter().map(|(_, token)| token).chain(&self.additional)
    }

    /// Whether a string is one of them.
    pub(super) fn contains(&self, content: &str) -> bool {
        self.iter().any(|token| token.content == content)
    }
}

/// A token as the files describe it: a string, or an object with its flags.
pub(super) fn added_token(value: &Value) -> Option<AddedToken> {
    if let Value::String(content) = value {
        return Some(AddedToken::from(content.clone(), true));
    }
    let flag = |name: &str| value.get(name).and_then(Value::as_bool);
    let special = flag("special").unwrap_or(false);
    let content = value.get("content").and_then(Value::as_str)?;
    Some(
        AddedToken::from(content, special)
            .lstrip(flag("lstrip").unwrap_or(false))
            .rstrip(flag("rstrip").unwrap_or(false))
            .single_word(flag("single_word").unwrap_or(false))
            .normalized(flag("normalized").unwrap_or(!special)),
    )
}

fn role_token(
    file: &'static str,
    role: &str,
    class: Class,
    value: &Value,
) -> Result<AddedToken, TokenizerError> {
    let token =
        added_token(value).ok_or_else(|| TokenizerError::invalid(file, format!("{role} is malformed")))?;
    Ok(if value.is_string() { with_class_flags(class, role, token) } else { token.special(true) })
}

fn default_token(class: Class, role: &str) -> Option<AddedToken> {
    let content = match (class, role) {
        (Class::Other, _)
        | (Class::T5, "mask_token")
        | (Class::MBart50, "bos_token")
        | (Class::T5 | Class::Pegasus, "bos_token" | "sep_token" | "cls_token") => return None,
        (Class::Pegasus, "mask_token") => "<mask_2>",
        (_, "bos_token" | "cls_token") => "<s>",
        (_, "eos_token" | "sep_token") => "</s>",
        (_, "unk_token") => "<unk>",
        (_, "pad_token") => "<pad>",
        _ => "<mask>",
    };
    Some(with_class_flags(class, role, AddedToken::from(content, true)))
}

/// The masks of BART and mBART swallow the space before them; some are looked for after the normalization.
fn with_class_flags(class: Class, role: &str, token: AddedToken) -> AddedToken {
    match (class, role) {
        (Class::Bart | Class::MBart50, "mask_token") => token.lstrip(true).normalized(true),
        (Class::MBart, "mask_token") => token.lstrip(true),
        _ => token,
    }
}

fn listed(file: &'static str, source: &Map<String, Value>) -> Result<Vec<AddedToken>, TokenizerError> {
    let malformed = || TokenizerError::invalid(file, "additional_special_tokens is malformed");
    match source.get("additional_special_tokens") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(value) => value
            .as_array()
            .ok_or_else(malformed)?
            .iter()
            .map(|token| added_token(token).map(|token| token.special(true)).ok_or_else(malformed))
            .collect(),
    }
}

/// The listed tokens with those that the class always has.
fn additional(class: Class, listed: Vec<AddedToken>, extra_ids: usize, offset: usize) -> Vec<AddedToken> {
    let names: Vec<String> = match class {
        Class::T5 if listed.iter().any(|token| token.content.contains("<extra_id_")) => Vec::new(),
        Class::T5 => (0..extra_ids).map(|i| format!("<extra_id_{i}>")).collect(),
        Class::Pegasus => {
            std::iter::once("<mask_1>".to_owned()).chain((2..offset).map(|i| format!("<unk_{i}>"))).collect()
        }
        Class::MBart => LANGUAGES.iter().take(LANGUAGES_2020).map(ToString::to_string).collect(),
        Class::MBart50 => LANGUAGES.iter().map(ToString::to_string).collect(),
        Class::Bart | Class::Other => Vec::new(),
    };
    let known: Vec<String> = listed.iter().map(|token| token.content.clone()).collect();
    let new = names.into_iter().filter(|name| !known.contains(name));
    listed.into_iter().chain(new.map(|name| AddedToken::from(name, true))).collect()
}
