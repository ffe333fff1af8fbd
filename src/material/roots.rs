//! Trust anchors.

use std::sync::{Arc, LazyLock};

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use super::issuer::{is_issuer, is_self_issued, path_limit};
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

/// The certificates of `ssl-ca`, by what they are good for.
#[derive(Debug)]
pub(crate) struct GivenRoots {
    /// The trust anchors: self-issued certificates that may issue.
    pub(crate) store: Arc<RootCertStore>,
    /// Anchors that limit the length of a path, which webpki does not look at.
    pub(crate) path_limits: Vec<PathLimit>,
    /// Self-issued certificates that may not issue: trusted as a server's own, and nothing else.
    pub(crate) own: Vec<(CertificateDer<'static>, Arc<RootCertStore>)>,
    /// Intermediates, with which a path can be built; as in OpenSSL they are no anchors.
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
    /// The subjects, for errors.
    pub(crate) subjects: Vec<String>,
    /// The file, for errors.
    pub(crate) source: String,
}

/// An anchor's pathLenConstraint.
#[derive(Debug)]
pub(crate) struct PathLimit {
    pub(crate) subject: Vec<u8>,
    pub(crate) intermediates: u32,
}

impl GivenRoots {
    /// Whether somebody left out the root.
    pub(crate) fn only_intermediates(&self) -> bool {
        self.store.is_empty() && self.own.is_empty()
    }

    fn new(source: String) -> Self {
        GivenRoots {
            store: Arc::new(RootCertStore::empty()),
            path_limits: Vec::new(),
            own: Vec::new(),
            intermediates: Vec::new(),
            subjects: Vec::new(),
            source,
        }
    }

    /// Takes a certificate for what it is good for, or says why it is good for nothing.
    fn take(&mut self, certificate: CertificateDer<'static>) -> Result<(), String> {
        let certificate_copy = certificate.clone();
        let Ok((_, parsed)) = X509Certificate::from_der(&certificate_copy) else {
            return Err("a block that is no certificate".to_owned());
        };
        let subject = peer_text(parsed.subject().to_string().as_bytes());
        if parsed.validity().not_after < ASN1Time::now() {
            return Err(format!("\"{subject}\", which expired"));
        }
        let unsupported = || format!("\"{subject}\", which is of an unsupported form");
        match (is_self_issued(&parsed), is_issuer(&parsed)) {
            (true, true) => {
                Arc::make_mut(&mut self.store).add(certificate).map_err(|_| unsupported())?;
                if let Some(intermediates) = path_limit(&parsed) {
                    let anchor = self.store.roots.last();
                    let subject = anchor.map(|anchor| anchor.subject.to_vec()).unwrap_or_default();
                    self.path_limits.push(PathLimit { subject, intermediates });
                }
            }
            (true, false) => {
                let mut alone = RootCertStore::empty();
                alone.add(certificate.clone()).map_err(|_| unsupported())?;
                self.own.push((certificate, Arc::new(alone)));
            }
            (false, true) => self.intermediates.push(certificate),
            (false, false) => return Err(format!("\"{subject}\", which is no CA's certificate")),
        }
        self.subjects.push(subject);
        Ok(())
    }
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
        let mut given = GivenRoots::new(name.clone());
        let mut skipped = Vec::new();
        for certificate in rustls_pemfile::certs(&mut &pem[..]) {
            let taken = match certificate {
                Ok(certificate) => given.take(certificate),
                Err(_) => Err("a block that is no base64".to_owned()),
            };
            skipped.extend(taken.err());
        }
        for what in &skipped {
            tracing::warn!(source = name, "ssl-ca: skipped {what}");
        }
        if given.subjects.is_empty() {
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
        Ok(RootCerts::Given(Arc::new(given)))
    }
}
