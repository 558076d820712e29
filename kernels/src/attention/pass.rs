//! A way through all keys for 16 queries.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use super::{
    exponentials::{Rows, Strip},
    tiled::{KEYS, QUERIES},
};
use crate::{
    LANES,
    cpu::Loops,
    simd::{Simd, highest, sum},
    tile::{BLOCKS, Block, TOKEN_PAIRS, VALUE_PANELS, Weights},
};

/// Each query's highest exponent; 0 where all keys are masked.
pub(super) struct Highest<'a> {
    pub(super) strip: Strip<'a>,
}

impl Loops for Highest<'_> {
    type Output = Rows<f32>;

    #[inline(always)]
    fn run(self, simd: impl Simd) -> Rows<f32> {
        let (Strip { tiles, queries, biases, .. }, mut scores) = (self.strip, [Block::default(); BLOCKS]);
        let mut all = [[f32::MIN; LANES]; QUERIES];
        for part in 0..self.strip.length.div_ceil(KEYS) {
            let Some(keys) = self.strip.keys(part) else { break };
            tiles.begin_scores(queries, keys, 0);
            tiles.begin_scores(queries, keys, 1);
            tiles.end_scores(queries, keys, &mut scores);
            let part = self.strip.part(part);
            for (row, place) in all.iter_mut().enumerate().take(biases.len()) {
                let [one, other] = part.exponents::<_, false>(simd, row, &scores, 0.0);
                simd.store(simd.max(simd.max(one, other), simd.load(place)), place);
            }
        }
        let mut found = [0.0; QUERIES];
        for (place, all) in found.iter_mut().zip(&all) {
            let most = highest(simd, simd.load(all));
            *place = if most > f32::MIN { most } else { 0.0 };
        }
        found
    }
}

/// Makes weights of all scores, with exponents less a base, and weighs values with them.
pub(super) struct Pass<'a> {
    pub(super) strip: Strip<'a>,
    /// None where they aren't known yet.
    pub(super) bases: Option<Rows<f32>>,
    pub(super) panels: [&'a [[i16; 2 * LANES]]; VALUE_PANELS],
    /// Of all parts, or of two in turns.
    pub(super) weights: &'a mut [Weights],
}

/// Parts of the queries between which the tiles get work.
const TURNS: usize = 4;

impl Loops for Pass<'_> {
    /// The sums of the weights, and the bases.
    type Output = [Rows<f32>; 2];

    #[inline(always)]
    fn run(self, simd: impl Simd) -> [Rows<f32>; 2] {
        let (Strip { tiles, queries, biases, length, .. }, strip) = (self.strip, self.strip);
        let (mut scores, mut totals) = ([Block::default(); BLOCKS], [[0.0; LANES]; QUERIES]);
        tiles.begin_sums();
        let first = strip.keys(0).unwrap_or_default();
        tiles.begin_scores(queries, first, 0);
        tiles.begin_scores(queries, first, 1);
        tiles.end_scores(queries, first, &mut scores);
        let bases = if let Some(bases) = self.bases { bases } else { strip.first_exponents(&scores) };
        let (parts, two) = (length.div_ceil(KEYS), self.weights.len() == 2);
        let slot = |part: usize| if two { part % 2 } else { part };
        for part in 0..parts {
            let (keys, now) = (strip.keys(part + 1), strip.part(part));
            for turn in 0..TURNS {
                // What the tiles do meanwhile: they multiply the next keys, and then weigh the values before.
                match (turn, keys, part.checked_sub(1)) {
                    (0 | 1, Some(keys), _) => tiles.begin_scores(queries, keys, turn),
                    (2 | 3, _, Some(before)) => {
                        tiles.weigh(&self.weights[slot(before)], values(self.panels, before), turn - 2);
                    }
                    _ => {}
                }
                let rows = turn * QUERIES / TURNS..((turn + 1) * QUERIES / TURNS).min(biases.len());
                now.weights(simd, rows, &scores, &bases, (&mut self.weights[slot(part)], &mut totals));
            }
            if let Some(keys) = keys {
                tiles.end_scores(queries, keys, &mut scores);
            }
        }
        for half in 0..2 {
            tiles.weigh(&self.weights[slot(parts - 1)], values(self.panels, parts - 1), half);
        }
        [sums(simd, &totals), bases]
    }
}

#[inline(always)]
fn sums(simd: impl Simd, totals: &Rows<[f32; LANES]>) -> Rows<f32> {
    let mut all = [0.0; QUERIES];
    for (place, totals) in all.iter_mut().zip(totals) {
        *place = sum(simd, simd.load(totals));
    }
    all
}

/// The values of a part.
#[inline(always)]
fn values(panels: [&[[i16; 2 * LANES]]; VALUE_PANELS], part: usize) -> [&[[i16; 2 * LANES]]; VALUE_PANELS] {
    let lines = BLOCKS * TOKEN_PAIRS;
    let mut parts = panels;
    for (place, panel) in parts.iter_mut().zip(panels) {
        *place = panel.get(part * lines..(part + 1) * lines).unwrap_or_default();
    }
    parts
}
