//! Files that nobody should trust: each is an error that names the file, and none brings the process down.
#![expect(clippy::expect_used, reason = "a test that can't go on has failed")]

use std::fs::{File, create_dir};

use inference::tokenizer::{MAX_FILE_BYTES, Specials, Tokenizer, TokenizerError, TokenizerFiles};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::tokenizer::fixture;

fn files(name: &str) -> TokenizerFiles {
    TokenizerFiles::read(&fixture(name)).expect("files")
}

/// What is said of a fast tokenizer after a change to its `tokenizer.json`.
fn refusal(family: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut files = files(&format!("{family}/fast"));
    let mut json: Value =
        serde_json::from_slice(files.tokenizer_json.as_deref().expect("a file")).expect("JSON");
    change(&mut json);
    files.tokenizer_json = Some(serde_json::to_vec(&json).expect("JSON"));
    Tokenizer::load(&files).expect_err("a refusal").to_string()
}

#[test]
fn an_empty_directory_is_told_what_it_lacks() {
    let dir = tempfile::tempdir().expect("a directory");
    let error = Tokenizer::from_dir(dir.path()).expect_err("nothing there").to_string();
    for name in [
        "tokenizer.json",
        "spiece.model",
        "sentencepiece.bpe.model",
        "source.spm",
        "vocab.json",
        "merges.txt",
    ] {
        assert!(error.contains(name), "{error}");
    }
    assert!(error.contains(&dir.path().display().to_string()), "{error}");
    std::fs::write(dir.path().join("vocab.json"), "{}").expect("a file");
    let error = Tokenizer::from_dir(dir.path()).expect_err("half of it").to_string();
    assert!(error.contains("merges.txt is needed"), "{error}");
}

#[test]
fn a_file_larger_than_any_real_one_is_not_read() {
    let dir = tempfile::tempdir().expect("a directory");
    let file = File::create(dir.path().join("spiece.model")).expect("a file");
    file.set_len(MAX_FILE_BYTES + 1).expect("a size");
    let error = Tokenizer::from_dir(dir.path()).expect_err("too large");
    assert!(
        matches!(&error, TokenizerError::TooLarge { file, .. } if file.ends_with("spiece.model")),
        "{error}"
    );
}

#[test]
fn a_directory_in_place_of_a_file_is_named() {
    let dir = tempfile::tempdir().expect("a directory");
    create_dir(dir.path().join("tokenizer.json")).expect("a directory");
    let error = Tokenizer::from_dir(dir.path()).expect_err("no file");
    assert!(
        matches!(&error, TokenizerError::Read { file, .. } if file.ends_with("tokenizer.json")),
        "{error}"
    );
}

#[test]
fn files_that_are_not_json_are_named() {
    let mut broken = files("bart");
    broken.vocab_json = Some(b"[1".to_vec());
    assert!(Tokenizer::load(&broken).expect_err("no JSON").to_string().starts_with("vocab.json: "));
    let mut broken = files("t5/fast");
    broken.tokenizer_json = Some(vec![b'['; 1 << 20]);
    assert!(Tokenizer::load(&broken).expect_err("no JSON").to_string().starts_with("tokenizer.json: "));
    let mut broken = files("t5");
    broken.tokenizer_config =
        Some(br#"{"tokenizer_class": "T5Tokenizer", "extra_ids": 4000000000}"#.to_vec());
    let error = Tokenizer::load(&broken).expect_err("too many").to_string();
    assert_eq!(error, "tokenizer_config.json: extra_ids is 4000000000");
}

#[test]
fn a_cut_sentencepiece_model_is_refused_or_sound() {
    let whole = files("t5");
    let (name, bytes) = whole.sentencepiece.clone().expect("a model");
    let mut refused = 0;
    for len in (0..bytes.len()).step_by(97) {
        let mut cut = whole.clone();
        cut.sentencepiece = Some((name, bytes[..len].to_vec()));
        match Tokenizer::load(&cut) {
            Ok(tokenizer) => drop(tokenizer.encode("A ferry </s>", Specials::Literal, None).expect("ids")),
            Err(error) => {
                assert!(error.to_string().starts_with("spiece.model: "), "{error}");
                refused += 1;
            }
        }
    }
    assert!(refused > 20, "{refused}");
}

#[test]
fn a_length_beyond_the_end_of_a_sentencepiece_model_is_refused() {
    let mut lying = files("t5");
    // Field 1 with a length of 2^32 - 1.
    lying.sentencepiece = Some(("spiece.model", vec![0x0A, 0xFF, 0xFF, 0xFF, 0xFF, 0x0F, 0x0A]));
    let error = Tokenizer::load(&lying).expect_err("too long").to_string();
    assert!(error.starts_with("spiece.model: not a SentencePiece model"), "{error}");
}

#[test]
fn merges_of_unknown_pieces_are_refused_with_their_line() {
    for (merges, line) in
        [("#version\nĠ t\nqqq zzz\n", 3), ("#version\nnospace\n", 2), ("#version\nt Ġ\n\n", 2)]
    {
        let mut broken = files("bart");
        broken.merges_txt = Some(merges.as_bytes().to_vec());
        let error = Tokenizer::load(&broken).expect_err("a merge").to_string();
        assert_eq!(error, format!("merges.txt: line {line} is no merge of known pieces"));
    }
}

#[test]
fn pieces_out_of_bounds_are_refused() {
    let long = refusal("t5", |json| json["model"]["vocab"][5][0] = json!("x".repeat(1 << 20)));
    assert!(long.contains("piece 5 is longer than 1024 bytes"), "{long}");
    let id = refusal("bart", |json| json["model"]["vocab"]["t"] = json!(4_000_000_000_u32));
    assert!(id.contains("the id 4000000000 is out of range"), "{id}");
    let added = refusal("t5", |json| json["added_tokens"][0]["id"] = json!(4_000_000_000_u32));
    assert!(added.contains("out of range"), "{added}");
    let unk = refusal("t5", |json| json["model"]["unk_id"] = json!(99_999));
    assert!(unk.starts_with("tokenizer.json: "), "{unk}");
    let none = refusal("t5", |json| json["model"]["unk_id"] = Value::Null);
    assert!(none.contains("no unknown piece"), "{none}");
}

#[test]
fn what_the_library_would_not_survive_is_refused() {
    let merge = refusal("bart", |json| {
        let longest =
            json["model"]["vocab"].as_object().expect("a map").keys().max_by_key(|key| key.len()).cloned();
        json["model"]["merges"] = json!([[longest, longest]]);
    });
    assert!(merge.starts_with("tokenizer.json: "), "{merge}");
    let prefix = refusal("bart", |json| json["model"]["continuing_subword_prefix"] = json!("é"));
    assert!(prefix.contains("a prefix of continuing subwords is not supported"), "{prefix}");
    let table = refusal("t5", |json| {
        json["normalizer"]["normalizers"][0]["precompiled_charsmap"] = json!("/////wAA");
    });
    assert!(table.contains("declares 4294967295 bytes"), "{table}");
    let empty = refusal("t5", |json| {
        json["normalizer"]["normalizers"][0]["precompiled_charsmap"] = json!("AAAAAAAA");
    });
    assert!(empty.starts_with("tokenizer.json: "), "{empty}");
    let template = refusal("t5", |json| json["post_processor"]["special_tokens"] = json!({}));
    assert!(template.starts_with("tokenizer.json: "), "{template}");
    let twice = refusal("t5", |json| {
        json["post_processor"]["single"] =
            json!([{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}]);
    });
    assert!(twice.contains("doesn't keep the text once"), "{twice}");
}

#[test]
fn kinds_that_are_not_supported_are_named() {
    let decoder =
        refusal("t5", |json| json["decoder"] = json!({"type": "WordPiece", "prefix": "##", "cleanup": true}));
    assert!(decoder.contains("a decoder that isn't Metaspace or ByteLevel is not supported"), "{decoder}");
    let model = refusal("t5", |json| {
        json["model"] = json!({"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"});
    });
    assert!(model.contains("a model of type WordLevel is not supported"), "{model}");
    let mut marian = files("t5");
    marian.tokenizer_config = None;
    marian.config = Some(br#"{"model_type": "marian"}"#.to_vec());
    assert!(Tokenizer::load(&marian).expect_err("Marian").to_string().contains("Marian"));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn damaged_models_are_refused_or_sound(
        family in prop::sample::select(vec!["t5", "t5-bytes", "pegasus", "mbart"]),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..20),
    ) {
        let mut files = files(family);
        let (_, bytes) = files.sentencepiece.as_mut().expect("a model");
        for (at, byte) in damage {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Ok(tokenizer) = Tokenizer::load(&files) {
            // The library may still panic over a broken normalization table; that is an error of ours.
            if let Ok(ids) = tokenizer.encode("Ａ ﬁne ferry… </s> ½ <n> 漢", Specials::Literal, None) {
                drop(tokenizer.decode(&ids, false));
            }
        }
    }
}
