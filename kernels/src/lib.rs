//! Arithmetic of encoder-decoder models on a CPU: products in 8-bit integers, attention in 16, norms and activations in
//! 32-bit floats.
//!
//! Knows nothing of models or files. Everything works on slices, row by row; threads are those of a [`Team`].
//!
//! # Layout
//!
//! - [`Cpu`]: which instructions there are. All paths give the same integers; what is in bfloat16 where there are tiles may differ
//!   in the last digits.
//! - [`Int8Matrix`]: the weight of a linear layer, packed; [`Int8Rows`]: its input, quantized row by row.
//! - [`product`]: the one with the other.
//! - [`Team`]: threads that split a product or the heads of attention; [`Threads`]: how many, and where they run.
//! - [`attention`]: queries over keys and values in blocks of 16 tokens; [`BufferPool`]: memory for these.
//! - [`ops`]: what is done to rows of floats in between.
//! - `simd`: 16 floats at a time.
//! - `tile`: the inner loops, for each set of instructions.

pub mod attention;
mod buffer;
mod columns;
mod cpu;
mod floats;
mod matrix;
pub mod ops;
mod outputs;
mod product;
mod quantize;
mod simd;
mod team;
mod tile;

pub use buffer::BufferPool;
pub use cpu::{Cpu, Isa};
pub use floats::Floats;
pub use matrix::{Int8Matrix, MatrixError, StoredBytes};
pub use product::{Finish, product, product_by};
pub use quantize::Int8Rows;
pub use team::{Team, Threads, ThreadsError};

/// Outputs of a panel: what one register of 512 bits sums up at once, and what all other sets of instructions follow.
pub const LANES: usize = 16;
