//! What a TLS handshake negotiated and what was verified in it.

use std::fmt;
use std::time::SystemTime;

use super::PeerCertificate;
#[cfg(feature = "serde")]
use crate::text::rfc3339;
use crate::x509::Facts;

/// What a TLS handshake negotiated and what was verified in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[non_exhaustive]
pub struct TlsSession {
    pub(crate) version: &'static str,
    pub(crate) cipher: &'static str,
    pub(crate) cipher_openssl: &'static str,
    pub(crate) group: Option<&'static str>,
    pub(crate) resumed: bool,
    pub(crate) hello_retry: bool,
    pub(crate) sni: Option<String>,
    pub(crate) peer: Vec<PeerCertificate>,
    #[cfg_attr(feature = "serde", serde(flatten))]
    pub(crate) verified: Verification,
    pub(crate) pinned: bool,
    pub(crate) revocation_checked: bool,
    pub(crate) client_certificate: ClientCertificate,
}

impl TlsSession {
    /// The protocol version as MySQL names it: `TLSv1.2` or `TLSv1.3`.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version
    }

    /// The cipher suite by its IANA name, for example `TLS_AES_128_GCM_SHA256`.
    #[must_use]
    pub fn cipher(&self) -> &str {
        self.cipher
    }

    /// The cipher suite by OpenSSL's name, as `Ssl_cipher` has it; under TLS 1.3 the IANA name.
    #[must_use]
    pub fn cipher_openssl(&self) -> &str {
        self.cipher_openssl
    }

    /// The key-exchange group, for example `X25519MLKEM768`; `None` for a resumed TLS 1.2 session,
    /// which has no key exchange.
    #[must_use]
    pub fn group(&self) -> Option<&str> {
        self.group
    }

    /// Whether an earlier session was resumed.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.resumed
    }

    /// Whether the server asked for another key share first (HelloRetryRequest, RFC 8446, section
    /// 4.1.4), which costs a round trip.
    #[must_use]
    pub fn had_hello_retry(&self) -> bool {
        self.hello_retry
    }

    /// The server name sent in the handshake (SNI); `None` for an IP address, and where
    /// [`tls_sni`](crate::ConnectionBuilder::tls_sni) is off.
    #[must_use]
    pub fn sni(&self) -> Option<&str> {
        self.sni.as_deref()
    }

    /// The certificates that the server showed, its own first.
    #[must_use]
    pub fn peer(&self) -> &[PeerCertificate] {
        &self.peer
    }

    /// What was verified of the server's certificate.
    #[must_use]
    pub fn verified(&self) -> &Verification {
        &self.verified
    }

    /// Whether the server's certificate was compared with pins
    /// ([`tls_pin`](crate::ConnectionBuilder::tls_pin),
    /// [`tls_peer_fingerprint`](crate::ConnectionBuilder::tls_peer_fingerprint)) and matched.
    #[must_use]
    pub fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// Whether every certificate of the chain was looked for in a current revocation list
    /// ([`ssl_crl`](crate::ConnectionBuilder::ssl_crl)), and was not in it.
    #[must_use]
    pub fn is_revocation_checked(&self) -> bool {
        self.revocation_checked
    }

    /// What became of the client certificate. On a resumed session this is what the first
    /// handshake told.
    #[must_use]
    pub fn client_certificate(&self) -> &ClientCertificate {
        &self.client_certificate
    }
}

/// What was verified of the server's certificate.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
#[cfg_attr(
    feature = "serde",
    serde(tag = "verified", content = "verified_name", rename_all = "kebab-case")
)]
#[non_exhaustive]
pub enum Verification {
    /// Nothing but that the peer holds the key of the certificate it showed.
    Nothing,
    /// That its certificate, or the key in it, is one that was pinned.
    Pin,
    /// That a trusted CA issued it.
    Chain,
    /// That a trusted CA issued it for this name.
    ChainAndName(String),
}

impl fmt::Display for Verification {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Verification::Nothing => f.write_str("NOT VERIFIED"),
            Verification::Pin => f.write_str("the pin, not the chain"),
            Verification::Chain => f.write_str("the chain, not the name"),
            Verification::ChainAndName(name) => write!(f, "the chain, and the name {name}"),
        }
    }
}

/// What became of the client certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClientCertificate {
    pub(crate) requested: bool,
    pub(crate) presented: Option<Facts>,
}

impl ClientCertificate {
    /// Whether the server asked for one.
    #[must_use]
    pub fn was_requested(&self) -> bool {
        self.requested
    }

    /// The subject of the one that was presented.
    #[must_use]
    pub fn presented(&self) -> Option<&str> {
        self.presented.as_ref().map(|facts| facts.subject.as_str())
    }

    /// When the one that was presented expires.
    #[must_use]
    pub fn not_after(&self) -> Option<SystemTime> {
        self.presented.as_ref().map(|facts| facts.not_after)
    }

    /// Whole days until the one that was presented expires, rounded down; negative once it has.
    #[must_use]
    pub fn days_left(&self) -> Option<i64> {
        self.presented.as_ref().map(|facts| facts.days_left(SystemTime::now()))
    }

    pub(crate) fn facts(&self) -> Option<&Facts> {
        self.presented.as_ref()
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for ClientCertificate {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("ClientCertificate", 4)?;
        fields.serialize_field("requested", &self.requested)?;
        fields.serialize_field("presented", &self.presented())?;
        fields.serialize_field("not_after", &self.not_after().map(rfc3339))?;
        fields.serialize_field("days_left", &self.days_left())?;
        fields.end()
    }
}
