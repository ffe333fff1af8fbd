//! The two streams: results on stdout, everything for the person at the terminal on stderr.

use std::fmt;
use std::io::{ErrorKind, Write, stdout};

use serde::Serialize;

use crate::codes::{self, Code};
use crate::failure::Failure;
use crate::lines;

/// Prints a result.
pub(crate) fn print(text: impl fmt::Display) -> Result<(), Failure> {
    let mut out = stdout().lock();
    writeln!(out, "{text}").and_then(|()| out.flush()).map_err(|error| match error.kind() {
        ErrorKind::BrokenPipe => Failure::ReaderGone,
        _ => Failure::error(codes::OUTPUT, format!("the result could not be written: {error}")),
    })
}

/// Prints a result as JSON.
pub(crate) fn print_json(result: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(result)
        .map_err(|error| Failure::error(codes::OUTPUT, format!("no JSON: {error}")))?;
    print(text)
}

/// Prints a line on stderr.
pub(crate) fn tell(line: impl fmt::Display) {
    lines::write(line.to_string());
}

/// Prints an error on stderr.
pub(crate) fn complain(code: impl Into<Code>, message: impl fmt::Display) {
    tell(format_args!("error[{}]: {message}", code.into()));
}

pub(crate) fn warn(message: impl fmt::Display) {
    tell(format_args!("warning: {message}"));
}

/// Text that a server had a hand in, with everything escaped that could draw on a terminal.
pub(crate) fn escaped(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '\'' | '"' | '\\' => shown.push(character),
            _ => shown.extend(character.escape_debug()),
        }
    }
    shown
}
