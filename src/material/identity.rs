//! The client certificate and its key.

use std::sync::Arc;

use rustls::SignatureScheme;
use rustls::client::ResolvesClientCert;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::file;
use crate::error::{ConfigError, ConfigErrorKind, Error};
use crate::pem_source::PemSource;
use crate::text::peer_text;

/// A client certificate with its chain, and the key that belongs to it.
#[derive(Debug)]
pub(crate) struct ClientIdentity {
    pub(crate) key: Arc<CertifiedKey>,
    /// The certificate's subject.
    pub(crate) subject: String,
    /// Where the certificate came from, for errors.
    pub(crate) source: String,
}

impl ClientIdentity {
    /// Reads certificate and key; the one that is not given is looked for in the other's file.
    pub(crate) fn load(
        cert: Option<&PemSource>,
        key: Option<&PemSource>,
        provider: &CryptoProvider,
    ) -> Result<Option<Self>, Error> {
        let Some(cert_source) = cert.or(key) else { return Ok(None) };
        let key_source = key.unwrap_or(cert_source);
        let chain = read_chain(cert_source, cert.is_none())?;
        let key = read_key(key_source, cert_source, key.is_none())?;
        let key = provider.key_provider.load_private_key(key).map_err(|error| {
            Error::from(
                ConfigError::new(
                    ConfigErrorKind::BadKey,
                    "ssl-key",
                    format!(
                        "ssl-key: the private key in {} cannot be used; RSA of 2048 bits or more, \
                         ECDSA (P-256, P-384) and Ed25519 can",
                        key_source.name()
                    ),
                )
                .because(error),
            )
        })?;
        let Some((_, leaf)) = chain.first().and_then(|leaf| X509Certificate::from_der(leaf).ok())
        else {
            return Err(unreadable(cert_source));
        };
        // Not left to rustls, which refuses to compare X.509 v1 certificates.
        if key.public_key().is_some_and(|spki| spki.as_ref() != leaf.public_key().raw) {
            return Err(Error::config(
                ConfigErrorKind::KeyMismatch,
                "ssl-key",
                format!(
                    "ssl-key: the private key in {} does not belong to the certificate in {}; give \
                     the pair that was made together",
                    key_source.name(),
                    cert_source.name()
                ),
            ));
        }
        let subject = peer_text(leaf.subject().to_string().as_bytes());
        Ok(Some(ClientIdentity {
            key: Arc::new(CertifiedKey::new(chain, key)),
            subject,
            source: cert_source.name(),
        }))
    }
}

/// The certificate that `ssl-cert` would present, without its key.
pub(crate) fn read_certificate(source: &PemSource) -> Result<CertificateDer<'static>, Error> {
    let leaf = read_chain(source, false)?.into_iter().next();
    leaf.filter(|leaf| X509Certificate::from_der(leaf).is_ok()).ok_or_else(|| unreadable(source))
}

fn unreadable(source: &PemSource) -> Error {
    Error::config(
        ConfigErrorKind::NoCertificate,
        "ssl-cert",
        format!("ssl-cert: the first certificate in {} cannot be read", source.name()),
    )
}

fn read_chain(
    source: &PemSource,
    in_key_file: bool,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = file::read(source, if in_key_file { "ssl-key" } else { "ssl-cert" })?;
    let chain: Vec<_> =
        rustls_pemfile::certs(&mut &pem[..]).collect::<Result<_, _>>().map_err(|error| {
            Error::from(
                ConfigError::new(
                    ConfigErrorKind::NoCertificate,
                    "ssl-cert",
                    format!("ssl-cert: {} is not valid PEM", source.name()),
                )
                .because(error),
            )
        })?;
    if chain.is_empty() {
        let message = if in_key_file {
            format!(
                "ssl-key is given without ssl-cert, and {} has no certificate; give the client \
                 certificate by ssl-cert",
                source.name()
            )
        } else {
            format!(
                "ssl-cert: {} has no CERTIFICATE block; ssl-cert is the certificate, ssl-key the \
                 private key",
                source.name()
            )
        };
        return Err(Error::config(ConfigErrorKind::NoCertificate, "ssl-cert", message));
    }
    Ok(chain)
}

fn read_key(
    source: &PemSource,
    cert_source: &PemSource,
    in_cert_file: bool,
) -> Result<PrivateKeyDer<'static>, Error> {
    let pem = file::read(source, if in_cert_file { "ssl-cert" } else { "ssl-key" })?;
    // Looked for first: the headers of the old form are no base64, so PEM readers stumble over them.
    let old_form = contains(&pem, b"Proc-Type: 4,ENCRYPTED");
    let found = if old_form { Ok(None) } else { rustls_pemfile::private_key(&mut &pem[..]) };
    let found = found.map_err(|error| {
        Error::from(
            ConfigError::new(
                ConfigErrorKind::BadKey,
                "ssl-key",
                format!("ssl-key: {} is not valid PEM", source.name()),
            )
            .because(error),
        )
    })?;
    match found {
        Some(key) => Ok(key),
        None if old_form || contains(&pem, b"BEGIN ENCRYPTED PRIVATE KEY") => Err(Error::config(
            ConfigErrorKind::EncryptedKey,
            "ssl-key",
            format!(
                "ssl-key: the private key in {} is encrypted, which is not supported yet; write a \
                 decrypted copy with `openssl pkey -in OLD -out NEW` and keep it readable for its \
                 owner only",
                source.name()
            ),
        )),
        None if in_cert_file => Err(Error::config(
            ConfigErrorKind::NoKey,
            "ssl-cert",
            format!(
                "ssl-cert is given without ssl-key, and {} has no private key; give the key by \
                 ssl-key, or, if this is the server's CA, write ssl-ca",
                cert_source.name()
            ),
        )),
        None => Err(Error::config(
            ConfigErrorKind::NoKey,
            "ssl-key",
            format!(
                "ssl-key: {} has no private key that can be read; ssl-key is the private key, \
                 ssl-cert the certificate",
                source.name()
            ),
        )),
    }
}

fn contains(text: &[u8], needle: &[u8]) -> bool {
    text.windows(needle.len()).any(|window| window == needle)
}

/// Always presents the one certificate, as libmysqlclient does, whatever issuers the server hints at.
impl ResolvesClientCert for ClientIdentity {
    fn resolve(&self, _: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.key.key.choose_scheme(schemes)?;
        Some(Arc::clone(&self.key))
    }

    fn has_certs(&self) -> bool {
        true
    }
}
