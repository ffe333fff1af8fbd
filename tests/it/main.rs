//! The integration tests: one binary, so that it links once.

mod basics;
mod kit;
mod modes;
mod support;
