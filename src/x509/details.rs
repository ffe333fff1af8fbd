//! How a certificate is made, and what it is for: facts that are read when somebody asks.

use x509_parser::asn1_rs::Oid;
use x509_parser::extensions::{ExtendedKeyUsage, KeyUsage};
use x509_parser::oid_registry::{
    OID_EC_P256, OID_NIST_EC_P384, OID_NIST_EC_P521, OID_SIG_ED448, OID_SIG_ED25519, OidRegistry,
};
use x509_parser::prelude::{FromDer, X509Certificate};
use x509_parser::public_key::PublicKey;

use crate::text::peer_text;

/// What [`Facts`](super::Facts) leave out, since no connection needs it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Details {
    /// 1, 2 or 3, unless the certificate says nonsense.
    pub(crate) version: u32,
    /// Kind and size.
    pub(crate) key: String,
    pub(crate) signature_algorithm: String,
    pub(crate) is_ca: bool,
    /// How many CAs may stand below a CA.
    pub(crate) path_limit: Option<u32>,
    /// keyUsage; `None` without it, and then the key may be used for anything.
    pub(crate) key_usages: Option<Vec<&'static str>>,
    /// extendedKeyUsage; `None` without it, and then it is for any purpose.
    pub(crate) purposes: Option<Vec<String>>,
}

impl Details {
    /// `None` where the certificate cannot be read.
    pub(crate) fn of(der: &[u8]) -> Option<Self> {
        let (_, parsed) = X509Certificate::from_der(der).ok()?;
        let constraints = parsed.basic_constraints().ok().flatten().map(|found| found.value);
        let key_usage = parsed.key_usage().ok().flatten();
        let extended = parsed.extended_key_usage().ok().flatten();
        Some(Details {
            version: parsed.version().0.saturating_add(1),
            key: key(&parsed),
            signature_algorithm: algorithm_name(&parsed),
            is_ca: constraints.is_some_and(|found| found.ca),
            path_limit: constraints.and_then(|found| found.path_len_constraint),
            key_usages: key_usage.map(|found| key_usages(found.value)),
            purposes: extended.map(|found| purposes(found.value)),
        })
    }
}

/// The algorithm that a certificate is signed with, by its name where it has one.
pub(crate) fn signature_algorithm(der: &[u8]) -> String {
    match X509Certificate::from_der(der) {
        Ok((_, parsed)) => algorithm_name(&parsed),
        Err(_) => "an unknown one".to_owned(),
    }
}

fn algorithm_name(certificate: &X509Certificate<'_>) -> String {
    let oid = &certificate.signature_algorithm.algorithm;
    if let Some(name) = edwards(oid) {
        return name.to_owned();
    }
    let names = OidRegistry::default().with_pkcs1().with_x962();
    names.get(oid).map_or_else(|| number(oid), |entry| entry.sn().to_owned())
}

/// Kind and size of the key, as `ECDSA P-256` or `RSA 2048 bits`.
fn key(certificate: &X509Certificate<'_>) -> String {
    let info = certificate.public_key();
    let algorithm = &info.algorithm;
    match info.parsed() {
        Ok(PublicKey::RSA(key)) => format!("RSA {} bits", key.key_size()),
        Ok(PublicKey::DSA(_)) => "DSA".to_owned(),
        Ok(PublicKey::EC(_)) => {
            let curve = algorithm.parameters.as_ref().and_then(|found| found.as_oid().ok());
            match curve {
                Some(curve) if curve == OID_EC_P256 => "ECDSA P-256".to_owned(),
                Some(curve) if curve == OID_NIST_EC_P384 => "ECDSA P-384".to_owned(),
                Some(curve) if curve == OID_NIST_EC_P521 => "ECDSA P-521".to_owned(),
                Some(curve) => format!("ECDSA on the curve {}", number(&curve)),
                None => "ECDSA on a curve without a name".to_owned(),
            }
        }
        _ => edwards(&algorithm.algorithm)
            .map_or_else(|| number(&algorithm.algorithm), str::to_owned),
    }
}

/// Ed25519 and Ed448 have one number for keys and signatures (RFC 8410).
fn edwards(oid: &Oid<'_>) -> Option<&'static str> {
    match oid {
        oid if *oid == OID_SIG_ED25519 => Some("Ed25519"),
        oid if *oid == OID_SIG_ED448 => Some("Ed448"),
        _ => None,
    }
}

/// The names of RFC 5280, section 4.2.1.3, in its order.
fn key_usages(usage: &KeyUsage) -> Vec<&'static str> {
    let named = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    named.into_iter().filter(|(set, _)| *set).map(|(_, name)| name).collect()
}

/// The names of RFC 5280, section 4.2.1.12; a number where it has none.
fn purposes(usage: &ExtendedKeyUsage<'_>) -> Vec<String> {
    let named = [
        (usage.server_auth, "serverAuth"),
        (usage.client_auth, "clientAuth"),
        (usage.code_signing, "codeSigning"),
        (usage.email_protection, "emailProtection"),
        (usage.time_stamping, "timeStamping"),
        (usage.ocsp_signing, "OCSPSigning"),
        (usage.any, "anyExtendedKeyUsage"),
    ];
    let named = named.into_iter().filter(|(set, _)| *set).map(|(_, name)| name.to_owned());
    named.chain(usage.other.iter().map(number)).collect()
}

fn number(oid: &Oid<'_>) -> String {
    peer_text(oid.to_id_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::{
        BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose as Purpose, IsCa, KeyPair,
        KeyUsagePurpose as Usage,
    };

    fn details(key: &KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Details {
        let mut params = CertificateParams::new(vec!["db".to_owned()]).unwrap();
        change(&mut params);
        Details::of(params.self_signed(key).unwrap().der()).unwrap()
    }

    #[test]
    fn keys_and_signatures_by_their_names() {
        let rsa = include_str!("../../fixtures/rsa-2048-private.pem");
        for (key, kind, signature) in [
            (
                KeyPair::generate_for(&rcgen::PKCS_ECDSA_P256_SHA256),
                "ECDSA P-256",
                "ecdsa-with-SHA256",
            ),
            (
                KeyPair::generate_for(&rcgen::PKCS_ECDSA_P384_SHA384),
                "ECDSA P-384",
                "ecdsa-with-SHA384",
            ),
            (KeyPair::generate_for(&rcgen::PKCS_ED25519), "Ed25519", "Ed25519"),
            (KeyPair::from_pem(rsa), "RSA 2048 bits", "sha256WithRSAEncryption"),
        ] {
            let found = details(&key.unwrap(), |_| {});
            assert_eq!((found.key.as_str(), found.signature_algorithm.as_str()), (kind, signature));
            assert_eq!(found.version, 3);
        }
    }

    #[test]
    fn what_a_certificate_is_for() {
        let key = KeyPair::generate().unwrap();
        let plain = details(&key, |_| {});
        assert!(!plain.is_ca);
        assert_eq!((plain.path_limit, plain.key_usages, plain.purposes), (None, None, None));
        let ca = details(&key, |params| {
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
            params.key_usages = vec![Usage::KeyCertSign, Usage::CrlSign];
        });
        assert!(ca.is_ca);
        assert_eq!(ca.path_limit, Some(1));
        assert_eq!(ca.key_usages.unwrap(), ["keyCertSign", "cRLSign"]);
        let leaf = details(&key, |params| {
            params.key_usages = vec![Usage::DigitalSignature, Usage::KeyAgreement];
            params.extended_key_usages =
                vec![Purpose::ClientAuth, Purpose::Other(vec![1, 3, 6, 1]), Purpose::ServerAuth];
        });
        assert_eq!(leaf.key_usages.unwrap(), ["digitalSignature", "keyAgreement"]);
        assert_eq!(leaf.purposes.unwrap(), ["serverAuth", "clientAuth", "1.3.6.1"]);
        assert_eq!(Details::of(b"no certificate"), None);
    }
}
