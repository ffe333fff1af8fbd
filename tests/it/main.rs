//! The integration tests: one binary, so that it links once.

// A failed expectation is a failed test, in a helper too.
#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod attacks;
mod basics;
mod errors;
mod hostile;
mod kit;
mod modes;
mod options;
mod support;
