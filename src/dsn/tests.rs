//! One table for what is read, one for what is refused, and properties over random builders.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod pasted;
mod properties;
mod reading;
mod refusals;
mod writing;

use crate::builder::ConnectionBuilder;
use crate::error::Error;

/// Reads a text that must be read.
fn read(text: &str) -> ConnectionBuilder {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// The error for a text that must be refused.
fn refused(text: &str) -> Error {
    match text.parse::<ConnectionBuilder>() {
        Ok(builder) => panic!("{text} was read as {builder:?}"),
        Err(error) => error,
    }
}

/// Asserts code and fragments of an error.
fn assert_refused(text: &str, code: &str, fragments: &[&str]) {
    let error = refused(text);
    assert_eq!(error.code(), code, "{text}: {error}");
    for fragment in fragments {
        assert!(error.to_string().contains(fragment), "{text}: no {fragment} in: {error}");
    }
}

/// The key that an error names.
fn key_of(error: &Error) -> Option<&str> {
    match error {
        Error::Dsn(error) => error.key(),
        other => panic!("not an error of the connection string: {other}"),
    }
}
