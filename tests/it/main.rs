//! The integration tests: one binary, so that it links once.

mod basics;
#[cfg(feature = "cli")]
mod cli;
mod examples;
mod support;
