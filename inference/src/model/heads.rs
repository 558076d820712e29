//! Attention in 32-bit floats on a CPU, head by head.
//!
//! As products of whole tensors, the scores of all heads go to memory and back some times, and in a step of decoding, with one
//! query for each row and head, one thread copies all keys and values into another order. Here a thread has the scores of some
//! queries of a head in its cache, and reads keys and values of few queries where they lie.
#![expect(
    clippy::inline_always,
    reason = "pulp compiles what it inlines for the processor's vectors, and nothing else"
)]

use candle_core::{DType, Device, Result, Tensor};
use kernels::{Cpu, Team, ops};
use pulp::{Arch, Simd, WithSimd};

use super::{
    numbers::with_all,
    product::{Order, fetch_after, multiply},
};

/// Most queries for which keys and values are read where they lie.
const FEW: usize = 8;
/// Queries of a head whose scores a thread has at a time.
const BLOCK: usize = 64;
/// Keys of fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 15;

/// Whether [`attend`] is for tensors of this kind.
pub(super) fn are_for(queries: &Tensor) -> bool {
    queries.device().is_cpu() && queries.dtype() == DType::F32
}

/// softmax(queries · keysᵀ + bias) · values: `[batch, heads, queries, width]` and twice `[batch, heads, length, width]` to
/// `[batch, heads, queries, width]`. A bias is `[batch, heads, queries, length]`, or 1 in the place of any of the first three.
pub(super) fn attend(queries: &Tensor, keys: &Tensor, values: &Tensor, bias: &[&Tensor]) -> Result<Tensor> {
    let (batch, heads, count, width) = queries.dims4()?;
    let length = keys.dim(2)?;
    let fits = keys.dims() == [batch, heads, length, width] && values.dims() == keys.dims();
    if !fits || queries.elem_count() == 0 || length == 0 {
        candle_core::bail!("{queries:?} can't attend to {keys:?} and {values:?}");
    }
    let strides =
        bias.iter().map(|bias| strides(bias, [batch, heads, count, length])).collect::<Result<Vec<_>>>()?;
    let tensors: Vec<&Tensor> = [queries, keys, values].into_iter().chain(bias.iter().copied()).collect();
    let mut output = vec![0.0; batch * heads * count * width];
    with_all(&tensors, |numbers| {
        let [queries, keys, values, bias @ ..] = numbers else { return };
        let bias = bias.iter().copied().zip(strides).collect();
        let all = Attention { queries, keys, values, bias, heads, count, length, width };
        let blocks = output.chunks_exact_mut(count * width).enumerate().flat_map(|(head, output)| {
            let blocks = output.chunks_mut(BLOCK * width).enumerate();
            blocks.map(move |(block, output)| (head, block * BLOCK, output))
        });
        let act = |(head, first, output): (usize, usize, &mut [f32])| all.block(head, first, output);
        if keys.len() < WORTH_A_THREAD { blocks.for_each(act) } else { Team::global().each(blocks, act) }
    })?;
    Tensor::from_vec(output, (batch, heads, count, width), &Device::Cpu)
}

/// How far apart the numbers of a bias are for two inputs, heads and queries.
fn strides(bias: &Tensor, [batch, heads, count, length]: [usize; 4]) -> Result<[usize; 3]> {
    let (of_batch, of_heads, of_count, of_length) = bias.dims4()?;
    let fits = |size: usize, all: usize| size == 1 || size == all;
    if !(fits(of_batch, batch) && fits(of_heads, heads) && fits(of_count, count) && of_length == length) {
        candle_core::bail!("{bias:?} is no bias of {:?}", [batch, heads, count, length]);
    }
    let stride = |size: usize, inner: usize| if size == 1 { 0 } else { inner };
    Ok([
        stride(of_batch, of_heads * of_count * length),
        stride(of_heads, of_count * length),
        stride(of_count, length),
    ])
}

struct Attention<'a> {
    /// `[batch, heads, count, width]`.
    queries: &'a [f32],
    /// `[batch, heads, length, width]`.
    keys: &'a [f32],
    /// `[batch, heads, length, width]`.
    values: &'a [f32],
    /// With their strides.
    bias: Vec<(&'a [f32], [usize; 3])>,
    heads: usize,
    count: usize,
    length: usize,
    width: usize,
}

impl Attention<'_> {
    /// Some queries of a head, counted through all inputs, from the `first` on: `output` is `[queries, width]`.
    fn block(&self, head: usize, first: usize, output: &mut [f32]) {
        let Self { length, width, .. } = *self;
        let rows = output.len() / width;
        let begin = (head * self.count + first) * width;
        let queries = self.queries.get(begin..begin + rows * width).unwrap_or_default();
        let source = head * length * width..(head + 1) * length * width;
        let keys = self.keys.get(source.clone()).unwrap_or_default();
        let values = self.values.get(source).unwrap_or_default();
        let mut scores = vec![0.0; rows * length];
        if rows <= FEW {
            Arch::new().dispatch(AskAll { queries, keys, width, scores: &mut scores });
        } else {
            multiply(&mut scores, queries, (keys, Order::Columns), width);
        }
        for (query, scores) in (first..).zip(scores.chunks_exact_mut(length)) {
            for (bias, [batch, heads, queries]) in &self.bias {
                let begin = head / self.heads * batch + head % self.heads * heads + query * queries;
                let bias = bias.get(begin..begin + length).unwrap_or_default();
                scores.iter_mut().zip(bias).for_each(|(score, bias)| *score += bias);
            }
            ops::softmax(Cpu::best(), scores);
        }
        if rows <= FEW {
            Arch::new().dispatch(Weigh { shares: &scores, values, width, output });
        } else {
            multiply(output, &scores, (values, Order::Rows), length);
        }
    }
}

/// Few queries times all keys.
struct AskAll<'a> {
    queries: &'a [f32],
    keys: &'a [f32],
    width: usize,
    /// `[queries, length]`.
    scores: &'a mut [f32],
}

impl WithSimd for AskAll<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { queries, keys, width, scores } = self;
        let length = keys.len() / width;
        for (query, scores) in queries.chunks_exact(width).zip(scores.chunks_exact_mut(length)) {
            for (score, key) in scores.iter_mut().zip(keys.chunks_exact(width)) {
                *score = dot(simd, query, key);
            }
        }
    }
}

/// All values, as much of each as a few queries have of it.
struct Weigh<'a> {
    /// `[queries, length]`.
    shares: &'a [f32],
    values: &'a [f32],
    width: usize,
    /// Zeros.
    output: &'a mut [f32],
}

impl WithSimd for Weigh<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { shares, values, width, output } = self;
        let length = values.len() / width;
        for (shares, output) in shares.chunks_exact(length).zip(output.chunks_exact_mut(width)) {
            for (share, value) in shares.iter().zip(values.chunks_exact(width)) {
                add(simd, output, *share, value);
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
            fetch_after(other);
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
        fetch_after(value);
        *output = simd.mul_add_f32s(shares, *value, *output);
    }
    output_tail.iter_mut().zip(tail).for_each(|(output, value)| *output += share * value);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Numbers without a pattern.
    fn tensor(shape: (usize, usize, usize, usize), seed: usize) -> Tensor {
        let (a, b, c, d) = shape;
        let number = |at: usize| ((at + seed) * 7919 % 1009) as f32 / 800.0 - 0.63;
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
            (batch, heads, count) in (1..4_usize, 1..6_usize, prop_oneof![1..=FEW, FEW..2 * BLOCK + 10]),
            (length, width) in (1..90_usize, 1..40_usize),
            (positions, of_one, filling) in any::<(bool, bool, bool)>(),
        ) {
            let (queries, keys) = (tensor((batch, heads, count, width), 1), tensor((batch, heads, length, width), 5));
            let values = tensor((batch, heads, length, width), 77);
            let by_position = tensor((1, heads, if of_one { 1 } else { count }, length), 9);
            let mut mask = vec![0.0; batch * length];
            mask.iter_mut().skip(1).step_by(3).for_each(|filled| *filled = f32::MIN);
            let mask = Tensor::from_vec(mask, (batch, 1, 1, length), &Device::Cpu).unwrap();
            let bias: Vec<&Tensor> =
                positions.then_some(&by_position).into_iter().chain(filling.then_some(&mask)).collect();
            prop_assert!(are_for(&queries));
            let found = attend(&queries, &keys, &values, &bias).unwrap();
            let wanted = plain(&queries, &keys, &values, &bias);
            prop_assert_eq!(found.dims(), wanted.dims());
            let apart = (found - wanted).unwrap().abs().unwrap().flatten_all().unwrap().max(0).unwrap();
            prop_assert!(apart.to_scalar::<f32>().unwrap() < 2e-5);
        }
    }

    #[test]
    fn keys_and_biases_of_another_shape_are_refused() {
        let (queries, keys) = (tensor((1, 2, 1, 8), 1), tensor((1, 2, 5, 8), 2));
        assert!(attend(&queries, &keys, &tensor((1, 2, 4, 8), 3), &[]).is_err());
        assert!(attend(&queries, &tensor((1, 2, 5, 7), 4), &keys, &[]).is_err());
        assert!(attend(&queries, &tensor((1, 2, 0, 8), 4), &tensor((1, 2, 0, 8), 4), &[]).is_err());
        for shape in [(1, 3, 1, 5), (2, 1, 1, 5), (1, 1, 2, 5), (1, 1, 1, 4), (1, 1, 1, 1)] {
            assert!(attend(&queries, &keys, &keys, &[&tensor(shape, 5)]).is_err(), "{shape:?}");
        }
    }
}
