//! The client certificate and its key.

use std::sync::Arc;
use std::time::SystemTime;

use rustls::SignatureScheme;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::sign::CertifiedKey;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{file, form, private_key};
use crate::error::{ConfigError, ConfigErrorKind, Error};
use crate::pem_source::PemSource;
use crate::secret::PasswordSource;
use crate::x509::Facts;

/// A client certificate with its chain, and the key that belongs to it.
#[derive(Debug)]
pub(crate) struct CertifiedIdentity {
    pub(crate) key: Arc<CertifiedKey>,
    /// What the certificate says.
    pub(crate) facts: Facts,
    /// Where the certificate came from, for errors.
    pub(crate) source: String,
    /// What is worth a warning.
    pub(crate) notes: Vec<String>,
}

impl CertifiedIdentity {
    /// Reads certificate and key; the one that is not given is looked for in the other's file.
    pub(crate) fn load(
        cert: Option<&PemSource>,
        key: Option<&PemSource>,
        password: &PasswordSource,
        provider: &CryptoProvider,
    ) -> Result<Option<Self>, Error> {
        let Some(cert_source) = cert.or(key) else { return Ok(None) };
        let key_source = key.unwrap_or(cert_source);
        let chain = read_chain(cert_source, cert.is_none())?;
        let key = private_key::read(key_source, key.is_none(), password)?;
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
        let Some(der) = chain.first() else { return Err(unreadable(cert_source)) };
        let Ok((_, leaf)) = X509Certificate::from_der(der) else {
            return Err(unreadable(cert_source));
        };
        let facts = Facts::of(der);
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
        let mut notes = Vec::new();
        if file::others_can_read(key_source) {
            notes.push(format!(
                "ssl-key: every user of this machine can read the private key in {}; take that \
                 away with `chmod o-r`",
                key_source.name()
            ));
        }
        Ok(Some(CertifiedIdentity {
            facts,
            key: Arc::new(CertifiedKey::new(chain, key)),
            source: cert_source.name(),
            notes,
        }))
    }

    /// What to present to a server that takes these signatures: always the one certificate, as
    /// libmysqlclient does.
    pub(crate) fn for_schemes(&self, schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        self.key.key.choose_scheme(schemes)?;
        Some(Arc::clone(&self.key))
    }

    /// Whether the certificate's time is over.
    pub(crate) fn is_expired(&self) -> bool {
        self.facts.not_after < SystemTime::now()
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
        format!(
            "ssl-cert: the first certificate in {} cannot be read; `openssl x509 -in FILE -text` \
             should show it",
            source.name()
        ),
    )
}

fn read_chain(
    source: &PemSource,
    in_key_file: bool,
) -> Result<Vec<CertificateDer<'static>>, Error> {
    let pem = file::read(source, if in_key_file { "ssl-key" } else { "ssl-cert" })?;
    let chain: Vec<_> =
        // Without the parser's error, as for the key, which may stand here too.
        rustls_pemfile::certs(&mut &pem[..]).collect::<Result<_, _>>().map_err(|_| {
            Error::config(
                ConfigErrorKind::NoCertificate,
                "ssl-cert",
                format!(
                    "ssl-cert: {} is not valid PEM; look for a line that is cut off, or make it \
                     anew",
                    source.name()
                ),
            )
        })?;
    if chain.is_empty() {
        let message = if let Some(form) = form::not_pem(&pem, "ssl-cert") {
            format!("ssl-cert: {} has no PEM text: {form}", source.name())
        } else if in_key_file {
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
