//! The integration tests: one binary, so that it links once.

mod basics;
mod one_segment;
mod servers;
mod support;
