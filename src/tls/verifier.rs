//! The one verifier; the weaker checks are made of the parts that do only that, never by forgiving
//! an error.

use std::fmt;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, TrustAnchor, UnixTime,
};
use rustls::{CertificateError, DigitallySignedStruct, Error, OtherError, SignatureScheme};
use webpki::{
    CertRevocationList, EndEntityCert, ExpirationPolicy, KeyUsage, RevocationOptionsBuilder,
    VerifiedPath,
};
use x509_parser::prelude::{FromDer, X509Certificate};

use super::observed;
use super::pins::Pins;
use super::proven::{Proof, Proven};
use crate::material::{
    CommonNames, Crls, Rewritten, RootCerts, Swap, bare_certificate, is_self_signed, may_issue,
    may_serve, may_sign_handshakes, not_for_servers, server_certificate, topmost_issuer_key,
};
use crate::x509::names_are_whole;

/// What is checked of the server's certificate, besides the pins.
#[derive(Clone, Debug)]
pub(super) enum Check {
    /// Only that the peer holds the key of the certificate it shows.
    Nothing,
    /// That one of these anchors issued it.
    Chain(Arc<RootCerts>),
    /// That, and that it is for this name.
    ChainAndName(Arc<RootCerts>),
}

/// Checks the server's certificate; in every mode the handshake signature is checked, so that the
/// peer holds the key of the certificate it shows.
#[derive(Debug)]
pub(super) struct Verifier {
    pub(super) check: Check,
    /// The name that is looked for, which may be another than the one sent as SNI.
    pub(super) name: ServerName<'static>,
    pub(super) crls: Option<Arc<Crls>>,
    pub(super) pins: Pins,
    pub(super) algorithms: WebPkiSupportedAlgorithms,
    /// Signatures of certificates and revocation lists that need not be checked again.
    pub(super) proven: Arc<Proven>,
}

impl Verifier {
    /// The trusted certificates, where the chain is checked at all.
    pub(super) fn roots(&self) -> Option<&RootCerts> {
        match &self.check {
            Check::Nothing => None,
            Check::Chain(roots) | Check::ChainAndName(roots) => Some(roots),
        }
    }

    pub(super) fn verify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), Error> {
        if let Some(roots) = self.roots() {
            self.verify_chain(roots, leaf, intermediates, now)
                .map_err(|error| in_rustls(&error))?;
        }
        if self.pins.match_leaf(leaf) {
            Ok(())
        } else {
            Err(CertificateError::ApplicationVerificationFailure.into())
        }
    }

    /// Whether other anchors would vouch for a chain, to find out what a failure is due to.
    pub(super) fn would_be_issued_by(
        &self,
        roots: &RootCerts,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> bool {
        let other = Verifier {
            check: Check::Nothing,
            name: self.name.clone(),
            crls: None,
            pins: Pins::default(),
            algorithms: self.algorithms,
            proven: Arc::default(),
        };
        other.verify_chain(roots, leaf, intermediates, UnixTime::now()).is_ok()
    }

    /// The rules of OpenSSL for given anchors, those of the web where public ones are among them.
    fn verify_chain(
        &self,
        roots: &RootCerts,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(), webpki::Error> {
        let (_, parsed) =
            X509Certificate::from_der(leaf).map_err(|_| webpki::Error::MalformedExtensions)?;
        let lenient = roots.public.is_none();
        // The rules below are about names, so they must have been read to their ends.
        if lenient && !names_are_whole(&parsed, leaf) {
            return Err(webpki::Error::BadDer);
        }
        let own = if lenient { roots.own(leaf) } else { None };
        // What claims to be its own issuer is nobody else's, not even that of a CA with its name.
        if lenient && own.is_none() && is_self_signed(&parsed) {
            return Err(webpki::Error::UnknownIssuer);
        }
        let rewritten = |names| {
            if lenient { server_certificate(leaf, &parsed, own.is_some(), names) } else { None }
        };
        let for_chain = rewritten(CommonNames::WithDot);
        let shown = shown(leaf, for_chain.as_ref());
        let shown = EndEntityCert::try_from(&shown)?;

        let chain = std::iter::once(leaf).chain(intermediates).chain(&roots.intermediates);
        let crls = self.crls_for(leaf).map(|crls| crls.current(now, chain));
        let lists: Option<Vec<&CertRevocationList<'_>>> =
            crls.as_ref().map(|crls| crls.iter().map(|crl| &crl.list).collect());
        let revocation = match &lists {
            None => None,
            Some(lists) => Some(
                RevocationOptionsBuilder::new(lists)
                    .map_err(|_| webpki::Error::UnknownRevocationStatus)?
                    .with_expiration_policy(ExpirationPolicy::Enforce)
                    .build(),
            ),
        };

        let crl_swaps = crls.iter().flatten().filter_map(|crl| crl.swap.as_ref());
        let swaps: Vec<&Swap> =
            for_chain.iter().map(|rewritten| &rewritten.swap).chain(crl_swaps).collect();
        let algorithms = Swapping::all(&self.algorithms, &swaps, &self.proven);
        let algorithms: Vec<&dyn SignatureVerificationAlgorithm> = algorithms
            .iter()
            .map(|algorithm| -> &dyn SignatureVerificationAlgorithm { algorithm })
            .collect();

        let alone: &[TrustAnchor<'_>];
        let (anchors, usable) = match own {
            Some(anchor) => {
                alone = std::slice::from_ref(anchor);
                (alone, Vec::new())
            }
            None => {
                let sent = intermediates.iter().filter(|der| may_issue(der));
                let usable = sent.chain(&roots.intermediates).cloned().collect();
                (roots.anchors.as_slice(), usable)
            }
        };
        let with_crls = crls.is_some();
        let allowed = |path: &VerifiedPath<'_>| {
            // It vouches for itself alone, whatever it says of others.
            if own.is_some() {
                return Ok(());
            }
            let above = path.intermediate_certificates();
            let key = if lenient {
                topmost_issuer_key(&parsed, above.map(webpki::Cert::der))?
            } else {
                None
            };
            let length = path.intermediate_certificates().count();
            roots.allows(path.anchor(), length, key.as_deref(), now, with_crls)
        };
        shown.verify_for_usage(
            &algorithms,
            anchors,
            &usable,
            now,
            KeyUsage::server_auth(),
            revocation,
            Some(&allowed),
        )?;
        if !may_serve(&parsed) {
            return Err(not_for_servers());
        }
        match &self.check {
            Check::ChainAndName(_) => {
                let for_name = rewritten(CommonNames::All);
                let shown = self::shown(leaf, for_name.as_ref());
                EndEntityCert::try_from(&shown)?.verify_is_valid_for_subject_name(&self.name)
            }
            Check::Chain(_) | Check::Nothing => Ok(()),
        }
    }

    /// The revocation lists that a certificate is looked for in. One that is trusted as it is has
    /// no issuer but itself, and as in OpenSSL 3.6 none of its lists is asked for.
    pub(super) fn crls_for(&self, leaf: &CertificateDer<'_>) -> Option<&Crls> {
        let is_own = |roots: &RootCerts| roots.public.is_none() && roots.own(leaf).is_some();
        self.crls.as_deref().filter(|_| !self.roots().is_some_and(is_own))
    }
}

fn shown<'a>(leaf: &'a CertificateDer<'_>, rewritten: Option<&'a Rewritten>) -> CertificateDer<'a> {
    CertificateDer::from(rewritten.map_or(leaf.as_ref(), |rewritten| rewritten.der.as_slice()))
}

/// A signature algorithm that checks what was signed where it is shown something else.
#[derive(Clone, Copy)]
struct Swapping<'a> {
    algorithm: &'static dyn SignatureVerificationAlgorithm,
    swaps: &'a [&'a Swap],
    proven: &'a Proven,
}

impl<'a> Swapping<'a> {
    fn all(
        algorithms: &WebPkiSupportedAlgorithms,
        swaps: &'a [&'a Swap],
        proven: &'a Proven,
    ) -> Vec<Self> {
        let all = algorithms.all.iter();
        all.map(|algorithm| Swapping { algorithm: *algorithm, swaps, proven }).collect()
    }
}

impl SignatureVerificationAlgorithm for Swapping<'_> {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        let swap = self.swaps.iter().find(|swap| swap.shown == message);
        let signed = swap.map_or(message, |swap| &swap.signed);
        let proof = Proof::of(self.algorithm, public_key, signed, signature);
        if self.proven.has(proof) {
            return Ok(());
        }
        self.algorithm.verify_signature(public_key, signed, signature)?;
        self.proven.add(proof);
        Ok(())
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.public_key_alg_id()
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.algorithm.signature_alg_id()
    }

    fn fips(&self) -> bool {
        self.algorithm.fips()
    }
}

impl fmt::Debug for Swapping<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.algorithm.fmt(f)
    }
}

/// webpki's error as rustls has it, so that the right alert is sent. A bad signature stays webpki's:
/// rustls' own is that of the handshake.
fn in_rustls(error: &webpki::Error) -> Error {
    use webpki::Error as Found;
    let fault = match error {
        Found::CertExpired { .. } => CertificateError::Expired,
        Found::CertNotValidYet { .. } => CertificateError::NotValidYet,
        Found::CertRevoked => CertificateError::Revoked,
        Found::UnknownRevocationStatus
        | Found::CrlExpired { .. }
        | Found::InvalidCrlSignatureForPublicKey
        | Found::UnsupportedCrlSignatureAlgorithmContext(_)
        | Found::UnsupportedCrlSignatureAlgorithmForPublicKeyContext(_)
        | Found::IssuerNotCrlSigner => CertificateError::UnknownRevocationStatus,
        Found::UnknownIssuer => CertificateError::UnknownIssuer,
        Found::CertNotValidForName(_) => CertificateError::NotValidForName,
        Found::RequiredEkuNotFoundContext(_) => CertificateError::InvalidPurpose,
        other => CertificateError::Other(OtherError(Arc::new(other.clone()))),
    };
    fault.into()
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        _sni: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        observed::chain(leaf, intermediates);
        self.verify(leaf, intermediates, now)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        // OpenSSL wants this in every mode.
        let usable = X509Certificate::from_der(leaf)
            .map_or(true, |(_, parsed)| may_sign_handshakes(&parsed));
        if !usable {
            return Err(CertificateError::InvalidPurpose.into());
        }
        verify_tls12_signature(message, &bare(leaf)?, signed, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        leaf: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, &bare(leaf)?, signed, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

/// The certificate's key in a form that can be read whatever else the certificate says.
fn bare(leaf: &CertificateDer<'_>) -> Result<CertificateDer<'static>, Error> {
    bare_certificate(leaf).ok_or_else(|| CertificateError::BadEncoding.into())
}

#[cfg(test)]
mod tests;
