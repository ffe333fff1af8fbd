//! The one verifier; the weaker checks are made of the parts that do only that, never by forgiving
//! an error.

use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{
    CertificateError, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use super::observed;
use crate::material::{GivenRoots, RootCerts, may_issue, public_roots};

#[derive(Clone, Debug)]
pub(super) enum Check {
    Nothing,
    Chain(RootCerts),
    ChainAndName(RootCerts),
}

/// Checks the server's certificate; in every mode the handshake signature is checked, so that the
/// peer holds the key of the certificate it shows.
#[derive(Debug)]
pub(super) struct Verifier {
    check: Check,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Verifier {
    pub(super) fn new(check: Check, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Verifier { check, algorithms }
    }

    pub(super) fn check(&self) -> &Check {
        &self.check
    }

    /// The same check of the chain with other anchors, to find out what a failure is due to.
    pub(super) fn with_roots(&self, roots: RootCerts) -> Self {
        Verifier { check: Check::Chain(roots), algorithms: self.algorithms }
    }

    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        now: UnixTime,
    ) -> Result<(), Error> {
        let roots = match &self.check {
            Check::Nothing => return Ok(()),
            Check::Chain(roots) | Check::ChainAndName(roots) => roots,
        };
        let parsed = ParsedCertificate::try_from(leaf)?;
        let mut usable: Vec<CertificateDer<'_>> =
            intermediates.iter().filter(|der| may_issue(der)).cloned().collect();
        match roots {
            RootCerts::Public => self.chain(&parsed, &public_roots(), &usable, now)?,
            RootCerts::Given(given) => match given.own.iter().find(|(own, _)| own == leaf) {
                Some((_, alone)) => self.chain(&parsed, alone, &[], now)?,
                None => {
                    usable.extend(given.intermediates.iter().cloned());
                    self.chain(&parsed, &given.store, &usable, now)?;
                    self.path_limits(leaf, given, &usable, now)?;
                }
            },
        }
        match &self.check {
            Check::ChainAndName(_) => verify_server_name(&parsed, name),
            _ => Ok(()),
        }
    }

    fn chain(
        &self,
        leaf: &ParsedCertificate<'_>,
        store: &RootCertStore,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        verify_server_cert_signed_by_trust_anchor(
            leaf,
            store,
            intermediates,
            now,
            self.algorithms.all,
        )
    }

    /// Looks for a path that keeps to what the anchors say of its length. Few do, so it is a pass
    /// of its own.
    fn path_limits(
        &self,
        leaf: &CertificateDer<'_>,
        given: &GivenRoots,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if given.path_limits.is_empty() {
            return Ok(());
        }
        let within_limit = |path: &VerifiedPath<'_>| {
            let length = path.intermediate_certificates().count();
            let exceeded = given.path_limits.iter().any(|limit| {
                limit.subject == path.anchor().subject.as_ref()
                    && length > limit.intermediates as usize
            });
            if exceeded { Err(webpki::Error::PathLenConstraintViolated) } else { Ok(()) }
        };
        let checked = EndEntityCert::try_from(leaf).and_then(|leaf| {
            leaf.verify_for_usage(
                self.algorithms.all,
                &given.store.roots,
                intermediates,
                now,
                KeyUsage::server_auth(),
                None,
                Some(&within_limit),
            )
            .map(|_| ())
        });
        checked.map_err(|error| {
            Error::InvalidCertificate(CertificateError::Other(OtherError(Arc::new(error))))
        })
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        observed::chain(leaf, intermediates);
        self.verify(leaf, intermediates, name, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, leaf, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, leaf, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[cfg(test)]
mod tests;
