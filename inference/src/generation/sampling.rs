//! Choosing at random: the "warpers" of transformers, and the draw.

use rand::{Rng, RngExt};

use super::{config::GenerationConfig, processors::is_one};

/// Cuts or reshapes the distribution before a token is drawn from it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Warper {
    Temperature(f32),
    TopK(usize),
    TopP { mass: f32, keep: usize },
    MinP { share: f32, keep: usize },
    Typical { mass: f32, keep: usize },
}

impl Warper {
    /// Those that a configuration asks for, in transformers' order; none unless it samples.
    pub(super) fn all(config: &GenerationConfig) -> Vec<Self> {
        if config.do_sample != Some(true) {
            return Vec::new();
        }
        // A beam needs one that goes on beside every one that ends.
        let keep = if config.beams() > 1 { config.eos().len().max(1) + 1 } else { 1 };
        let mut warpers = Vec::new();
        let below_one = |share: Option<f64>| share.filter(|share| *share < 1.0).map(|share| share as f32);
        let temperature = config.temperature.map(|temperature| temperature as f32);
        warpers.extend(temperature.filter(|temperature| !is_one(*temperature)).map(Self::Temperature));
        let top_k = config.top_k.unwrap_or(50);
        if top_k > 0 {
            warpers.push(Self::TopK(top_k.max(keep)));
        }
        warpers.extend(below_one(config.top_p).map(|mass| Self::TopP { mass, keep }));
        warpers.extend(config.min_p.map(|share| Self::MinP { share: share as f32, keep }));
        warpers.extend(below_one(config.typical_p).map(|mass| Self::Typical { mass, keep }));
        warpers
    }

    pub(super) fn apply(self, scores: &mut [f32]) {
        match self {
            Self::Temperature(temperature) => scores.iter_mut().for_each(|score| *score /= temperature),
            Self::TopK(k) => top_k(k, scores),
            Self::TopP { mass, keep } => top_p(mass, keep, scores),
            Self::MinP { share, keep } => min_p(share, keep, scores),
            Self::Typical { mass, keep } => typical(mass, keep, scores),
        }
    }
}

/// Indices by falling score.
fn ranked(scores: &[f32]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| scores[*b].total_cmp(&scores[*a]));
    order
}

fn softmax(scores: &[f32]) -> Vec<f32> {
    let mut logs = scores.to_vec();
    super::log_softmax(&mut logs);
    logs.iter().map(|log| log.exp()).collect()
}

fn top_k(k: usize, scores: &mut [f32]) {
    let order = ranked(scores);
    let Some(least) = order.get(k.min(order.len()).saturating_sub(1)).map(|index| scores[*index]) else {
        return;
    };
    scores.iter_mut().filter(|score| **score < least).for_each(|score| *score = f32::NEG_INFINITY);
}

fn top_p(mass: f32, keep: usize, scores: &mut [f32]) {
    let (probabilities, order) = (softmax(scores), ranked(scores));
    // From the least likely up, as transformers sums them.
    let mut sum = 0.0;
    for (place, index) in order.iter().enumerate().rev() {
        sum += probabilities[*index];
        if sum > 1.0 - mass || place < keep {
            return;
        }
        scores[*index] = f32::NEG_INFINITY;
    }
}

fn min_p(share: f32, keep: usize, scores: &mut [f32]) {
    let (probabilities, order) = (softmax(scores), ranked(scores));
    let Some(least) = order.first().map(|first| probabilities[*first] * share) else { return };
    for index in order.iter().skip(keep).filter(|index| probabilities[**index] < least) {
        scores[*index] = f32::NEG_INFINITY;
    }
}

/// Keeps what is about as surprising as the distribution is on average.
/// Meister et al., Locally Typical Sampling, <https://arxiv.org/abs/2202.00666>.
fn typical(mass: f32, keep: usize, scores: &mut [f32]) {
    let mut logs = scores.to_vec();
    super::log_softmax(&mut logs);
    let entropy: f32 = logs.iter().filter(|log| log.is_finite()).map(|log| -log * log.exp()).sum();
    let distances: Vec<f32> = logs.iter().map(|log| (-log - entropy).abs()).collect();
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|a, b| distances[*a].total_cmp(&distances[*b]));
    let mut sum = 0.0;
    let short = order
        .iter()
        .take_while(|index| {
            sum += logs[**index].exp();
            sum < mass
        })
        .count();
    let Some(furthest) = order.get(short.min(order.len().saturating_sub(1))).map(|index| distances[*index])
    else {
        return;
    };
    for index in order.iter().skip(keep).filter(|index| distances[**index] > furthest) {
        scores[*index] = f32::NEG_INFINITY;
    }
}

/// Draws an index by its share of the softmax; 0 where nothing has one.
pub(super) fn draw(scores: &[f32], random: &mut impl Rng) -> usize {
    let probabilities = softmax(scores);
    let total: f64 =
        probabilities.iter().filter(|share| share.is_finite()).map(|share| f64::from(*share)).sum();
    let mut left = random.random::<f64>() * total;
    let mut last = 0;
    for (index, share) in probabilities.iter().enumerate().filter(|(_, share)| **share > 0.0) {
        last = index;
        left -= f64::from(*share);
        if left < 0.0 {
            break;
        }
    }
    last
}

/// Adds noise of Gumbel's distribution: the k highest of the sums are k draws without replacement.
/// Kool et al., Stochastic Beams and Where to Find Them, <https://arxiv.org/abs/1903.06059>.
pub(super) fn perturb(score: f32, random: &mut impl Rng) -> f32 {
    let uniform: f64 = random.random::<f64>().max(f64::MIN_POSITIVE);
    (f64::from(score) - (-uniform.ln()).ln()) as f32
}
