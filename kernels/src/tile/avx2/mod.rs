//! 256 bits. Without VNNI `vpmaddubsw` multiplies unsigned by signed bytes and adds two products in 16 bits, and `vpmaddwd` adds
//! these two by two, or multiplies words.

mod dot;
mod excess;
pub(super) mod fours;
mod pairs;
mod product;

use dot::Dot;
pub(super) use dot::{Plain, Vnni};
pub(super) use excess::take_excess;
pub(super) use pairs::{scores, weigh};
pub(super) use product::product;

/// Bytes from what is multiplied to what is fetched meanwhile from memory.
const AHEAD: usize = 3072;
