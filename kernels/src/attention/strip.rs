//! A few queries over all keys of a head.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::sync::Arc;

use super::{
    MOST_KEYS, MOST_QUERIES,
    blocks::{HeadBlocks, KvBlocks, TOKEN_PAIRS, scales},
};
use crate::{
    Cpu, LANES,
    cpu::Loops,
    ops::exps,
    simd::{Simd, chunks, highest, sum},
    tile::{self, PairPanel, PairRows, Sums},
};

/// Largest integer of a probability.
const LIMIT: f32 = 32_767.0;

/// What queries attend to: the first `length` tokens.
#[derive(Debug, Clone, Copy)]
pub enum Keys<'a> {
    /// Of a source, all blocks one after the other.
    Source {
        /// Of one layer.
        blocks: &'a KvBlocks,
        /// Tokens.
        length: usize,
    },
    /// Of an output, whose pages have the blocks of all layers.
    Pages {
        /// 16 tokens each.
        pages: &'a [Arc<KvBlocks>],
        /// The layer.
        layer: usize,
        /// Tokens.
        length: usize,
    },
}

/// A query of one head and where its result goes.
#[derive(Debug)]
pub struct Query<'a> {
    /// `[width]`.
    pub query: &'a [f32],
    /// Added to the scores: one for each key, at least; none for none.
    pub bias: Option<&'a [f32]>,
    /// `[width]`.
    pub output: &'a mut [f32],
}

/// Memory that is used again from call to call.
#[derive(Debug, Default)]
pub struct Scratch {
    queries: Vec<i16>,
    scores: Vec<[f32; LANES]>,
    words: Vec<[i16; LANES]>,
}

impl<'a> Keys<'a> {
    pub(super) fn length(self) -> usize {
        match self {
            Self::Source { length, .. } | Self::Pages { length, .. } => length.min(MOST_KEYS),
        }
    }

    /// The blocks of a head in runs that lie in one place, with the first block of each.
    fn runs(self, head: usize) -> impl Iterator<Item = (usize, HeadBlocks<'a>)> {
        let count = self.length().div_ceil(LANES);
        let runs = if matches!(self, Self::Source { .. }) { usize::from(count > 0) } else { count };
        (0..runs).map(move |at| match self {
            Self::Source { blocks, .. } => (0, blocks.head(head, 0, count)),
            Self::Pages { pages, layer, .. } => {
                (at, pages.get(at).map_or_else(HeadBlocks::default, |page| page.head(head, layer, 1)))
            }
        })
    }
}

/// Attention of at most 8 queries of a head; the scores are multiplied by `scale` before the bias is added. Each query
/// comes out the same, whatever other queries there are. Without keys the result is 0.
pub fn attend(
    cpu: Cpu,
    keys: Keys<'_>,
    head: usize,
    scale: f32,
    queries: &mut [Query<'_>],
    scratch: &mut Scratch,
) {
    let count = queries.len().min(MOST_QUERIES);
    let Some(width) = queries.first().map(|query| query.query.len()) else { return };
    let blocks = keys.length().div_ceil(LANES);
    let pairs = width.div_ceil(2);
    scratch.queries.clear();
    scratch.queries.resize(count * pairs * 2, 0);
    scratch.scores.clear();
    scratch.scores.resize(count * blocks, [f32::NEG_INFINITY; LANES]);
    scratch.words.clear();
    scratch.words.resize(count * blocks, [0; LANES]);
    let shape = super::HeadShape { heads: 1, width };
    let mut query_scales = [0.0; MOST_QUERIES];
    let places = scratch.queries.chunks_exact_mut((pairs * 2).max(1));
    for ((query, place), factor) in queries.iter().zip(places).zip(&mut query_scales) {
        *factor = cpu.run(Words { row: query.query, limit: shape.limit(), place }) * scale;
    }
    let rows = PairRows { values: scratch.queries.as_chunks().0, stride: pairs, rows: count };
    for (first, run) in keys.runs(head) {
        for (at, key_scales) in run.key_scales.iter().enumerate() {
            let (block, lines) = (first + at, run.keys.part(at * pairs..(at + 1) * pairs));
            let mut sums = [Sums::default(); MOST_QUERIES];
            tile::pairs(cpu, PairPanel { lines, groups: pairs, stride: pairs, blocks: 1 }, rows, &mut sums);
            let scores = scratch.scores.get_mut(block..).unwrap_or_default().iter_mut().step_by(blocks);
            cpu.run(Scores { sums: &sums, query_scales: &query_scales, key_scales, places: scores });
        }
    }
    let mut factors = [0.0; MOST_QUERIES];
    let rows =
        scratch.scores.chunks_exact_mut(blocks.max(1)).zip(scratch.words.chunks_exact_mut(blocks.max(1)));
    for ((query, (scores, words)), factor) in queries.iter().zip(rows).zip(&mut factors) {
        let softmax = Softmax { scores, words, bias: query.bias, length: keys.length(), keys, head };
        *factor = cpu.run(softmax);
    }
    weigh(cpu, keys, head, count, scratch, &factors, queries);
}

/// The values, weighed with the probabilities.
fn weigh(
    cpu: Cpu,
    keys: Keys<'_>,
    head: usize,
    count: usize,
    scratch: &Scratch,
    factors: &[f32; MOST_QUERIES],
    queries: &mut [Query<'_>],
) {
    let blocks = keys.length().div_ceil(LANES);
    let words = scratch.words.as_flattened().as_chunks::<2>().0;
    let width = queries.first().map_or(0, |query| query.query.len());
    let panels = width.div_ceil(LANES);
    for panel in 0..panels {
        let mut total = [Sums::default(); MOST_QUERIES];
        for (first, run) in keys.runs(head) {
            let mut sums = [Sums::default(); MOST_QUERIES];
            let lines = run.values.part(panel * run.stride..run.values.len());
            let part =
                PairPanel { lines, groups: TOKEN_PAIRS, stride: TOKEN_PAIRS, blocks: run.key_scales.len() };
            let values = words.get(first * TOKEN_PAIRS..).unwrap_or_default();
            let rows = PairRows { values, stride: blocks * TOKEN_PAIRS, rows: count };
            tile::pairs(cpu, part, rows, &mut sums);
            for (total, sum) in total.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *total += sum;
            }
        }
        for ((query, sums), factor) in queries.iter_mut().zip(&total).zip(factors) {
            let output = query.output.iter_mut().skip(panel * LANES);
            for (place, sum) in output.zip(sums) {
                *place = *sum as f32 * factor;
            }
        }
    }
}

/// Quantizes a row.
struct Words<'a> {
    row: &'a [f32],
    limit: f32,
    place: &'a mut [i16],
}

impl Loops for Words<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let (scale, inverse) = scales(simd, self.row, self.limit);
        for (values, place) in chunks(self.row, 0.0).zip(self.place.chunks_mut(LANES)) {
            let words = simd.words(simd.nearest(simd.mul(simd.load(&values), simd.splat(inverse))));
            place.copy_from_slice(words.get(..place.len()).unwrap_or_default());
        }
        scale
    }
}

/// Sums of a block to scores.
struct Scores<'a, I> {
    sums: &'a [Sums; MOST_QUERIES],
    query_scales: &'a [f32; MOST_QUERIES],
    key_scales: &'a [f32; LANES],
    places: I,
}

impl<'a, I: Iterator<Item = &'a mut [f32; LANES]>> Loops for Scores<'a, I> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let key_scales = simd.load(self.key_scales);
        for ((scores, sums), query_scale) in self.places.zip(self.sums).zip(self.query_scales) {
            let factors = simd.mul(key_scales, simd.splat(*query_scale));
            simd.store(simd.mul(simd.floats(sums), factors), scores);
        }
    }
}

/// Scores of a query to the integers that its values are multiplied by; gives what a sum is multiplied by after that.
struct Softmax<'a> {
    scores: &'a mut [[f32; LANES]],
    words: &'a mut [[i16; LANES]],
    bias: Option<&'a [f32]>,
    length: usize,
    keys: Keys<'a>,
    head: usize,
}

impl Loops for Softmax<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(mut self, simd: impl Simd) -> f32 {
        if let Some(bias) = self.bias {
            for (scores, bias) in self.scores.iter_mut().zip(chunks(bias, 0.0)) {
                simd.store(simd.add(simd.load(scores), simd.load(&bias)), scores);
            }
        }
        self.fill(f32::NEG_INFINITY);
        let mut most = simd.splat(f32::MIN);
        for scores in self.scores.iter() {
            most = simd.max(simd.load(scores), most);
        }
        let sum = self.exponentials(simd, highest(simd, most));
        self.fill(0.0);
        let weighed = self.weigh(simd);
        let inverse = LIMIT / weighed;
        if !(sum > 0.0 && inverse.is_finite()) {
            return 0.0;
        }
        // The sum of what was rounded, so that many that were rounded up weigh no more.
        let (inverse, limit) = (simd.splat(inverse), simd.splat(LIMIT));
        let mut totals = simd.splat(0.0);
        for (words, scores) in self.words.iter_mut().zip(self.scores.iter()) {
            let rounded = simd.nearest(simd.min(simd.mul(simd.load(scores), inverse), limit));
            totals = simd.add(totals, simd.to_floats(rounded));
            *words = simd.words(rounded);
        }
        weighed / self::sum(simd, totals).max(1.0) / sum
    }
}

impl Softmax<'_> {
    /// Sets what is past the last key.
    #[inline(always)]
    fn fill(&mut self, value: f32) {
        for score in self.scores.as_flattened_mut().iter_mut().skip(self.length) {
            *score = value;
        }
    }

    #[inline(always)]
    fn exponentials(&mut self, simd: impl Simd, highest: f32) -> f32 {
        let (mut sums, highest) = (simd.splat(0.0), simd.splat(highest));
        for scores in self.scores.iter_mut() {
            let powers = exps(simd, simd.sub(simd.load(scores), highest));
            sums = simd.add(sums, powers);
            simd.store(powers, scores);
        }
        sum(simd, sums)
    }

    /// Takes in the scales of the values, so that these may have one each; gives the sum.
    #[inline(always)]
    fn weigh(&mut self, simd: impl Simd) -> f32 {
        let mut sums = simd.splat(0.0);
        for (first, run) in self.keys.runs(self.head) {
            for (scores, scales) in self.scores.iter_mut().skip(first).zip(run.value_scales) {
                let weighed = simd.mul(simd.load(scores), simd.load(scales));
                sums = simd.add(sums, weighed);
                simd.store(weighed, scores);
            }
        }
        sum(simd, sums)
    }
}
