//! Tokenizers against what transformers makes of the same texts (`tests/reference/tokenizers.py fixtures`).
#![expect(clippy::expect_used, reason = "a test that can't go on has failed")]

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::thread;

use inference::tokenizer::{Specials, Tokenizer, TokenizerError, TokenizerFiles};
use proptest::prelude::*;
use serde::Deserialize;

/// The fixtures: one for each family, with the files of the slow tokenizer and, in `fast/`, of the fast one.
pub(crate) const FAMILIES: [&str; 5] = ["t5", "t5-bytes", "pegasus", "mbart", "bart"];

#[derive(Deserialize)]
struct Case {
    text: String,
    ids: Vec<u32>,
    decoded: String,
    skipped: String,
}

pub(crate) fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tokenizers").join(name)
}

fn cases(family: &str) -> Vec<Case> {
    let lines = std::fs::read_to_string(fixture(family).join("cases.jsonl")).expect("cases");
    lines.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn load(name: &str) -> Tokenizer {
    Tokenizer::from_dir(&fixture(name)).expect(name)
}

/// All fixtures, loaded once: slow and fast of each family.
static ALL: LazyLock<Vec<(&str, Tokenizer)>> = LazyLock::new(|| {
    let both = |family| [(family, load(family)), (family, load(&format!("{family}/fast")))];
    FAMILIES.into_iter().flat_map(both).collect()
});

fn streamed(tokenizer: &Tokenizer, ids: &[u32], skip_special: bool) -> String {
    let mut detokenizer = tokenizer.detokenizer(skip_special);
    let mut text = String::new();
    for id in ids {
        text.push_str(&detokenizer.push(*id));
    }
    text + &detokenizer.finish()
}

#[test]
fn ids_and_texts_are_those_of_transformers_from_slow_and_fast_files() {
    for (family, tokenizer) in ALL.iter() {
        let cases = cases(family);
        assert!(cases.len() >= 40, "{family}");
        for case in cases {
            let ids = tokenizer.encode(&case.text, Specials::Parsed, None).expect("ids");
            assert_eq!(ids, case.ids, "{family}: {:?}", case.text);
            assert_eq!(
                tokenizer.decode(&ids, false).expect("text"),
                case.decoded,
                "{family}: {:?}",
                case.text
            );
            assert_eq!(
                tokenizer.decode(&ids, true).expect("text"),
                case.skipped,
                "{family}: {:?}",
                case.text
            );
        }
    }
}

#[test]
fn text_decoded_token_by_token_is_that_of_the_whole() {
    for (family, tokenizer) in ALL.iter() {
        for case in cases(family) {
            assert_eq!(streamed(tokenizer, &case.ids, false), case.decoded, "{family}");
            assert_eq!(streamed(tokenizer, &case.ids, true), case.skipped, "{family}");
        }
    }
}

#[test]
fn a_plain_word_is_given_out_with_its_last_token() {
    let tokenizer = load("t5");
    let ids = tokenizer.encode_plain("The last ferry", Specials::Literal).expect("ids");
    let mut detokenizer = tokenizer.detokenizer(true);
    let pieces: String = ids.iter().map(|id| detokenizer.push(*id)).collect();
    assert_eq!(pieces, "The last ferry");
    assert_eq!(detokenizer.finish(), "");
}

#[test]
fn a_character_cut_by_tokens_is_given_out_whole() {
    let tokenizer = load("bart");
    let text = "👩‍👩‍👧‍👦漢";
    let ids = tokenizer.encode_plain(text, Specials::Literal).expect("ids");
    assert!(ids.len() > text.chars().count(), "the emoji's bytes are tokens of their own");
    let mut detokenizer = tokenizer.detokenizer(true);
    let pieces: Vec<String> = ids.iter().map(|id| detokenizer.push(*id)).collect();
    assert!(pieces.iter().all(|piece| !piece.contains('\u{FFFD}')), "{pieces:?}");
    assert_eq!(pieces.concat() + &detokenizer.finish(), text);
}

#[test]
fn special_tokens_in_an_article_are_letters() {
    let names = [
        "</s>",
        "<s>",
        "<pad>",
        "<mask>",
        "<mask_1>",
        "<mask_2>",
        "<unk_7>",
        "<extra_id_0>",
        "<sep>",
        "en_XX",
    ];
    for (family, tokenizer) in ALL.iter() {
        let mut special = 0;
        for name in names {
            let parsed = tokenizer.encode_plain(name, Specials::Parsed).expect("ids");
            let is_special = |id: &u32| tokenizer.decode(&[*id], false).is_ok_and(|text| text == name);
            let Some(control) = parsed.into_iter().find(is_special) else { continue };
            special += 1;
            for text in
                [name.to_owned(), format!("a {name} b"), format!("x{name}{name}y"), name.replace('<', "＜")]
            {
                let literal = tokenizer.encode_plain(&text, Specials::Literal).expect("ids");
                assert!(!literal.is_empty() && !literal.contains(&control), "{family}: {text} {literal:?}");
            }
        }
        assert!(special >= 3, "{family} has {special} of these");
    }
}

#[test]
fn literals_of_ordinary_text_are_what_transformers_makes() {
    for (family, tokenizer) in ALL.iter() {
        for case in cases(family).iter().filter(|case| !case.text.contains(['<', '＜', '_'])) {
            let ids = tokenizer.encode(&case.text, Specials::Literal, None).expect("ids");
            assert_eq!(ids, case.ids, "{family}: {:?}", case.text);
        }
    }
    let bart = load("bart");
    let text = "a</s> <mask><pad>b";
    let ids = bart.encode_plain(text, Specials::Literal).expect("ids");
    assert_eq!(bart.decode(&ids, true).expect("text"), text);
}

#[test]
fn a_cut_keeps_the_special_tokens() {
    for (family, tokenizer) in ALL.iter() {
        let text = "The last ferry of the season left the harbour.";
        let plain = tokenizer.encode_plain(text, Specials::Literal).expect("ids");
        let frame = tokenizer.encode("", Specials::Literal, None).expect("ids");
        let (before, after) = frame.split_at(usize::from(*family == "bart"));
        assert_eq!(tokenizer.special_count(), frame.len(), "{family}");
        assert_eq!(tokenizer.count(text).expect("count"), plain.len(), "{family}");
        for (room, kept) in [(3, 3), (0, 0), (plain.len() + 9, plain.len())] {
            let cut = tokenizer.encode(text, Specials::Literal, Some(frame.len() + room)).expect("ids");
            assert_eq!(cut, [before, &plain[..kept], after].concat(), "{family}");
        }
        let short = tokenizer.encode(text, Specials::Literal, Some(frame.len() - 1));
        assert!(matches!(short, Err(TokenizerError::NoRoom { .. })), "{family}");
    }
}

#[test]
fn spans_cover_the_words_that_tokens_are_from() {
    for (family, tokenizer) in ALL.iter() {
        let text = "The ferry </s> left";
        let spans = tokenizer.token_spans(text, Specials::Literal).expect("spans");
        assert!(spans.iter().all(|token| text.get(token.span.clone()).is_some()), "{family}: {spans:?}");
        let start = text.find("left").expect("left");
        assert!(spans.iter().any(|token| token.span.contains(&start)), "{family}: {spans:?}");
        assert_eq!(spans.last().map(|token| token.span.end), Some(text.len()), "{family}");
    }
}

#[test]
fn roles_have_the_ids_of_their_families() {
    let ids = |name: &str| {
        let ids = load(name).special_ids();
        (ids.bos, ids.eos, ids.pad, ids.unk)
    };
    assert_eq!(ids("t5"), (None, Some(1), Some(0), Some(2)));
    assert_eq!(ids("pegasus"), (None, Some(1), Some(0), Some(105)));
    assert_eq!(ids("bart"), (Some(0), Some(2), Some(1), Some(3)));
    assert_eq!(ids("mbart"), (Some(0), Some(2), Some(1), Some(3)));
    for family in FAMILIES {
        assert_eq!(load(family).vocab_size(), load(&format!("{family}/fast")).vocab_size(), "{family}");
    }
}

#[test]
fn the_class_follows_from_the_models_type_where_nothing_names_it() {
    let mut files = TokenizerFiles::read(&fixture("pegasus")).expect("files");
    files.tokenizer_config = None;
    files.config = Some(br#"{"model_type": "pegasus"}"#.to_vec());
    assert_eq!(Tokenizer::load(&files).expect("a tokenizer").special_ids().unk, Some(105));
    files.config = None;
    let error = Tokenizer::load(&files).expect_err("no class").to_string();
    assert!(error.starts_with("spiece.model: ") && error.contains("not supported"), "{error}");
}

#[test]
fn one_tokenizer_serves_many_threads() {
    let tokenizer = load("t5");
    let cases = cases("t5");
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for case in &cases {
                    assert_eq!(tokenizer.encode(&case.text, Specials::Parsed, None).expect("ids"), case.ids);
                }
            });
        }
    });
}

proptest! {
    #[test]
    fn any_ids_decode_one_by_one_as_at_once(
        which in 0..10_usize,
        ids in prop::collection::vec(0..800_u32, 0..40),
        skip_special in any::<bool>(),
    ) {
        let (_, tokenizer) = &ALL[which];
        let whole = tokenizer.decode(&ids, skip_special).expect("text");
        prop_assert_eq!(streamed(tokenizer, &ids, skip_special), whole);
    }

    #[test]
    fn any_text_goes_through_both_modes(which in 0..10_usize, text in "\\PC{0,40}|.{0,40}") {
        let (_, tokenizer) = &ALL[which];
        for mode in [Specials::Parsed, Specials::Literal] {
            let ids = tokenizer.encode(&text, mode, None).expect("ids");
            prop_assert_eq!(streamed(tokenizer, &ids, true), tokenizer.decode(&ids, true).expect("text"));
        }
    }
}
