//! 512 bits with VNNI: `vpdpbusd` multiplies 64 unsigned by 64 signed bytes, `vpdpwssd` 32 by 32 words of 16 bits, and
//! both add them up by groups. Weights without a sign are too large by 128, which the sum of the row takes off again.

mod bf16;
mod pairs;
mod product;

use std::{
    arch::x86_64::{__m512i, _mm512_add_epi32},
    sync::LazyLock,
};

use crate::cpu::is_of_amd;

pub(super) use bf16::Bf16;
pub(super) use pairs::{scores, weigh};
pub(super) use product::product;
#[cfg(target_os = "linux")]
pub(super) use product::{load_floats, load_some, store_some};

/// What is fetched from memory to the second cache while one row is multiplied.
#[derive(Debug, Clone, Copy)]
struct OneRow {
    /// Bytes from what is multiplied to what is fetched.
    ahead: usize,
    /// Whether all lines are, or every fourth: the processor's own prefetcher follows, and has more lines under way than a program
    /// can ask for.
    all: bool,
}

/// Measured on Zen 4, with weights in large pages and in turns: with two threads a step of one row takes 0 to 6 % less with every
/// fourth line than with all, 3072 bytes ahead (medians of five series), with one between 5 % less and 4 % more. From 0 to 8192 bytes
/// make little difference, from 10240 on it takes longer. On Zen 5, whose cores have more lines under way, only all lines were
/// measured: steps take a tenth less with 12288 than with 3072, and from 8192 to 49152 there is little difference.
static ONE_ROW: LazyLock<OneRow> =
    LazyLock::new(|| match (is_of_amd(), is_x86_feature_detected!("avxvnni")) {
        (true, true) => OneRow { ahead: 12288, all: true },
        (true, false) => OneRow { ahead: 4096, all: false },
        (false, _) => OneRow { ahead: 3072, all: true },
    });
/// Bytes ahead in a product of some rows, with more to do for each line, and in attention; all lines are fetched. Measured on Zen 4
/// against 3072: with that of products a step of 4 beams takes a quarter less, of 8 rows a tenth, and from 8192 to 20480 there is no
/// difference; with that of attention a step of 8 rows takes a twentieth less. With every fourth line a step of 4 beams takes a tenth
/// longer with two threads (but with one, and weights of 150 MB, a sixth less), and attention to an output up to half longer.
const FAR_AHEAD: usize = 8192;

/// The sum of some registers.
#[target_feature(enable = "avx512f")]
#[inline]
#[expect(clippy::needless_range_loop, reason = "indices that are constants keep the sums in registers")]
fn total<const U: usize>(sums: &[__m512i; U]) -> __m512i {
    let mut total = sums[0];
    for at in 1..U {
        total = _mm512_add_epi32(total, sums[at]);
    }
    total
}
