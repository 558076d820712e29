//! Products of bfloat16 for attention: `tdpbf16ps` multiplies and adds them up by pairs, in floats of 32 bits. Tiles 0 to 3 have
//! the weighed values, 4 and 5 the scores.
#![expect(clippy::unused_self, reason = "whoever has it has set up the tiles")]

use std::arch::asm;

use super::{
    super::{
        PairLine,
        bf16::{BLOCKS, Block, PAIRS, ROWS, VALUE_PANELS, Weights},
    },
    Tiles, WIDTH,
};

impl Tiles {
    /// As [`Bf16Tiles::begin_scores`](super::super::bf16::Bf16Tiles::begin_scores).
    #[inline]
    pub(crate) fn begin_scores(&self, queries: &[[i16; 2]], keys: &[PairLine<i16>], half: usize) {
        let pairs = keys.len() / BLOCKS;
        assert!(pairs > 0 && pairs.is_multiple_of(PAIRS) && queries.len() >= ROWS * pairs);
        let steps = pairs / PAIRS;
        if half == 0 {
            // SAFETY: this thread has set up the tiles, which the compiler knows nothing of.
            unsafe { asm!("tilezero tmm4", "tilezero tmm5", options(nostack, nomem, preserves_flags)) };
        }
        for step in if half == 0 { 0..steps.div_ceil(2) } else { steps.div_ceil(2)..steps } {
            let (queries, keys) = (&queries[step * PAIRS..], &keys[step * PAIRS..]);
            // SAFETY: the tiles read a step's pairs of 16 queries and of two blocks, which are there.
            unsafe {
                asm!(
                    "tileloadd tmm6, [{queries} + {stride}]",
                    "tileloadd tmm7, [{keys_0} + {width}]",
                    "tdpbf16ps tmm4, tmm6, tmm7",
                    "tileloadd tmm7, [{keys_1} + {width}]",
                    "tdpbf16ps tmm5, tmm6, tmm7",
                    queries = in(reg) queries.as_ptr(),
                    keys_0 = in(reg) keys.as_ptr(),
                    keys_1 = in(reg) keys.as_ptr().add(pairs),
                    stride = in(reg) pairs * size_of::<[i16; 2]>(),
                    width = in(reg) WIDTH,
                    options(nostack, readonly, preserves_flags),
                );
            }
        }
    }

    /// As [`Bf16Tiles::end_scores`](super::super::bf16::Bf16Tiles::end_scores).
    #[inline]
    pub(crate) fn end_scores(&self, scores: &mut [Block; BLOCKS]) {
        // SAFETY: the tiles write two blocks.
        unsafe {
            asm!(
                "tilestored [{scores} + {width}], tmm4",
                "tilestored [{scores} + {width} + 1024], tmm5",
                scores = in(reg) scores.as_mut_ptr(),
                width = in(reg) WIDTH,
                options(nostack, preserves_flags),
            );
        }
    }

    /// As [`Bf16Tiles::begin_sums`](super::super::bf16::Bf16Tiles::begin_sums).
    #[inline]
    pub(crate) fn begin_sums(&self) {
        // SAFETY: this thread has set up the tiles, which the compiler knows nothing of.
        unsafe {
            asm!(
                "tilezero tmm0",
                "tilezero tmm1",
                "tilezero tmm2",
                "tilezero tmm3",
                options(nostack, nomem, preserves_flags),
            );
        }
    }

    /// As [`Bf16Tiles::weigh`](super::super::bf16::Bf16Tiles::weigh).
    #[inline]
    pub(crate) fn weigh(&self, weights: &Weights, panels: [&[PairLine<i16>]; VALUE_PANELS], half: usize) {
        assert!(panels.iter().all(|panel| panel.len() >= PAIRS));
        // SAFETY: the tiles read all weights and as many lines of two panels, which are there.
        unsafe {
            if half == 0 {
                asm!(
                    "tileloadd tmm6, [{weights} + {width}]",
                    "tileloadd tmm7, [{panel_0} + {width}]",
                    "tdpbf16ps tmm0, tmm6, tmm7",
                    "tileloadd tmm7, [{panel_1} + {width}]",
                    "tdpbf16ps tmm1, tmm6, tmm7",
                    weights = in(reg) weights,
                    panel_0 = in(reg) panels[0].as_ptr(),
                    panel_1 = in(reg) panels[1].as_ptr(),
                    width = in(reg) WIDTH,
                    options(nostack, readonly, preserves_flags),
                );
            } else {
                asm!(
                    "tileloadd tmm6, [{weights} + {width}]",
                    "tileloadd tmm7, [{panel_2} + {width}]",
                    "tdpbf16ps tmm2, tmm6, tmm7",
                    "tileloadd tmm7, [{panel_3} + {width}]",
                    "tdpbf16ps tmm3, tmm6, tmm7",
                    weights = in(reg) weights,
                    panel_2 = in(reg) panels[2].as_ptr(),
                    panel_3 = in(reg) panels[3].as_ptr(),
                    width = in(reg) WIDTH,
                    options(nostack, readonly, preserves_flags),
                );
            }
        }
    }

    /// As [`Bf16Tiles::end_sums`](super::super::bf16::Bf16Tiles::end_sums).
    #[inline]
    pub(crate) fn end_sums(&self, sums: &mut [Block; VALUE_PANELS]) {
        // SAFETY: the tiles write four blocks.
        unsafe {
            asm!(
                "tilestored [{sums} + {width}], tmm0",
                "tilestored [{sums} + {width} + 1024], tmm1",
                "tilestored [{sums} + {width} + 2048], tmm2",
                "tilestored [{sums} + {width} + 3072], tmm3",
                sums = in(reg) sums.as_mut_ptr(),
                width = in(reg) WIDTH,
                options(nostack, preserves_flags),
            );
        }
    }
}
