//! Where certificates and keys come from: a file, or text.

use std::fmt;
use std::path::PathBuf;

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
    /// A path; or the text itself, where a caller gave that in a path's place. It must not be
    /// shown as a path would be.
    pub(crate) fn path(path: impl Into<PathBuf>) -> Self {
        let path = path.into();
        match path.to_str() {
            Some(text) if text.trim_start().starts_with(BEGIN) => Self::text(text),
            _ => PemSource::File(path),
        }
    }

    pub(crate) fn text(pem: impl Into<Vec<u8>>) -> Self {
        PemSource::Text(Zeroizing::new(pem.into()))
    }

    /// How an error speaks of it.
    pub(crate) fn name(&self) -> String {
        match self {
            PemSource::File(path) => path.display().to_string(),
            PemSource::Text(_) => "the given PEM text".to_owned(),
        }
    }
}

impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PemSource::File(path) => path.fmt(f),
            PemSource::Text(_) => f.write_str("<PEM text>"),
        }
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
    }
}
