//! The integration tests: one binary, so that it links once.

mod basics;
mod servers;
mod support;
