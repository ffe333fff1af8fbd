//! A certificate that the server showed.

use std::fmt;

use crate::x509::{self, Facts};

/// A certificate that the server showed.
///
/// What it says is worth what [`TlsSession::verified`](super::TlsSession::verified) says. Text in
/// it has control characters escaped and is cut at 512 bytes.
#[derive(Clone, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(feature = "serde", serde(transparent))]
#[non_exhaustive]
pub struct PeerCertificate {
    pub(super) facts: Facts,
}

x509::getters!(PeerCertificate);

impl PeerCertificate {
    pub(crate) fn of(der: &[u8]) -> Self {
        PeerCertificate { facts: Facts::of(der) }
    }

    /// SHA-256 of the subject's public key info (SPKI), which stays when a certificate is renewed
    /// with the same key; `None` where the certificate cannot be read.
    #[must_use]
    pub fn spki_sha256(&self) -> Option<&[u8; 32]> {
        self.facts.spki_sha256.as_ref()
    }

    /// The certificate itself, as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.facts.der
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.debug("PeerCertificate", f)
    }
}
