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

    /// The kind and size of its key, for example `RSA, 2048 bits` or `ECDSA, P-256`; `None` where the
    /// certificate cannot be read.
    #[must_use]
    pub fn key(&self) -> Option<String> {
        x509::key_kind(&self.facts.der)
    }

    /// The version of X.509: 3 nowadays, 1 where old scripts made it; `None` where the certificate
    /// cannot be read.
    #[must_use]
    pub fn version(&self) -> Option<u32> {
        x509::version(&self.facts.der)
    }

    pub(crate) fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Why its key cannot be used with this build.
    pub(crate) fn weak_key(&self) -> Option<String> {
        self.facts.weak_key.clone()
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.facts.debug("PeerCertificate", f)
    }
}
