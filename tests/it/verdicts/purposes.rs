//! What a server's certificate says it is for: keyUsage, extendedKeyUsage, Netscape's type.

use rcgen::{ExtendedKeyUsagePurpose, KeyUsagePurpose};

use super::{Case, OK, PURPOSE, Version};
use crate::support::*;

/// 2.16.840.1.113730.4.1, Netscape's step-up cryptography of 1997.
const STEP_UP: &[u64] = &[2, 16, 840, 1, 113_730, 4, 1];

pub(super) fn table() -> Vec<Case> {
    let root = Authority::new("Root");
    [key_usages(&root), extended(&root), netscape(&root)].into_iter().flatten().collect()
}

fn key_usages(root: &Authority) -> Vec<Case> {
    use KeyUsagePurpose::{
        ContentCommitment, CrlSign, DataEncipherment, DigitalSignature, KeyAgreement, KeyCertSign,
        KeyEncipherment,
    };
    let rows: [(&str, &[KeyUsagePurpose], &str); 9] = [
        ("no keyUsage", &[], OK),
        ("digitalSignature", &[DigitalSignature], OK),
        ("digitalSignature and keyEncipherment", &[DigitalSignature, KeyEncipherment], OK),
        ("keyEncipherment", &[KeyEncipherment], OK),
        ("keyAgreement", &[KeyAgreement], OK),
        ("nonRepudiation", &[ContentCommitment], PURPOSE),
        ("dataEncipherment", &[DataEncipherment], PURPOSE),
        ("keyCertSign", &[KeyCertSign], PURPOSE),
        ("cRLSign", &[CrlSign], PURPOSE),
    ];
    let case = |(name, usages, verdict): (_, &[_], _)| {
        // An RSA key, since the usages of an elliptic key are looked at by TLS 1.2 once more.
        let leaf = root.server("localhost").key(KeyKind::Rsa2048);
        let leaf = leaf.with(|params| params.key_usages = usages.to_vec());
        Case::new(name, &leaf.issue(), &root.pem(), verdict)
    };
    let mut cases: Vec<_> = rows.into_iter().map(case).collect();
    let elliptic = |name, usage, verdict| {
        let leaf = root.server("localhost").with(|params| params.key_usages = vec![usage]);
        Case::new(name, &leaf.issue(), &root.pem(), verdict)
    };
    cases.push(elliptic("P-256 with nonRepudiation", ContentCommitment, PURPOSE));
    // TLS 1.3 does not ask which usage the signature of the handshake is.
    let (old, new) = (&[Version::Tls12], &[Version::Tls13]);
    cases.extend([
        elliptic("P-256 with keyEncipherment, TLS 1.2", KeyEncipherment, PURPOSE).only(old),
        elliptic("P-256 with keyEncipherment, TLS 1.3", KeyEncipherment, OK).only(new),
        elliptic("P-256 with keyAgreement, TLS 1.2", KeyAgreement, PURPOSE).only(old),
        elliptic("P-256 with keyAgreement, TLS 1.3", KeyAgreement, OK).only(new),
    ]);
    cases
}

fn extended(root: &Authority) -> Vec<Case> {
    use ExtendedKeyUsagePurpose::{Any, ClientAuth, CodeSigning, Other, ServerAuth};
    let rows: [(&str, &[ExtendedKeyUsagePurpose], &str); 7] = [
        ("no extendedKeyUsage", &[], OK),
        ("serverAuth", &[ServerAuth], OK),
        ("clientAuth", &[ClientAuth], PURPOSE),
        ("serverAuth and clientAuth", &[ServerAuth, ClientAuth], OK),
        ("codeSigning", &[CodeSigning], PURPOSE),
        ("anyExtendedKeyUsage", &[Any], PURPOSE),
        ("Netscape step-up", &[Other(STEP_UP.to_vec())], OK),
    ];
    let case = |(name, usages, verdict): (_, &[_], _)| {
        let leaf = root.server("localhost").usages(usages).issue();
        Case::new(name, &leaf, &root.pem(), verdict)
    };
    rows.into_iter().map(case).collect()
}

fn netscape(root: &Authority) -> Vec<Case> {
    const CLIENT: u8 = 0x80;
    const SERVER: u8 = 0x40;
    const OBJECT_SIGNING: u8 = 0x10;
    const TLS_CA: u8 = 0x04;
    let leaf = root.server("localhost").issue();
    let typed = |bits| leaf.reissued_by(root, |pieces| pieces.ns_cert_type(bits));
    let authority = |bits| root.reissued(|pieces| pieces.ns_cert_type(bits));
    let only_typed = root.reissued(|pieces| {
        pieces.without(oid::BASIC_CONSTRAINTS);
        pieces.without(oid::KEY_USAGE);
        pieces.ns_cert_type(TLS_CA);
    });
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    let under = |name, ca: &Authority, verdict| Case::new(name, &leaf, &ca.pem(), verdict);
    vec![
        case("nsCertType server", &typed(SERVER), OK),
        case("nsCertType client and server", &typed(CLIENT | SERVER), OK),
        case("nsCertType client", &typed(CLIENT), PURPOSE),
        case("nsCertType object signing", &typed(OBJECT_SIGNING), PURPOSE),
        case("nsCertType CA of servers", &typed(TLS_CA), PURPOSE),
        under("root with nsCertType CA of servers", &authority(TLS_CA), OK),
        under("root with nsCertType server", &authority(SERVER), OK),
        under("root with nsCertType alone", &only_typed, OK),
    ]
}
