//! A connection string in its parts: scheme, authority, path and query.

use super::encoding::{BadEncoding, decode};
use super::forms;
use crate::error::{DsnError, DsnErrorKind};

/// The parts, none of them decoded.
pub(super) struct Parts<'a> {
    pub(super) authority: &'a str,
    pub(super) path: &'a str,
    pub(super) query: &'a str,
}

/// Takes `SCHEME://` off; another tool's form is an error that says how to write it here.
pub(super) fn scheme<'a>(
    text: &'a str,
    ignored: &[&str],
) -> Result<(Option<u16>, &'a str), DsnError> {
    forms::quotes(text)?;
    let Some((scheme, rest)) = text.split_once("://") else {
        return Err(forms::no_scheme(text));
    };
    match scheme.to_ascii_lowercase().as_str() {
        "mysql" | "mariadb" => Ok((None, rest)),
        "tidb" => Ok((Some(TIDB_PORT), rest)),
        other if forms::is_scheme(other) => Err(forms::other_scheme(other, rest, ignored)),
        _ => Err(forms::no_scheme(text)),
    }
}

/// TiDB listens on 4000.
const TIDB_PORT: u16 = 4000;

/// Splits what follows the scheme. An `@` after the authority, or a `#` anywhere, is a part of the
/// password in the wrong place: reading on would take the password's end for options.
pub(super) fn parts(rest: &str) -> Result<Parts<'_>, DsnError> {
    if rest.contains('#') {
        return Err(encoding(
            "the connection string has a `#`: write `%23` for it, also in the password",
        ));
    }
    match decode(rest) {
        // Its parts are looked at one by one, which tells better where it is.
        Ok(_) | Err(BadEncoding::Utf8) => {}
        Err(bad) => return Err(encoding(&format!("the connection string {}", bad.reason()))),
    }
    let end = rest.find(['/', '?']).unwrap_or(rest.len());
    let (authority, after) = rest.split_at(end);
    if after.contains('@') {
        return Err(encoding(
            "the connection string has an `@` behind the host: if user or password contain `/` or \
             `?`, write `%2F` and `%3F` for them; in the database or in a value write `%40` for `@`",
        ));
    }
    let (path, query) = after.split_once('?').unwrap_or((after, ""));
    Ok(Parts { authority, path, query })
}

/// Refuses `<PASSWORD>`, `${PASSWORD}` and the like. A part that really looks so can be
/// percent-encoded.
pub(super) fn placeholder(part: &str, raw: &str) -> Result<(), DsnError> {
    let angle = raw.find('<').is_some_and(|start| raw.rfind('>').is_some_and(|end| start < end));
    let dollar = raw.find("${").is_some_and(|start| raw.rfind('}').is_some_and(|end| start < end));
    if !angle && !dollar {
        return Ok(());
    }
    let marks = if angle { "`<...>`" } else { "`${...}`" };
    Err(DsnError::new(
        DsnErrorKind::Placeholder,
        None,
        format!(
            "the {part} still has a placeholder, {marks}: put the real one in its place, \
             percent-encoded"
        ),
    ))
}

fn encoding(message: &str) -> DsnError {
    DsnError::new(DsnErrorKind::Encoding, None, message)
}
