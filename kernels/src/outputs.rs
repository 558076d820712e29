//! From the integers of a tile to the outputs of a product.
#![expect(unsafe_code, reason = "threads write different columns of the same rows")]

use crate::{
    Finish, LANES,
    columns::Columns,
    cpu::Loops,
    simd::{Simd, chunks},
    tile::Sums,
};

/// What becomes of the sums of a tile, some rows of some panels.
pub(crate) struct Outputs<'a> {
    /// Of the weights, for each panel.
    pub(crate) scales: &'a [[f32; LANES]],
    /// Of the inputs, for each row.
    pub(crate) row_scales: &'a [f32],
    /// From the tile's first output on.
    pub(crate) bias: Option<&'a [f32]>,
    pub(crate) finish: Finish,
    pub(crate) all: &'a Columns<'a>,
    /// The tile's first row.
    pub(crate) row: usize,
    /// The tile's first output.
    pub(crate) column: usize,
}

impl Outputs<'_> {
    /// Where the outputs of a row and a panel of the tile go: 16, or fewer at the end of a row.
    #[expect(clippy::mut_from_ref, reason = "no two that are used at once are the same")]
    pub(crate) fn place(&self, row: usize, panel: usize) -> &mut [f32] {
        let begin = self.column + panel * LANES;
        // SAFETY: each panel is in one part of a product only, and a part goes through its tiles, and the places of a tile,
        // one after the other.
        unsafe { self.all.get(self.row + row, begin..begin + LANES) }
    }
}

/// Sums of a tile to outputs, all in one go: there are few for each call.
pub(crate) struct Scaled<'a, 'b> {
    pub(crate) outputs: &'a Outputs<'b>,
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
        let (outputs, rows) = (self.outputs, self.outputs.row_scales.len().max(1));
        let panels = outputs.scales.iter().zip(self.sums.chunks_exact(rows)).enumerate();
        for (panel, (scales, sums)) in panels {
            let bias = outputs.bias.and_then(|bias| bias.get(panel * LANES..)).unwrap_or_default();
            let bias = chunks(bias.get(..LANES).unwrap_or(bias), 0.0);
            let bias = bias.iter().next().map_or(simd.splat(0.0), |bias| simd.load(bias));
            let scales = simd.load(scales);
            for (row, (sums, scale)) in sums.iter().zip(outputs.row_scales).enumerate() {
                let mut values = simd.fma(simd.floats(sums), simd.mul(scales, simd.splat(*scale)), bias);
                if outputs.finish == Finish::Relu {
                    values = simd.max(values, simd.splat(0.0));
                }
                let place = outputs.place(row, panel);
                if let Some(place) = place.as_mut_array::<LANES>() {
                    if outputs.finish == Finish::Add {
                        values = simd.add(values, simd.load(place));
                    }
                    simd.store(values, place);
                } else {
                    last(simd, values, outputs.finish, place);
                }
            }
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
