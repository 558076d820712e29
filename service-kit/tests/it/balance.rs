//! The balanced channel in front of real servers, with wires between that can be broken.

mod membership;
mod places;
mod share;
mod stage;
mod trouble;
