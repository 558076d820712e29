//! x · Wᵀ in 32-bit floats.
//!
//! A step of decoding multiplies a few rows with all weights, and takes as long as the weights take to come from memory.
//! A general product first copies them into the order that it likes, which pays for hundreds of rows and triples the
//! traffic for a few. So few rows have a kernel of their own that reads each weight once, where it lies.
#![expect(
    clippy::inline_always,
    reason = "pulp compiles what it inlines for the processor's vectors, and nothing else"
)]

use candle_core::utils::get_num_threads;
use gemm::{Parallelism, gemm};
use pulp::{Arch, Simd, WithSimd};
use rayon::{
    iter::{IndexedParallelIterator as _, ParallelIterator as _},
    slice::ParallelSliceMut as _,
};

/// Most rows for which reading in place is faster than copying.
const FEW: usize = 16;
/// Outputs that are computed together; their weights and partial sums stay in registers.
const OUTPUTS: usize = 3;
/// Rows that are computed together.
const ROWS: usize = 4;
/// Outputs that a thread takes at a time.
const STRIPE: usize = 32 * OUTPUTS;
/// Products of fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 17;

/// `input` is `[rows, width]`, `weight` is `[out_dim, width]`; gives `[rows, out_dim]`. What is missing of either counts
/// as not there: the result has the rows that are whole.
pub(super) fn product(input: &[f32], weight: &[f32], out_dim: usize) -> Vec<f32> {
    let width = weight.len() / out_dim.max(1);
    let rows = input.len() / width.max(1);
    if rows <= FEW { few(input, weight, rows, out_dim) } else { many(input, weight, rows, out_dim) }
}

/// The general product.
#[expect(unsafe_code, reason = "gemm takes pointers and strides")]
fn many(input: &[f32], weight: &[f32], rows: usize, out_dim: usize) -> Vec<f32> {
    let width = weight.len() / out_dim.max(1);
    let mut output = vec![0.0; rows * out_dim];
    let threads = match get_num_threads() {
        0 | 1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    };
    let (m, n, k) = (rows, out_dim, width);
    assert!(input.len() >= m * k && weight.len() >= n * k, "whole matrices");
    // SAFETY: the three matrices have m × n, m × k and k × n numbers, laid out as the strides say: output and input row by
    // row, the weight column by column, for it is transposed.
    unsafe {
        gemm(
            m,
            n,
            k,
            output.as_mut_ptr(),
            1,
            n.cast_signed(),
            false,
            input.as_ptr(),
            1,
            k.cast_signed(),
            weight.as_ptr(),
            k.cast_signed(),
            1,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
    output
}

/// A few rows, each weight read once.
fn few(input: &[f32], weight: &[f32], rows: usize, out_dim: usize) -> Vec<f32> {
    let width = weight.len() / out_dim.max(1);
    let arch = Arch::new();
    // `[out_dim, rows]`, so that stripes of outputs are slices.
    let mut columns = vec![0.0; out_dim * rows];
    if columns.is_empty() {
        return columns;
    }
    let stripe = |(at, output): (usize, &mut [f32])| {
        let weight = weight.get(at * STRIPE * width..).unwrap_or_default();
        arch.dispatch(Stripe { input, weight, width, rows, output });
    };
    if weight.len() * rows < WORTH_A_THREAD || get_num_threads() < 2 {
        columns.chunks_mut(STRIPE * rows).enumerate().for_each(stripe);
    } else {
        columns.par_chunks_mut(STRIPE * rows).enumerate().for_each(stripe);
    }
    if rows == 1 { columns } else { transposed(&columns, rows) }
}

/// `[columns, rows]` to `[rows, columns]`.
fn transposed(columns: &[f32], rows: usize) -> Vec<f32> {
    let mut output = vec![0.0; columns.len()];
    for (row, output) in output.chunks_exact_mut(columns.len() / rows).enumerate() {
        for (place, column) in output.iter_mut().zip(columns.chunks_exact(rows)) {
            *place = column[row];
        }
    }
    output
}

/// Some outputs of all rows.
struct Stripe<'a> {
    /// `[rows, width]`.
    input: &'a [f32],
    /// `[outputs or more, width]`.
    weight: &'a [f32],
    width: usize,
    rows: usize,
    /// `[outputs, rows]`.
    output: &'a mut [f32],
}

impl WithSimd for Stripe<'_> {
    type Output = ();

    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { input, weight, width, rows, output } = self;
        let outputs = weight.chunks_exact(width * OUTPUTS).zip(output.chunks_exact_mut(rows * OUTPUTS));
        let whole = outputs.len();
        for (weight, output) in outputs {
            some_rows::<S, OUTPUTS>(simd, split(weight, width), input, output, rows);
        }
        let weight = weight.get(whole * OUTPUTS * width..).unwrap_or_default();
        let output = output.get_mut(whole * OUTPUTS * rows..).unwrap_or_default();
        for (weight, output) in weight.chunks_exact(width).zip(output.chunks_exact_mut(rows)) {
            some_rows::<S, 1>(simd, [weight], input, output, rows);
        }
    }
}

/// `N` rows of a matrix.
#[inline(always)]
fn split<const N: usize>(matrix: &[f32], width: usize) -> [&[f32]; N] {
    std::array::from_fn(|row| matrix.get(row * width..(row + 1) * width).unwrap_or_default())
}

/// `N` outputs of all rows, as many rows at a time as there are registers for.
#[inline(always)]
fn some_rows<S: Simd, const N: usize>(
    simd: S,
    weight: [&[f32]; N],
    input: &[f32],
    output: &mut [f32],
    rows: usize,
) {
    let width = weight.first().map_or(0, |row| row.len());
    let mut put = |first: usize, row: usize, at: usize, sum: f32| {
        if let Some(place) = output.get_mut(at * rows + first + row) {
            *place = sum;
        }
    };
    let mut first = 0;
    while first < rows {
        let input = input.get(first * width..).unwrap_or_default();
        let count = match rows - first {
            1 => spread(dots::<S, N, 1>(simd, weight, split(input, width)), |row, at, sum| {
                put(first, row, at, sum);
            }),
            2 => spread(dots::<S, N, 2>(simd, weight, split(input, width)), |row, at, sum| {
                put(first, row, at, sum);
            }),
            3 => spread(dots::<S, N, 3>(simd, weight, split(input, width)), |row, at, sum| {
                put(first, row, at, sum);
            }),
            _ => spread(dots::<S, N, ROWS>(simd, weight, split(input, width)), |row, at, sum| {
                put(first, row, at, sum);
            }),
        };
        first += count;
    }
}

/// Hands out sums `[outputs][rows]`; says how many rows they had.
#[inline(always)]
fn spread<const N: usize, const M: usize>(
    sums: [[f32; M]; N],
    mut put: impl FnMut(usize, usize, f32),
) -> usize {
    for (at, rows) in sums.into_iter().enumerate() {
        for (row, sum) in rows.into_iter().enumerate() {
            put(row, at, sum);
        }
    }
    M
}

/// All dot products of `N` weights with `M` rows of the same length.
#[inline(always)]
fn dots<S: Simd, const N: usize, const M: usize>(
    simd: S,
    weights: [&[f32]; N],
    rows: [&[f32]; M],
) -> [[f32; M]; N] {
    let weights = weights.map(S::as_simd_f32s);
    let rows = rows.map(S::as_simd_f32s);
    let lanes = weights.iter().chain(&rows).map(|(lanes, _)| lanes.len()).min().unwrap_or(0);
    let (weight_lanes, row_lanes) =
        (weights.map(|(all, _)| &all[..lanes]), rows.map(|(all, _)| &all[..lanes]));
    let mut sums = [[simd.splat_f32s(0.0); M]; N];
    for lane in 0..lanes {
        let row = row_lanes.map(|lanes| lanes[lane]);
        for (sums, weight) in sums.iter_mut().zip(weight_lanes) {
            for (sum, row) in sums.iter_mut().zip(row) {
                *sum = simd.mul_add_f32s(weight[lane], row, *sum);
            }
        }
    }
    let tail = |(_, weight): (&[S::f32s], &[f32]), (_, row): (&[S::f32s], &[f32])| -> f32 {
        weight.iter().zip(row).map(|(weight, value)| weight * value).sum()
    };
    std::array::from_fn(|at| {
        std::array::from_fn(|row| simd.reduce_sum_f32s(sums[at][row]) + tail(weights[at], rows[row]))
    })
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;

    fn plain(input: &[f32], weight: &[f32], rows: usize, width: usize, out_dim: usize) -> Vec<f64> {
        let dot = |row: usize, at: usize| {
            let (row, at) = (&input[row * width..(row + 1) * width], &weight[at * width..(at + 1) * width]);
            row.iter().zip(at).map(|(a, b)| f64::from(*a) * f64::from(*b)).sum()
        };
        (0..rows)
            .flat_map(|row| (0..out_dim).map(move |at| (row, at)))
            .map(|(row, at)| dot(row, at))
            .collect()
    }

    proptest! {
        #[test]
        fn it_is_the_product_whatever_the_sizes(
            (rows, width, out_dim, input, weight) in (1..40_usize, 1..70_usize, 1..120_usize).prop_flat_map(
                |(rows, width, out_dim)| {
                    let number = -1.0..1.0_f32;
                    let sizes = (Just(rows), Just(width), Just(out_dim));
                    (sizes, vec(number.clone(), rows * width), vec(number, out_dim * width))
                }
            ).prop_map(|((rows, width, out_dim), input, weight)| (rows, width, out_dim, input, weight))
        ) {
            let found = product(&input, &weight, out_dim);
            let wanted = plain(&input, &weight, rows, width, out_dim);
            prop_assert_eq!(found.len(), wanted.len());
            for (found, wanted) in found.iter().zip(&wanted) {
                prop_assert!((f64::from(*found) - wanted).abs() < 1e-4, "{} {}", found, wanted);
            }
        }
    }

    #[test]
    fn large_products_are_the_same_on_several_threads() {
        let (rows, width, out_dim) = (3, 300, 700);
        let number = |at: usize| ((at * 7919) % 1000) as f32 / 1000.0 - 0.5;
        let input: Vec<f32> = (0..rows * width).map(number).collect();
        let weight: Vec<f32> = (0..out_dim * width).map(|at| number(at + 13)).collect();
        let found = product(&input, &weight, out_dim);
        for (found, wanted) in found.iter().zip(plain(&input, &weight, rows, width, out_dim)) {
            assert!((f64::from(*found) - wanted).abs() < 1e-3, "{found} {wanted}");
        }
    }
}
