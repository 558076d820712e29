//! What text generation does, seen from outside.

mod models;
mod tokenizer;
mod tokenizer_hostile;
mod weights;
