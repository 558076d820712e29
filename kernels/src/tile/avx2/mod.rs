//! 256 bits. Without VNNI `vpmaddubsw` multiplies unsigned by signed bytes and adds two products in 16 bits, and `vpmaddwd` adds
//! these two by two, or multiplies words.

mod add_spans;
mod dot;
mod excess;
mod norms;
mod pairs;
mod product;
pub(super) mod spans;

use dot::Dot;
pub(super) use dot::{Plain, Vnni};
pub(super) use excess::take_excess;
pub(super) use norms::{norms, span};
pub(super) use pairs::{scores, weigh};
pub(super) use product::product;

/// Bytes from what is multiplied to what is fetched meanwhile from memory.
const AHEAD: usize = 3072;
