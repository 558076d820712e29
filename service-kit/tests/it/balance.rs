//! The balanced channel in front of real servers, with wires between that can be broken.

mod membership;
mod places;
mod share;
pub(crate) mod stage;
mod trouble;
