//! Certificates and revocation lists in the shape that webpki reads.
//!
//! webpki takes X.509 version 3 alone, no CA's certificate as a server's, and no name in the CN.
//! OpenSSL, and so the clients of these servers, takes all of them. Such a certificate is shown to
//! webpki with the same bytes in a shape that it reads; the signature is checked over the bytes that
//! were really signed ([`Swap`]). Nothing is vouched for that the issuer did not sign.

use std::collections::BTreeSet;

use pkcs8::der::{self, Encode, Header, Reader, SliceReader, Tag, TagNumber};
use rustls::pki_types::CertificateDer;
use x509_parser::asn1_rs::{Oid, oid};
use x509_parser::extensions::{ExtendedKeyUsage, GeneralName, ParsedExtension};
use x509_parser::oid_registry::OID_X509_EXT_SUBJECT_ALT_NAME;
use x509_parser::prelude::{X509Certificate, X509Extension};
use x509_parser::x509::X509Version;

use super::purpose::is_self_signed;
use crate::x509;

/// What is shown in place of what was signed.
#[derive(Clone, Debug)]
pub(crate) struct Swap {
    pub(crate) shown: Vec<u8>,
    pub(crate) signed: Vec<u8>,
}

/// A certificate or revocation list in another shape.
#[derive(Debug)]
pub(crate) struct Rewritten {
    pub(crate) der: Vec<u8>,
    pub(crate) swap: Swap,
}

/// Version 3, as a certificate says it.
const VERSION_3: [u8; 5] = [0xa0, 3, 2, 1, 2];

/// Version 2, as a revocation list says it.
const CRL_VERSION_2: [u8; 3] = [2, 1, 1];

/// A nextUpdate that never comes, where a revocation list has none.
const NEVER: &[u8] = b"\x18\x0f99991231235959Z";

/// An extension that says nothing, a cRLNumber of 0, where a revocation list has none.
const NO_CRL_EXTENSIONS: [u8; 16] =
    [0xa0, 14, 0x30, 12, 0x30, 10, 6, 3, 0x55, 0x1d, 20, 4, 3, 2, 1, 0];

const RFC822_NAME: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber::N1 };
const DNS_NAME: Tag = Tag::ContextSpecific { constructed: false, number: TagNumber::N2 };

/// Which common names become dNSNames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CommonNames {
    /// Those with a dot. OpenSSL holds no others against the name constraints of a CA.
    WithDot,
    All,
}

/// A server's certificate as OpenSSL would read it, where webpki would not; `None` where it can
/// stay. `is_trusted` says that this very certificate is in `ssl-ca`.
///
/// - Whatever the version, it becomes 3; X.509 version 1 has no extensions.
/// - basicConstraints with cA goes where the certificate is trusted as it is, or issued by another.
/// - An extended key usage with the old "step-up" for servers goes, since it has no other.
/// - What OpenSSL understands is not critical any more.
/// - Common names become dNSNames where there is no other dNSName (RFC 6125, section 6.4.4).
/// - E-mail addresses in the subject become such names, for CAs that constrain those; webpki then
///   refuses, since it compares none.
pub(crate) fn server_certificate(
    der: &[u8],
    certificate: &X509Certificate<'_>,
    is_trusted: bool,
    names: CommonNames,
) -> Option<Rewritten> {
    if has_duplicates(certificate) {
        return None;
    }
    let may_drop_ca = is_trusted || !is_self_signed(certificate);
    let mut extensions = Vec::new();
    let mut changed = certificate.version() != X509Version::V3;
    let mut named = None;
    for extension in certificate.extensions() {
        match extension.parsed_extension() {
            ParsedExtension::BasicConstraints(constraints) if constraints.ca && may_drop_ca => {
                changed = true;
            }
            ParsedExtension::ExtendedKeyUsage(usage) if is_step_up(usage) => changed = true,
            ParsedExtension::NSCertType(_) | ParsedExtension::CertificatePolicies(_)
                if extension.critical =>
            {
                changed = true;
                extensions.push(write(extension.oid.as_bytes(), false, extension.value).ok()?);
            }
            _ if extension.oid == OID_X509_EXT_SUBJECT_ALT_NAME => named = Some(extension),
            _ => extensions.push(written(extension).ok()?),
        }
    }
    let mut common_names = host_names(certificate);
    if names == CommonNames::WithDot {
        common_names.retain(|name| name.contains('.'));
    }
    if has_dns_name(named) {
        common_names.clear();
    }
    let dns_names = common_names.iter().map(|name| (DNS_NAME, name.as_bytes()));
    let addresses = certificate.subject().iter_email();
    let addresses = addresses.map(|address| (RFC822_NAME, address.attr_value().data));
    let names: Vec<_> = dns_names.chain(addresses).collect();
    if names.is_empty() {
        extensions.extend(named.map(written).transpose().ok()?);
    } else {
        changed = true;
        extensions.push(with_names(named, &names).ok()?);
    }
    if !changed {
        return None;
    }
    with_extensions(der, &extensions).ok()
}

/// Netscape's and Microsoft's "server gated cryptography", without serverAuth beside it.
fn is_step_up(usage: &ExtendedKeyUsage<'_>) -> bool {
    const STEP_UP: [Oid<'static>; 2] = [oid!(2.16.840.1.113730.4.1), oid!(1.3.6.1.4.1.311.10.3.3)];
    !usage.server_auth && usage.other.iter().any(|other| STEP_UP.contains(other))
}

/// The same certificate without extensions, for its key alone; webpki reads nothing else then.
pub(crate) fn bare_certificate(der: &[u8]) -> Option<CertificateDer<'static>> {
    with_extensions(der, &[]).ok().map(|rewritten| rewritten.der.into())
}

/// A revocation list with all that webpki asks for, where it lacks that: version 2, nextUpdate, an
/// extension.
pub(crate) fn revocation_list(der: &[u8]) -> der::Result<Rewritten> {
    let (tbs, rest) = signed(der)?;
    let shown = SliceReader::new(tbs)?.sequence(|list| {
        let mut parts: Vec<&[u8]> = vec![&CRL_VERSION_2];
        if list.peek_tag()? == Tag::Integer {
            list.tlv_bytes()?;
        }
        // Algorithm, issuer, thisUpdate.
        for _ in 0..3 {
            parts.push(list.tlv_bytes()?);
        }
        let has_next =
            !list.is_finished() && matches!(list.peek_tag()?, Tag::UtcTime | Tag::GeneralizedTime);
        parts.push(if has_next { list.tlv_bytes()? } else { NEVER });
        let has_entries = !list.is_finished() && list.peek_tag()? == Tag::Sequence;
        if has_entries {
            parts.push(list.tlv_bytes()?);
        }
        parts.push(if list.is_finished() { &NO_CRL_EXTENSIONS } else { list.tlv_bytes()? });
        wrap(Tag::Sequence, &parts)
    })?;
    rewritten(shown, tbs, rest)
}

/// Whether an extension stands twice. webpki refuses that, as long as it sees both.
fn has_duplicates(certificate: &X509Certificate<'_>) -> bool {
    let mut seen = BTreeSet::new();
    certificate.extensions().iter().any(|extension| !seen.insert(extension.oid.as_bytes()))
}

/// The common names that could be hosts. Addresses, which OpenSSL compares with no CN, are left out.
fn host_names(certificate: &X509Certificate<'_>) -> Vec<String> {
    let is_host = |name: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._*-".contains(&byte);
        !name.is_empty() && name.bytes().all(plain) && name.parse::<std::net::IpAddr>().is_err()
    };
    x509::common_names(certificate).filter(is_host).collect()
}

fn has_dns_name(extension: Option<&X509Extension<'_>>) -> bool {
    extension.is_some_and(|extension| match extension.parsed_extension() {
        ParsedExtension::SubjectAlternativeName(names) => {
            let is_dns = |name: &GeneralName<'_>| match name {
                GeneralName::DNSName(_) => true,
                // One that is not ASCII.
                GeneralName::Invalid(tag, _) => tag.0 == 2,
                _ => false,
            };
            names.general_names.iter().any(is_dns)
        }
        // What cannot be read may hold one.
        _ => true,
    })
}

/// A subjectAltName with these names after those that it has.
fn with_names(
    extension: Option<&X509Extension<'_>>,
    names: &[(Tag, &[u8])],
) -> der::Result<Vec<u8>> {
    let existing = match extension {
        None => &[],
        Some(extension) => SliceReader::new(extension.value)?
            .sequence(|names| names.read_slice(names.remaining_len()))?,
    };
    let mut content = existing.to_vec();
    for (kind, name) in names {
        content.extend(wrap(*kind, &[name])?);
    }
    let critical = extension.is_some_and(|extension| extension.critical);
    write(OID_X509_EXT_SUBJECT_ALT_NAME.as_bytes(), critical, &wrap(Tag::Sequence, &[&content])?)
}

fn written(extension: &X509Extension<'_>) -> der::Result<Vec<u8>> {
    write(extension.oid.as_bytes(), extension.critical, extension.value)
}

fn write(oid: &[u8], critical: bool, value: &[u8]) -> der::Result<Vec<u8>> {
    let oid = wrap(Tag::ObjectIdentifier, &[oid])?;
    let critical: &[u8] = if critical { &[1, 1, 0xff] } else { &[] };
    wrap(Tag::Sequence, &[&oid, critical, &wrap(Tag::OctetString, &[value])?])
}

/// The certificate as version 3 with these extensions and no others.
fn with_extensions(der: &[u8], extensions: &[Vec<u8>]) -> der::Result<Rewritten> {
    const VERSION: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N0 };
    const EXTENSIONS: Tag = Tag::ContextSpecific { constructed: true, number: TagNumber::N3 };
    let (tbs, rest) = signed(der)?;
    let shown = SliceReader::new(tbs)?.sequence(|body| {
        let mut parts = vec![VERSION_3.to_vec()];
        if body.peek_tag()? == VERSION {
            body.tlv_bytes()?;
        }
        // x509-parser takes a version whose tag is not constructed. What follows would be taken for
        // something else here.
        body.peek_tag()?.assert_eq(Tag::Integer)?;
        // Serial number, algorithm, issuer, validity, subject, public key.
        for _ in 0..6 {
            parts.push(body.tlv_bytes()?.to_vec());
        }
        // Unique identifiers, which nobody uses, and the extensions in their old form.
        body.read_slice(body.remaining_len())?;
        if !extensions.is_empty() {
            let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
            parts.push(wrap(EXTENSIONS, &[&wrap(Tag::Sequence, &extensions)?])?);
        }
        let parts: Vec<&[u8]> = parts.iter().map(Vec::as_slice).collect();
        wrap(Tag::Sequence, &parts)
    })?;
    rewritten(shown, tbs, rest)
}

fn rewritten(shown: Vec<u8>, signed: &[u8], rest: &[u8]) -> der::Result<Rewritten> {
    let der = wrap(Tag::Sequence, &[&shown, rest])?;
    Ok(Rewritten { der, swap: Swap { shown, signed: signed.to_vec() } })
}

/// What was signed, and the algorithm and signature that follow it.
fn signed(der: &[u8]) -> der::Result<(&[u8], &[u8])> {
    let mut reader = SliceReader::new(der)?;
    let parts = reader.sequence(|outer| {
        let signed = outer.tlv_bytes()?;
        Ok((signed, outer.read_slice(outer.remaining_len())?))
    })?;
    reader.finish(parts)
}

fn wrap(tag: Tag, parts: &[&[u8]]) -> der::Result<Vec<u8>> {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    let mut whole = Header::new(tag, length)?.to_der()?;
    whole.reserve(length);
    for part in parts {
        whole.extend_from_slice(part);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use x509_parser::prelude::FromDer;

    use super::*;

    /// What webpki reads as it is must come out byte for byte, once it is rewritten all the same.
    #[test]
    fn an_ordinary_certificate_is_rewritten_to_itself() {
        let key = rcgen::KeyPair::generate().unwrap();
        let params = rcgen::CertificateParams::new(vec!["db.example.com".to_owned()]).unwrap();
        let made = params.self_signed(&key).unwrap();
        let (_, parsed) = X509Certificate::from_der(made.der()).unwrap();
        assert!(server_certificate(made.der(), &parsed, true, CommonNames::All).is_none());
        let extensions: Vec<_> =
            parsed.extensions().iter().map(|extension| written(extension).unwrap()).collect();
        let same = with_extensions(made.der(), &extensions).unwrap();
        assert_eq!(same.der, made.der().to_vec());
        assert_eq!(same.swap.shown, same.swap.signed);
    }

    /// Found by fuzzing: the key was left out, as the field after the last.
    #[test]
    fn a_version_in_another_form_leaves_the_certificate_as_it_is() {
        let made = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
        let mut der = made.cert.der().to_vec();
        let version = der.windows(5).position(|window| window == VERSION_3).unwrap();
        der[version] = 0x80;
        let (_, parsed) = X509Certificate::from_der(&der).unwrap();
        assert_eq!(parsed.version(), X509Version::V3, "the parser takes it");
        assert!(bare_certificate(&der).is_none());
        assert!(server_certificate(&der, &parsed, true, CommonNames::All).is_none());
    }

    #[test]
    fn what_is_cut_off_is_refused_without_a_panic() {
        let made = rcgen::generate_simple_self_signed(vec!["db".to_owned()]).unwrap();
        let der = made.cert.der();
        for length in 0..der.len() {
            assert!(bare_certificate(&der[..length]).is_none(), "{length}");
            assert!(revocation_list(&der[..length]).is_err(), "{length}");
        }
        assert!(bare_certificate(der).is_some());
    }
}
