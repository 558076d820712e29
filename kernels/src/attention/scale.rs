//! What a row's numbers are multiplied by to be integers.
#![expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]

use crate::{
    LANES,
    ops::{highest_magnitude, magnitudes},
    simd::Simd,
};

/// How a row becomes integers up to a limit, or bfloat16.
#[derive(Clone, Copy)]
pub(super) struct Scale {
    /// What an integer is multiplied by to get the number again.
    pub(super) scale: f32,
    /// What a number is multiplied by; nothing for bfloat16.
    inverse: Option<f32>,
}

impl Scale {
    #[inline(always)]
    pub(super) fn of(simd: impl Simd, row: &[f32], limit: Option<f32>) -> Self {
        let Some(limit) = limit else { return Self { scale: 1.0, inverse: None } };
        let [scale, inverse] = of_highest(highest_magnitude(simd, row), limit);
        Self { scale, inverse: Some(inverse) }
    }

    #[inline(always)]
    pub(super) fn words<S: Simd>(self, simd: S, values: S::Floats) -> [i16; LANES] {
        match self.inverse {
            Some(inverse) => simd.words(simd.nearest(simd.mul(values, simd.splat(inverse)))),
            None => simd.bf16(values),
        }
    }
}

/// The scales of 16 rows, as [`Scale::of`] has them, and what their numbers are multiplied by.
#[inline(always)]
pub(super) fn scales(simd: impl Simd, rows: &[&[f32]; LANES], limit: f32) -> [[f32; LANES]; 2] {
    let mut most = [[0.0; LANES]; LANES];
    for (most, row) in most.iter_mut().zip(rows) {
        simd.store(magnitudes(simd, row), most);
    }
    let (highest, mut scales, mut inverses) = (simd.highest_of_each(&most), [0.0; LANES], [0.0; LANES]);
    for ((scale, inverse), highest) in scales.iter_mut().zip(&mut inverses).zip(highest) {
        [*scale, *inverse] = of_highest(highest, limit);
    }
    [scales, inverses]
}

/// A scale and what numbers are multiplied by, from the highest magnitude of a row; none that can't be divided by.
#[inline(always)]
fn of_highest(highest: f32, limit: f32) -> [f32; 2] {
    let inverse = limit / highest;
    let fits = highest > 0.0 && inverse.is_finite() && highest.is_finite();
    if fits { [highest / limit, inverse] } else { [0.0; 2] }
}
