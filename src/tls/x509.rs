//! Facts of a certificate, for people and for errors.

use std::net::IpAddr;
use std::time::{Duration, SystemTime};

use sha2::{Digest, Sha256};
use x509_parser::extensions::GeneralName;
use x509_parser::oid_registry::OidRegistry;
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;
use x509_parser::time::ASN1Time;
use x509_parser::x509::X509Name;

use crate::session::{PeerCertificate, hex};
use crate::text::peer_text;

/// The facts of a certificate. One that cannot be read has none but its hash: under REQUIRED a
/// server may show anything.
pub(super) fn facts(der: &[u8]) -> PeerCertificate {
    let mut facts = PeerCertificate {
        subject: "(a certificate that cannot be read)".to_owned(),
        issuer: String::new(),
        common_names: Vec::new(),
        subject_alt_names: Vec::new(),
        serial: String::new(),
        not_before: SystemTime::UNIX_EPOCH,
        not_after: SystemTime::UNIX_EPOCH,
        sha256: Sha256::digest(der).into(),
        spki_sha256: None,
        weak_key: None,
        der: der.to_vec(),
    };
    let Ok((_, parsed)) = X509Certificate::from_der(der) else { return facts };
    facts.subject = name(parsed.subject());
    facts.issuer = name(parsed.issuer());
    facts.common_names = parsed
        .subject()
        .iter_common_name()
        .filter_map(|common_name| common_name.as_str().ok())
        .map(|common_name| peer_text(common_name.as_bytes()))
        .collect();
    facts.subject_alt_names = match parsed.subject_alternative_name() {
        Ok(Some(names)) => names.value.general_names.iter().map(general_name).collect(),
        _ => Vec::new(),
    };
    facts.serial = hex(parsed.raw_serial());
    facts.not_before = system_time(parsed.validity().not_before);
    facts.not_after = system_time(parsed.validity().not_after);
    facts.weak_key = weak_key(&parsed);
    facts.spki_sha256 = Some(Sha256::digest(parsed.public_key().raw).into());
    facts
}

/// What is wrong with a key that the crypto provider does not take.
fn weak_key(certificate: &X509Certificate<'_>) -> Option<String> {
    match certificate.public_key().parsed() {
        Ok(PublicKey::RSA(key)) if key.key_size() < 2048 => {
            Some(format!("RSA with {} bits", key.key_size()))
        }
        Ok(PublicKey::EC(key)) if key.key_size() > 384 => {
            Some("ECDSA on the curve P-521".to_owned())
        }
        Ok(PublicKey::DSA(_)) => Some("DSA".to_owned()),
        _ => None,
    }
}

/// The algorithm that a certificate is signed with, by its name where it has one.
pub(super) fn signature_algorithm(der: &[u8]) -> String {
    let Ok((_, parsed)) = X509Certificate::from_der(der) else {
        return "an unknown one".to_owned();
    };
    let oid = &parsed.signature_algorithm.algorithm;
    let names = oid_registry();
    names.get(oid).map_or_else(|| oid.to_id_string(), |entry| entry.sn().to_owned())
}

fn oid_registry() -> OidRegistry<'static> {
    OidRegistry::default().with_pkcs1().with_x962()
}

fn name(name: &X509Name<'_>) -> String {
    let text = peer_text(name.to_string().as_bytes());
    if text.is_empty() { "(an empty name)".to_owned() } else { text }
}

fn general_name(name: &GeneralName<'_>) -> String {
    match name {
        GeneralName::DNSName(dns) => format!("DNS:{}", peer_text(dns.as_bytes())),
        GeneralName::IPAddress(bytes) => match ip(bytes) {
            Some(address) => format!("IP:{address}"),
            None => format!("IP:{}", hex(bytes)),
        },
        GeneralName::URI(uri) => format!("URI:{}", peer_text(uri.as_bytes())),
        GeneralName::RFC822Name(mail) => format!("email:{}", peer_text(mail.as_bytes())),
        other => peer_text(other.to_string().as_bytes()),
    }
}

fn ip(bytes: &[u8]) -> Option<IpAddr> {
    if let Ok(four) = <[u8; 4]>::try_from(bytes) {
        return Some(four.into());
    }
    <[u8; 16]>::try_from(bytes).ok().map(IpAddr::from)
}

fn system_time(time: ASN1Time) -> SystemTime {
    let seconds = time.timestamp();
    let distance = Duration::from_secs(seconds.unsigned_abs());
    let shifted = if seconds < 0 {
        SystemTime::UNIX_EPOCH.checked_sub(distance)
    } else {
        SystemTime::UNIX_EPOCH.checked_add(distance)
    };
    shifted.unwrap_or(SystemTime::UNIX_EPOCH)
}
