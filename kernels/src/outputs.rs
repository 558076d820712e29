//! From the integers of a tile to the outputs of a product.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use std::ops::Range;

use crate::{
    Finish, LANES,
    cpu::Loops,
    product::Product,
    simd::{Simd, chunks},
    tile::Sums,
};

/// Sums of a tile to outputs, all in one go: there are few for each call.
pub(crate) struct Scaled<'a, 'b> {
    pub(crate) product: &'a Product<'b>,
    pub(crate) panels: Range<usize>,
    pub(crate) rows: Range<usize>,
    /// `[panels][rows]`.
    pub(crate) sums: &'a [Sums],
}

impl Loops for Scaled<'_, '_> {
    type Output = ();

    #[expect(
        clippy::inline_always,
        reason = "only what is inlined is compiled for the instructions of the caller"
    )]
    #[inline(always)]
    fn run(self, simd: impl Simd) {
        let Self { product, panels, rows, sums } = self;
        for (panel, sums) in panels.zip(sums.chunks_exact(rows.len().max(1))) {
            let outputs = PanelOutputs::new(simd, product, panel);
            for (row, sums) in rows.clone().zip(sums) {
                outputs.put(simd, product, row, simd.floats(sums));
            }
        }
    }
}

/// What a panel's sums become outputs with.
#[derive(Clone, Copy)]
pub(crate) struct PanelOutputs<S: Simd> {
    panel: usize,
    bias: S::Floats,
    scales: S::Floats,
}

#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]
impl<S: Simd> PanelOutputs<S> {
    #[inline(always)]
    pub(crate) fn new(simd: S, product: &Product<'_>, panel: usize) -> Self {
        let bias = chunks(product.bias(panel), 0.0);
        let bias = bias.iter().next().map_or(simd.splat(0.0), |bias| simd.load(bias));
        Self { panel, bias, scales: simd.load(&product.scales[panel]) }
    }

    /// Puts the outputs of some rows where they belong: what there is to look up is looked up once.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    pub(crate) fn put_rows<const R: usize>(
        &self,
        simd: S,
        product: &Product<'_>,
        row: usize,
        sums: &[S::Floats; R],
    ) {
        let Some((first, apart)) = product.output.block(row..row + R, product.columns(self.panel)) else {
            (row..).zip(sums).for_each(|(row, sums)| self.put(simd, product, row, *sums));
            return;
        };
        let scales: &[f32; R] = &product.row_scales[row..].as_chunks().0[0];
        for at in 0..R {
            // SAFETY: all these places are there, and nobody else's, as below.
            let place = unsafe { &mut *first.add(at * apart).cast() };
            self.put_all(simd, product.finish, scales[at], sums[at], place);
        }
    }

    /// Puts a row's outputs where they belong.
    #[inline(always)]
    pub(crate) fn put(&self, simd: S, product: &Product<'_>, row: usize, sums: S::Floats) {
        // SAFETY: each panel is in one part of a product only, and a part goes through its tiles, and the places of a tile, one
        // after the other.
        let place = unsafe { product.output.get(row, product.columns(self.panel)) };
        if let Some(place) = place.as_mut_array() {
            self.put_all(simd, product.finish, product.row_scales[row], sums, place);
            return;
        }
        // The last panel, where it is not whole.
        let mut all = [0.0; LANES];
        all.iter_mut().zip(place.iter()).for_each(|(all, place)| *all = *place);
        self.put_all(simd, product.finish, product.row_scales[row], sums, &mut all);
        place.iter_mut().zip(all).for_each(|(place, all)| *place = all);
    }

    /// Puts all outputs of a row that has this scale.
    #[inline(always)]
    fn put_all(&self, simd: S, finish: Finish, scale: f32, sums: S::Floats, place: &mut [f32; LANES]) {
        let values = simd.fma(sums, simd.mul(self.scales, simd.splat(scale)), self.bias);
        let values = match finish {
            Finish::Store => values,
            Finish::Add => simd.add(values, simd.load(place)),
            Finish::Relu => simd.max(values, simd.splat(0.0)),
        };
        simd.store(values, place);
    }
}
