//! Trust anchors.

use std::path::Path;
use std::sync::LazyLock;

use rustls::pki_types::{CertificateDer, TrustAnchor, UnixTime};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::time::ASN1Time;

use super::purpose::{
    allows_servers, has_unknown_critical, is_self_signed, key_identifiers, may_be_the_key,
    may_intermediate_issue, may_root_issue, may_sign_crls, not_for_servers, path_limit,
};
use super::{file, form};
use crate::error::{ConfigErrorKind, Error};
use crate::pem_source::PemSource;
use crate::text::{list, peer_text};
use crate::x509::weak_key;

/// Which certificates are trusted to issue a server's.
#[derive(Debug, Default)]
pub(crate) struct RootCerts {
    /// What a path may end in: self-signed certificates that may issue.
    pub(crate) anchors: Vec<TrustAnchor<'static>>,
    /// What the given anchors say of themselves; webpki looks at none of it.
    given: Vec<GivenAnchor>,
    /// Self-signed certificates, each trusted as a server's own.
    own: Vec<OwnCertificate>,
    /// Given intermediates, with which a path can be built; as in OpenSSL they are no anchors.
    pub(crate) intermediates: Vec<CertificateDer<'static>>,
    /// The subjects of what was given, for errors.
    pub(crate) subjects: Vec<String>,
    /// Where they were given, for errors; `None` for public roots alone.
    pub(crate) source: Option<String>,
    /// Where public roots are trusted, certificates are verified as strictly as on the web.
    pub(crate) public: Option<PublicRoots>,
    /// What is worth a warning.
    pub(crate) notes: Vec<String>,
    /// What had to be passed over, though there may be a CA in it.
    pub(crate) unreadable: Vec<Error>,
}

/// What is not even a block of PEM; the file may have been cut short.
const DAMAGED: &str = "a block that is no base64";

/// The public roots that are trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PublicRoots {
    /// The bundled Mozilla roots.
    Webpki,
    /// The operating system's.
    Native,
}

#[derive(Debug)]
struct GivenAnchor {
    subject: Vec<u8>,
    spki: Vec<u8>,
    name_constraints: Option<Vec<u8>>,
    not_before: i64,
    not_after: i64,
    /// The identifier of its key.
    key: Option<Vec<u8>>,
    path_limit: Option<u32>,
    allows_servers: bool,
    may_sign_crls: bool,
    has_unknown_critical: bool,
}

#[derive(Debug)]
struct OwnCertificate {
    certificate: CertificateDer<'static>,
    anchor: TrustAnchor<'static>,
}

impl RootCerts {
    /// Reads `ssl-ca` and `ssl-capath`, and adds the public roots. In a bundle, what cannot be used
    /// is passed over with a note; a source with nothing usable is an error.
    pub(crate) fn load(
        ca: Option<&PemSource>,
        capath: Option<&Path>,
        public: Option<PublicRoots>,
    ) -> Result<Self, Error> {
        let mut roots = RootCerts { public, ..RootCerts::default() };
        let mut sources = Vec::new();
        if let Some(source) = ca {
            roots.add_file(source)?;
            sources.push(source.name());
        }
        if let Some(path) = capath {
            roots.add_directory(path)?;
            sources.push(format!("the directory {}", path.display()));
        }
        roots.source = (!sources.is_empty()).then(|| list(&sources));
        match public {
            Some(PublicRoots::Webpki) => roots.anchors.extend_from_slice(bundled()),
            Some(PublicRoots::Native) => roots.anchors.extend(native(&mut roots.notes)?),
            None => {}
        }
        Ok(roots)
    }

    /// The anchor for a server that shows a certificate which is trusted as it is.
    pub(crate) fn own(&self, leaf: &CertificateDer<'_>) -> Option<&TrustAnchor<'static>> {
        let own = self.own.iter().find(|own| own.certificate == *leaf)?;
        Some(&own.anchor)
    }

    /// Whether a given anchor allows a path that ends in it, with so many intermediates, of which the
    /// last says that this key signed it. Several certificates may be the same anchor; one that
    /// allows it is enough.
    pub(crate) fn allows(
        &self,
        anchor: &TrustAnchor<'_>,
        intermediates: usize,
        key: Option<&[u8]>,
        now: UnixTime,
        with_crls: bool,
    ) -> Result<(), webpki::Error> {
        let mut refusal = None;
        for given in &self.given {
            if !given.is(anchor) {
                continue;
            }
            match given.allows(intermediates, key, now, with_crls) {
                Ok(()) => return Ok(()),
                Err(error) => refusal = Some(error),
            }
        }
        refusal.map_or(Ok(()), Err)
    }

    /// Whether somebody left out the root.
    pub(crate) fn only_intermediates(&self) -> bool {
        self.anchors.is_empty() && self.own.is_empty()
    }

    /// The source of a public root among the given ones.
    pub(crate) fn source_with_public_root(&self) -> Option<&str> {
        let is_public = |given: &GivenAnchor| {
            bundled().iter().any(|public| {
                given.subject == *public.subject && given.spki == *public.subject_public_key_info
            })
        };
        self.given.iter().any(is_public).then(|| self.source.as_deref().unwrap_or("ssl-ca"))
    }

    fn add_file(&mut self, source: &PemSource) -> Result<(), Error> {
        let pem = file::read(source, "ssl-ca")?;
        let before = self.subjects.len();
        let skipped = self.add_pem(&pem);
        let name = source.name();
        if self.subjects.len() == before {
            let why = if !skipped.is_empty() {
                format!("it has {}", list(&skipped))
            } else if let Some(why) = form::not_pem(&pem, "ssl-ca") {
                why
            } else if form::has_private_key(&pem) {
                "it holds a private key".to_owned()
            } else {
                "it has no CERTIFICATE block".to_owned()
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
        self.tell_of("ssl-ca", &name, &skipped);
        Ok(())
    }

    fn add_directory(&mut self, path: &Path) -> Result<(), Error> {
        const OPTION: &str = "ssl-capath";
        let before = self.subjects.len();
        for (name, content) in file::read_directory(path, OPTION, &mut self.unreadable)? {
            let skipped = self.add_pem(&content);
            self.tell_of(OPTION, &name.display().to_string(), &skipped);
        }
        if self.subjects.len() == before {
            return Err(Error::config(
                ConfigErrorKind::NoCertificate,
                OPTION,
                format!(
                    "{OPTION}: no file in {} has a CA certificate that can be used; put the CA's \
                     certificate there as a PEM file",
                    path.display()
                ),
            ));
        }
        Ok(())
    }

    /// Tells what had to be passed over.
    fn tell_of(&mut self, option: &'static str, source: &str, skipped: &[String]) {
        for what in skipped {
            let note = format!("{option}: {source}: skipped {what}");
            if what == DAMAGED {
                self.unreadable.push(Error::config(ConfigErrorKind::NoCertificate, option, note));
            } else {
                self.notes.push(note);
            }
        }
    }

    /// Takes every certificate for what it is good for, and tells what had to be passed over.
    fn add_pem(&mut self, pem: &[u8]) -> Vec<String> {
        let mut skipped = Vec::new();
        for certificate in rustls_pemfile::certs(&mut &pem[..]) {
            let taken = match certificate {
                Ok(certificate) => self.take(certificate),
                Err(_) => Err(DAMAGED.to_owned()),
            };
            skipped.extend(taken.err());
        }
        skipped
    }

    fn take(&mut self, certificate: CertificateDer<'static>) -> Result<(), String> {
        let der = certificate.clone();
        let Ok((_, parsed)) = X509Certificate::from_der(&der) else {
            return Err("a block that is no certificate".to_owned());
        };
        let subject = peer_text(parsed.subject().to_string().as_bytes());
        if parsed.validity().not_after < ASN1Time::now() {
            return Err(format!("\"{subject}\", which expired"));
        }
        if let Some(key) = weak_key(&parsed) {
            return Err(format!("\"{subject}\", whose key of {key} cannot be used here"));
        }
        if is_self_signed(&parsed) {
            let anchor = webpki::anchor_from_trusted_cert(&der)
                .map_err(|_| format!("\"{subject}\", which is of an unsupported form"))?
                .to_owned();
            if may_root_issue(&parsed) {
                self.given.push(GivenAnchor::new(&parsed, &anchor));
                self.anchors.push(anchor.clone());
            }
            self.own.push(OwnCertificate { certificate, anchor });
        } else if may_intermediate_issue(&parsed) {
            self.intermediates.push(certificate);
        } else {
            return Err(format!("\"{subject}\", which is no CA's certificate"));
        }
        self.subjects.push(subject);
        Ok(())
    }
}

impl GivenAnchor {
    fn new(certificate: &X509Certificate<'_>, anchor: &TrustAnchor<'_>) -> Self {
        let validity = certificate.validity();
        GivenAnchor {
            subject: anchor.subject.to_vec(),
            spki: anchor.subject_public_key_info.to_vec(),
            name_constraints: anchor.name_constraints.as_ref().map(|names| names.to_vec()),
            not_before: validity.not_before.timestamp(),
            not_after: validity.not_after.timestamp(),
            key: key_identifiers(certificate).0.map(<[u8]>::to_vec),
            path_limit: path_limit(certificate),
            allows_servers: allows_servers(certificate),
            may_sign_crls: may_sign_crls(certificate),
            has_unknown_critical: has_unknown_critical(certificate),
        }
    }

    /// Whether this is that anchor. A CA may have several certificates for its key, and each
    /// constrains names in its own way.
    fn is(&self, anchor: &TrustAnchor<'_>) -> bool {
        self.subject == *anchor.subject
            && self.spki == *anchor.subject_public_key_info
            && self.name_constraints.as_deref()
                == anchor.name_constraints.as_ref().map(AsRef::as_ref)
    }

    fn allows(
        &self,
        intermediates: usize,
        key: Option<&[u8]>,
        time: UnixTime,
        with_crls: bool,
    ) -> Result<(), webpki::Error> {
        let now = i64::try_from(time.as_secs()).unwrap_or(i64::MAX);
        let at = |seconds: i64| {
            let seconds = u64::try_from(seconds).unwrap_or_default();
            UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
        };
        if now < self.not_before {
            let not_before = at(self.not_before);
            return Err(webpki::Error::CertNotValidYet { time, not_before });
        }
        if now > self.not_after {
            return Err(webpki::Error::CertExpired { time, not_after: at(self.not_after) });
        }
        if self.has_unknown_critical {
            return Err(webpki::Error::UnsupportedCriticalExtension);
        }
        if self
            .path_limit
            .is_some_and(|limit| usize::try_from(limit).is_ok_and(|limit| intermediates > limit))
        {
            return Err(webpki::Error::PathLenConstraintViolated);
        }
        if !may_be_the_key(key, self.key.as_deref()) {
            return Err(webpki::Error::MalformedExtensions);
        }
        if !self.allows_servers {
            return Err(not_for_servers());
        }
        if with_crls && !self.may_sign_crls {
            return Err(webpki::Error::IssuerNotCrlSigner);
        }
        Ok(())
    }
}

/// The bundled Mozilla roots.
fn bundled() -> &'static [TrustAnchor<'static>] {
    webpki_roots::TLS_SERVER_ROOTS
}

/// The bundled roots alone.
pub(crate) fn bundled_roots() -> &'static RootCerts {
    static BUNDLED: LazyLock<RootCerts> = LazyLock::new(|| RootCerts {
        anchors: bundled().to_vec(),
        public: Some(PublicRoots::Webpki),
        ..RootCerts::default()
    });
    &BUNDLED
}

/// The operating system's roots.
#[cfg(feature = "native-certs")]
fn native(notes: &mut Vec<String>) -> Result<Vec<TrustAnchor<'static>>, Error> {
    let loaded = rustls_native_certs::load_native_certs();
    notes.extend(loaded.errors.iter().map(|error| format!("ssl-roots=native: {error}")));
    let anchors: Vec<_> = loaded
        .certs
        .iter()
        .filter_map(|certificate| webpki::anchor_from_trusted_cert(certificate).ok())
        .map(|anchor| anchor.to_owned())
        .collect();
    if anchors.is_empty() {
        return Err(Error::config(
            ConfigErrorKind::NoCertificate,
            "ssl-roots",
            "ssl-roots=native: this system has no public CA certificates; install them (Debian: \
             the package ca-certificates), or use ssl-roots=webpki, the bundled ones",
        ));
    }
    Ok(anchors)
}

#[cfg(not(feature = "native-certs"))]
fn native(_: &mut Vec<String>) -> Result<Vec<TrustAnchor<'static>>, Error> {
    Err(Error::config(
        ConfigErrorKind::Value,
        "ssl-roots",
        "ssl-roots=native: this program was built without the feature `native-certs` of mysql-tls; \
         turn it on, or use ssl-roots=webpki, the bundled roots",
    ))
}
