//! A few queries over all keys of a head.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use std::sync::Arc;

use super::{
    HeadShape, KvPage, MOST_KEYS, MOST_QUERIES, QueryVector,
    blocks::{KvBlocks, Precision, Scales},
    scale::Scale,
    softmax::Softmax,
    tiled,
};
use crate::{
    Cpu, LANES,
    cpu::Loops,
    simd::{Simd, chunks},
    tile::{self, KvRun, PairRows, Sums, TOKEN_PAIRS},
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
    /// Of an output.
    Pages {
        /// 16 tokens each.
        pages: &'a [Arc<KvPage>],
        /// The layer.
        layer: usize,
        /// Tokens.
        length: usize,
    },
}

/// A query of one head and where its result goes.
#[derive(Debug)]
pub struct Query<'a> {
    /// What is multiplied with the keys.
    pub query: QueryVector<'a>,
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
    /// Of keys and of values, where they don't lie in one place.
    scales: [Vec<[f32; LANES]>; 2],
    /// Weighed values, `[panels of 16 dimensions, queries]`.
    totals: Vec<Sums>,
    tiled: tiled::Scratch,
}

impl<'a> Keys<'a> {
    /// Tokens that there are.
    pub(super) fn length(self) -> usize {
        match self {
            Self::Source { blocks, length } => length.min(blocks.blocks() * LANES),
            Self::Pages { pages, layer, length } => {
                let pages =
                    pages.iter().take_while(|page| layer < page.layers()).take(length.div_ceil(LANES));
                length.min(pages.count() * LANES)
            }
        }
        .min(MOST_KEYS)
    }

    /// The first `count` blocks of a head in runs that lie in one place.
    #[inline(always)]
    fn runs(self, head: usize, count: usize) -> impl Iterator<Item = KvRun<'a>> + Clone {
        let runs = if matches!(self, Self::Source { .. }) { usize::from(count > 0) } else { count };
        (0..runs).map(move |at| match self {
            Self::Source { blocks, .. } => blocks.run(head, count),
            Self::Pages { pages, layer, .. } => {
                pages.get(at).map_or_else(KvRun::default, |page| page.run(layer, head))
            }
        })
    }

    /// The scales of these blocks; `gathered` is where they may be put together.
    fn scales<'b>(self, head: usize, count: usize, gathered: &'b mut [Vec<[f32; LANES]>; 2]) -> Scales<'b>
    where
        'a: 'b,
    {
        match self {
            Self::Source { blocks, .. } => blocks.scales(head, count),
            Self::Pages { pages, layer, .. } => {
                let [keys, values] = gathered;
                keys.clear();
                values.clear();
                for page in pages.iter().take(count) {
                    let scales = page.scales(layer, head);
                    keys.extend_from_slice(scales.keys);
                    values.extend_from_slice(scales.values);
                }
                Scales { keys, values }
            }
        }
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
    let width = queries.first().map_or(0, |query| query.output.len());
    if width == 0 || length == 0 {
        for query in queries {
            query.output.fill(0.0);
        }
        return;
    }
    let (blocks, pairs) = (length.div_ceil(LANES), width.div_ceil(2));
    scratch.resize(count, blocks, width);
    let Scratch { queries: rows, sums, scores, words, scales, totals, .. } = scratch;
    let (shape, mut factors) = (HeadShape { heads: 1, width }, [0.0; MOST_QUERIES]);
    for ((query, place), factor) in queries.iter().zip(rows.chunks_exact_mut(pairs)).zip(&mut factors) {
        *factor = query.query.write(cpu, Some(shape.limit()), place) * scale;
    }
    tile::scores(cpu, keys.runs(head, blocks), PairRows { values: rows, stride: pairs, rows: count }, sums);
    let scales = keys.scales(head, blocks, scales);
    let rows = sums.chunks_exact(blocks).zip(words.chunks_exact_mut(blocks));
    for (((sums, words), query), factor) in rows.zip(&*queries).zip(&mut factors) {
        let (scale, bias) = (*factor, query.bias);
        *factor = cpu.run(Softmax { sums, scores, words, scale, bias, length, scales });
    }
    let values = words.as_flattened().as_chunks().0;
    let rows = PairRows { values, stride: blocks * TOKEN_PAIRS, rows: count };
    tile::weigh(cpu, &keys.runs(head, blocks), rows, totals);
    cpu.run(Outputs { totals, factors: &factors, queries });
}

impl Scratch {
    /// For so many queries of a width, and blocks of keys; all of it is written before it is read.
    fn resize(&mut self, queries: usize, blocks: usize, width: usize) {
        self.queries.resize(queries * width.div_ceil(2), [0; 2]);
        self.sums.resize(queries * blocks, Sums::default());
        self.scores.resize(blocks, [0.0; LANES]);
        self.words.resize(queries * blocks, [0; LANES]);
        self.totals.resize(width.div_ceil(LANES) * queries, Sums::default());
    }
}

/// Weighed values to outputs.
struct Outputs<'a, 'b> {
    /// `[panels, queries]`.
    totals: &'a [Sums],
    /// Of each query.
    factors: &'a [f32; MOST_QUERIES],
    queries: &'a mut [Query<'b>],
}

impl Loops for Outputs<'_, '_> {
    type Output = ();

    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let count = self.queries.len();
        for (row, (query, factor)) in self.queries.iter_mut().zip(self.factors).enumerate() {
            let (factor, totals) = (simd.splat(*factor), self.totals.iter().skip(row).step_by(count));
            for (place, sums) in query.output.chunks_mut(LANES).zip(totals) {
                let values = simd.mul(simd.floats(sums), factor);
                if let Some(place) = place.as_mut_array::<LANES>() {
                    simd.store(values, place);
                } else {
                    let mut all = [0.0; LANES];
                    simd.store(values, &mut all);
                    place.copy_from_slice(all.get(..place.len()).unwrap_or_default());
                }
            }
        }
    }
}

impl QueryVector<'_> {
    /// Puts it in its place, floats quantized; gives what a number there is multiplied by to get the query's again.
    pub(super) fn write(self, cpu: Cpu, limit: Option<f32>, place: &mut [[i16; 2]]) -> f32 {
        match self {
            Self::Floats(row) => cpu.run(Words { row, limit, place: place.as_flattened_mut() }),
            Self::Quantized { pairs, scale } => {
                let count = pairs.len().min(place.len());
                place[..count].copy_from_slice(&pairs[..count]);
                scale
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
