//! What changes the scores of the next token before one is chosen (`logits_process.py` of transformers), in its order.

use std::collections::HashMap;

use super::{config::GenerationConfig, sampling::Warper};

/// Where a row stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct Context<'a> {
    /// Tokens of the output so far, the one that the decoder began with included.
    pub(super) tokens: &'a [u32],
    /// Tokens of the encoder's input that belongs to the row, padding included.
    pub(super) source: &'a [u32],
}

/// All that a configuration asks for.
#[derive(Debug, Clone)]
pub(super) struct Processors {
    steps: Vec<Step>,
    warpers: Vec<Warper>,
    renormalize: bool,
}

#[derive(Debug, Clone)]
enum Step {
    SequenceBias(Vec<(Vec<u32>, f32)>),
    SourceRepetition(f32),
    Repetition(f32),
    NoRepeat(usize),
    NoRepeatOfSource(usize),
    MinLength { length: usize, eos: Vec<u32> },
    ForcedBos(u32),
    ForcedEos { length: usize, eos: Vec<u32> },
    RemoveInvalid,
    ExponentialDecay { start: i64, factor: f64, eos: Vec<u32> },
    Suppress { tokens: Vec<u32>, only_at: Option<usize> },
}

impl Processors {
    /// `longest` is the most tokens that an output may have.
    pub(super) fn new(config: &GenerationConfig, longest: usize) -> Self {
        let mut steps = Vec::new();
        scores(config, &mut steps);
        let eos = config.eos().to_vec();
        if config.shortest() > 0 && !eos.is_empty() {
            steps.push(Step::MinLength { length: config.shortest(), eos: eos.clone() });
        }
        steps.extend(config.forced_bos_token_id.map(Step::ForcedBos));
        if let Some(forced) = &config.forced_eos_token_id {
            steps.push(Step::ForcedEos { length: longest, eos: forced.as_slice().to_vec() });
        }
        if config.remove_invalid_values == Some(true) {
            steps.push(Step::RemoveInvalid);
        }
        if let Some((start, factor)) = config.exponential_decay_length_penalty {
            steps.push(Step::ExponentialDecay { start: start.saturating_add(1), factor, eos });
        }
        if let Some(tokens) = &config.suppress_tokens {
            steps.push(Step::Suppress { tokens: tokens.clone(), only_at: None });
        }
        if let Some(tokens) = &config.begin_suppress_tokens {
            let first = if config.forced_bos_token_id.is_some() { 2 } else { 1 };
            steps.push(Step::Suppress { tokens: tokens.clone(), only_at: Some(first) });
        }
        Self { steps, warpers: Warper::all(config), renormalize: config.renormalize_logits == Some(true) }
    }

    pub(super) fn apply(&self, context: Context<'_>, scores: &mut [f32]) {
        for step in &self.steps {
            step.apply(context, scores);
        }
        for warper in &self.warpers {
            warper.apply(scores);
        }
        if self.renormalize {
            super::log_softmax(scores);
        }
    }
}

/// A factor that changes nothing.
#[expect(clippy::float_cmp, reason = "what is nearly one does something")]
pub(super) fn is_one(factor: f32) -> bool {
    factor == 1.0
}

/// The steps before those of length.
fn scores(config: &GenerationConfig, steps: &mut Vec<Step>) {
    let penalty =
        |penalty: Option<f64>| penalty.map(|penalty| penalty as f32).filter(|penalty| !is_one(*penalty));
    let size = |size: Option<usize>| size.filter(|size| *size > 0);
    if let Some(biases) = &config.sequence_bias {
        steps
            .push(Step::SequenceBias(biases.iter().map(|(ids, bias)| (ids.clone(), *bias as f32)).collect()));
    }
    steps.extend(
        penalty(config.encoder_repetition_penalty).map(|penalty| Step::SourceRepetition(1.0 / penalty)),
    );
    steps.extend(penalty(config.repetition_penalty).map(Step::Repetition));
    steps.extend(size(config.no_repeat_ngram_size).map(Step::NoRepeat));
    steps.extend(size(config.encoder_no_repeat_ngram_size).map(Step::NoRepeatOfSource));
    if let Some(words) = &config.bad_words_ids {
        let is_end = |word: &Vec<u32>| config.eos().iter().any(|eos| word.as_slice() == [*eos]);
        let words = words.iter().filter(|word| !is_end(word));
        steps.push(Step::SequenceBias(words.map(|word| (word.clone(), f32::NEG_INFINITY)).collect()));
    }
}

impl Step {
    fn apply(&self, context: Context<'_>, scores: &mut [f32]) {
        let length = context.tokens.len();
        match self {
            Self::SequenceBias(biases) => sequence_bias(biases, context.tokens, scores),
            Self::SourceRepetition(penalty) => penalize(context.source, *penalty, scores),
            Self::Repetition(penalty) => penalize(context.tokens, *penalty, scores),
            Self::NoRepeat(size) => no_repeat(*size, context.tokens, context.tokens, scores),
            Self::NoRepeatOfSource(size) => no_repeat(*size, context.source, context.tokens, scores),
            Self::MinLength { length: shortest, eos } if length < *shortest => ban(eos, scores),
            Self::ForcedBos(bos) if length == 1 => force(&[*bos], scores),
            Self::ForcedEos { length: longest, eos } if length + 1 == *longest => force(eos, scores),
            Self::RemoveInvalid => remove_invalid(scores),
            Self::ExponentialDecay { start, factor, eos } => {
                decay(*start, length, *factor, eos, scores);
            }
            Self::Suppress { tokens, only_at } if only_at.is_none_or(|at| at == length) => {
                ban(tokens, scores);
            }
            Self::MinLength { .. } | Self::ForcedBos(_) | Self::ForcedEos { .. } | Self::Suppress { .. } => {}
        }
    }
}

fn each(ids: &[u32], scores: &mut [f32], change: impl Fn(f32) -> f32) {
    for id in ids {
        if let Some(score) = scores.get_mut(*id as usize) {
            *score = change(*score);
        }
    }
}

fn ban(ids: &[u32], scores: &mut [f32]) {
    each(ids, scores, |_| f32::NEG_INFINITY);
}

fn force(ids: &[u32], scores: &mut [f32]) {
    scores.fill(f32::NEG_INFINITY);
    each(ids, scores, |_| 0.0);
}

/// Each token once, however often it occurs.
fn penalize(ids: &[u32], penalty: f32, scores: &mut [f32]) {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    ids.dedup();
    each(&ids, scores, |score| if score < 0.0 { score * penalty } else { score / penalty });
}

/// Bans the tokens that would complete an n-gram of `seen`.
fn no_repeat(size: usize, seen: &[u32], tokens: &[u32], scores: &mut [f32]) {
    let Some(start) = (tokens.len() + 1).checked_sub(size) else { return };
    let prefix = &tokens[start..];
    for ngram in seen.windows(size) {
        if let Some((last, before)) = ngram.split_last()
            && before == prefix
        {
            ban(&[*last], scores);
        }
    }
}

fn sequence_bias(biases: &[(Vec<u32>, f32)], tokens: &[u32], scores: &mut [f32]) {
    let mut sums: HashMap<u32, f32> = HashMap::new();
    for (ids, bias) in biases {
        let Some((last, prefix)) = ids.split_last() else { continue };
        if prefix.is_empty() || (ids.len() <= tokens.len() && tokens.ends_with(prefix)) {
            *sums.entry(*last).or_insert(0.0) += bias;
        }
    }
    for (id, bias) in sums {
        each(&[id], scores, |score| score + bias);
    }
}

fn remove_invalid(scores: &mut [f32]) {
    for score in scores {
        *score = if score.is_nan() { 0.0 } else { score.clamp(f32::MIN, f32::MAX) };
    }
}

fn decay(start: i64, length: usize, factor: f64, eos: &[u32], scores: &mut [f32]) {
    let over = i64::try_from(length).unwrap_or(i64::MAX).saturating_sub(start);
    if over > 0 {
        let exponent = i32::try_from(over).unwrap_or(i32::MAX);
        let share = (factor.powi(exponent) - 1.0) as f32;
        each(eos, scores, |score| score + score.abs() * share);
    }
}
