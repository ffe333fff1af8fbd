//! What a connection's TLS is to be: plain data, as setters and connection strings leave it.

use std::path::PathBuf;

use crate::pem_source::PemSource;
use crate::secret::PasswordSource;
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;

/// The options that concern TLS. Secrets are redacted by their types.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct TlsOptions {
    pub(crate) mode: Option<SslMode>,
    pub(crate) ca: Option<PemSource>,
    pub(crate) capath: Option<PathBuf>,
    pub(crate) roots: Option<SslRoots>,
    pub(crate) crl: Option<PemSource>,
    pub(crate) crlpath: Option<PathBuf>,
    pub(crate) cert: Option<PemSource>,
    pub(crate) key: Option<PemSource>,
    pub(crate) key_password: PasswordSource,
    /// As curl writes them: `sha256//BASE64`.
    pub(crate) pins: Vec<String>,
    /// SHA-256 in hexadecimal.
    pub(crate) fingerprints: Vec<String>,
    /// Lists of names, as MySQL writes them.
    pub(crate) versions: Option<String>,
    pub(crate) ciphers: Option<String>,
    pub(crate) ciphersuites: Option<String>,
    pub(crate) server_name: Option<String>,
    pub(crate) sni_servername: Option<String>,
    pub(crate) sni: bool,
    pub(crate) resumption: bool,
    pub(crate) reload: bool,
    pub(crate) key_log: bool,
}

impl Default for TlsOptions {
    fn default() -> Self {
        TlsOptions {
            mode: None,
            ca: None,
            capath: None,
            roots: None,
            crl: None,
            crlpath: None,
            cert: None,
            key: None,
            key_password: PasswordSource::None,
            pins: Vec::new(),
            fingerprints: Vec::new(),
            versions: None,
            ciphers: None,
            ciphersuites: None,
            server_name: None,
            sni_servername: None,
            sni: true,
            resumption: true,
            reload: true,
            key_log: false,
        }
    }
}

impl TlsOptions {
    /// Whether a CA is given, as a file, as text or as a directory.
    pub(crate) fn has_ca(&self) -> bool {
        self.ca.is_some() || self.capath.is_some()
    }

    /// Whether certificate revocation lists are given.
    pub(crate) fn has_crl(&self) -> bool {
        self.crl.is_some() || self.crlpath.is_some()
    }

    /// Whether the server's own certificate or key is given by its hash.
    pub(crate) fn has_pin(&self) -> bool {
        !(self.pins.is_empty() && self.fingerprints.is_empty())
    }
}
