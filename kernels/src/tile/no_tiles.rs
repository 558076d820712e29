//! The tiles of AMX where there are none.

use super::{
    PairLine,
    bf16::{BLOCKS, Block, VALUE_PANELS, Weights},
};

/// Nobody has them.
pub(crate) enum Tiles {}

impl Tiles {
    pub(crate) fn begin_scores(&self, _: &[[i16; 2]], _: &[PairLine<i16>], _: usize) {
        match *self {}
    }

    pub(crate) fn end_scores(&self, _: &mut [Block; BLOCKS]) {
        match *self {}
    }

    pub(crate) fn begin_sums(&self) {
        match *self {}
    }

    pub(crate) fn weigh(&self, _: &Weights, _: [&[PairLine<i16>]; VALUE_PANELS], _: usize) {
        match *self {}
    }

    pub(crate) fn end_sums(&self, _: &mut [Block; VALUE_PANELS]) {
        match *self {}
    }
}
