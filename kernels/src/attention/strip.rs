//! A few queries over all keys of a head.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::sync::Arc;

use super::{
    MOST_KEYS, MOST_QUERIES,
    blocks::{HeadBlocks, KvBlocks, Precision, TOKEN_PAIRS},
    softmax::Softmax,
    tiled,
    write::Scale,
};
use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks},
    tile::{self, PANELS, PairPanel, PairRows, SumPlaces, Sums},
};

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
    /// `[queries, pairs of dimensions]`.
    queries: Vec<[i16; 2]>,
    /// Products of queries and keys, `[queries, blocks]`.
    sums: Vec<Sums>,
    /// Of one query.
    scores: Vec<[f32; LANES]>,
    /// Probabilities, as the sums.
    words: Vec<[i16; LANES]>,
    tiled: tiled::Scratch,
}

impl<'a> Keys<'a> {
    /// Tokens that there are.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Source { blocks, length } => length.min(blocks.blocks() * LANES),
            Self::Pages { pages, layer, length } => {
                let pages =
                    pages.iter().take_while(|page| layer < page.blocks()).take(length.div_ceil(LANES));
                length.min(pages.count() * LANES)
            }
        }
        .min(MOST_KEYS)
    }

    /// The blocks of a head in runs that lie in one place, with the first block of each; `count` in all.
    #[inline(always)]
    pub(super) fn runs(self, head: usize, count: usize) -> impl Iterator<Item = (usize, HeadBlocks<'a>)> {
        let runs = if matches!(self, Self::Source { .. }) { usize::from(count > 0) } else { count };
        (0..runs).map(move |at| match self {
            Self::Source { blocks, .. } => (0, blocks.head(head, 0, count)),
            Self::Pages { pages, layer, .. } => {
                (at, pages.get(at).map_or_else(HeadBlocks::default, |page| page.head(head, layer, 1)))
            }
        })
    }
}

/// Attention of a few queries of a head, at most [`MOST_QUERIES`] or, of a source, [`KvBlocks::queries`]; the scores are
/// multiplied by `scale` before the bias is added. Each query comes out the same, whatever other queries there are. Without
/// keys the result is 0.
pub fn attend(
    cpu: Cpu,
    keys: Keys<'_>,
    head: usize,
    scale: f32,
    queries: &mut [Query<'_>],
    scratch: &mut Scratch,
) {
    if let Keys::Source { blocks, .. } = keys
        && blocks.precision() == Precision::Bf16
    {
        tiled::attend(cpu, (blocks, keys.length()), head, scale, queries, &mut scratch.tiled);
        return;
    }
    let count = queries.len().min(MOST_QUERIES);
    let (Some(queries), length) = (queries.get_mut(..count), keys.length()) else { return };
    let Some(width) = queries.first().map(|query| query.query.len()) else { return };
    let (blocks, pairs) = (length.div_ceil(LANES), width.div_ceil(2));
    let mut factors = [0.0; MOST_QUERIES];
    if blocks > 0 {
        scratch.queries.resize(count * pairs, [0; 2]);
        // All of them are written before they are read.
        scratch.sums.resize(count * blocks, Sums::default());
        scratch.scores.resize(blocks, [0.0; LANES]);
        scratch.words.resize(count * blocks, [0; LANES]);
        let shape = super::HeadShape { heads: 1, width };
        let mut query_scales = [0.0; MOST_QUERIES];
        let places = scratch.queries.chunks_exact_mut(pairs.max(1));
        for ((query, place), factor) in queries.iter().zip(places).zip(&mut query_scales) {
            let place = place.as_flattened_mut();
            *factor = cpu.run(Words { row: query.query, limit: Some(shape.limit()), place }) * scale;
        }
        products(cpu, keys, (head, blocks), count, scratch);
        let rows = scratch.sums.chunks_exact(blocks).zip(scratch.words.chunks_exact_mut(blocks));
        let queries = queries.iter().zip(query_scales);
        for (((sums, words), (query, scale)), factor) in rows.zip(queries).zip(&mut factors) {
            let (scores, bias) = (&mut *scratch.scores, query.bias);
            *factor = cpu.run(Softmax { sums, scores, words, scale, bias, length, keys, head });
        }
    }
    weigh(cpu, keys, (head, blocks), scratch, &factors, queries);
}

/// Panels that so many queries go through together: one after the other they are one stream from memory, which is what takes
/// the time of a few queries.
fn side_by_side(queries: usize) -> usize {
    if queries > MOST_QUERIES / 2 { PANELS } else { 1 }
}

/// The queries times all keys.
fn products(cpu: Cpu, keys: Keys<'_>, (head, blocks): (usize, usize), count: usize, scratch: &mut Scratch) {
    let pairs = scratch.queries.len() / count.max(1);
    let rows = PairRows { values: &scratch.queries, stride: pairs, rows: count };
    for (first, run) in keys.runs(head, blocks) {
        for (at, key_scales) in run.key_scales.chunks(side_by_side(count)).enumerate() {
            let (at, panels) = (at * side_by_side(count), key_scales.len());
            let lines = run.keys.part(at * pairs..(at + panels) * pairs);
            let panel = PairPanel { lines, groups: pairs, stride: pairs, blocks: 1, panels, apart: pairs };
            let sums = scratch.sums.get_mut(first + at..).unwrap_or_default();
            tile::pairs(cpu, panel, rows, SumPlaces { sums, row: blocks, panel: 1 });
        }
    }
}

/// The values, weighed with the probabilities.
fn weigh(
    cpu: Cpu,
    keys: Keys<'_>,
    (head, blocks): (usize, usize),
    scratch: &Scratch,
    factors: &[f32; MOST_QUERIES],
    queries: &mut [Query<'_>],
) {
    let words = scratch.words.as_flattened().as_chunks::<2>().0;
    let (width, count) = (queries.first().map_or(0, |query| query.query.len()), queries.len());
    let all = width.div_ceil(LANES);
    for first in (0..all).step_by(side_by_side(count)) {
        let panels = side_by_side(count).min(all - first);
        let mut total = [Sums::default(); MOST_QUERIES * PANELS];
        for (block, run) in keys.runs(head, blocks) {
            let mut sums = [Sums::default(); MOST_QUERIES * PANELS];
            let lines = run.values.part(first * run.stride..run.values.len());
            let (groups, stride, apart) = (TOKEN_PAIRS, TOKEN_PAIRS, run.stride);
            let part = PairPanel { lines, groups, stride, blocks: run.key_scales.len(), panels, apart };
            let values = words.get(block * TOKEN_PAIRS..).unwrap_or_default();
            let rows = PairRows { values, stride: blocks * TOKEN_PAIRS, rows: count };
            tile::pairs(cpu, part, rows, SumPlaces { sums: &mut sums, row: 1, panel: count });
            for (total, sum) in total.as_flattened_mut().iter_mut().zip(sums.as_flattened()) {
                *total += sum;
            }
        }
        for (panel, sums) in (first..first + panels).zip(total.chunks_exact(count)) {
            for ((query, sums), factor) in queries.iter_mut().zip(sums).zip(factors) {
                let output = query.output.iter_mut().skip(panel * LANES);
                for (place, sum) in output.zip(sums) {
                    *place = *sum as f32 * factor;
                }
            }
        }
    }
}

/// Quantizes a row; gives what an integer is multiplied by to get the number again.
pub(super) struct Words<'a> {
    pub(super) row: &'a [f32],
    /// As in [`Scale::of`].
    pub(super) limit: Option<f32>,
    pub(super) place: &'a mut [i16],
}

impl Loops for Words<'_> {
    type Output = f32;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> f32 {
        let scale = Scale::of(simd, self.row, self.limit);
        for (values, place) in chunks(self.row, 0.0).iter().zip(self.place.chunks_mut(LANES)) {
            let words = scale.words(simd, simd.load(values));
            place.copy_from_slice(words.get(..place.len()).unwrap_or_default());
        }
        scale.scale
    }
}
