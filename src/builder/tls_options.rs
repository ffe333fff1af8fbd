//! The setters that concern TLS, and how passwords may cross.

use std::path::PathBuf;
use std::sync::Arc;

use super::ConnectionBuilder;
use crate::cleartext_password::CleartextPassword;
use crate::pem_source::PemSource;
use crate::secret::{Password, PasswordSource, ProviderError};
use crate::ssl_mode::SslMode;
use crate::ssl_roots::SslRoots;

impl ConnectionBuilder {
    /// How the connection is protected. Defaults to what the other options ask for: `VERIFY_CA`
    /// where a CA is given, `VERIFY_IDENTITY` with [`ssl_roots`](Self::ssl_roots), `REQUIRED` with a
    /// pin, else `PREFERRED`.
    #[doc(alias = "SslOpts")]
    #[doc(alias = "ssl_opts")]
    pub fn ssl_mode(mut self, mode: SslMode) -> Self {
        self.tls.mode = Some(mode);
        self
    }

    /// A PEM file with the CA certificates to trust; they replace the public roots, unless
    /// [`ssl_roots`](Self::ssl_roots) asks for both.
    ///
    /// Defaults to none: `VERIFY_IDENTITY` then uses the bundled Mozilla roots. With a CA the
    /// certificate is verified in every mode that ends in TLS.
    #[doc(alias = "root_cert_path")]
    pub fn ssl_ca(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.ca = Some(PemSource::path(path));
        self
    }

    /// The CA certificates to trust as PEM text, instead of [`ssl_ca`](Self::ssl_ca).
    pub fn ssl_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.ca = Some(PemSource::text(pem));
        self
    }

    /// A directory of CA certificates to trust, all its PEM files; with [`ssl_ca`](Self::ssl_ca),
    /// both. Defaults to none.
    ///
    /// Unlike in OpenSSL the names of the files do not matter.
    pub fn ssl_capath(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.capath = Some(path.into().into());
        self
    }

    /// Which public roots are trusted. Defaults to [`SslRoots::Webpki`] for `VERIFY_IDENTITY`
    /// without a CA, and to none otherwise.
    ///
    /// Public CAs vouch for anybody's server, so this needs `VERIFY_IDENTITY`. With public roots
    /// certificates are verified as on the web: no X.509 version 1, no names in the CN.
    pub fn ssl_roots(mut self, roots: SslRoots) -> Self {
        self.tls.roots = Some(roots);
        self
    }

    /// A PEM file with certificate revocation lists of the given CA, and of those below it.
    /// Defaults to none: revocation is then not checked.
    ///
    /// Every certificate of the chain is looked for in a list of its issuer. A list that is missing,
    /// expired or not valid yet is an error, as in OpenSSL. Needs a given CA, and excludes public
    /// roots.
    pub fn ssl_crl(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.crl = Some(PemSource::path(path));
        self
    }

    /// Certificate revocation lists as PEM text, instead of [`ssl_crl`](Self::ssl_crl).
    pub fn ssl_crl_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.crl = Some(PemSource::text(pem));
        self
    }

    /// A directory of certificate revocation lists, all its PEM files; with
    /// [`ssl_crl`](Self::ssl_crl), both. Defaults to none.
    pub fn ssl_crlpath(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.crlpath = Some(path.into().into());
        self
    }

    /// A PEM file with the client certificate and the certificates that lead to its CA. Defaults to
    /// none, or to the file of [`ssl_key`](Self::ssl_key) if only that is given.
    #[doc(alias = "ClientIdentity")]
    pub fn ssl_cert(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.cert = Some(PemSource::path(path));
        self
    }

    /// The client certificate as PEM text, instead of [`ssl_cert`](Self::ssl_cert).
    pub fn ssl_cert_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.cert = Some(PemSource::text(pem));
        self
    }

    /// A PEM file with the client certificate's private key: PKCS#8, PKCS#1, SEC1, or encrypted
    /// PKCS#8 with [`ssl_key_password`](Self::ssl_key_password). Defaults to the file of
    /// [`ssl_cert`](Self::ssl_cert).
    pub fn ssl_key(mut self, path: impl Into<PathBuf>) -> Self {
        self.tls.key = Some(PemSource::path(path));
        self
    }

    /// The private key as PEM text, instead of [`ssl_key`](Self::ssl_key).
    pub fn ssl_key_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.tls.key = Some(PemSource::text(pem));
        self
    }

    /// The password of an encrypted private key (PKCS#8, `BEGIN ENCRYPTED PRIVATE KEY`). Defaults
    /// to none; it is not used where the key is not encrypted.
    pub fn ssl_key_password(mut self, password: impl Into<Password>) -> Self {
        self.tls.key_password = PasswordSource::Text(password.into());
        self
    }

    /// A function that is asked for the password of an encrypted private key whenever the key is
    /// read.
    pub fn ssl_key_password_with<F>(mut self, provider: F) -> Self
    where
        F: Fn() -> Result<Password, ProviderError> + Send + Sync + 'static,
    {
        self.tls.key_password = PasswordSource::Provider(Arc::new(provider));
        self
    }

    /// Adds a pin: the SHA-256 of the server's public key (SPKI), as curl writes it,
    /// `sha256//BASE64`. Defaults to none. The server must hold one of the pinned keys.
    ///
    /// A pin is compared with the server's own certificate and checked in addition to the ssl-mode;
    /// under `REQUIRED` without a CA it is what verifies the server. `mysql-tls status` prints it.
    pub fn tls_pin(mut self, pin: impl Into<String>) -> Self {
        self.tls.pins.push(pin.into());
        self
    }

    /// Adds a fingerprint: the SHA-256 of the server's whole certificate in hexadecimal, with or
    /// without colons. Defaults to none. The server must show one of these certificates; with
    /// [`tls_pin`](Self::tls_pin), it must meet both.
    pub fn tls_peer_fingerprint(mut self, fingerprint: impl Into<String>) -> Self {
        self.tls.fingerprints.push(fingerprint.into());
        self
    }

    /// The TLS versions to offer, as MySQL lists them: `TLSv1.2,TLSv1.3`, or one of the two.
    /// Defaults to both.
    #[doc(alias = "tls_versions")]
    pub fn tls_version(mut self, versions: impl Into<String>) -> Self {
        self.tls.versions = Some(versions.into());
        self
    }

    /// The cipher suites of TLS 1.2 to offer, by OpenSSL or IANA name, separated by `:`, the
    /// preferred first. Defaults to all that are safe.
    #[doc(alias = "cipher_suites")]
    pub fn ssl_cipher(mut self, suites: impl Into<String>) -> Self {
        self.tls.ciphers = Some(suites.into());
        self
    }

    /// The cipher suites of TLS 1.3 to offer, separated by `:`, the preferred first. Defaults to
    /// all.
    pub fn tls_ciphersuites(mut self, suites: impl Into<String>) -> Self {
        self.tls.ciphersuites = Some(suites.into());
        self
    }

    /// The name to verify and to send as SNI: a DNS name or an IP address. Defaults to the host, on
    /// a Unix socket to `localhost`. For tunnels, balancers and addresses that the certificate does
    /// not have.
    pub fn tls_server_name(mut self, name: impl Into<String>) -> Self {
        self.tls.server_name = Some(name.into());
        self
    }

    /// The name to send as SNI alone, a DNS name; what is verified stays. Defaults to the name that
    /// is verified, unless that is an IP address.
    pub fn tls_sni_servername(mut self, name: impl Into<String>) -> Self {
        self.tls.sni_servername = Some(name.into());
        self
    }

    /// Whether a server name is sent in the handshake (SNI, RFC 6066, section 3), which travels in
    /// the clear. Defaults to `true`. An IP address is never sent.
    pub fn tls_sni(mut self, send: bool) -> Self {
        self.tls.sni = Some(send);
        self
    }

    /// Whether TLS sessions are resumed. Defaults to `true`.
    ///
    /// A resumed session is verified again. Tickets belong to one connector and to the certificates
    /// it was loaded with, so that they cannot cross policies.
    pub fn tls_resumption(mut self, resume: bool) -> Self {
        self.tls.resumption = Some(resume);
        self
    }

    /// Whether files of certificates, keys and revocation lists that have changed are read again
    /// while connecting. Defaults to `true`.
    ///
    /// At most once a second a connect looks at them, at their identity, size and times, and opens
    /// them only if something changed. Either all of the new ones are taken or none: files that
    /// cannot be used leave the old ones in place, with a warning, and are tried again.
    /// [`Connector::reload`](crate::Connector::reload) does it at once. A relative path goes on
    /// meaning the directory that was the working directory in `build()`. The system's roots are
    /// not looked at; they are read anew together with a file that has changed.
    pub fn reload_certificates(mut self, reload: bool) -> Self {
        self.tls.reload = Some(reload);
        self
    }

    /// Whether the keys of TLS sessions are appended to the file that the environment variable
    /// `SSLKEYLOGFILE` names, for debugging with a packet analyser. Defaults to `false`; the
    /// variable alone does nothing.
    ///
    /// **Whoever reads that file can decrypt the connections.**
    pub fn key_log(mut self, log: bool) -> Self {
        self.tls.key_log = log;
        self
    }

    /// Whether the server may ask for the cleartext password (`mysql_clear_password`: LDAP, IAM and
    /// token users). It crosses inside TLS only, so it needs `REQUIRED` or stronger. Defaults to
    /// `false`.
    pub fn enable_cleartext_plugin(mut self, enable: bool) -> Self {
        self.enable_cleartext_plugin = Some(enable);
        self
    }

    /// To whom the password may cross as itself, inside TLS, for those that ask for it:
    /// caching_sha2_password does so where the server has not cached it (TiDB always), and so do
    /// `mysql_clear_password` and `sha256_password`. Defaults to [`Tls`](CleartextPassword::Tls), as with
    /// the official client. Key `cleartext-password`.
    ///
    /// With [`Verified`](CleartextPassword::Verified) a server whose chain, or pin, was not verified gets
    /// a proof of the password or nothing: what asks for more is `auth.unverified-server`. On such a
    /// connection there is no compression and no `LOAD DATA LOCAL`, and a change of user
    /// (`COM_CHANGE_USER`, also as `reset()` of servers before MySQL 5.7.3) ends it with that error. A
    /// server's own Unix socket counts as verified.
    pub fn cleartext_password(mut self, to: CleartextPassword) -> Self {
        self.cleartext_password = Some(to);
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
        self.get_server_public_key = Some(ask);
        self
    }
}
