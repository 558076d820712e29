//! What is done to rows of floats between products: norms, activations, and the exponential function under them.

mod activation;
mod exp;
mod norm;
mod softmax;

pub use activation::{Activation, activate, gate};
pub(crate) use exp::{Powers, exp};
pub use norm::{add, add_number, layer_norm, rms_norm, scale};
pub use softmax::{log_softmax, softmax};

use crate::simd::{Simd, filled_up, highest};

/// The highest magnitude of a row; what is not a number counts for nothing.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]
#[inline(always)]
pub(crate) fn highest_magnitude(simd: impl Simd, row: &[f32]) -> f32 {
    highest(simd, magnitudes(simd, row))
}

/// Of every 16th number, from each of the first 16 on, the highest magnitude.
#[expect(
    clippy::inline_always,
    reason = "only what is inlined is compiled for the instructions of the caller"
)]
#[inline(always)]
pub(crate) fn magnitudes<S: Simd>(simd: S, row: &[f32]) -> S::Floats {
    let (whole, rest) = row.as_chunks();
    let mut most = simd.splat(0.0);
    for values in whole {
        most = simd.max(simd.abs(simd.load(values)), most);
    }
    if !rest.is_empty() {
        most = simd.max(simd.abs(simd.load(&filled_up(rest))), most);
    }
    most
}
