//! Where certificates and keys come from: a file, or text.

use std::fmt;
use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

/// What PEM text begins with.
pub(crate) const BEGIN: &str = "-----BEGIN";

/// Where PEM comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PemSource {
    File(PathBuf),
    /// The text itself; it may hold a private key.
    Text(Zeroizing<Vec<u8>>),
}

impl PemSource {
    /// A path; or the text itself, where a caller gave that in a path's place, also with something
    /// before it. It must not be shown as a path would be.
    pub(crate) fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        match path.to_str() {
            Some(text) if text.contains(BEGIN) || text.contains('\n') => Self::text(text),
            _ => PemSource::File(path),
        }
    }

    pub(crate) fn text(pem: impl Into<Vec<u8>>) -> Self {
        PemSource::Text(Zeroizing::new(pem.into()))
    }

    /// How an error speaks of it.
    pub(crate) fn name(&self) -> String {
        match self {
            PemSource::File(path) => shown_path(path),
            PemSource::Text(_) => "the given PEM text".to_owned(),
        }
    }
}

/// A path for people, unless it looks like a piece of a key in a path's place.
pub(crate) fn shown_path(path: &Path) -> String {
    if may_be_text(path) {
        "a path that looks like text (PEM text begins with -----BEGIN)".to_owned()
    } else {
        path.display().to_string()
    }
}

/// Whether this is hardly a path: PEM, control characters, a name longer than any file's, or Base64.
pub(crate) fn may_be_text(path: &Path) -> bool {
    const LONGEST_NAME: usize = 255;
    const BASE64_LINE: usize = 40;
    let text = path.to_string_lossy();
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.contains(BEGIN)
        || text.contains(char::is_control)
        || text.split('/').any(|name| name.len() > LONGEST_NAME)
        || (text.len() >= BASE64_LINE && !text.starts_with('/') && text.bytes().all(base64))
}

impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemSource::File(path) if may_be_text(path) => f.write_str(&shown_path(path)),
            PemSource::File(path) => path.fmt(f),
            PemSource::Text(_) => f.write_str("<PEM text>"),
        }
    }
}

/// The path of a directory with such files, which is shown as [`shown_path`] says.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Directory(PathBuf);

impl<P: Into<PathBuf>> From<P> for Directory {
    fn from(path: P) -> Self {
        Directory(path.into())
    }
}

impl Deref for Directory {
    type Target = PathBuf;

    fn deref(&self) -> &PathBuf {
        &self.0
    }
}

impl DerefMut for Directory {
    fn deref_mut(&mut self) -> &mut PathBuf {
        &mut self.0
    }
}

impl fmt::Debug for Directory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if may_be_text(self) { f.write_str(&shown_path(self)) } else { self.0.fmt(f) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_in_a_paths_place_is_not_shown() {
        let pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMG\n";
        assert_eq!(PemSource::path(pem), PemSource::text(pem));
        assert_eq!(format!("{:?}", PemSource::path(pem)), "<PEM text>");
        assert_eq!(format!("{:?}", PemSource::path("ca.pem")), "\"ca.pem\"");
        for before in ["\n", "\u{feff}", "\"", "Bag Attributes\n  x: y\n"] {
            let given = format!("{before}{pem}");
            assert_eq!(PemSource::path(&given), PemSource::text(given.as_str()), "{before:?}");
        }
        let base64 = "MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQg";
        for text in [base64, "a\tb", &"x".repeat(300)] {
            let source = PemSource::path(text);
            assert!(!format!("{source:?} {}", source.name()).contains(text), "{text}");
        }
        let long = "/var/lib/app/tls/production/europe/certificates/ca";
        assert_eq!(PemSource::path(long).name(), long);
    }
}
