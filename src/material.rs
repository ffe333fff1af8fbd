//! Certificates and keys from files and text; the only place that reads them.

mod file;
mod identity;
mod issuer;
mod roots;
mod server_key;

use std::fmt;
use std::path::PathBuf;

use zeroize::Zeroizing;

pub(crate) use file::read_secret;
pub(crate) use identity::ClientIdentity;
pub(crate) use issuer::may_issue;
pub(crate) use roots::{GivenRoots, RootCerts, public_roots};
pub(crate) use server_key::check_server_key;

/// Where PEM comes from.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum PemSource {
    File(PathBuf),
    /// The text itself; it may hold a private key.
    Text(Zeroizing<Vec<u8>>),
}

impl PemSource {
    pub(crate) fn text(pem: impl Into<Vec<u8>>) -> Self {
        PemSource::Text(Zeroizing::new(pem.into()))
    }

    /// How an error speaks of it.
    fn name(&self) -> String {
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
