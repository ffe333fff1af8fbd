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
mod certificates;
mod chains;
mod chapters;
mod cleartext_password;
#[cfg(feature = "cli")]
mod cli;
mod deadlines;
mod endpoint;
mod errors;
#[cfg(target_os = "linux")]
mod event_loops;
mod events;
mod examples;
mod expiry;
mod faults;
mod hostile;
mod hosts;
mod identity;
mod implied_modes;
mod keys;
mod kit;
mod modes;
mod names;
mod one_segment;
mod options;
mod pins;
mod pools;
mod probe;
mod process;
mod readme;
mod relay;
mod resolver;
mod resumption;
mod revocation;
mod roots;
mod rotation;
mod secrets;
mod security;
mod servers;
mod session;
mod support;
mod tls_parameters;
mod verdicts;
