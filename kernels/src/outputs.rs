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

    /// Puts a row's outputs where they belong.
    #[inline(always)]
    pub(crate) fn put(&self, simd: S, product: &Product<'_>, row: usize, sums: S::Floats) {
        let scale = simd.splat(product.row_scales[row]);
        let mut values = simd.fma(sums, simd.mul(self.scales, scale), self.bias);
        if product.finish == Finish::Relu {
            values = simd.max(values, simd.splat(0.0));
        }
        // SAFETY: each panel is in one part of a product only, and a part goes through its tiles, and the places of a tile, one
        // after the other.
        let place = unsafe { product.output.get(row, product.columns(self.panel)) };
        if let Some(place) = place.as_mut_array::<LANES>() {
            if product.finish == Finish::Add {
                values = simd.add(values, simd.load(place));
            }
            simd.store(values, place);
        } else {
            last(simd, values, product.finish, place);
        }
    }
}

/// The last panel, where it is not whole.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]
#[inline(always)]
fn last<S: Simd>(simd: S, values: S::Floats, finish: Finish, place: &mut [f32]) {
    let mut all = [0.0; LANES];
    simd.store(values, &mut all);
    for (place, value) in place.iter_mut().zip(all) {
        *place = if finish == Finish::Add { *place + value } else { value };
    }
}
