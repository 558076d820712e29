//! Attention: softmax(q · k + bias) · v.
//!
//! Queries, keys and values are quantized to 16 bits (keys and values of what a decoder reads to 8), each row of a head with
//! a scale of its own, and so are the probabilities: products are exact integers, and what is lost is about as much as 16-bit floats lose. Keys and values
//! lie in blocks of 16 tokens, so that a cache grows token by token, and beams share the blocks before the last. Scores
//! are made for a few queries at a time and never written as a whole (as Dao et al., <https://arxiv.org/abs/2205.14135>,
//! but with all keys of these queries at once). Where the processor multiplies bfloat16 as fast, an encoder's attention is in that
//! instead, and makes weights of some keys' scores at a time (`tiled`, `pass`, `exponentials`).

mod blocks;
mod exponentials;
mod heads;
mod page;
mod pass;
mod queries;
mod scale;
mod softmax;
mod strip;
#[cfg(test)]
mod tests;
mod tiled;
mod write;

pub use blocks::{HeadShape, KvBlocks, Precision};
pub use heads::{Bias, Queries, Strip, attend_heads};
pub use page::KvPage;
pub use queries::{QueryVector, SourceQueries, SourceQueriesMut};
pub use strip::{Keys, Query, Scratch, attend};
pub use write::{KvBlocksMut, Tokens};

/// Most keys of a query, so that sums stay within 32 bits.
pub const MOST_KEYS: usize = 1 << 16;
/// Most queries at once.
pub const MOST_QUERIES: usize = crate::tile::ROWS;
