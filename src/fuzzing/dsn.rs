//! Connection strings.

use super::{SECRET, hides_secret};
use crate::builder::ConnectionBuilder;

/// A text; each `^` in it stands for a secret, and then each piece of it in turn.
pub fn dsn(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    for text in with_secrets(text) {
        if let Err(error) = text.parse::<ConnectionBuilder>() {
            hides_secret(&error, &text);
        }
    }
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

/// The text with a secret in place of each of its first pieces, whatever they are.
fn with_secrets(text: &str) -> impl Iterator<Item = String> {
    const PIECES: usize = 24;
    let pieces = text.split([':', '/', '@', '?', '&', '=', ',']).filter(|piece| !piece.is_empty());
    pieces.take(PIECES).map(|piece| {
        let start = piece.as_ptr().addr() - text.as_ptr().addr();
        format!("{}{SECRET}{}", &text[..start], &text[start + piece.len()..])
    })
}
