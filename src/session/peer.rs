//! A certificate that the server showed.

use std::fmt;

use crate::text::hex;
use crate::x509::{self, Facts, pin_text};

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

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// The pin of its key, as [`tls_pin`](crate::ConnectionBuilder::tls_pin) takes it:
    /// `sha256//BASE64`; `None` where the certificate cannot be read.
    #[must_use]
    pub fn pin(&self) -> Option<String> {
        self.facts.spki_sha256.as_ref().map(pin_text)
    }

    /// Its fingerprint, as
    /// [`tls_peer_fingerprint`](crate::ConnectionBuilder::tls_peer_fingerprint) takes it: SHA-256 in
    /// hexadecimal.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        hex(&self.facts.sha256)
    }

    /// SHA-256 of the subject's public key info (SPKI), which stays when a certificate is renewed
    /// with the same key; `None` where the certificate cannot be read.
    #[must_use]
    pub fn spki_sha256(&self) -> Option<&[u8; 32]> {
        self.facts.spki_sha256.as_ref()
    }

    /// Why its key cannot be used with this build.
    pub(crate) fn weak_key(&self) -> Option<String> {
        self.facts.weak_key.clone()
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
