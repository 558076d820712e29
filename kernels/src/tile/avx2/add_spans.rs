//! Spans' products, written out: of intrinsics the compiler makes another order, for which the registers are too few.

use std::arch::{asm, x86_64::__m256i};

use super::super::spans::{SPAN, TOGETHER};
use crate::matrix::{GROUP, Line};

/// Rows that the registers have room for.
pub(super) const MOST: usize = TOGETHER;

/// Some spans of a panel and of some rows, as many of each.
#[derive(Clone, Copy)]
pub(super) struct SpanRun<'a, const R: usize> {
    pub(super) weights: &'a [[Line; SPAN]],
    pub(super) values: [&'a [[[i8; GROUP]; SPAN]]; R],
    pub(super) offsets: [&'a [[i16; 2]]; R],
}

impl<const R: usize> SpanRun<'_, R> {
    /// So many, from one on.
    #[inline]
    pub(super) fn part(&self, first: usize, count: usize) -> Self {
        let (mut values, mut offsets) = (self.values, self.offsets);
        for at in 0..R {
            (values[at], offsets[at]) = (&values[at][first..][..count], &offsets[at][first..][..count]);
        }
        Self { weights: &self.weights[first..][..count], values, offsets }
    }
}

/// What is fetched while a panel is multiplied: the next one, evenly, since memory doesn't give as much in the time of one tile.
#[derive(Clone, Copy)]
pub(super) struct Ahead {
    next: *const u8,
    /// Bytes with each span.
    each: usize,
}

impl Ahead {
    /// What comes after a panel, so that it is there after so many tiles.
    pub(super) fn new(panel: &[Line], tiles: usize) -> Self {
        let each = size_of::<[Line; SPAN]>().div_ceil(tiles.max(1));
        Self { next: panel.as_ptr_range().end.cast(), each }
    }
}

/// Begins to fetch a part of the next panel.
macro_rules! fetch {
    () => {
        "prefetcht1 byte ptr [{next}]\nprefetcht1 byte ptr [{next} + 64]\nadd {next}, {each}\n"
    };
}

/// Begins the sums in 16 bits of some rows.
macro_rules! begin {
    ($($row:literal),+) => {
        concat!($(
            "vpbroadcastd {low", $row, "}, dword ptr [{offset", $row, "} + {at}]\n",
            "vmovdqa {high", $row, "}, {low", $row, "}\n",
        )+)
    };
}

/// Adds the products of a span's group to the sums in 16 bits.
macro_rules! group {
    ($at:literal, $($row:literal),+) => {
        concat!(
            "vmovdqu {low}, ymmword ptr [{weights} + 64 * ", $at, "]\n",
            "vmovdqu {high}, ymmword ptr [{weights} + 64 * ", $at, " + 32]\n",
            $(
                "vpbroadcastd {value}, dword ptr [{values", $row, "} + 4 * {at} + 4 * ", $at, "]\n",
                "vpmaddubsw {product}, {low}, {value}\n",
                "vpaddw {low", $row, "}, {low", $row, "}, {product}\n",
                "vpmaddubsw {product}, {high}, {value}\n",
                "vpaddw {high", $row, "}, {high", $row, "}, {product}\n",
            )+
        )
    };
}

/// Adds the sums in 16 bits to those in 32.
macro_rules! end {
    ($($row:literal),+) => {
        concat!($(
            "vpmaddwd {low", $row, "}, {low", $row, "}, ymmword ptr [{ones}]\n",
            "vpaddd {sum", $row, "}, {sum", $row, "}, {low", $row, "}\n",
            "vpmaddwd {high", $row, "}, {high", $row, "}, ymmword ptr [{ones}]\n",
            "vpaddd {other", $row, "}, {other", $row, "}, {high", $row, "}\n",
        )+)
    };
}

/// A turn for each span: `at` goes from 0 to 4 times their number.
macro_rules! turns {
    ($($row:literal),+) => {
        concat!(
            "2:\n", fetch!(), begin!($($row),+),
            group!(0, $($row),+), group!(1, $($row),+), group!(2, $($row),+), group!(3, $($row),+),
            end!($($row),+), "add {weights}, 256\nadd {at}, 4\ncmp {at}, {end}\njne 2b\n",
        )
    };
}

/// Adds the products of one span or more to the sums of two rows or [`MOST`], 16 outputs each.
#[target_feature(enable = "avx2")]
#[inline]
pub(super) fn add_spans<const R: usize>(
    mut sum: [[__m256i; 2]; R],
    SpanRun { weights, values, offsets }: SpanRun<'_, R>,
    ahead: &mut Ahead,
) -> [[__m256i; 2]; R] {
    const ONES: &[i16; 16] = &[1; 16];
    let end = 4 * weights.len();
    if R == MOST {
        // SAFETY: the processor has the instructions, and what is read is in these slices, which are as long as each other; what is
        // fetched may be anywhere.
        unsafe {
            asm!(
                turns!(0, 1, 2),
                weights = inout(reg) weights.as_ptr() => _, at = inout(reg) 0_usize => _, end = in(reg) end, ones = in(reg) ONES,
                next = inout(reg) ahead.next, each = in(reg) ahead.each,
                values0 = in(reg) values[0].as_ptr(), values1 = in(reg) values[1].as_ptr(), values2 = in(reg) values[2].as_ptr(),
                offset0 = in(reg) offsets[0].as_ptr(), offset1 = in(reg) offsets[1].as_ptr(), offset2 = in(reg) offsets[2].as_ptr(),
                sum0 = inout(ymm_reg) sum[0][0], sum1 = inout(ymm_reg) sum[1][0], sum2 = inout(ymm_reg) sum[2][0],
                other0 = inout(ymm_reg) sum[0][1], other1 = inout(ymm_reg) sum[1][1], other2 = inout(ymm_reg) sum[2][1],
                low0 = out(ymm_reg) _, low1 = out(ymm_reg) _, low2 = out(ymm_reg) _,
                high0 = out(ymm_reg) _, high1 = out(ymm_reg) _, high2 = out(ymm_reg) _,
                low = out(ymm_reg) _, high = out(ymm_reg) _, value = out(ymm_reg) _, product = out(ymm_reg) _,
                options(pure, readonly, nostack),
            );
        }
    } else {
        // SAFETY: as above.
        unsafe {
            asm!(
                turns!(0, 1),
                weights = inout(reg) weights.as_ptr() => _, at = inout(reg) 0_usize => _, end = in(reg) end, ones = in(reg) ONES,
                next = inout(reg) ahead.next, each = in(reg) ahead.each,
                values0 = in(reg) values[0].as_ptr(), values1 = in(reg) values[1].as_ptr(),
                offset0 = in(reg) offsets[0].as_ptr(), offset1 = in(reg) offsets[1].as_ptr(),
                sum0 = inout(ymm_reg) sum[0][0], sum1 = inout(ymm_reg) sum[1][0],
                other0 = inout(ymm_reg) sum[0][1], other1 = inout(ymm_reg) sum[1][1],
                low0 = out(ymm_reg) _, low1 = out(ymm_reg) _, high0 = out(ymm_reg) _, high1 = out(ymm_reg) _,
                low = out(ymm_reg) _, high = out(ymm_reg) _, value = out(ymm_reg) _, product = out(ymm_reg) _,
                options(pure, readonly, nostack),
            );
        }
    }
    sum
}
