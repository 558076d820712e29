//! Text generation with encoder-decoder models: tokens in, tokens out.
//!
//! Knows nothing of news, services or the network. The reference is Hugging Face transformers: what it computes in
//! 32-bit floats, this computes.

pub mod tokenizer;
