//! The article's language: given or detected, with its stop words and stemmer.

use std::{borrow::Cow, str::FromStr};

use rust_stemmers::{Algorithm, Stemmer};
use whatlang::Lang;

use super::stop_word::StopWords;

/// A detection below this is no better than a guess.
const LEAST_CONFIDENCE: f64 = 0.5;
/// Longer words are no words of a natural language; stemming them would only cost time.
const LONGEST_STEMMED_BYTES: usize = 64;
/// Languages that write ordinal numbers with a full stop ("3. Oktober").
const ORDINAL_STOPS: &[&str] = &[
    "de", "da", "no", "nb", "nn", "fi", "is", "et", "lv", "cs", "sk", "sl", "hr", "sr", "bs", "pl", "hu",
    "tr",
];
/// Languages whose words take no endings, or whose script is cut into characters instead of words.
const STEMLESS: &[&str] = &["zh", "ja", "ko", "th", "vi"];

/// A language by its BCP 47 tag (RFC 5646), such as `en` or `pt-BR`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageTag(String);

/// The text is no BCP 47 tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a BCP 47 language tag")]
pub struct NotALanguage;

impl FromStr for LanguageTag {
    type Err = NotALanguage;

    /// Takes what is well-formed; POSIX's underscore counts as a hyphen.
    fn from_str(text: &str) -> Result<Self, NotALanguage> {
        let tag = text.trim().replace('_', "-");
        let mut subtags = tag.split('-');
        let primary = subtags.next().unwrap_or_default();
        let primary_is_good =
            (2..=8).contains(&primary.len()) && primary.bytes().all(|byte| byte.is_ascii_alphabetic());
        let rest_is_good = subtags
            .all(|sub| (1..=8).contains(&sub.len()) && sub.bytes().all(|byte| byte.is_ascii_alphanumeric()));
        if primary_is_good && rest_is_good && tag.len() <= 35 { Ok(Self(tag)) } else { Err(NotALanguage) }
    }
}

impl LanguageTag {
    /// The tag as it was given.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The primary subtag in ISO 639-1 where there is such a code.
    fn primary(&self) -> String {
        let primary = self.0.split('-').next().unwrap_or_default().to_ascii_lowercase();
        Lang::from_code(&primary).and_then(iso_639_1).map_or(primary, str::to_owned)
    }
}

/// What the engines know of a language.
pub struct Language {
    tag: String,
    primary: String,
    stop_words: StopWords,
    stemmer: Option<Stemmer>,
}

impl Language {
    /// The language that the caller names.
    pub fn given(tag: &LanguageTag) -> Self {
        Self::new(tag.0.clone(), tag.primary())
    }

    /// The language of `sample`; [unknown](Self::unknown) where it can't be told.
    pub fn detect(sample: &str) -> Self {
        whatlang::detect(sample).filter(|info| info.confidence() >= LEAST_CONFIDENCE).map_or_else(
            Self::unknown,
            |info| {
                let code = iso_639_1(info.lang()).unwrap_or_else(|| info.lang().code());
                Self::new(code.to_owned(), code.to_owned())
            },
        )
    }

    /// No language in particular: no stop words, no stemmer.
    pub fn unknown() -> Self {
        Self::new(String::new(), String::new())
    }

    fn new(tag: String, primary: String) -> Self {
        let norwegian = matches!(primary.as_str(), "nb" | "nn");
        let known_as = if norwegian { "no" } else { primary.as_str() };
        let stop_words = StopWords::of(known_as);
        let stemmer = algorithm(known_as).map(Stemmer::create);
        Self { tag, primary, stop_words, stemmer }
    }

    /// BCP 47, as given or detected; empty when unknown.
    pub fn tag(&self) -> &str {
        &self.tag
    }

    /// The primary subtag in ISO 639-1 where there is such a code; empty when unknown.
    pub fn primary(&self) -> &str {
        &self.primary
    }

    /// Whether there are stop words, and a stemmer where the language calls for one.
    pub fn is_supported(&self) -> bool {
        let stems = self.stemmer.is_some() || STEMLESS.contains(&self.primary.as_str());
        stems && !self.stop_words.is_empty()
    }

    /// Whether a number with a full stop is an ordinal rather than the end of a sentence.
    pub fn has_ordinal_stops(&self) -> bool {
        ORDINAL_STOPS.contains(&self.primary.as_str())
    }

    /// Whether ";" stands for a question mark.
    pub fn asks_with_semicolons(&self) -> bool {
        self.primary == "el"
    }

    /// Whether a lower-case word carries no meaning of its own.
    pub fn is_stop_word(&self, word: &str) -> bool {
        self.stop_words.contains(word)
    }

    /// The stem of a lower-case word; the word itself where the language has no stemmer.
    pub fn stem<'a>(&self, word: &'a str) -> Cow<'a, str> {
        match &self.stemmer {
            Some(stemmer) if word.len() <= LONGEST_STEMMED_BYTES => stemmer.stem(word),
            _ => Cow::Borrowed(word),
        }
    }
}

/// Snowball's algorithm for an ISO 639-1 code.
fn algorithm(code: &str) -> Option<Algorithm> {
    Some(match code {
        "ar" => Algorithm::Arabic,
        "da" => Algorithm::Danish,
        "de" => Algorithm::German,
        "el" => Algorithm::Greek,
        "en" => Algorithm::English,
        "es" => Algorithm::Spanish,
        "fi" => Algorithm::Finnish,
        "fr" => Algorithm::French,
        "hu" => Algorithm::Hungarian,
        "it" => Algorithm::Italian,
        "nl" => Algorithm::Dutch,
        "no" => Algorithm::Norwegian,
        "pt" => Algorithm::Portuguese,
        "ro" => Algorithm::Romanian,
        "ru" => Algorithm::Russian,
        "sv" => Algorithm::Swedish,
        "ta" => Algorithm::Tamil,
        "tr" => Algorithm::Turkish,
        _ => return None,
    })
}

/// The two-letter code of a language that has one.
#[expect(clippy::too_many_lines, reason = "a table")]
fn iso_639_1(lang: Lang) -> Option<&'static str> {
    const CODES: &[(Lang, &str)] = &[
        (Lang::Afr, "af"),
        (Lang::Aka, "ak"),
        (Lang::Amh, "am"),
        (Lang::Ara, "ar"),
        (Lang::Aze, "az"),
        (Lang::Bel, "be"),
        (Lang::Ben, "bn"),
        (Lang::Bul, "bg"),
        (Lang::Cat, "ca"),
        (Lang::Ces, "cs"),
        (Lang::Cmn, "zh"),
        (Lang::Cym, "cy"),
        (Lang::Dan, "da"),
        (Lang::Deu, "de"),
        (Lang::Ell, "el"),
        (Lang::Eng, "en"),
        (Lang::Epo, "eo"),
        (Lang::Est, "et"),
        (Lang::Fin, "fi"),
        (Lang::Fra, "fr"),
        (Lang::Guj, "gu"),
        (Lang::Heb, "he"),
        (Lang::Hin, "hi"),
        (Lang::Hrv, "hr"),
        (Lang::Hun, "hu"),
        (Lang::Hye, "hy"),
        (Lang::Ind, "id"),
        (Lang::Ita, "it"),
        (Lang::Jav, "jv"),
        (Lang::Jpn, "ja"),
        (Lang::Kan, "kn"),
        (Lang::Kat, "ka"),
        (Lang::Khm, "km"),
        (Lang::Kor, "ko"),
        (Lang::Lat, "la"),
        (Lang::Lav, "lv"),
        (Lang::Lit, "lt"),
        (Lang::Mal, "ml"),
        (Lang::Mar, "mr"),
        (Lang::Mkd, "mk"),
        (Lang::Mya, "my"),
        (Lang::Nep, "ne"),
        (Lang::Nld, "nl"),
        (Lang::Nob, "nb"),
        (Lang::Ori, "or"),
        (Lang::Pan, "pa"),
        (Lang::Pes, "fa"),
        (Lang::Pol, "pl"),
        (Lang::Por, "pt"),
        (Lang::Ron, "ro"),
        (Lang::Rus, "ru"),
        (Lang::Sin, "si"),
        (Lang::Slk, "sk"),
        (Lang::Slv, "sl"),
        (Lang::Sna, "sn"),
        (Lang::Spa, "es"),
        (Lang::Srp, "sr"),
        (Lang::Swe, "sv"),
        (Lang::Tam, "ta"),
        (Lang::Tel, "te"),
        (Lang::Tgl, "tl"),
        (Lang::Tha, "th"),
        (Lang::Tuk, "tk"),
        (Lang::Tur, "tr"),
        (Lang::Ukr, "uk"),
        (Lang::Urd, "ur"),
        (Lang::Uzb, "uz"),
        (Lang::Vie, "vi"),
        (Lang::Yid, "yi"),
        (Lang::Zul, "zu"),
    ];
    CODES.iter().find(|(known, _)| *known == lang).map(|(_, code)| *code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tag_is_taken_in_any_of_its_usual_spellings() {
        for (text, primary) in
            [("en", "en"), ("EN-gb", "en"), ("pt_BR", "pt"), ("deu", "de"), ("zh-Hant-TW", "zh")]
        {
            assert_eq!(text.parse::<LanguageTag>().unwrap().primary(), primary, "{text}");
        }
    }

    #[test]
    fn what_is_no_tag_is_refused() {
        for text in ["", "e", "english please", "en-", "e1", "ελ", "en-aaaaaaaaa", &"en-a".repeat(20)] {
            assert_eq!(text.parse::<LanguageTag>(), Err(NotALanguage), "{text}");
        }
    }

    #[test]
    fn every_detectable_language_has_a_two_letter_code() {
        for lang in Lang::all() {
            assert!(iso_639_1(*lang).is_some(), "{lang:?}");
        }
    }

    #[test]
    fn languages_are_detected_and_stemmed() {
        let german = Language::detect(
            "Die Regierung hat am Montag neue Regeln für den Verkehr in den Städten beschlossen.",
        );
        assert_eq!((german.tag(), german.is_supported()), ("de", true));
        assert_eq!(german.stem("regierungen"), german.stem("regierung"));
        assert!(german.is_stop_word("nicht"));
        let japanese = Language::detect("政府は月曜日に新しい交通規則を決定しました。市民は賛成しています。");
        assert_eq!((japanese.tag(), japanese.is_supported()), ("ja", true));
    }

    #[test]
    fn a_language_without_a_stemmer_is_not_supported_and_still_works() {
        let basque = Language::given(&"eu".parse().unwrap());
        assert!(!basque.is_supported());
        assert_eq!(basque.stem("etxeak"), "etxeak");
        assert!(!Language::detect("12345 67890").is_supported());
    }

    proptest::proptest! {
        #[test]
        fn no_word_makes_a_stemmer_panic(word in "\\PC{0,24}") {
            for code in ["ar", "da", "de", "el", "en", "es", "fi", "fr", "hu", "it", "nl", "no", "pt", "ro", "ru", "sv", "ta", "tr"] {
                let stem = Stemmer::create(algorithm(code).unwrap()).stem(&word).into_owned();
                proptest::prop_assert!(stem.len() <= word.len() + 4);
            }
        }
    }
}
