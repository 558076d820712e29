//! Products of bfloat16 for attention: `tdpbf16ps` multiplies and adds them up by pairs, in floats of 32 bits.
#![expect(clippy::unused_self, reason = "whoever has it has set up the tiles")]

use std::arch::asm;

use super::{
    super::{
        PairLine,
        bf16::{Block, PAIRS, ROWS, VALUE_PANELS},
    },
    Tiles, WIDTH,
};

impl Tiles {
    /// As [`Bf16Tiles::scores`](super::super::bf16::Bf16Tiles::scores).
    pub(crate) fn scores(&self, queries: &[[i16; 2]], keys: &[PairLine<i16>], scores: &mut [Block<f32>]) {
        let pairs = queries.len() / ROWS;
        assert!(pairs > 0 && pairs.is_multiple_of(PAIRS) && queries.len() == ROWS * pairs);
        for (keys, scores) in keys.chunks_exact(2 * pairs).zip(scores.chunks_exact_mut(2)) {
            // SAFETY: the tiles read all pairs of 16 queries and of two blocks, which are there, and write two blocks of scores.
            unsafe {
                asm!(
                    "tilezero tmm0",
                    "tilezero tmm1",
                    "2:",
                    "tileloadd tmm4, [{queries} + {stride}]",
                    "tileloadd tmm6, [{keys_0} + {width}]",
                    "tileloadd tmm7, [{keys_1} + {width}]",
                    "tdpbf16ps tmm0, tmm4, tmm6",
                    "tdpbf16ps tmm1, tmm4, tmm7",
                    "add {queries}, 64",
                    "add {keys_0}, 1024",
                    "add {keys_1}, 1024",
                    "dec {steps}",
                    "jnz 2b",
                    "tilestored [{scores} + {width}], tmm0",
                    "tilestored [{scores} + {width} + 1024], tmm1",
                    queries = inout(reg) queries.as_ptr() => _,
                    keys_0 = inout(reg) keys.as_ptr() => _,
                    keys_1 = inout(reg) keys.as_ptr().add(pairs) => _,
                    steps = inout(reg) pairs / PAIRS => _,
                    stride = in(reg) pairs * 4,
                    width = in(reg) WIDTH,
                    scores = in(reg) scores.as_mut_ptr(),
                    out("tmm0") _, out("tmm1") _, out("tmm4") _, out("tmm6") _, out("tmm7") _,
                    options(nostack),
                );
            }
        }
    }

    /// As [`Bf16Tiles::weigh`](super::super::bf16::Bf16Tiles::weigh).
    pub(crate) fn weigh(
        &self,
        weights: &[Block<f32>],
        panels: [&[PairLine<i16>]; VALUE_PANELS],
        sums: &mut [Block<f32>; VALUE_PANELS],
    ) {
        let steps = weights.len() / 2;
        assert!(steps > 0 && panels.iter().all(|panel| panel.len() >= steps * PAIRS));
        // SAFETY: the tiles read every other block of weights and as many lines of four panels, which are there, and write four
        // blocks of sums.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                "2:",
                "tileloadd tmm4, [{weights} + {width}]",
                "tileloadd tmm5, [{panel_0} + {width}]",
                "tdpbf16ps tmm0, tmm4, tmm5",
                "tileloadd tmm6, [{panel_1} + {width}]",
                "tdpbf16ps tmm1, tmm4, tmm6",
                "tileloadd tmm7, [{panel_2} + {width}]",
                "tdpbf16ps tmm2, tmm4, tmm7",
                "tileloadd tmm5, [{panel_3} + {width}]",
                "tdpbf16ps tmm3, tmm4, tmm5",
                "add {weights}, 2048",
                "add {panel_0}, 1024", "add {panel_1}, 1024",
                "add {panel_2}, 1024", "add {panel_3}, 1024",
                "dec {steps}",
                "jnz 2b",
                "tilestored [{sums} + {width}], tmm0",
                "tilestored [{sums} + {width} + 1024], tmm1",
                "tilestored [{sums} + {width} + 2048], tmm2",
                "tilestored [{sums} + {width} + 3072], tmm3",
                weights = inout(reg) weights.as_ptr() => _,
                panel_0 = inout(reg) panels[0].as_ptr() => _,
                panel_1 = inout(reg) panels[1].as_ptr() => _,
                panel_2 = inout(reg) panels[2].as_ptr() => _,
                panel_3 = inout(reg) panels[3].as_ptr() => _,
                steps = inout(reg) steps => _,
                width = in(reg) WIDTH,
                sums = in(reg) sums.as_mut_ptr(),
                out("tmm0") _, out("tmm1") _, out("tmm2") _, out("tmm3") _,
                out("tmm4") _, out("tmm5") _, out("tmm6") _, out("tmm7") _,
                options(nostack),
            );
        }
    }
}
