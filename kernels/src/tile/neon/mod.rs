//! 128 bits of ARM: with the dot product `sdot` multiplies 16 signed bytes and adds them up by groups of 4, with matrices
//! `usmmla` does the same for two rows at once (and `bfmmla` for half as many numbers of bfloat16), and without either `smull` and `smlal`
//! add two products in 16 bits.

mod bf16;
mod bytes;
mod dot;
mod matrices;
mod pairs;
mod words;

pub(super) use bf16::multiply;
pub(super) use bytes::bytes;
pub(super) use dot::{Base, Dotprod};
pub(super) use matrices::{Bf16mm, I8mm};
pub(super) use pairs::pairs;
pub(super) use words::words;
