//! Which certificates may issue others.
//!
//! webpki looks at basicConstraints of intermediates, but not at keyUsage, and at nothing of an
//! anchor; OpenSSL, and RFC 5280, section 4.2.1.3, look at all of it.

use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer;
use x509_parser::x509::X509Version;

/// Whether a certificate may issue others.
///
/// It may if basicConstraints says cA, or if it has none and is a self-issued one of version 1 or
/// has keyCertSign; and, where keyUsage is present, only with keyCertSign in it.
pub(super) fn is_issuer(certificate: &X509Certificate<'_>) -> bool {
    if certificate.version() == X509Version::V1 {
        return is_self_issued(certificate);
    }
    let Ok(constraints) = certificate.basic_constraints() else { return false };
    let Ok(usage) = certificate.key_usage() else { return false };
    let signs = usage.map(|usage| usage.value.key_cert_sign());
    match (constraints.map(|constraints| constraints.value.ca), signs) {
        (Some(ca), signs) => ca && signs.unwrap_or(true),
        (None, signs) => signs.unwrap_or(false),
    }
}

/// Whether subject and issuer are the same name.
pub(super) fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// How many intermediates may stand between the certificate and a leaf, where it says so.
pub(super) fn path_limit(certificate: &X509Certificate<'_>) -> Option<u32> {
    certificate.basic_constraints().ok().flatten()?.value.path_len_constraint
}

/// Whether an intermediate that a server sent may issue others. What cannot be read may not.
pub(crate) fn may_issue(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, certificate)| is_issuer(&certificate))
}
