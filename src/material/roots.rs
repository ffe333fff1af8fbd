//! Trust anchors.

use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use x509_parser::prelude::{FromDer, X509Certificate};

use super::{PemSource, file};
use crate::error::{ConfigErrorKind, Error};
use crate::text::peer_text;

/// Which certificates are trusted to issue a server's.
#[derive(Clone, Debug)]
pub(crate) enum RootCerts {
    /// The Mozilla roots that are bundled.
    Public,
    /// Those of `ssl-ca`, and no others.
    Given(Arc<GivenRoots>),
}

/// The certificates of `ssl-ca`.
#[derive(Debug)]
pub(crate) struct GivenRoots {
    pub(crate) store: Arc<RootCertStore>,
    /// The subjects, for errors.
    pub(crate) subjects: Vec<String>,
    /// Whether no certificate of the file is self-issued: somebody left out the root.
    pub(crate) only_intermediates: bool,
    /// The file, for errors.
    pub(crate) source: String,
}

/// The bundled Mozilla roots.
pub(crate) fn public_roots() -> Arc<RootCertStore> {
    static PUBLIC: LazyLock<Arc<RootCertStore>> = LazyLock::new(|| {
        Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    });
    Arc::clone(&PUBLIC)
}

impl RootCerts {
    /// Reads `ssl-ca`. In a bundle, what cannot be used is skipped with an event; only a source
    /// with nothing usable is an error.
    pub(crate) fn load(source: &PemSource) -> Result<Self, Error> {
        let pem = file::read(source, "ssl-ca")?;
        let name = source.name();
        let now = x509_parser::time::ASN1Time::now();
        let mut store = RootCertStore::empty();
        let mut subjects = Vec::new();
        let mut only_intermediates = true;
        let mut skipped = Vec::new();
        for certificate in rustls_pemfile::certs(&mut &pem[..]) {
            let Ok(certificate) = certificate else {
                skipped.push("a block that is no base64".to_owned());
                continue;
            };
            let Ok((_, parsed)) = X509Certificate::from_der(&certificate) else {
                skipped.push("a block that is no certificate".to_owned());
                continue;
            };
            let subject = peer_text(parsed.subject().to_string().as_bytes());
            let self_issued = parsed.subject().as_raw() == parsed.issuer().as_raw();
            if parsed.validity().not_after < now {
                skipped.push(format!("\"{subject}\", which expired"));
                continue;
            }
            if store.add(certificate).is_err() {
                skipped.push(format!("\"{subject}\", which is of an unsupported form"));
                continue;
            }
            only_intermediates &= !self_issued;
            subjects.push(subject);
        }
        for what in &skipped {
            tracing::warn!(source = name, "ssl-ca: skipped {what}");
        }
        if store.is_empty() {
            let why = if skipped.is_empty() {
                let has_key =
                    rustls_pemfile::private_key(&mut &pem[..]).is_ok_and(|key| key.is_some());
                if has_key { "it holds a private key" } else { "it has no CERTIFICATE block" }
                    .to_owned()
            } else {
                format!("it has {}", crate::text::list(&skipped))
            };
            return Err(Error::config(
                ConfigErrorKind::NoCertificate,
                "ssl-ca",
                format!(
                    "ssl-ca: {name} has no CA certificate that can be used: {why}; give the PEM \
                     file with the CA's certificate"
                ),
            ));
        }
        Ok(RootCerts::Given(Arc::new(GivenRoots {
            store: Arc::new(store),
            subjects,
            only_intermediates,
            source: name,
        })))
    }

    pub(crate) fn store(&self) -> Arc<RootCertStore> {
        match self {
            RootCerts::Public => public_roots(),
            RootCerts::Given(given) => Arc::clone(&given.store),
        }
    }
}
