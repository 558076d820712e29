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

/// Bytes from what is multiplied to what is fetched meanwhile from memory to the second cache, where there is one row.
/// Measured on Zen 4 against 4096 to the first: steps take a seventh less with two threads. On Zen 5, whose cores have more lines
/// under way, steps take a tenth less with 12288 than with 3072, and from 8192 to 49152 there is little difference.
static AHEAD: LazyLock<usize> = LazyLock::new(|| {
    let zen_5 = is_of_amd() && is_x86_feature_detected!("avxvnni");
    if zen_5 { 12288 } else { 3072 }
});
/// The same of a product of some rows, with more to do for each line, and of attention. Measured on Zen 4 against 3072: with that of
/// products a step of 4 beams takes a quarter less, of 8 rows a tenth, and from 8192 to 20480 there is no difference; with that
/// of attention a step of 8 rows takes a twentieth less.
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
