//! Quantized weights that are kept beside the model.

#![expect(clippy::expect_used, reason = "a failed step is a failed test")]

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::{Duration, SystemTime},
};

use inference::{
    Pretrained,
    model::{Seq2Seq, TokenBatch},
};
use proptest::prelude::*;
use tempfile::TempDir;

fn folder(family: &str) -> TempDir {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(family);
    let folder = tempfile::tempdir().expect("a folder");
    for name in ["config.json", "generation_config.json", "model.safetensors"] {
        fs::copy(fixture.join(name), folder.path().join(name)).expect("copied");
    }
    folder
}

fn kept(folder: &TempDir) -> PathBuf {
    folder.path().join("nutgraf-int8.safetensors")
}

/// The weights, a third of them with the other sign.
fn negated(folder: &TempDir) -> Vec<u8> {
    let mut bytes = fs::read(folder.path().join("model.safetensors")).expect("weights");
    let third = bytes.len() / 3;
    bytes.rchunks_exact_mut(4).take(third / 4).for_each(|number| number[3] ^= 0x80);
    bytes
}

/// The logits of a few steps.
fn logits(folder: &TempDir) -> Vec<f32> {
    let model = Pretrained::open_int8(folder.path()).expect("a model").model;
    let batch = TokenBatch::padded(&[vec![5, 9, 13, 21, 8, 30, 1]], 0).expect("a batch");
    let mut state = model.encode(&batch, 1).expect("encoded");
    let steps = [0_u32, 7, 20].into_iter();
    steps.flat_map(|token| model.decode(&[token], &mut state).expect("decoded").row(0).to_vec()).collect()
}

#[test]
fn what_was_quantized_is_used_the_next_time_and_is_the_same() {
    for family in ["t5", "t5-gated-untied", "bart", "marian"] {
        let folder = folder(family);
        let first = logits(&folder);
        let written = fs::metadata(kept(&folder)).expect("a file").modified().expect("a time");
        assert_eq!(logits(&folder), first, "{family}");
        let again = fs::metadata(kept(&folder)).expect("a file").modified().expect("a time");
        assert_eq!(again, written, "{family}: it was made anew");
        let files = fs::read_dir(folder.path()).expect("a folder").count();
        assert_eq!(files, 4, "{family}: something else was left behind");
    }
}

#[test]
fn it_really_is_used() {
    let (one, other) = (folder("t5"), folder("t5"));
    let first = logits(&one);
    // Other weights, of which the file says that they are these.
    let bytes = negated(&one);
    let path = other.path().join("model.safetensors");
    let time =
        fs::metadata(one.path().join("model.safetensors")).expect("a file").modified().expect("a time");
    fs::write(&path, bytes).expect("written");
    File::options().write(true).open(&path).and_then(|file| file.set_modified(time)).expect("a time");
    let without = logits(&other);
    fs::copy(kept(&one), kept(&other)).expect("copied");
    let with = logits(&other);
    assert!(with != without, "the kept matrices are not used");
    assert!(first != with, "all weights come from the kept matrices");
}

#[test]
fn other_weights_make_it_anew() {
    let folder = folder("t5");
    let first = logits(&folder);
    let path = folder.path().join("model.safetensors");
    fs::write(&path, negated(&folder)).expect("written");
    let later = SystemTime::now() + Duration::from_secs(10);
    File::options().write(true).open(&path).and_then(|file| file.set_modified(later)).expect("a time");
    let second = logits(&folder);
    assert!(second != first);
    fs::remove_file(kept(&folder)).expect("removed");
    assert_eq!(logits(&folder), second);
}

#[cfg(unix)]
#[test]
fn a_folder_that_can_not_be_written_to_is_no_fault() {
    let folder = folder("t5");
    let first = logits(&folder);
    fs::remove_file(kept(&folder)).expect("removed");
    // Nobody, not even root, can write a file over a folder.
    fs::create_dir(kept(&folder)).expect("a folder in its way");
    assert_eq!(logits(&folder), first);
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 4);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn a_file_that_is_broken_is_made_anew(cut in any::<prop::sample::Index>(), at in any::<prop::sample::Index>(), bit in 0..8) {
        let folder = folder("t5");
        let first = logits(&folder);
        let whole = fs::read(kept(&folder)).expect("a file");
        let mut broken = whole.clone();
        broken[at.index(whole.len())] ^= 1_u8 << bit;
        for bytes in [&whole[..cut.index(whole.len())], &broken] {
            fs::write(kept(&folder), bytes).expect("written");
            prop_assert_eq!(&logits(&folder), &first);
        }
    }
}
