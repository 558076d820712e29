//! What text generation does, seen from outside.

mod models;
mod weights;
