//! Requests that join and leave get what they would get alone.

use std::{
    path::Path,
    sync::{Barrier, mpsc},
    thread,
};

use proptest::prelude::*;
use serde_json::{Map, Value, json};

use super::*;
use crate::{
    Pretrained,
    generation::{GenerateError, Next, Rows, Unwatched, Watch, generate},
    model::Model,
};

fn open(family: &str) -> Pretrained {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/models").join(family);
    // In a copy, where what is quantized may be kept.
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(folder).unwrap().map(Result::unwrap) {
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    Pretrained::open_int8(copy.path()).unwrap()
}

/// A model by itself, and the same one for many.
fn both(family: &str) -> (Pretrained, Pretrained) {
    let (alone, shared) = (open(family), open(family));
    let model = shared.model.batching().unwrap();
    (alone, Pretrained { model, ..shared })
}

/// What somebody asks for.
#[derive(Debug, Clone)]
struct Asked {
    inputs: Vec<Vec<u32>>,
    parameters: Value,
    /// Leaves after so many steps.
    leaves: Option<usize>,
}

impl Asked {
    fn sequences(&self, pretrained: &Pretrained) -> Result<Vec<Vec<u32>>, GenerateError> {
        let overrides: Map<_, _> = self.parameters.as_object().cloned().unwrap();
        let config = pretrained.generation.with(&overrides).unwrap();
        let batch = TokenBatch::padded(&self.inputs, 0).unwrap();
        let mut leaves = Leaves(self.leaves);
        Ok(generate(&pretrained.model, &batch, &config, &mut leaves)?.sequences)
    }
}

struct Leaves(Option<usize>);

impl Watch for Leaves {
    fn step(&mut self, _: &Rows<'_>) -> Next {
        let left = self.0.map(|left| left.saturating_sub(1));
        self.0 = left;
        if left == Some(0) { Next::Cancel } else { Next::Continue }
    }
}

fn asked() -> impl Strategy<Value = Asked> {
    let inputs = prop::collection::vec(prop::collection::vec(3_u32..40, 1..50), 1..3);
    let search = prop_oneof![
        Just(json!({"num_beams": 1})),
        Just(json!({"num_beams": 3})),
        Just(json!({"do_sample": true, "seed": 7, "num_beams": 1})),
    ];
    (inputs, search, 1_usize..24, prop::option::weighted(0.2, 1_usize..10)).prop_map(
        |(inputs, mut parameters, length, leaves)| {
            parameters["max_new_tokens"] = json!(length);
            Asked { inputs, parameters, leaves }
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn everybody_gets_what_he_would_get_alone(
        family in prop::sample::select(&["t5", "t5-gated-untied", "bart", "mbart"][..]),
        all in prop::collection::vec(asked(), 1..8),
    ) {
        let (alone, shared) = both(family);
        let found: Vec<_> = thread::scope(|scope| {
            let threads: Vec<_> = all.iter().map(|asked| scope.spawn(|| asked.sequences(&shared))).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        for (asked, found) in all.iter().zip(found) {
            prop_assert_eq!(found.ok(), asked.sequences(&alone).ok());
        }
    }
}

/// Holds its request until it is told to go on, after the first step.
struct Held(Option<(mpsc::Sender<()>, mpsc::Receiver<()>)>);

impl Watch for Held {
    fn step(&mut self, _: &Rows<'_>) -> Next {
        if let Some((there, on)) = self.0.take() {
            there.send(()).unwrap();
            on.recv().unwrap();
        }
        Next::Continue
    }
}

#[test]
fn one_that_dawdles_holds_nobody_up() {
    let (_, shared) = both("t5");
    let config =
        shared.generation.with(json!({"num_beams": 1, "max_new_tokens": 20}).as_object().unwrap()).unwrap();
    let batch = TokenBatch::padded(&[vec![5, 9, 13]], 0).unwrap();
    thread::scope(|scope| {
        let ((there, arrived), (on, go)) = (mpsc::channel(), mpsc::channel());
        let mut held = Held(Some((there, go)));
        let (model, config, batch) = (&shared.model, &config, &batch);
        let first = scope.spawn(move || generate(model, batch, config, &mut held).unwrap().sequences);
        arrived.recv().unwrap();
        // The first is between two steps, and stays there.
        let second = generate(model, batch, config, &mut Unwatched).unwrap().sequences;
        on.send(()).unwrap();
        assert_eq!(first.join().unwrap(), second);
    });
}

#[test]
fn steps_of_those_who_decode_at_the_same_time_are_taken_together() {
    let Model::Batching(model) = both("t5").1.model else { panic!() };
    let (requests, steps) = (4, 30);
    let barrier = Barrier::new(requests);
    thread::scope(|scope| {
        for _ in 0..requests {
            scope.spawn(|| {
                let mut state = model.encode(&TokenBatch::padded(&[vec![5, 9, 13]], 0).unwrap(), 1).unwrap();
                barrier.wait();
                for _ in 0..steps {
                    model.decode(&[7], &mut state).unwrap();
                }
            });
        }
    });
    let BatchFigures { steps: taken, rows, .. } = model.figures();
    assert_eq!(rows, (requests * steps) as u64);
    assert!(taken < rows, "{taken} steps of {rows} rows");
}

#[test]
fn who_leaves_before_his_source_is_encoded_leaves_nothing_behind() {
    let Model::Batching(model) = both("t5").1.model else { panic!() };
    let batch = TokenBatch::padded(&[vec![5, 9, 13]], 0).unwrap();
    for patience in 0..30 {
        let mut left = patience;
        let mut wanted = || {
            left -= 1;
            left >= 0
        };
        let encoded = model.encode_while(&batch, 1, &mut wanted);
        assert!(matches!(encoded, Ok(_) | Err(ModelError::Unwanted)), "{:?}", encoded.err());
        assert!(patience > 0 || encoded.is_err());
    }
    // Nobody is waited for: a step is taken at once, and alone.
    let mut state = model.encode(&batch, 1).unwrap();
    let before = model.figures().steps;
    model.decode(&[7], &mut state).unwrap();
    assert_eq!(model.figures().steps, before + 1);
    assert_eq!(model.figures().decoding, 1);
    drop(state);
    assert_eq!(model.figures().decoding, 0);
}

#[test]
fn what_one_asks_for_in_vain_is_no_fault_of_the_others() {
    let Model::Batching(model) = both("t5").1.model else { panic!() };
    let batch = TokenBatch::padded(&[vec![5, 9, 13]], 0).unwrap();
    let (mut good, mut bad) = (model.encode(&batch, 1).unwrap(), model.encode(&batch, 1).unwrap());
    thread::scope(|scope| {
        let good = scope.spawn(|| (0..50).all(|_| model.decode(&[7], &mut good).is_ok()));
        for _ in 0..50 {
            assert!(matches!(model.decode(&[4_000_000], &mut bad), Err(ModelError::UnknownToken(..))));
            assert!(matches!(model.decode(&[1, 2], &mut bad), Err(ModelError::OtherState)));
        }
        assert!(good.join().unwrap());
    });
    // It goes on where it was.
    assert!(model.decode(&[7], &mut bad).is_ok());
}
