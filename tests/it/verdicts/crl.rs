//! `ssl-crl`: every certificate of the chain but the root needs a list of its issuer.

use rcgen::KeyUsagePurpose;

use super::{Case, LOCALHOST, NO_CRL, OK, REVOKED, UNKNOWN};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    [leaves(), chains(), odd_lists(), v1(), own()].into_iter().flatten().collect()
}

fn leaves() -> Vec<Case> {
    let root = Authority::new("Root");
    let other = Authority::new("Other");
    let namesake = Authority::new("Root");
    let leaf = root.server(LOCALHOST).serial(0x1001).issue();
    let sibling = root.server(LOCALHOST).serial(0x1002).issue();
    let case = |name, crl: &str, verdict| Case::new(name, &leaf, &root.pem(), verdict).crl(crl);
    let clean = root.crl();
    let revoking = root.crl().revoke(&leaf.der());
    vec![
        case("CRL without entries", &clean.pem(), OK),
        case("CRL without entries, name verified", &clean.pem(), OK).at(LOCALHOST),
        case("CRL with another entry", &clean.clone().revoke(&sibling.der()).pem(), OK),
        case("CRL beside a stranger's", &(other.crl().pem() + &clean.pem()), OK),
        case("revoked leaf", &revoking.pem(), REVOKED),
        case("revoked leaf, name verified", &revoking.pem(), REVOKED).at(LOCALHOST),
        case(
            "revoked leaf among others",
            &clean.clone().revoke(&sibling.der()).revoke(&leaf.der()).pem(),
            REVOKED,
        ),
        case(
            "revoked leaf, in the second CRL of the file",
            &(other.crl().pem() + &revoking.pem()),
            REVOKED,
        ),
        case("CRL of a stranger alone", &other.crl().revoke(&leaf.der()).pem(), NO_CRL),
        case("CRL of another root of the same name", &namesake.crl().pem(), NO_CRL),
        case("CRL signed by another", &clean.clone().signed_by(&other).pem(), NO_CRL),
        case("revoking CRL signed by another", &revoking.clone().signed_by(&other).pem(), NO_CRL),
        case("expired CRL", &clean.clone().expired().pem(), NO_CRL),
        case("CRL of the future", &clean.clone().not_yet_valid().pem(), NO_CRL),
        case(
            "expired CRL before a current one",
            &(clean.clone().expired().pem() + &clean.pem()),
            OK,
        ),
        case(
            "expired CRL after a current one",
            &(clean.pem() + &clean.clone().expired().pem()),
            OK,
        ),
        case("root in its own CRL", &clean.clone().revoke(&root.der()).pem(), OK),
        case("expired CRL that revokes", &revoking.clone().expired().pem(), NO_CRL),
        case(
            "revoked by a current CRL beside an expired one",
            &(clean.clone().expired().pem() + &revoking.pem()),
            REVOKED,
        ),
        Case::new("CRL and the wrong root", &leaf, &other.pem(), UNKNOWN).crl(&clean.pem()),
        Case {
            crl: Some(revoking.pem()),
            ..Case::unverified("CRL without a CA", &leaf, "config.conflict")
        }
        .differs("an option without an effect is a mistake"),
    ]
}

fn chains() -> Vec<Case> {
    let root = Authority::new("Root");
    let middle = root.intermediate_with("Middle", |params| params.serial_number = Some(77.into()));
    let leaf = middle.server(LOCALHOST).serial(0x1001).issue();
    let case = |name, crl: &str, verdict| Case::new(name, &leaf, &root.pem(), verdict).crl(crl);
    let (upper, lower) = (root.crl(), middle.crl());
    vec![
        case("CRLs of root and intermediate", &(upper.pem() + &lower.pem()), OK),
        case("CRLs in the other order", &(lower.pem() + &upper.pem()), OK),
        case("CRL of the root missing", &lower.pem(), NO_CRL),
        case("CRL of the intermediate missing", &upper.pem(), NO_CRL),
        case(
            "revoked intermediate",
            &(upper.clone().revoke(&middle.der()).pem() + &lower.pem()),
            REVOKED,
        ),
        case(
            "revoked leaf below an intermediate",
            &(upper.pem() + &lower.clone().revoke(&leaf.der()).pem()),
            REVOKED,
        ),
        case(
            "the leaf's number in the root's CRL",
            &(upper.clone().revoke(&leaf.der()).pem() + &lower.pem()),
            OK,
        ),
        case("expired CRL of the root", &(upper.clone().expired().pem() + &lower.pem()), NO_CRL),
        case(
            "expired CRL of the intermediate",
            &(upper.pem() + &lower.clone().expired().pem()),
            NO_CRL,
        ),
        Case::new(
            "intermediate in ssl-ca, both CRLs",
            &leaf.clone().alone(),
            &(root.pem() + &middle.pem()),
            OK,
        )
        .crl(&(upper.pem() + &lower.pem())),
        Case::new(
            "intermediate in ssl-ca, revoked",
            &leaf.clone().alone(),
            &(root.pem() + &middle.pem()),
            REVOKED,
        )
        .crl(&(upper.clone().revoke(&middle.der()).pem() + &lower.pem())),
    ]
}

fn odd_lists() -> Vec<Case> {
    let root = Authority::new("Root");
    let leaf = root.server(LOCALHOST).serial(0x1001).issue();
    let case = |name, crl: &str, verdict| Case::new(name, &leaf, &root.pem(), verdict).crl(crl);
    let (clean, revoking) = (root.crl(), root.crl().revoke(&leaf.der()));
    let silent = Authority::with("Root", |params| {
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    });
    let free = Authority::with("Root", |params| params.key_usages.clear());
    let under = |name, authority: &Authority, verdict| {
        let leaf = authority.server(LOCALHOST).issue();
        Case::new(name, &leaf, &authority.pem(), verdict).crl(&authority.crl().pem())
    };
    vec![
        case("v1 CRL", &clean.clone().v1().pem(), OK),
        case("v1 CRL that revokes", &revoking.clone().v1().pem(), REVOKED),
        case("CRL without nextUpdate", &clean.clone().without_next_update().pem(), OK),
        case(
            "CRL without nextUpdate that revokes",
            &revoking.clone().without_next_update().pem(),
            REVOKED,
        ),
        case("v1 CRL without nextUpdate", &clean.clone().v1().without_next_update().pem(), OK),
        case(
            "CRL with an unknown extension",
            &clean.clone().extension(oid::UNKNOWN, false, &[5, 0]).pem(),
            OK,
        ),
        case(
            "CRL with an unknown critical extension",
            &clean.clone().extension(oid::UNKNOWN, true, &[5, 0]).pem(),
            "config.bad-crl",
        ),
        under("CRL of a root without cRLSign", &silent, NO_CRL),
        under("CRL of a root without keyUsage", &free, OK),
    ]
}

fn v1() -> Vec<Case> {
    let root = Authority::new("Root");
    let old = root.reissued(Pieces::v1);
    let leaf = root.server(LOCALHOST).serial(0x1001).issue().reissued_by(&root, Pieces::v1);
    let case = |name, ca: &Authority, crl: Crl, verdict| {
        Case::new(name, &leaf, &ca.pem(), verdict).crl(&crl.pem())
    };
    vec![
        case("v1 leaf and a CRL", &root, root.crl(), OK),
        case("revoked v1 leaf", &root, root.crl().revoke(&leaf.der()), REVOKED),
        case("v1 leaf, v1 root and a CRL", &old, old.crl(), OK),
        case("revoked v1 leaf of a v1 root", &old, old.crl().revoke(&leaf.der()), REVOKED),
        case("v1 leaf, v1 root and a v1 CRL", &old, old.crl().v1(), OK),
        case(
            "revoked v1 leaf, v1 root and a v1 CRL",
            &old,
            old.crl().v1().revoke(&leaf.der()),
            REVOKED,
        ),
        case("v1 leaf and an expired CRL", &root, root.crl().expired(), NO_CRL),
    ]
}

/// A certificate that is its own root needs no list: removing it from `ssl-ca` is what ends it.
fn own() -> Vec<Case> {
    let own = Authority::with(LOCALHOST, |params| {
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    });
    let shown = own.as_server();
    let other = Authority::new("Other");
    let case =
        |name, crl: Crl, verdict| Case::new(name, &shown, &own.pem(), verdict).crl(&crl.pem());
    let plain = self_signed(LOCALHOST).issue();
    vec![
        case("own CA:TRUE and a CRL of its own", own.crl(), OK),
        case("own CA:TRUE and a stranger's CRL", other.crl(), OK),
        case("own CA:TRUE that revokes itself", own.crl().revoke(&own.der()), OK),
        Case::new("own CA:FALSE and a stranger's CRL", &plain, &plain.cert_pem(), OK)
            .crl(&other.crl().pem()),
    ]
}
