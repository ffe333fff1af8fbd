//! What a certificate may be used for: the rules that webpki leaves out.
//!
//! webpki looks at basicConstraints of intermediates, but not at keyUsage, and at nothing of an
//! anchor but its names and its key; OpenSSL, and RFC 5280, section 4.2.1, look at all of it.

use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::ParsedExtension;
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
fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    certificate.subject().as_raw() == certificate.issuer().as_raw()
}

/// Whether it claims to be signed with its own key: subject and issuer are the same name, and its
/// authorityKeyIdentifier, where there is one, names itself. OpenSSL judges likewise.
pub(crate) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    let mut own_key = None;
    let mut authority = None;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own_key = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => authority = Some(id),
            _ => {}
        }
    }
    let key_is_own = || {
        let named = authority.and_then(|authority| authority.key_identifier.as_ref());
        named.zip(own_key).is_none_or(|(named, own)| named.0 == own)
    };
    let serial_is_own = || {
        let named = authority.and_then(|authority| authority.authority_cert_serial);
        named.is_none_or(|named| named == certificate.raw_serial())
    };
    is_self_issued(certificate) && key_is_own() && serial_is_own()
}

/// How many intermediates may stand between the certificate and a leaf, where it says so.
pub(super) fn path_limit(certificate: &X509Certificate<'_>) -> Option<u32> {
    certificate.basic_constraints().ok().flatten()?.value.path_len_constraint
}

/// Whether the extended key usage, where there is one, allows what serves TLS.
pub(super) fn allows_servers(certificate: &X509Certificate<'_>) -> bool {
    match certificate.extended_key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.server_auth),
        Err(_) => false,
    }
}

/// Whether it may sign revocation lists.
pub(super) fn may_sign_crls(certificate: &X509Certificate<'_>) -> bool {
    match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.crl_sign()),
        Err(_) => false,
    }
}

/// Whether an intermediate that a server sent may issue others. What cannot be read may not.
pub(crate) fn may_issue(der: &[u8]) -> bool {
    X509Certificate::from_der(der).is_ok_and(|(_, certificate)| is_issuer(&certificate))
}

/// Whether a certificate may be a TLS server's own, as far as keyUsage and Netscape's old
/// certificate type say. The extended key usage is webpki's to look at.
pub(crate) fn may_serve(certificate: &X509Certificate<'_>) -> bool {
    let usage = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| {
            let usage = usage.value;
            usage.digital_signature() || usage.key_encipherment() || usage.key_agreement()
        }),
        Err(_) => false,
    };
    usage
        && certificate.extensions().iter().all(|extension| match extension.parsed_extension() {
            ParsedExtension::NSCertType(kind) => kind.ssl_server(),
            _ => true,
        })
}
