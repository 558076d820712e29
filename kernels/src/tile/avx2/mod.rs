//! 256 bits without VNNI: `vpmaddubsw` multiplies unsigned by signed bytes and adds two products in 16 bits, `vpmaddwd` 16 by 16
//! words.

mod excess;
mod pairs;
mod product;

pub(super) use excess::take_excess;
pub(super) use pairs::{scores, store, weigh};
pub(super) use product::{load, product};

/// Bytes from what is multiplied to what is fetched meanwhile from memory.
const AHEAD: usize = 3072;
