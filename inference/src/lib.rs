//! Text generation with encoder-decoder models: tokens in, tokens out.
//!
//! Knows nothing of news, services or the network. The reference is Hugging Face transformers: what it computes in
//! 32-bit floats, this computes.
//!
//! # Layout
//!
//! - [`config`]: a model's architecture and sizes, from `config.json`.
//! - [`weights`]: its tensors, from safetensors, pickles or GGUF.
//! - [`engine`]: the forward passes in 8-bit integers on a CPU, for rows that come and go.
//! - [`batching`]: one engine for many threads, whose steps are taken together.
//! - [`model`]: the forward passes, behind the trait [`Seq2Seq`](model::Seq2Seq).
//! - [`generation`]: greedy search, beam search and sampling over any of them.
//! - [`tokenizer`]: text to token ids and back.
//! - [`Pretrained`]: a model's folder, opened; [`Threads`]: what computes.

pub mod batching;
pub mod config;
pub mod engine;
pub mod generation;
pub mod model;
mod pretrained;
#[cfg(feature = "testing")]
pub mod testing;
pub mod tokenizer;
pub mod weights;

pub use candle_core::{DType, Device};
pub use kernels::{Threads, ThreadsError};
pub use pretrained::{Pretrained, PretrainedError};
