//! The gateway over real sockets, with services of the tests' own behind it.

mod pages;
