//! The engine in 8-bit integers: against 32-bit floats on the same weights, and against itself.

#![expect(clippy::expect_used, reason = "a failed step is a failed test")]

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use inference::{
    DType, Device, Pretrained,
    engine::{Engine, Row},
    generation::{Unwatched, generate},
    model::{Logits, Model, Seq2Seq, TokenBatch},
};
use proptest::prelude::*;
use serde_json::Map;

const FAMILIES: [&str; 8] =
    ["t5", "t5-gated-untied", "t5-silu", "bart", "bart-scaled", "pegasus", "mbart", "marian"];
/// Largest mean difference of a logit as a share of the logits' spread. The fixtures are 8 to 16 numbers wide, so that
/// rounding weighs more than in a true model, whose sums even it out; what is wrong gives several times as much.
const TOLERANCE: f64 = 0.1;

fn folder(family: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(family)
}

/// In a copy of the folder, where what is quantized may be kept.
fn open_int8(family: &str) -> Pretrained {
    let copy = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(folder(family)).expect("a folder") {
        let entry = entry.expect("a file");
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).expect("copied");
    }
    Pretrained::open_int8(copy.path()).expect("a model")
}

fn engine(family: &str) -> Box<Engine> {
    match open_int8(family).model {
        Model::Int8(engine) => engine,
        other => unreachable!("{other:?} is no engine"),
    }
}

/// Logits of all steps, one after the other.
fn logits(model: &Model, batch: &TokenBatch, tokens: &[u32]) -> Vec<f32> {
    let mut state = model.encode(batch, 1).expect("encoded");
    let step = |token: &u32| {
        let logits = model.decode(&vec![*token; batch.rows()], &mut state).expect("decoded");
        (0..batch.rows()).flat_map(|row| logits.row(row).to_vec()).collect::<Vec<f32>>()
    };
    tokens.iter().flat_map(step).collect()
}

/// Mean difference as a share of the spread.
fn difference(found: &[f32], wanted: &[f32]) -> f64 {
    assert_eq!(found.len(), wanted.len());
    let count = wanted.len() as f64;
    let mean = wanted.iter().map(|value| f64::from(*value)).sum::<f64>() / count;
    let spread = wanted.iter().map(|value| (f64::from(*value) - mean).powi(2)).sum::<f64>() / count;
    let differences = found.iter().zip(wanted).map(|(found, wanted)| f64::from((found - wanted).abs()));
    differences.sum::<f64>() / count / spread.sqrt()
}

#[test]
fn every_family_gives_nearly_the_logits_of_floats() {
    for family in FAMILIES {
        let floats = Pretrained::open(&folder(family), &Device::Cpu, DType::F32).expect("a model").model;
        let integers = Model::Int8(engine(family));
        let inputs: Vec<Vec<u32>> = vec![(3..40).collect(), vec![9, 30, 4], (2..21).rev().collect()];
        let batch = TokenBatch::padded(&inputs, 0).expect("a batch");
        let tokens: Vec<u32> = (0..40).map(|step| (step * 7 + 3) % 40).collect();
        let difference = difference(&logits(&integers, &batch, &tokens), &logits(&floats, &batch, &tokens));
        assert!(difference < TOLERANCE, "{family}: {difference}");
    }
}

#[test]
fn tokens_that_are_masked_in_the_middle_keep_their_places() {
    for family in ["t5", "bart"] {
        let floats = Pretrained::open(&folder(family), &Device::Cpu, DType::F32).expect("a model").model;
        let integers = Model::Int8(engine(family));
        let mask = [vec![0, 0, 1, 1, 0, 1, 1, 1, 1, 0]];
        let batch = TokenBatch::rectangular(&[vec![3, 4, 5, 6, 7, 8, 9, 10, 11, 12]], Some(&mask), None, &[]);
        let batch = batch.expect("a batch");
        let difference =
            difference(&logits(&integers, &batch, &[2, 5, 9]), &logits(&floats, &batch, &[2, 5, 9]));
        assert!(difference < TOLERANCE, "{family}: {difference}");
    }
}

#[test]
fn greedy_and_beam_search_run_on_it() {
    for family in FAMILIES {
        let pretrained = open_int8(family);
        for beams in [1, 3] {
            let overrides =
                serde_json::json!({"num_beams": beams, "max_new_tokens": 20, "min_new_tokens": 20});
            let overrides: Map<_, _> = overrides.as_object().cloned().unwrap_or_default();
            let config = pretrained.generation.with(&overrides).expect("parameters");
            let batch = TokenBatch::padded(&[vec![5, 9, 13], vec![7; 30]], 0).expect("a batch");
            let found = generate(&pretrained.model, &batch, &config, &mut Unwatched).expect("an output");
            assert_eq!(
                found.sequences.iter().map(Vec::len).collect::<Vec<_>>(),
                [21, 21],
                "{family} {beams}"
            );
        }
    }
}

/// The logits of each step of one row that is alone.
fn alone(engine: &Engine, source: &[u32], tokens: &[u32]) -> Vec<Vec<f32>> {
    let mut row = engine.row(engine.encode_source(source).expect("encoded"));
    let mut logits = Logits::new(Vec::new(), engine.vocab_size());
    let step = |token: &u32| {
        engine.step(&mut [&mut row], &[*token], &mut logits).expect("a step");
        logits.row(0).to_vec()
    };
    tokens.iter().map(step).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Rows join when another has taken so many steps, and leave when they have taken all of theirs.
    #[test]
    fn a_row_does_not_depend_on_what_is_beside_it(
        family in prop::sample::select(&["t5", "t5-gated-untied", "bart", "pegasus"][..]),
        rows in prop::collection::vec(
            (0..6_usize, prop::collection::vec(0..40_u32, 1..30), prop::collection::vec(0..40_u32, 1..24)), 2..12,
        ),
    ) {
        let engine = engine(family);
        let wanted: Vec<_> = rows.iter().map(|(_, source, tokens)| alone(&engine, source, tokens)).collect();
        let mut running: Vec<Option<Row>> = rows.iter().map(|_| None).collect();
        for time in 0..40 {
            let mut inputs = Vec::new();
            let mut present = Vec::new();
            for (at, (row, (begin, source, tokens))) in running.iter_mut().zip(&rows).enumerate() {
                if time == *begin {
                    *row = Some(engine.row(engine.encode_source(source).expect("encoded")));
                }
                let Some(row) = row.as_mut().filter(|row| row.position() < tokens.len()) else { continue };
                inputs.push(tokens[row.position()]);
                present.push((at, row));
            }
            let mut logits = Logits::new(Vec::new(), engine.vocab_size());
            let mut parts: Vec<&mut Row> = present.iter_mut().map(|(_, row)| &mut **row).collect();
            engine.step(&mut parts, &inputs, &mut logits).expect("a step");
            for (place, (at, row)) in present.iter().enumerate() {
                prop_assert_eq!(logits.row(place), &wanted[*at][row.position() - 1][..], "row {} of {:?}", at, rows);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// Each turn takes some tokens, wrong ones behind them, and takes these back.
    #[test]
    fn tokens_of_one_step_are_to_the_bit_those_of_many(
        family in prop::sample::select(&["t5", "t5-gated-untied", "bart", "pegasus"][..]),
        sources in [prop::collection::vec(0..40_u32, 1..30), prop::collection::vec(0..40_u32, 1..30)],
        turns in prop::collection::vec((prop::collection::vec(0..40_u32, 1..9), prop::collection::vec(0..40_u32, 0..9)), 1..6),
    ) {
        let engine = engine(family);
        let right: Vec<u32> = turns.iter().flat_map(|(right, _)| right.clone()).collect();
        let wanted = sources.each_ref().map(|source| alone(&engine, source, &right));
        let [mut first, mut second] =
            sources.each_ref().map(|source| engine.row(engine.encode_source(source).expect("encoded")));
        let mut logits = Logits::new(Vec::new(), engine.vocab_size());
        for (right, wrong) in &turns {
            let (begin, all) = (first.position(), [right.clone(), wrong.clone()].concat());
            engine.step_ahead(&mut [&mut first, &mut second], &[&all, &all], &mut logits).expect("a step");
            for at in 0..right.len() {
                prop_assert_eq!(logits.row(at), &wanted[0][begin + at][..]);
                prop_assert_eq!(logits.row(all.len() + at), &wanted[1][begin + at][..]);
            }
            first.take_back(wrong.len());
            second.take_back(wrong.len());
        }
    }
}

#[test]
fn a_clone_goes_on_from_where_the_row_is_and_leaves_it_alone() {
    let engine = engine("t5");
    let source = engine.encode_source(&[5, 9, 13, 21]).expect("encoded");
    let mut row = engine.row(Arc::clone(&source));
    let mut logits = Logits::new(Vec::new(), engine.vocab_size());
    let common: Vec<u32> = (0..19).collect();
    for token in &common {
        engine.step(&mut [&mut row], &[*token], &mut logits).expect("a step");
    }
    let mut fork = row.clone();
    for at in 0..20_u32 {
        engine.step(&mut [&mut row, &mut fork], &[at, 39 - at], &mut logits).expect("a step");
    }
    let path = |more: Vec<u32>| [common.clone(), more].concat();
    let (first, second) = (path((0..20).collect()), path((20..40).rev().collect()));
    assert_eq!(logits.row(0), alone(&engine, &[5, 9, 13, 21], &first).last().expect("steps"));
    assert_eq!(logits.row(1), alone(&engine, &[5, 9, 13, 21], &second).last().expect("steps"));
}

#[test]
fn an_encoding_advances_a_layer_at_a_time() {
    let engine = engine("bart");
    let mut encoding = engine.begin(&[5, 9, 13]).expect("begun");
    let mut calls = 1;
    while engine.advance(&mut encoding).is_none() {
        calls += 1;
    }
    assert!(calls >= 2, "{calls} for two layers");
}

#[test]
fn what_the_model_does_not_have_is_an_error_and_changes_nothing() {
    let engine = engine("bart");
    assert!(engine.begin(&[5, 100_000]).is_err());
    assert!(engine.begin(&[5; 65]).is_err_and(|error| error.to_string().contains("64")));
    let mut rows = [0, 1].map(|_| engine.row(engine.encode_source(&[5, 6]).expect("encoded")));
    let [first, second] = &mut rows;
    let mut logits = Logits::new(Vec::new(), engine.vocab_size());
    assert!(engine.step(&mut [first, second], &[5, 100_000], &mut logits).is_err());
    assert_eq!(rows[0].position(), 0);
    for _ in 0..64 {
        engine.step(&mut [&mut rows[0]], &[5], &mut logits).expect("a step");
    }
    assert!(engine.step(&mut [&mut rows[0]], &[5], &mut logits).is_err());
}
