//! Models of every family against what Hugging Face transformers computes with the same weights
//! (`tests/reference/families.py` and `cases.py`).

#![expect(clippy::expect_used, reason = "a failed step is a failed test")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use inference::{
    DType, Device, Pretrained,
    generation::{Unwatched, generate},
    model::{Seq2Seq, TokenBatch},
};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Largest difference of a logit, and of a score relative to it.
const TOLERANCE: f32 = 1e-4;

#[derive(Deserialize)]
struct Case {
    id: u64,
    input_ids: Vec<Vec<u32>>,
    attention_mask: Option<Vec<Vec<u8>>>,
    generation: Map<String, Value>,
    output_ids: Option<Vec<Vec<u32>>>,
    scores: Option<Vec<f32>>,
    /// `[row][step][token]`.
    logits: Option<Vec<Vec<Vec<f32>>>>,
}

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(family)
}

fn open(family: &str) -> Pretrained {
    Pretrained::open(&folder(family), &Device::Cpu, DType::F32).expect("a model")
}

fn cases(family: &str) -> Vec<Case> {
    let lines = fs::read_to_string(folder(family).join("cases.jsonl")).expect("cases");
    lines.lines().map(|line| serde_json::from_str(line).expect("a case")).collect()
}

fn batch(case: &Case, pretrained: &Pretrained) -> TokenBatch {
    let config = pretrained.generation.with(&case.generation).expect("parameters");
    let mask = case.attention_mask.as_deref();
    TokenBatch::rectangular(&case.input_ids, mask, config.pad(), config.eos()).expect("a batch")
}

/// Sequences equal, scores within the tolerance.
fn outputs_are_equal(family: &str) {
    let pretrained = open(family);
    let cases = cases(family);
    assert!(cases.len() >= 10, "{family} has only {} cases", cases.len());
    for case in cases {
        let config = pretrained.generation.with(&case.generation).expect("parameters");
        let result = generate(&pretrained.model, &batch(&case, &pretrained), &config, &mut Unwatched);
        let Some(expected) = &case.output_ids else {
            assert!(result.is_err(), "{family} {}: transformers refuses it", case.id);
            continue;
        };
        let result = result.expect("an output");
        assert_eq!(&result.sequences, expected, "{family} {}: {:?}", case.id, case.generation);
        assert_eq!(result.scores.is_some(), case.scores.is_some(), "{family} {}", case.id);
        for (ours, theirs) in result.scores.iter().flatten().zip(case.scores.iter().flatten()) {
            assert!(
                (ours - theirs).abs() <= TOLERANCE * theirs.abs().max(1.0),
                "{family} {}: {ours} {theirs}",
                case.id
            );
        }
    }
}

/// Every logit of every step within the tolerance, along the tokens that transformers chose.
fn logits_are_equal(family: &str) {
    let pretrained = open(family);
    let case = cases(family).into_iter().find(|case| case.logits.is_some()).expect("a case with logits");
    let (tokens, logits) = (case.output_ids.as_ref().expect("tokens"), case.logits.as_ref().expect("logits"));
    let mut state = pretrained.model.encode(&batch(&case, &pretrained), 1).expect("encoded");
    let steps = logits[0].len();
    assert!(steps >= 8, "{family} has only {steps} steps");
    for step in 0..steps {
        let last: Vec<u32> = tokens.iter().map(|row| row[step]).collect();
        let ours = pretrained.model.decode(&last, &mut state).expect("decoded");
        for (row, theirs) in logits.iter().enumerate() {
            for (ours, theirs) in ours.row(row).iter().zip(&theirs[step]) {
                assert!(
                    (ours - theirs).abs() <= TOLERANCE,
                    "{family} row {row} step {step}: {ours} {theirs}"
                );
            }
        }
    }
}

macro_rules! families {
    ($($name:ident: $family:literal,)*) => {$(
        mod $name {
            #[test]
            fn sequences_and_scores_are_those_of_the_reference() {
                super::outputs_are_equal($family);
            }

            #[test]
            fn logits_are_those_of_the_reference() {
                super::logits_are_equal($family);
            }
        }
    )*};
}

families! {
    t5: "t5",
    t5_gated_untied: "t5-gated-untied",
    t5_silu: "t5-silu",
    bart: "bart",
    bart_scaled: "bart-scaled",
    pegasus: "pegasus",
    mbart: "mbart",
    marian: "marian",
}

/// Trained models, which are sure of their tokens (`tests/reference/train_toy.py`).
mod toy {
    #[test]
    fn a_trained_t5_writes_what_the_reference_writes() {
        super::outputs_are_equal("toy-t5");
    }

    #[test]
    fn a_trained_bart_writes_what_the_reference_writes() {
        super::outputs_are_equal("toy-bart");
    }

    #[test]
    fn in_integers_they_write_the_same() {
        for family in ["toy-t5", "toy-bart"] {
            let agreement = super::int8_agreement(family);
            assert!(agreement >= 0.99, "{family}: {agreement}");
        }
    }
}

/// Share of the reference's tokens that the model has at the same places in 8-bit integers.
fn int8_agreement(family: &str) -> f64 {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in fs::read_dir(folder(family)).expect("a folder") {
        let entry = entry.expect("a file");
        fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("copied");
    }
    let pretrained = Pretrained::open_int8(copy.path()).expect("a model");
    let (mut same, mut all) = (0, 0);
    for case in cases(family) {
        let config = pretrained.generation.with(&case.generation).expect("parameters");
        let written = generate(&pretrained.model, &batch(&case, &pretrained), &config, &mut Unwatched);
        let written = written.expect("an output").sequences;
        for (ours, theirs) in written.iter().zip(case.output_ids.iter().flatten()) {
            same += ours.iter().zip(theirs).filter(|(ours, theirs)| ours == theirs).count();
            all += ours.len().max(theirs.len());
        }
    }
    assert!(all > 500, "{family} has only {all} tokens");
    f64::from(same as u32) / f64::from(all as u32)
}

#[test]
fn a_batch_gives_what_its_inputs_give_alone() {
    for family in ["t5", "bart", "pegasus"] {
        let pretrained = open(family);
        let config = pretrained
            .generation
            .with(&overrides(r#"{"num_beams": 3, "max_new_tokens": 12}"#))
            .expect("parameters");
        let inputs = [vec![5, 9, 13, 21, 8, 30], vec![7, 7], vec![40, 3, 11]];
        let together = TokenBatch::padded(&inputs, config.pad().expect("padding")).expect("a batch");
        let together = generate(&pretrained.model, &together, &config, &mut Unwatched).expect("outputs");
        for (input, row) in inputs.iter().zip(&together.sequences) {
            let alone = TokenBatch::padded(std::slice::from_ref(input), 0).expect("a batch");
            let alone = generate(&pretrained.model, &alone, &config, &mut Unwatched).expect("an output");
            assert!(row.starts_with(&alone.sequences[0]), "{family}: {row:?} {:?}", alone.sequences[0]);
        }
    }
}

#[test]
fn requests_side_by_side_on_one_copy_give_what_each_gives_alone() {
    let pretrained = open("bart");
    let config = pretrained
        .generation
        .with(&overrides(r#"{"num_beams": 2, "max_new_tokens": 20}"#))
        .expect("parameters");
    let run = |input: u32| {
        let batch = TokenBatch::padded(&[vec![input, input + 1, 5]], 1).expect("a batch");
        generate(&pretrained.model, &batch, &config, &mut Unwatched).expect("an output").sequences
    };
    let alone: Vec<_> = (3..11).map(run).collect();
    let together: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (3..11).map(|input| scope.spawn(move || run(input))).collect();
        threads.into_iter().map(|thread| thread.join().expect("no panic")).collect()
    });
    assert_eq!(alone, together);
}

fn overrides(json: &str) -> Map<String, Value> {
    serde_json::from_str(json).expect("JSON")
}

#[test]
fn sampling_repeats_itself_with_the_same_seed_only() {
    let pretrained = open("t5");
    let sample = |seed: u64| {
        let text = format!(
            r#"{{"do_sample": true, "temperature": 1.5, "top_p": 0.95, "max_new_tokens": 24, "seed": {seed}}}"#
        );
        let config = pretrained.generation.with(&overrides(&text)).expect("parameters");
        let batch = TokenBatch::padded(&[vec![5, 6, 7]], 0).expect("a batch");
        generate(&pretrained.model, &batch, &config, &mut Unwatched).expect("an output").sequences
    };
    assert_eq!(sample(1), sample(1));
    assert!((2..8).any(|seed| sample(seed) != sample(1)));
}

#[test]
fn a_token_that_the_model_does_not_have_is_an_error() {
    let pretrained = open("t5");
    let config = pretrained.generation.with(&Map::new()).expect("parameters");
    let batch = TokenBatch::padded(&[vec![5, 48]], 0).expect("a batch");
    let error =
        generate(&pretrained.model, &batch, &config, &mut Unwatched).expect_err("48 is past the vocabulary");
    assert!(error.to_string().contains("48"), "{error}");
}

#[test]
fn more_tokens_than_positions_are_an_error() {
    let pretrained = open("bart");
    let config = pretrained.generation.with(&Map::new()).expect("parameters");
    let batch = TokenBatch::padded(&[vec![5; 65]], 1).expect("a batch");
    let error =
        generate(&pretrained.model, &batch, &config, &mut Unwatched).expect_err("there are 64 positions");
    assert!(error.to_string().contains("64"), "{error}");
}
