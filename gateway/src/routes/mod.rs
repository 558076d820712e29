//! The routes.

pub(crate) mod pages;
