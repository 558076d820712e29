//! Sums of tiles to outputs.

use std::{
    arch::x86_64::{
        __m512, __m512i, _mm512_cvtepi32_ps, _mm512_fmadd_ps, _mm512_loadu_si512, _mm512_mul_ps,
        _mm512_set1_epi32, _mm512_set1_ps, _mm512_sub_epi32,
    },
    ops::Range,
};

use super::{
    super::{
        PANELS,
        avx512::{load_floats, load_some, store_some},
    },
    product::BOTH,
};
use crate::{LANES, matrix::OFFSET, product::Product};

/// Sums of two tiles of rows by two panels, row by row.
#[repr(C, align(64))]
#[derive(Clone, Copy)]
pub(super) struct Sums(pub(super) [[[i32; LANES]; PANELS]; BOTH]);

impl Default for Sums {
    fn default() -> Self {
        Self([[[0; LANES]; PANELS]; BOTH])
    }
}

/// The panels of a block, and what its rows have.
pub(super) struct Outputs<'a> {
    scales: [__m512; PANELS],
    bias: [__m512; PANELS],
    /// Of the rows' integers.
    sums: &'a [i32],
    row_scales: &'a [f32],
    /// The first row's first output.
    place: *mut f32,
    /// Outputs from a row to the next.
    stride: usize,
}

impl<'a> Outputs<'a> {
    /// Of a block of two whole panels.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn whole(product: &Product<'a>, panel: usize, row: usize) -> Option<Self> {
        let [one, other] = [panel, panel + 1];
        let rows = row..(row + BOTH).min(product.rows());
        let columns = product.columns(one).start..product.columns(other).end;
        let (place, stride) = product.output.block(rows.clone(), columns)?;
        Some(Self {
            scales: [load_floats(product.scales.get(one)?), load_floats(product.scales.get(other)?)],
            bias: [load_some(product.bias(one)), load_some(product.bias(other))],
            sums: &product.sums[rows.clone()],
            row_scales: &product.row_scales[rows],
            place,
            stride,
        })
    }

    /// Some rows' outputs, of those that there are.
    #[target_feature(enable = "avx512f")]
    #[inline]
    pub(super) fn write(&self, sums: &Sums, rows: Range<usize>, with: impl Fn(__m512, &[f32]) -> __m512) {
        let rows = rows.start..rows.end.min(self.sums.len());
        let Some(of_rows) = self.sums.get(rows.clone()) else { return };
        let of_rows = of_rows.iter().zip(&self.row_scales[rows.clone()]).zip(&sums.0[rows.clone()]);
        for (row, ((sum, scale), totals)) in rows.zip(of_rows) {
            let (offset, row_scale) = (offset(*sum), _mm512_set1_ps(*scale));
            // SAFETY: all outputs of the block are there, each panel is in one part of a product only, and a part goes through its rows
            // one after the other.
            let places = unsafe { &mut *self.place.add(row * self.stride).cast::<[[f32; LANES]; PANELS]>() };
            // Without a closure, which would not be inlined.
            for panel in 0..PANELS {
                let scale = _mm512_mul_ps(self.scales[panel], row_scale);
                let values = _mm512_fmadd_ps(total(&totals[panel], offset), scale, self.bias[panel]);
                let values = with(values, &places[panel]);
                store_some(&mut places[panel], values);
            }
        }
    }
}

/// What is taken from all of a row's totals, whose integers have such a sum.
#[target_feature(enable = "avx512f")]
#[inline]
fn offset(sum: i32) -> __m512i {
    _mm512_set1_epi32(i32::from(OFFSET) * sum)
}

#[target_feature(enable = "avx512f")]
#[inline]
fn total(sums: &[i32; LANES], offset: __m512i) -> __m512 {
    // SAFETY: there are 16, and the load needs no alignment.
    _mm512_cvtepi32_ps(_mm512_sub_epi32(unsafe { _mm512_loadu_si512(sums.as_ptr().cast()) }, offset))
}

/// The outputs of a block at the edge, as many as there are.
#[target_feature(enable = "avx512f")]
#[inline(never)]
pub(super) fn write_some(
    product: &Product<'_>,
    (panel, row): (usize, usize),
    sums: &Sums,
    with: impl Fn(__m512, &[f32]) -> __m512,
) {
    let panels = panel..(panel + PANELS).min(product.panels());
    for (row, totals) in (row..product.rows()).zip(&sums.0) {
        let (offset, row_scale) = (offset(product.sums[row]), _mm512_set1_ps(product.row_scales[row]));
        for (panel, totals) in panels.clone().zip(totals) {
            // SAFETY: as in `Outputs::write`.
            let place = unsafe { product.output.get(row, product.columns(panel)) };
            let scale = _mm512_mul_ps(load_floats(&product.scales[panel]), row_scale);
            let values = _mm512_fmadd_ps(total(totals, offset), scale, load_some(product.bias(panel)));
            let values = with(values, place);
            store_some(place, values);
        }
    }
}
