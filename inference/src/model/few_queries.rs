//! Attention of a few queries in 32-bit floats on a CPU.
//!
//! A step of decoding has one query for each row and head. As matrix products on candle, one thread copies keys and values into
//! another order first, head by head; here all threads read them once, where they lie.
#![expect(
    clippy::inline_always,
    reason = "pulp compiles what it inlines for the processor's vectors, and nothing else"
)]

use candle_core::{DType, Device, Result, Tensor};
use kernels::Team;
use pulp::{Arch, Simd, WithSimd};

use super::numbers::with_numbers;

/// Most queries of a head for which this is faster.
const FEW: usize = 8;
/// Keys of fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 15;

/// Whether [`attend`] is for these, which are as its own.
pub(super) fn are_few(queries: &Tensor, bias: &[&Tensor]) -> bool {
    let few = queries.dims4().is_ok_and(|(.., queries, _)| queries <= FEW);
    let of_keys = |bias: &&Tensor| bias.dims4().is_ok_and(|(.., queries, _)| queries == 1);
    few && queries.device().is_cpu() && queries.dtype() == DType::F32 && bias.iter().all(of_keys)
}

/// softmax(queries · keys + bias) · values: `[batch, heads, queries, width]` and twice `[batch, heads, length, width]` to
/// `[batch, heads, queries, width]`. A bias is `[batch or 1, heads or 1, 1, length]`.
pub(super) fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor, bias: &[&Tensor]) -> Result<Tensor> {
    let (batch, heads, count, width) = queries.dims4()?;
    let length = keys.dim(2)?;
    if keys.dims() != [batch, heads, length, width] || values.dims() != keys.dims() || keys.elem_count() == 0
    {
        candle_core::bail!("{queries:?} can't attend to {keys:?} and {values:?}");
    }
    let mut sum = Tensor::zeros((1, 1, 1, length), DType::F32, &Device::Cpu)?;
    for bias in bias {
        sum = sum.broadcast_add(bias)?;
    }
    let sum = sum.broadcast_as((batch, heads, 1, length))?;
    let mut output = vec![0.0; batch * heads * count * width];
    with_numbers([queries, keys, values, &sum], |[queries, keys, values, bias]| {
        let sources = keys.chunks_exact(length * width).zip(values.chunks_exact(length * width));
        let queries = queries.chunks_exact(count * width).zip(bias.chunks_exact(length));
        let parts = sources.zip(queries).zip(output.chunks_exact_mut(count * width));
        let arch = Arch::new();
        let act = |(((keys, values), (queries, bias)), output)| {
            arch.dispatch(Head { queries, keys, values, bias, width, output });
        };
        if keys.len() < WORTH_A_THREAD { parts.for_each(act) } else { Team::global().each(parts, act) }
    })?;
    Tensor::from_vec(output, (batch, heads, count, width), &Device::Cpu)
}

/// One head of one input.
struct Head<'a> {
    /// `[queries, width]`.
    queries: &'a [f32],
    /// `[length, width]`.
    keys: &'a [f32],
    /// `[length, width]`.
    values: &'a [f32],
    /// `[length]`.
    bias: &'a [f32],
    width: usize,
    /// `[queries, width]`.
    output: &'a mut [f32],
}

impl WithSimd for Head<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { queries, keys, values, bias, width, output } = self;
        let mut scores = vec![0.0; bias.len()];
        for (query, output) in queries.chunks_exact(width).zip(output.chunks_exact_mut(width)) {
            for ((score, key), bias) in scores.iter_mut().zip(keys.chunks_exact(width)).zip(bias) {
                *score = dot(simd, query, key) + bias;
            }
            let sum = exponentials(&mut scores);
            for (score, value) in scores.iter().zip(values.chunks_exact(width)) {
                add(simd, output, score / sum, value);
            }
        }
    }
}

#[inline(always)]
fn dot<S: Simd>(simd: S, one: &[f32], other: &[f32]) -> f32 {
    let ((one, one_tail), (other, other_tail)) = (S::as_simd_f32s(one), S::as_simd_f32s(other));
    let mut sums = [simd.splat_f32s(0.0); 2];
    for (one, other) in one.chunks(2).zip(other.chunks(2)) {
        for ((sum, one), other) in sums.iter_mut().zip(one).zip(other) {
            *sum = simd.mul_add_f32s(*one, *other, *sum);
        }
    }
    let tail: f32 = one_tail.iter().zip(other_tail).map(|(one, other)| one * other).sum();
    simd.reduce_sum_f32s(simd.add_f32s(sums[0], sums[1])) + tail
}

/// Adds so much of some values.
#[inline(always)]
fn add<S: Simd>(simd: S, output: &mut [f32], share: f32, values: &[f32]) {
    let ((output, output_tail), (values, tail)) = (S::as_mut_simd_f32s(output), S::as_simd_f32s(values));
    let shares = simd.splat_f32s(share);
    for (output, value) in output.iter_mut().zip(values) {
        *output = simd.mul_add_f32s(shares, *value, *output);
    }
    output_tail.iter_mut().zip(tail).for_each(|(output, value)| *output += share * value);
}

/// Each score's exponential, from the highest score on, in its place; gives their sum.
fn exponentials(scores: &mut [f32]) -> f32 {
    let highest = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    for score in &mut *scores {
        *score = (*score - highest).exp();
    }
    scores.iter().sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers without a pattern.
    fn tensor(shape: (usize, usize, usize, usize), seed: usize) -> Tensor {
        let (a, b, c, d) = shape;
        let number = |at: usize| ((at + seed) * 7919 % 1009) as f32 / 300.0 - 1.6;
        Tensor::from_vec((0..a * b * c * d).map(number).collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
    }

    fn plain(queries: &Tensor, keys: &Tensor, values: &Tensor, bias: &[&Tensor]) -> Tensor {
        let mut scores = queries.matmul(&keys.t().unwrap().contiguous().unwrap()).unwrap();
        for bias in bias {
            scores = scores.broadcast_add(bias).unwrap();
        }
        candle_nn::ops::softmax_last_dim(&scores).unwrap().matmul(values).unwrap()
    }

    proptest! {
        #[test]
        fn it_is_what_two_products_give(
            (batch, heads, count) in (1..4_usize, 1..9_usize, 1..=FEW),
            (length, width) in (1..70_usize, 1..40_usize),
            (positions, filling) in any::<(bool, bool)>(),
        ) {
            let (queries, keys) = (tensor((batch, heads, count, width), 1), tensor((batch, heads, length, width), 5));
            let values = tensor((batch, heads, length, width), 77);
            let by_position = tensor((1, heads, 1, length), 9);
            let mut mask = vec![0.0; batch * length];
            mask.iter_mut().skip(1).step_by(3).for_each(|filled| *filled = f32::MIN);
            let mask = Tensor::from_vec(mask, (batch, 1, 1, length), &Device::Cpu).unwrap();
            let bias: Vec<&Tensor> =
                positions.then_some(&by_position).into_iter().chain(filling.then_some(&mask)).collect();
            prop_assert!(are_few(&queries, &bias));
            let found = attend(&queries, &keys, &values, &bias).unwrap();
            let wanted = plain(&queries, &keys, &values, &bias);
            prop_assert_eq!(found.dims(), wanted.dims());
            let apart = (found - wanted).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            prop_assert!(apart.to_scalar::<f32>().unwrap() < 1e-5);
        }
    }

    #[test]
    fn keys_of_another_shape_are_refused() {
        let (queries, keys) = (tensor((1, 2, 1, 8), 1), tensor((1, 2, 5, 8), 2));
        assert!(attend(&queries, &keys, &tensor((1, 2, 4, 8), 3), &[]).is_err());
        assert!(attend(&queries, &tensor((1, 2, 5, 7), 4), &keys, &[]).is_err());
        assert!(attend(&queries, &tensor((1, 2, 0, 8), 4), &tensor((1, 2, 0, 8), 4), &[]).is_err());
    }
}
