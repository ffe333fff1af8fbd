//! Connection strings.

use super::{SECRET, hides_secret};
use crate::builder::ConnectionBuilder;

/// A text; each `^` in it stands for a secret.
pub fn dsn(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let text = text.replace('^', SECRET);
    let builder = match text.parse::<ConnectionBuilder>() {
        Ok(builder) => builder,
        Err(error) => return hides_secret(&error, &text),
    };
    let written = builder.to_dsn().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    let again: ConnectionBuilder =
        written.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(again, builder, "{text:?} {written:?}");
    assert_eq!(again.to_dsn().ok(), Some(written));
    let shown = builder.to_string();
    let again: ConnectionBuilder =
        shown.parse().unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!(again.to_string(), shown, "{text:?}");
}
