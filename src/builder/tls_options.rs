//! The setters that concern TLS and passwords.

use std::path::PathBuf;

use super::ConnectionBuilder;
use crate::pem_source::PemSource;
use crate::ssl_mode::SslMode;

impl ConnectionBuilder {
    /// How the connection is protected. Defaults to `VERIFY_CA` where a CA is given, else to
    /// `PREFERRED`.
    #[doc(alias = "SslOpts")]
    #[doc(alias = "ssl_opts")]
    pub fn ssl_mode(mut self, mode: SslMode) -> Self {
        self.ssl_mode = Some(mode);
        self
    }

    /// A PEM file with the CA certificates to trust; they replace the public roots.
    ///
    /// Defaults to none: `VERIFY_IDENTITY` then uses the bundled Mozilla roots. With a CA the
    /// certificate is verified in every mode that ends in TLS.
    #[doc(alias = "root_cert_path")]
    pub fn ssl_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.ssl_ca = Some(PemSource::path(path));
        self
    }

    /// The CA certificates to trust as PEM text, instead of [`ssl_ca`](Self::ssl_ca).
    pub fn ssl_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ssl_ca = Some(PemSource::text(pem));
        self
    }

    /// A PEM file with the client certificate and the certificates that lead to its CA. Defaults to
    /// none, or to the file of [`ssl_key`](Self::ssl_key) if only that is given.
    #[doc(alias = "ClientIdentity")]
    pub fn ssl_cert(mut self, path: impl Into<PathBuf>) -> Self {
        self.ssl_cert = Some(PemSource::path(path));
        self
    }

    /// The client certificate as PEM text, instead of [`ssl_cert`](Self::ssl_cert).
    pub fn ssl_cert_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ssl_cert = Some(PemSource::text(pem));
        self
    }

    /// A PEM file with the client certificate's private key (PKCS#8, PKCS#1 or SEC1). Defaults to
    /// the file of [`ssl_cert`](Self::ssl_cert).
    pub fn ssl_key(mut self, path: impl Into<PathBuf>) -> Self {
        self.ssl_key = Some(PemSource::path(path));
        self
    }

    /// The private key as PEM text, instead of [`ssl_key`](Self::ssl_key).
    pub fn ssl_key_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.ssl_key = Some(PemSource::text(pem));
        self
    }

    /// Whether the server may ask for the cleartext password (`mysql_clear_password`: LDAP, IAM and
    /// token users). It crosses inside TLS only, so it needs `REQUIRED` or stronger. Defaults to
    /// `false`.
    pub fn enable_cleartext_plugin(mut self, enable: bool) -> Self {
        self.enable_cleartext_plugin = enable;
        self
    }

    /// A PEM file with the server's RSA public key, with which a password may be encrypted on a
    /// plaintext connection. Defaults to none.
    ///
    /// Source: MySQL Reference Manual, "Caching SHA-2 Pluggable Authentication".
    #[doc(alias = "server_key_path")]
    pub fn server_public_key_path(mut self, path: impl Into<PathBuf>) -> Self {
        self.server_public_key_path = Some(path.into());
        self
    }

    /// Whether to ask the server for its RSA public key on a plaintext connection. Defaults to
    /// `false`.
    ///
    /// **Whoever sits in between can answer with a key of his own and read the password.**
    pub fn get_server_public_key(mut self, ask: bool) -> Self {
        self.get_server_public_key = ask;
        self
    }
}
