//! What a certificate may be used for: the rules that webpki leaves out.
//!
//! webpki looks at basicConstraints of intermediates, but not at keyUsage, and at nothing of an
//! anchor but its names and its key; OpenSSL, and RFC 5280, section 4.2.1, look at all of it.

use std::collections::BTreeSet;

use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::certificate::X509Certificate;
use x509_parser::extensions::{NSCertType, ParsedExtension};
use x509_parser::oid_registry::{
    OID_KEY_TYPE_EC_PUBLIC_KEY, OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
    OID_X509_EXT_BASIC_CONSTRAINTS, OID_X509_EXT_CERT_TYPE, OID_X509_EXT_CERTIFICATE_POLICIES,
    OID_X509_EXT_CRL_DISTRIBUTION_POINTS, OID_X509_EXT_EXTENDED_KEY_USAGE,
    OID_X509_EXT_INHIBIT_ANY_POLICY, OID_X509_EXT_KEY_USAGE, OID_X509_EXT_NAME_CONSTRAINTS,
    OID_X509_EXT_POLICY_CONSTRAINTS, OID_X509_EXT_POLICY_MAPPINGS, OID_X509_EXT_SUBJECT_ALT_NAME,
    OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
};
use x509_parser::prelude::FromDer;
use x509_parser::x509::{X509Name, X509Version};

use crate::x509::text;

/// Whether a root may issue others: basicConstraints says cA; or there is none, and it is of version
/// 1, or keyUsage has keyCertSign, or Netscape's old certificate type says CA. Where keyUsage is
/// present, keyCertSign is in it.
pub(super) fn may_root_issue(certificate: &X509Certificate<'_>) -> bool {
    if !is_well_formed(certificate) {
        return false;
    }
    let Ok(constraints) = certificate.basic_constraints() else { return false };
    let Ok(usage) = certificate.key_usage() else { return false };
    let signs = usage.map(|usage| usage.value.key_cert_sign());
    match (constraints.map(|constraints| constraints.value.ca), signs) {
        (Some(ca), signs) => ca && signs.unwrap_or(true),
        (None, Some(signs)) => signs,
        (None, None) => {
            certificate.version() == X509Version::V1
                || netscape_type(certificate).is_some_and(NSCertType::ssl_ca)
        }
    }
}

/// Whether an intermediate may issue others: as a root, but only basicConstraints makes it a CA.
pub(super) fn may_intermediate_issue(certificate: &X509Certificate<'_>) -> bool {
    let constraints = certificate.basic_constraints();
    constraints.is_ok_and(|constraints| constraints.is_some_and(|found| found.value.ca))
        && may_root_issue(certificate)
}

/// Whether the extensions that are looked at here can be read, and stand there once. The parser
/// gives what it cannot read as if it were not there. Proxy certificates (RFC 3820) are refused, as
/// what one says of itself depends on the certificate that stands for it.
fn is_well_formed(certificate: &X509Certificate<'_>) -> bool {
    const PROXY_CERT_INFO: Oid<'static> = oid!(1.3.6.1.5.5.7.1.14);
    let looked_at = [
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_SUBJECT_KEY_IDENTIFIER,
        OID_X509_EXT_AUTHORITY_KEY_IDENTIFIER,
        OID_X509_EXT_CERT_TYPE,
    ];
    let serial = certificate.raw_serial();
    let is_minimal = match serial {
        [] => false,
        [0, next, ..] => *next >= 0x80,
        [0xff, next, ..] => *next < 0x80,
        _ => true,
    };
    let mut seen = BTreeSet::new();
    let is_proxy = certificate.extensions().iter().any(|found| found.oid == PROXY_CERT_INFO);
    is_minimal
        && !is_proxy
        && certificate.extensions().iter().filter(|found| looked_at.contains(&found.oid)).all(
            |extension| {
                let unread = matches!(
                    extension.parsed_extension(),
                    ParsedExtension::ParseError { .. }
                        | ParsedExtension::Unparsed
                        | ParsedExtension::UnsupportedExtension { .. }
                );
                !unread && seen.insert(extension.oid.as_bytes())
            },
        )
}

fn netscape_type<'a>(certificate: &'a X509Certificate<'_>) -> Option<&'a NSCertType> {
    certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
        ParsedExtension::NSCertType(kind) => Some(kind),
        _ => None,
    })
}

/// Whether subject and issuer are the same name. For OpenSSL as for RFC 5280, section 7.1, that does
/// not depend on capitals and spaces.
fn is_self_issued(certificate: &X509Certificate<'_>) -> bool {
    let (subject, issuer) = (certificate.subject(), certificate.issuer());
    subject.as_raw() == issuer.as_raw() || canonical(subject) == canonical(issuer)
}

/// A name's sets of attributes, each with its type and its value.
fn canonical<'a>(name: &'a X509Name<'_>) -> Vec<Vec<(&'a [u8], Vec<u8>)>> {
    let sets = name.iter().map(|set| {
        let attributes = set.iter().map(|attribute| {
            let value = attribute.attr_value();
            let value = match text(value) {
                Some(text) => {
                    let words: Vec<&str> = text.split_ascii_whitespace().collect();
                    words.join(" ").to_ascii_lowercase().into_bytes()
                }
                None => value.data.to_vec(),
            };
            (attribute.attr_type().as_bytes(), value)
        });
        attributes.collect()
    });
    sets.collect()
}

/// The identifiers of its own key and of the one that signed it, where it has them.
pub(super) fn key_identifiers<'a>(
    certificate: &'a X509Certificate<'_>,
) -> (Option<&'a [u8]>, Option<&'a [u8]>) {
    let (mut own, mut issuer) = (None, None);
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::SubjectKeyIdentifier(id) => own = Some(id.0),
            ParsedExtension::AuthorityKeyIdentifier(id) => {
                issuer = id.key_identifier.as_ref().map(|id| id.0);
            }
            _ => {}
        }
    }
    (own, issuer)
}

/// The identifier of the key that the last of these certificates says it was signed with, where each
/// one below names the key of the next.
pub(crate) fn topmost_issuer_key<'a>(
    leaf: &X509Certificate<'_>,
    above: impl Iterator<Item = CertificateDer<'a>>,
) -> Result<Option<Vec<u8>>, webpki::Error> {
    let mut named = key_identifiers(leaf).1.map(<[u8]>::to_vec);
    for der in above {
        let (_, issuer) =
            X509Certificate::from_der(&der).map_err(|_| webpki::Error::MalformedExtensions)?;
        let (own, next) = key_identifiers(&issuer);
        if !may_be_the_key(named.as_deref(), own) {
            return Err(webpki::Error::MalformedExtensions);
        }
        named = next.map(<[u8]>::to_vec);
    }
    Ok(named)
}

/// Whether the key with this identifier may be the one that is named.
pub(super) fn may_be_the_key(named: Option<&[u8]>, own: Option<&[u8]>) -> bool {
    named.zip(own).is_none_or(|(named, own)| named == own)
}

/// Whether it claims to be signed with its own key: subject and issuer are the same name, and its
/// authorityKeyIdentifier, where there is one, names itself. OpenSSL judges likewise.
pub(crate) fn is_self_signed(certificate: &X509Certificate<'_>) -> bool {
    let authority =
        certificate.extensions().iter().find_map(|extension| match extension.parsed_extension() {
            ParsedExtension::AuthorityKeyIdentifier(id) => Some(id),
            _ => None,
        });
    let key_is_own = || {
        let (own, named) = key_identifiers(certificate);
        may_be_the_key(named, own)
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
    X509Certificate::from_der(der)
        .is_ok_and(|(_, certificate)| may_intermediate_issue(&certificate))
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
    is_well_formed(certificate)
        && usage
        && netscape_type(certificate).is_none_or(NSCertType::ssl_server)
}

/// Whether a certificate may be a TLS client's own, by the rules of OpenSSL, and is not a CA's.
pub(crate) fn may_be_a_client(certificate: &X509Certificate<'_>) -> bool {
    let usage = match certificate.key_usage() {
        Ok(usage) => usage.is_none_or(|usage| {
            let usage = usage.value;
            usage.digital_signature() || usage.key_agreement()
        }),
        Err(_) => false,
    };
    let purpose = match certificate.extended_key_usage() {
        Ok(usage) => usage.is_none_or(|usage| usage.value.client_auth || usage.value.any),
        Err(_) => false,
    };
    let constraints = certificate.basic_constraints().ok().flatten();
    let is_ca = constraints.is_some_and(|found| found.value.ca)
        || is_self_signed(certificate) && may_root_issue(certificate);
    is_well_formed(certificate)
        && usage
        && purpose
        && !is_ca
        && netscape_type(certificate).is_none_or(NSCertType::ssl_client)
}

/// Whether TLS 1.2 may use its key: one of ECDSA signs there, and keyUsage has to allow that.
pub(crate) fn may_sign_handshakes(certificate: &X509Certificate<'_>) -> bool {
    let is_ec = certificate.public_key().algorithm.algorithm == OID_KEY_TYPE_EC_PUBLIC_KEY;
    let usage = certificate.key_usage().ok().flatten();
    !is_ec || usage.is_none_or(|usage| usage.value.digital_signature())
}

/// What webpki says of a certificate that is not for servers.
pub(crate) fn not_for_servers() -> webpki::Error {
    webpki::Error::RequiredEkuNotFoundContext(webpki::RequiredEkuNotFoundContext {
        required: webpki::KeyUsage::server_auth(),
        present: Vec::new(),
    })
}

/// Whether it has a critical extension that OpenSSL does not understand.
pub(super) fn has_unknown_critical(certificate: &X509Certificate<'_>) -> bool {
    let known = [
        OID_X509_EXT_CERT_TYPE,
        OID_X509_EXT_KEY_USAGE,
        OID_X509_EXT_SUBJECT_ALT_NAME,
        OID_X509_EXT_BASIC_CONSTRAINTS,
        OID_X509_EXT_CERTIFICATE_POLICIES,
        OID_X509_EXT_CRL_DISTRIBUTION_POINTS,
        OID_X509_EXT_EXTENDED_KEY_USAGE,
        OID_X509_EXT_POLICY_CONSTRAINTS,
        OID_X509_EXT_NAME_CONSTRAINTS,
        OID_X509_EXT_POLICY_MAPPINGS,
        OID_X509_EXT_INHIBIT_ANY_POLICY,
    ];
    certificate.extensions().iter().any(|extension| {
        let unread = matches!(extension.parsed_extension(), ParsedExtension::ParseError { .. });
        extension.critical && (unread || !known.contains(&extension.oid))
    })
}
