//! Names: capitalised words that the article must have, in combinations that it has.
//!
//! # Layout
//!
//! - `run`: capitalised words that belong together; `place`: countries and their people; `role`: what people are.
//! - `index`: the names of an article; `check`: what of a sentence they don't support.

mod check;
mod index;
mod place;
mod role;
mod run;

pub(super) use check::Check;
pub(super) use index::Names;
