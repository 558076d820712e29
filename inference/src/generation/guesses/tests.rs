use std::sync::atomic::{AtomicUsize, Ordering};

use proptest::prelude::*;

use super::*;
use crate::{
    generation::{GenerationConfig, Next, Rows, Unwatched, Watch, generate},
    model::{Logits, ModelError, Seq2Seq, TokenBatch},
};

const SOURCE: [u32; 12] = [9, 5, 6, 7, 8, 5, 6, 1, 2, 3, 4, 5];

#[test]
fn the_longer_the_match_the_more_is_guessed() {
    assert_eq!(guess(&SOURCE, &[0, 9], MOST), [5]);
    assert_eq!(guess(&SOURCE, &[0, 9, 5], MOST), [6, 7, 8]);
    assert_eq!(guess(&SOURCE, &[0, 9, 5, 6], MOST), [7, 8, 5, 6, 1]);
    assert_eq!(guess(&SOURCE, &[9, 5, 6, 7, 8], MOST), [5, 6, 1, 2, 3, 4, 5]);
    assert_eq!(guess(&SOURCE, &[9, 5, 6, 7, 8], 2), [5, 6]);
}

#[test]
fn the_longest_match_wins_and_of_equals_the_first() {
    assert_eq!(guess(&SOURCE, &[8, 5, 6], MOST), [1, 2, 3, 4, 5]);
    assert_eq!(guess(&SOURCE, &[0, 5, 6], MOST), [7, 8, 5]);
}

#[test]
fn without_a_match_there_is_no_guess() {
    assert_eq!(guess(&SOURCE, &[77], MOST), [0; 0]);
    assert_eq!(guess(&SOURCE, &[], MOST), [0; 0]);
    assert_eq!(guess(&[], &[1], MOST), [0; 0]);
    // Nothing follows the last token.
    assert_eq!(guess(&[1, 2], &[2], MOST), [0; 0]);
}

const VOCABULARY: u32 = 40;

/// Mostly goes on where the source has its last token, and else says something of its own.
struct Copier {
    guesses: usize,
    source: Vec<u32>,
    steps: AtomicUsize,
}

impl Copier {
    fn next(&self, tokens: &[u32]) -> u32 {
        let sum: u32 = tokens.iter().sum();
        let at = tokens.last().and_then(|last| self.source.iter().position(|token| token == last));
        let copied = at.and_then(|at| self.source.get(at + 1).copied());
        copied.filter(|_| !sum.is_multiple_of(7)).unwrap_or(sum % VOCABULARY)
    }
}

impl Seq2Seq for Copier {
    type State = Vec<u32>;

    fn vocab_size(&self) -> usize {
        VOCABULARY as usize
    }

    fn max_positions(&self) -> Option<usize> {
        None
    }

    fn encode(&self, _: &TokenBatch, _: usize) -> Result<Vec<u32>, ModelError> {
        Ok(Vec::new())
    }

    fn decode(&self, tokens: &[u32], state: &mut Vec<u32>) -> Result<Logits, ModelError> {
        self.decode_guesses(tokens, state)
    }

    fn guesses(&self) -> usize {
        self.guesses
    }

    fn decode_guesses(&self, tokens: &[u32], state: &mut Vec<u32>) -> Result<Logits, ModelError> {
        self.steps.fetch_add(1, Ordering::Relaxed);
        let mut scores = Vec::new();
        for token in tokens {
            state.push(*token);
            let next = self.next(state);
            scores.extend((0..VOCABULARY).map(|token| if token == next { 3.0 } else { token as f32 / 40.0 }));
        }
        Ok(Logits::new(scores, self.vocab_size()))
    }

    fn take_back(&self, state: &mut Vec<u32>, count: usize) -> Result<(), ModelError> {
        state.truncate(state.len().saturating_sub(count));
        Ok(())
    }

    fn reorder(&self, _: &mut Vec<u32>, _: &[usize]) -> Result<(), ModelError> {
        Ok(())
    }
}

/// Stops after so many tokens; counts how often it was called.
struct Stops(usize, usize);

impl Watch for Stops {
    fn step(&mut self, rows: &Rows<'_>) -> Next {
        self.1 += 1;
        if rows.tokens[0].len() > self.0 { Next::Stop } else { Next::Continue }
    }
}

/// What comes out, in how many steps.
fn run(
    source: &[u32],
    guesses: usize,
    config: &serde_json::Value,
    watch: &mut dyn Watch,
) -> (Vec<u32>, usize) {
    let model = Copier { guesses, source: source.to_vec(), steps: AtomicUsize::new(0) };
    let config: GenerationConfig = serde_json::from_value(config.clone()).unwrap();
    let batch = TokenBatch::padded(&[source.to_vec()], 0).unwrap();
    let mut found = generate(&model, &batch, &config, watch).unwrap();
    (found.sequences.remove(0), model.steps.into_inner())
}

proptest! {
    #[test]
    fn guesses_change_nothing_but_the_number_of_steps(
        source in prop::collection::vec(2_u32..VOCABULARY, 1..60),
        guesses in 1_usize..=MOST,
        samples: bool,
        longest in 1_usize..60,
        stops in 1_usize..80,
    ) {
        let config = serde_json::json!({
            "decoder_start_token_id": 1, "eos_token_id": 0, "max_new_tokens": longest, "no_repeat_ngram_size": 4,
            "do_sample": samples, "seed": 5,
        });
        let (mut plain, mut guessing) = (Stops(stops, 0), Stops(stops, 0));
        let (wanted, steps) = run(&source, 0, &config, &mut plain);
        let (found, fewer) = run(&source, guesses, &config, &mut guessing);
        prop_assert_eq!(found, wanted);
        prop_assert!(fewer <= steps);
        prop_assert_eq!(plain.1, guessing.1);
    }
}

#[test]
fn what_is_copied_takes_fewer_steps() {
    let source: Vec<u32> = (2..VOCABULARY).collect();
    let config = serde_json::json!({"decoder_start_token_id": 1, "max_new_tokens": 30});
    let (wanted, steps) = run(&source, 0, &config, &mut Unwatched);
    let (found, fewer) = run(&source, MOST, &config, &mut Unwatched);
    assert_eq!(found, wanted);
    assert!(steps == 30 && fewer <= 20, "{fewer} of {steps}");
}
