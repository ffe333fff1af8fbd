//! The integration tests: one binary, so that it links once.

// A failed expectation is a failed test, in a helper too.
#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    clippy::unwrap_used
)]

mod api;
mod attacks;
mod basics;
mod chains;
#[cfg(feature = "cli")]
mod cli;
mod deadlines;
mod errors;
mod events;
mod examples;
mod hostile;
mod identity;
mod kit;
mod modes;
mod one_segment;
mod options;
mod process;
mod readme;
mod relay;
mod rotation;
mod secrets;
mod servers;
mod session;
mod support;
