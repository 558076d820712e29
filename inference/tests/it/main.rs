//! What text generation does, seen from outside.

mod engine;
mod models;
mod tokenizer;
mod tokenizer_hostile;
mod weights;
