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
use kernels::Team;
use pulp::{Arch, Simd, WithSimd};

/// Most rows for which reading in place is faster than copying.
const FEW: usize = 12;
/// Outputs that a thread takes at a time.
const STRIPE: usize = 96;
/// Products of fewer numbers than this are not worth a second thread.
const WORTH_A_THREAD: usize = 1 << 17;

/// `input` is `[rows, width]`, `weight` is `[out_dim, width]`; gives `[rows, out_dim]`. What is missing of either counts
/// as not there: the result has the rows that are whole.
pub(super) fn product(input: &[f32], weight: &[f32], out_dim: usize) -> Vec<f32> {
    let width = weight.len() / out_dim.max(1);
    let rows = input.len() / width.max(1);
    if rows <= FEW { few(input, weight, rows, out_dim) } else { many(input, weight, rows, out_dim) }
}

/// The general product, by as many threads as pay.
fn many(input: &[f32], weight: &[f32], rows: usize, out_dim: usize) -> Vec<f32> {
    let width = weight.len() / out_dim.max(1);
    let mut output = vec![0.0; rows * out_dim];
    let threads = match get_num_threads() {
        0 | 1 => Parallelism::None,
        threads => Parallelism::Rayon(threads),
    };
    multiply_by(&mut output, input, (weight, Order::Columns), width, threads);
    output
}

/// How a matrix lies in memory.
#[derive(Debug, Clone, Copy)]
pub(super) enum Order {
    /// Row by row.
    Rows,
    /// Column by column.
    Columns,
}

/// The product of matrices, by this thread: `[m, inner]`, row by row, times `[inner, n]`, in either order, gives `output`, `[m, n]`.
pub(super) fn multiply(output: &mut [f32], left: &[f32], right: (&[f32], Order), inner: usize) {
    multiply_by(output, left, right, inner, Parallelism::None);
}

#[expect(unsafe_code, reason = "gemm takes pointers and strides")]
fn multiply_by(output: &mut [f32], left: &[f32], right: (&[f32], Order), inner: usize, threads: Parallelism) {
    let (right, order) = right;
    let (m, n, k) = (left.len() / inner.max(1), right.len() / inner.max(1), inner);
    assert!(output.len() >= m * n, "a whole matrix");
    let (across, down) = match order {
        Order::Rows => (1, n.cast_signed()),
        Order::Columns => (k.cast_signed(), 1),
    };
    // SAFETY: the three matrices have m × n, m × k and k × n numbers, laid out as the strides say.
    unsafe {
        gemm(
            m,
            n,
            k,
            output.as_mut_ptr(),
            1,
            n.cast_signed(),
            false,
            left.as_ptr(),
            1,
            k.cast_signed(),
            right.as_ptr(),
            across,
            down,
            0.0,
            1.0,
            false,
            false,
            false,
            threads,
        );
    }
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
    let stripes = columns.chunks_mut(STRIPE * rows).enumerate();
    if weight.len() * rows < WORTH_A_THREAD {
        stripes.for_each(stripe);
    } else {
        Team::global().each(stripes, stripe);
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

    /// One weight after the other, so that memory is read in one stream: of several, each would stall by itself.
    #[inline(always)]
    fn with_simd<S: Simd>(self, simd: S) {
        let Self { input, weight, width, rows, output } = self;
        for (weight, output) in weight.chunks_exact(width).zip(output.chunks_exact_mut(rows)) {
            let (mut input, mut output) = (input, output);
            while !output.is_empty() {
                // As many rows as there are registers for, and no fewer sums than the processor adds at once.
                let done = match output.len() {
                    1 => dots::<S, 1, 4>(simd, weight, input, output),
                    2 | 3 => dots::<S, 2, 4>(simd, weight, input, output),
                    4..=7 => dots::<S, 4, 2>(simd, weight, input, output),
                    _ => dots::<S, 8, 1>(simd, weight, input, output),
                };
                input = input.get(done * width..).unwrap_or_default();
                output = output.split_at_mut(done).1;
            }
        }
    }
}

/// The products of one weight with `ROWS` rows of its length, by `SUMS` sums for each; indices are constants, or the sums
/// would leave the registers. Says how many rows it took.
#[inline(always)]
fn dots<S: Simd, const ROWS: usize, const SUMS: usize>(
    simd: S,
    weight: &[f32],
    input: &[f32],
    output: &mut [f32],
) -> usize {
    let (lanes, tail) = S::as_simd_f32s(weight);
    let mut rest = input.chunks_exact(weight.len());
    let rows: [_; ROWS] = std::array::from_fn(|_| S::as_simd_f32s(rest.next().unwrap_or(weight)));
    let row_lanes = rows.map(|(row, _)| &row[..lanes.len()]);
    let mut sums = [[simd.splat_f32s(0.0); SUMS]; ROWS];
    let whole = lanes.len() / SUMS * SUMS;
    for first in (0..whole).step_by(SUMS) {
        for at in 0..SUMS {
            fetch_after(&lanes[first + at]);
            for row in 0..ROWS {
                sums[row][at] =
                    simd.mul_add_f32s(lanes[first + at], row_lanes[row][first + at], sums[row][at]);
            }
        }
    }
    for lane in whole..lanes.len() {
        for row in 0..ROWS {
            sums[row][0] = simd.mul_add_f32s(lanes[lane], row_lanes[row][lane], sums[row][0]);
        }
    }
    for ((output, sums), (_, row_tail)) in output.iter_mut().zip(sums).zip(rows) {
        let sum = sums.into_iter().reduce(|sum, more| simd.add_f32s(sum, more));
        let rest: f32 = tail.iter().zip(row_tail).map(|(weight, value)| weight * value).sum();
        *output = sum.map_or(0.0, |sum| simd.reduce_sum_f32s(sum)) + rest;
    }
    ROWS
}

/// Bytes from what is multiplied to what is fetched meanwhile from memory. Measured on an Intel Xeon, encoder included: 64 steps of
/// 4 beams take a fifth less than without, of 8 rows an eighth, 128 of one a tenth; from 4096 to 16384 there is no difference.
#[cfg(target_arch = "x86_64")]
const AHEAD: usize = 8192;

/// Begins to fetch what lies [`AHEAD`] bytes after a place in memory.
#[cfg(target_arch = "x86_64")]
#[expect(unsafe_code, reason = "the instruction takes any address")]
#[inline(always)]
pub(super) fn fetch_after<T>(place: &T) {
    use std::arch::x86_64::{_MM_HINT_T1, _mm_prefetch};
    // SAFETY: what can't be fetched is left where it is, and every processor of this kind has the instruction.
    unsafe { _mm_prefetch::<_MM_HINT_T1>((&raw const *place).cast::<i8>().wrapping_add(AHEAD)) }
}

/// Other processors are left to do it by themselves.
#[cfg(not(target_arch = "x86_64"))]
#[inline(always)]
pub(super) const fn fetch_after<T>(_: &T) {}

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
