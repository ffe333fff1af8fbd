//! What a connection's TLS is to be: plain data, as setters and connection strings leave it.

use crate::pem_source::{Directory, PemSource};
use crate::secret::PasswordSource;
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;

/// The options that concern TLS. Secrets are redacted by their types.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct TlsOptions {
    pub(crate) mode: Option<SslMode>,
    pub(crate) ca: Option<PemSource>,
    pub(crate) capath: Option<Directory>,
    pub(crate) roots: Option<SslRoots>,
    pub(crate) crl: Option<PemSource>,
    pub(crate) crlpath: Option<Directory>,
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
    pub(crate) sni: Option<bool>,
    pub(crate) resumption: Option<bool>,
    pub(crate) reload: Option<bool>,
    pub(crate) key_log: bool,
}

impl TlsOptions {
    /// Whether a CA is given, as a file, as text or as a directory.
    pub(crate) fn has_ca(&self) -> bool {
        self.ca.is_some() || self.capath.is_some()
    }

    /// The mode that the other options ask for.
    pub(crate) fn implied_mode(&self) -> Option<SslMode> {
        // Public CAs vouch for anybody, so their word is worth something for a name alone.
        if self.roots.is_some() {
            Some(SslMode::VerifyIdentity)
        } else if self.has_ca() {
            Some(SslMode::VerifyCa)
        } else {
            self.has_pin().then_some(SslMode::Required)
        }
    }

    /// Whether certificate revocation lists are given.
    pub(crate) fn has_crl(&self) -> bool {
        self.crl.is_some() || self.crlpath.is_some()
    }

    /// The same, with paths that do not depend on the working directory.
    pub(crate) fn with_absolute_paths(&self) -> Self {
        let mut options = self.clone();
        let files = [&mut options.ca, &mut options.cert, &mut options.key, &mut options.crl];
        let files = files.into_iter().flatten().filter_map(|source| match source {
            PemSource::File(path) => Some(path),
            PemSource::Text(_) => None,
        });
        let directories = [&mut options.capath, &mut options.crlpath].into_iter().flatten();
        let directories = directories.map(|directory| &mut **directory);
        for path in files.chain(directories) {
            if let Ok(absolute) = std::path::absolute(&path) {
                *path = absolute;
            }
        }
        options
    }

    /// Whether the server's own certificate or key is given by its hash.
    pub(crate) fn has_pin(&self) -> bool {
        !(self.pins.is_empty() && self.fingerprints.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_relative_path_is_meant_from_here() {
        let here = std::env::current_dir().unwrap();
        let options = TlsOptions {
            ca: Some(PemSource::path("ca.pem")),
            capath: Some("cas".into()),
            cert: Some(PemSource::text("-----BEGIN")),
            key: Some(PemSource::path("/etc/key.pem")),
            ..TlsOptions::default()
        };
        let expected = TlsOptions {
            ca: Some(PemSource::path(here.join("ca.pem"))),
            capath: Some(here.join("cas").into()),
            ..options.clone()
        };
        assert_eq!(options.with_absolute_paths(), expected);
    }
}
