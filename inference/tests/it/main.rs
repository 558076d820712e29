//! What text generation does, seen from outside.

mod engine;
mod kept;
mod models;
mod tokenizer;
mod tokenizer_hostile;
mod weights;
