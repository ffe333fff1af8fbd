//! The server's own certificate given as `ssl-ca`: trusted as itself, byte for byte.

use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose, SanType};

use super::{
    ADDRESS, Case, HOST, INVALID, LOCALHOST, NAME, NOT_YET, OK, PURPOSE, UNKNOWN, UNUSABLE,
};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    [ca_true(), usages(), self_signed_leaves(), below_a_ca()].into_iter().flatten().collect()
}

/// CA:TRUE with digitalSignature and keyCertSign, and a subject alternative name.
fn own() -> Leaf {
    self_signed_ca(LOCALHOST)
}

fn ca_true() -> Vec<Case> {
    let plain = own().issue();
    let pem = plain.cert_pem();
    let twin = own().issue();
    let renewed = plain.reissued(|pieces| pieces.serial(9));
    let by_cn = own().no_san().issue();
    let expired = own().expired().issue();
    let early = own().not_yet_valid().issue();
    let clients = own().usages(&[ExtendedKeyUsagePurpose::ClientAuth]).issue();
    let other_root = Authority::new("Root").pem();
    // Whoever took part in a connection can send the pinned certificate after one of his own.
    let stranger = own().issue().and_sends(plain.der());
    let issuer = Authority::with(LOCALHOST, |params| {
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
        params.subject_alt_names = vec![SanType::DnsName("localhost".try_into().expect("ASCII"))];
    });
    let child = issuer.server(LOCALHOST).common_name("Server").issue();
    let namesake = issuer.server(LOCALHOST).issue();
    vec![
        Case::new("own CA:TRUE", &plain, &pem, OK),
        Case::new("own CA:TRUE by its dNSName", &plain, &pem, OK).at(LOCALHOST),
        Case::new("own CA:TRUE by its CN", &by_cn, &by_cn.cert_pem(), OK).at(LOCALHOST),
        Case::new("own CA:TRUE beside a root", &plain, &(other_root.clone() + &pem), OK),
        Case::new("own CA:TRUE, another name", &plain, &pem, NAME).at(HOST),
        Case::new("own CA:TRUE, another name in the CN", &by_cn, &by_cn.cert_pem(), NAME).at(HOST),
        Case::new("own CA:TRUE, an address", &plain, &pem, NAME).at(ADDRESS),
        Case::new("own CA:TRUE, expired", &expired, &expired.cert_pem(), UNUSABLE),
        Case::new("own CA:TRUE of the future", &early, &early.cert_pem(), NOT_YET),
        Case::new("own CA:TRUE for clients", &clients, &clients.cert_pem(), PURPOSE),
        Case::new("own CA:TRUE, its twin shown", &twin, &pem, UNKNOWN),
        Case::new("own CA:TRUE, renewed", &renewed, &pem, UNKNOWN),
        Case::new("own CA:TRUE, only a root given", &plain, &other_root, UNKNOWN),
        Case::new("own CA:TRUE sent after another", &stranger, &pem, UNKNOWN),
        Case::new("own CA:TRUE and a leaf of it", &child, &issuer.pem(), OK).at(LOCALHOST),
        // Its issuer's name is its own, and so it passes for self-signed.
        Case::new("own CA:TRUE and a leaf of the same name", &namesake, &issuer.pem(), UNKNOWN),
        Case::new("own CA:TRUE that issues too", &issuer.as_server(), &issuer.pem(), OK)
            .at(LOCALHOST),
        Case::new(
            "own CA:TRUE, a v1 leaf of it",
            &child.reissued_by(&issuer, Pieces::v1),
            &issuer.pem(),
            OK,
        ),
    ]
}

/// An own certificate with these key usages.
fn with_usages(usages: &[KeyUsagePurpose]) -> Issued {
    own().with(|params| params.key_usages = usages.to_vec()).issue()
}

fn usages() -> Vec<Case> {
    use KeyUsagePurpose::{CrlSign, DigitalSignature, KeyAgreement, KeyCertSign, KeyEncipherment};
    let rows: [(&str, &[KeyUsagePurpose], &str); 6] = [
        ("own CA:TRUE without keyUsage", &[], OK),
        ("own CA:TRUE that may only issue", &[KeyCertSign, CrlSign], PURPOSE),
        ("own CA:TRUE with digitalSignature", &[DigitalSignature], OK),
        ("own CA:TRUE with all of a CA", &[DigitalSignature, KeyCertSign, CrlSign], OK),
        ("own CA:TRUE with keyEncipherment", &[DigitalSignature, KeyEncipherment, KeyCertSign], OK),
        ("own CA:TRUE with keyAgreement", &[DigitalSignature, KeyAgreement, KeyCertSign], OK),
    ];
    let case = |(name, usages, verdict)| {
        let own = with_usages(usages);
        Case::new(name, &own, &own.cert_pem(), verdict)
    };
    rows.into_iter().map(case).collect()
}

fn self_signed_leaves() -> Vec<Case> {
    let silent =
        |leaf: Leaf| leaf.issue().reissued(|pieces| pieces.without(oid::BASIC_CONSTRAINTS));
    let no = self_signed(LOCALHOST).issue();
    let none = silent(self_signed(LOCALHOST));
    let no_by_cn = self_signed(LOCALHOST).no_san().issue();
    let none_by_cn = silent(self_signed(LOCALHOST).no_san());
    // As TiDB makes its own: no basicConstraints, and an address too.
    let tidb = silent(self_signed(LOCALHOST).ip([127, 0, 0, 1].into()));
    let twin = self_signed(LOCALHOST).issue();
    let renewed = no.reissued(|pieces| pieces.serial(9));
    let expired = self_signed(LOCALHOST).expired().issue();
    let v1_by_cn = no.reissued(Pieces::v1);
    let only_sign = self_signed(LOCALHOST)
        .with(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign])
        .issue();
    let no_usage = self_signed(LOCALHOST).with(|params| params.key_usages.clear()).issue();
    vec![
        Case::new("own CA:FALSE", &no, &no.cert_pem(), OK),
        Case::new("own without basicConstraints", &none, &none.cert_pem(), OK),
        Case::new("own as of TiDB by its address", &tidb, &tidb.cert_pem(), OK).at(ADDRESS),
        Case::new("own CA:FALSE by its dNSName", &no, &no.cert_pem(), OK).at(LOCALHOST),
        Case::new("own without basicConstraints by its dNSName", &none, &none.cert_pem(), OK)
            .at(LOCALHOST),
        Case::new("own CA:FALSE by its CN", &no_by_cn, &no_by_cn.cert_pem(), OK).at(LOCALHOST),
        Case::new(
            "own without basicConstraints by its CN",
            &none_by_cn,
            &none_by_cn.cert_pem(),
            OK,
        )
        .at(LOCALHOST),
        Case::new("own v1 by its CN", &v1_by_cn, &v1_by_cn.cert_pem(), OK).at(LOCALHOST),
        Case::new("own v1, another name", &v1_by_cn, &v1_by_cn.cert_pem(), NAME).at(HOST),
        Case::new("own CA:FALSE, another name", &no, &no.cert_pem(), NAME).at(HOST),
        Case::new("own CA:FALSE, its twin shown", &twin, &no.cert_pem(), UNKNOWN),
        Case::new("own CA:FALSE, renewed", &renewed, &no.cert_pem(), UNKNOWN),
        Case::new("own CA:FALSE, expired", &expired, &expired.cert_pem(), UNUSABLE),
        Case::new(
            "own CA:FALSE with keyCertSign alone",
            &only_sign,
            &only_sign.cert_pem(),
            PURPOSE,
        ),
        Case::new("own CA:FALSE without keyUsage", &no_usage, &no_usage.cert_pem(), OK),
    ]
}

/// Certificates that are not roots, and are given as `ssl-ca` or say CA:TRUE.
fn below_a_ca() -> Vec<Case> {
    let no_ca = |params: &mut CertificateParams| params.is_ca = IsCa::ExplicitNoCa;
    let false_issuer = Authority::with(LOCALHOST, |params| {
        no_ca(params);
        params.key_usages.clear();
    });
    let child = false_issuer.server(LOCALHOST).common_name("Server").issue();
    let sent = child.clone().and_sends(false_issuer.der());
    let root = Authority::new("Root");
    let issued_ca = root.server(LOCALHOST).ca_true().issue();
    let issued_ca_cn = root.server(LOCALHOST).ca_true().no_san().issue();
    let only_sign = root
        .server(LOCALHOST)
        .ca_true()
        .with(|params| params.key_usages = vec![KeyUsagePurpose::KeyCertSign])
        .issue();
    vec![
        Case::new("child of an own CA:FALSE", &child, &false_issuer.pem(), UNKNOWN),
        Case::new("child of an own CA:FALSE, both sent", &sent, &false_issuer.pem(), UNKNOWN),
        Case::new("the own CA:FALSE itself", &false_issuer.as_server(), &false_issuer.pem(), OK),
        Case::new("issued CA:TRUE", &issued_ca, &root.pem(), OK),
        Case::new("issued CA:TRUE by its dNSName", &issued_ca, &root.pem(), OK).at(LOCALHOST),
        Case::new("issued CA:TRUE by its CN", &issued_ca_cn, &root.pem(), OK).at(LOCALHOST),
        Case::new("issued CA:TRUE, another name", &issued_ca, &root.pem(), NAME).at(HOST),
        Case::new("issued CA:TRUE that may only issue", &only_sign, &root.pem(), PURPOSE),
        Case::new("issued CA:TRUE alone in ssl-ca", &issued_ca, &issued_ca.cert_pem(), UNKNOWN),
        Case::new(
            "issued CA:TRUE of another root",
            &issued_ca,
            &Authority::new("Root").pem(),
            INVALID,
        ),
    ]
}
