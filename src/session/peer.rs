//! A certificate that the server showed.

use std::fmt;
use std::time::SystemTime;

use crate::text::rfc3339;

/// A certificate that the server showed.
///
/// What it says is worth what [`TlsSession::verified`](super::TlsSession::verified) says. Text in
/// it has control characters escaped and is cut at 512 bytes.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct PeerCertificate {
    pub(crate) subject: String,
    pub(crate) issuer: String,
    pub(crate) common_names: Vec<String>,
    pub(crate) subject_alt_names: Vec<String>,
    pub(crate) serial: String,
    pub(crate) not_before: SystemTime,
    pub(crate) not_after: SystemTime,
    pub(crate) sha256: [u8; 32],
    pub(crate) spki_sha256: Option<[u8; 32]>,
    /// Why its key cannot be used with this build, for errors.
    pub(crate) weak_key: Option<String>,
    pub(crate) der: Vec<u8>,
}

impl PeerCertificate {
    /// The subject, for example `CN=tidb.example.com, O=Example`.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The issuer, in the same form.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// The common names in the subject.
    #[must_use]
    pub fn common_names(&self) -> &[String] {
        &self.common_names
    }

    /// The subject alternative names, for example `DNS:db.example.com`, `IP:127.0.0.1`.
    #[must_use]
    pub fn subject_alt_names(&self) -> &[String] {
        &self.subject_alt_names
    }

    /// The serial number in hexadecimal.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// When it becomes valid.
    #[must_use]
    pub fn not_before(&self) -> SystemTime {
        self.not_before
    }

    /// When it expires.
    #[must_use]
    pub fn not_after(&self) -> SystemTime {
        self.not_after
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn sha256(&self) -> &[u8; 32] {
        &self.sha256
    }

    /// SHA-256 of the subject's public key info (SPKI), which stays when a certificate is renewed
    /// with the same key; `None` where the certificate cannot be read.
    #[must_use]
    pub fn spki_sha256(&self) -> Option<&[u8; 32]> {
        self.spki_sha256.as_ref()
    }

    /// Why its key cannot be used with this build.
    pub(crate) fn weak_key(&self) -> Option<String> {
        self.weak_key.clone()
    }

    /// The certificate itself, as DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let PeerCertificate {
            subject,
            issuer,
            common_names: _, // in the subject
            subject_alt_names,
            serial,
            not_before,
            not_after,
            sha256,
            spki_sha256,
            weak_key: _,
            der,
        } = self;
        f.debug_struct("PeerCertificate")
            .field("subject", subject)
            .field("issuer", issuer)
            .field("subject_alt_names", subject_alt_names)
            .field("serial", serial)
            .field("not_before", &rfc3339(*not_before))
            .field("not_after", &rfc3339(*not_after))
            .field("sha256", &hex(sha256))
            .field("spki_sha256", &spki_sha256.map(|hash| hex(&hash)))
            .field("der", &format_args!("{} bytes", der.len()))
            .finish()
    }
}

/// Bytes in lower case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(feature = "serde")]
impl serde::Serialize for PeerCertificate {
    /// Times are RFC 3339, hashes hexadecimal; the DER is left out.
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct;

        let mut fields = serializer.serialize_struct("PeerCertificate", 8)?;
        fields.serialize_field("subject", &self.subject)?;
        fields.serialize_field("issuer", &self.issuer)?;
        fields.serialize_field("subject_alt_names", &self.subject_alt_names)?;
        fields.serialize_field("serial", &self.serial)?;
        fields.serialize_field("not_before", &rfc3339(self.not_before))?;
        fields.serialize_field("not_after", &rfc3339(self.not_after))?;
        fields.serialize_field("sha256", &hex(&self.sha256))?;
        fields.serialize_field("spki_sha256", &self.spki_sha256.map(|hash| hex(&hash)))?;
        fields.end()
    }
}
