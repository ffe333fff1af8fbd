//! VERIFY_CA: who may issue, and what leads from the server's certificate to a root.

use rcgen::{BasicConstraints, CertificateParams, ExtendedKeyUsagePurpose, IsCa, KeyUsagePurpose};
use time::{Duration, OffsetDateTime};

use super::{Case, EXPIRED, INVALID, LOCALHOST, NOT_YET, OK, PURPOSE, UNKNOWN, UNUSABLE};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    [ordinary(), v1(), roots(), intermediates()].into_iter().flatten().collect()
}

fn leaf(authority: &Authority) -> Issued {
    authority.server(LOCALHOST).issue()
}

fn v1_leaf(authority: &Authority) -> Issued {
    leaf(authority).reissued_by(authority, Pieces::v1)
}

fn ordinary() -> Vec<Case> {
    let root = Authority::new("Root");
    let other = Authority::new("Other");
    let namesake = Authority::new("Root");
    let middle = root.intermediate("Middle");
    let lower = middle.intermediate("Lower");
    let serving = root.intermediate_with("Middle", |params| {
        params.key_usages.push(KeyUsagePurpose::DigitalSignature);
    });
    let plain = leaf(&root);
    let below = leaf(&middle);
    let deep = leaf(&lower);
    let both = root.pem() + &middle.pem();
    let mut shuffled = deep.clone();
    shuffled.chain.swap(1, 2);
    let expired = root.server(LOCALHOST).expired().issue();
    let early = root.server(LOCALHOST).not_yet_valid().issue();
    let critical = plain.reissued_by(&root, |pieces| pieces.extension(oid::UNKNOWN, true, &[5, 0]));
    let uncritical =
        plain.reissued_by(&root, |pieces| pieces.extension(oid::UNKNOWN, false, &[5, 0]));
    let bare = plain.reissued_by(&root, |pieces| pieces.extensions.clear());
    vec![
        Case::new("the root's own", &plain, &root.pem(), OK),
        Case::new(
            "the root's own, RSA",
            &root.server("x").key(KeyKind::Rsa2048).issue(),
            &root.pem(),
            OK,
        ),
        Case::new("the root is sent too", &plain.clone().and_sends(root.der()), &root.pem(), OK),
        Case::new("a stranger is sent too", &plain.clone().and_sends(other.der()), &root.pem(), OK),
        Case::new("another root is trusted too", &plain, &(other.pem() + &root.pem()), OK),
        Case::new("another root", &plain, &other.pem(), UNKNOWN),
        Case::new("another root of the same name", &plain, &namesake.pem(), INVALID),
        Case::new("both roots of the same name", &plain, &(namesake.pem() + &root.pem()), OK),
        Case::new("no extensions at all", &bare, &root.pem(), OK),
        Case::new("expired leaf", &expired, &root.pem(), EXPIRED),
        Case::new("leaf of the future", &early, &root.pem(), NOT_YET),
        Case::new("unknown critical extension in the leaf", &critical, &root.pem(), INVALID),
        Case::new("unknown extension in the leaf", &uncritical, &root.pem(), OK),
        Case::new("through an intermediate", &below, &root.pem(), OK),
        Case::new("through two intermediates", &deep, &root.pem(), OK),
        Case::new("intermediates in the wrong order", &shuffled, &root.pem(), OK),
        Case::new("missing intermediate", &below.clone().alone(), &root.pem(), UNKNOWN),
        Case::new("intermediate in ssl-ca beside its root", &below.clone().alone(), &both, OK),
        Case::new("one of two intermediates missing", &deep.clone().alone(), &both, UNKNOWN),
        Case::new("intermediate alone in ssl-ca", &below, &middle.pem(), UNKNOWN),
        Case::new(
            "intermediate alone in ssl-ca, not sent",
            &below.clone().alone(),
            &middle.pem(),
            UNKNOWN,
        ),
        Case::new("leaf alone in ssl-ca", &plain, &plain.cert_pem(), UNUSABLE),
        Case::new("leaf beside its root in ssl-ca", &plain, &(plain.cert_pem() + &root.pem()), OK),
        Case::new(
            "leaf and another root in ssl-ca",
            &plain,
            &(plain.cert_pem() + &other.pem()),
            UNKNOWN,
        ),
        Case::new("an intermediate as a server", &middle.as_server(), &root.pem(), PURPOSE),
        Case::new("an intermediate as a server, allowed to", &serving.as_server(), &root.pem(), OK),
        Case::new("the root as a server", &root.as_server(), &root.pem(), PURPOSE),
    ]
}

fn v1() -> Vec<Case> {
    let root = Authority::new("Root");
    let old = root.reissued(Pieces::v1);
    let other = Authority::new("Other");
    let namesake = Authority::new("Root");
    let middle = root.intermediate("Middle");
    let old_middle = middle.reissued_by(&root, Pieces::v1);
    let plain = v1_leaf(&root);
    let below = v1_leaf(&middle);
    let below_old = leaf(&old_middle);
    let both = root.pem() + &middle.pem();
    let of_kind = |kind| root.server(LOCALHOST).key(kind).issue().reissued_by(&root, Pieces::v1);
    let expired = root.server(LOCALHOST).expired().issue().reissued_by(&root, Pieces::v1);
    let early = root.server(LOCALHOST).not_yet_valid().issue().reissued_by(&root, Pieces::v1);
    let alone = self_signed(LOCALHOST).issue().reissued(Pieces::v1);
    let twin = self_signed(LOCALHOST).issue().reissued(Pieces::v1);
    let renewed = alone.reissued(|pieces| pieces.serial(9));
    // A v1 root that is old as such certificates are.
    let expired_old = Authority::with("Root", expire).reissued(Pieces::v1);
    vec![
        Case::new("v1 leaf of a v3 root", &plain, &root.pem(), OK),
        Case::new("v1 leaf of a v1 root", &plain, &old.pem(), OK),
        Case::new("v3 leaf of a v1 root", &leaf(&root), &old.pem(), OK),
        Case::new("v1 RSA leaf", &of_kind(KeyKind::Rsa2048), &root.pem(), OK),
        Case::new("v1 P-384 leaf", &of_kind(KeyKind::EcdsaP384), &root.pem(), OK),
        Case::new("v1 Ed25519 leaf", &of_kind(KeyKind::Ed25519), &root.pem(), OK),
        Case::new("v1 leaf through a v3 intermediate", &below, &root.pem(), OK),
        Case::new("v1 leaf through a v3 intermediate of a v1 root", &below, &old.pem(), OK),
        Case::new("v1 leaf, intermediate in ssl-ca", &below.clone().alone(), &both, OK),
        Case::new(
            "v1 leaf, the v1 root sent too",
            &plain.clone().and_sends(old.der()),
            &old.pem(),
            OK,
        ),
        Case::new("v1 leaf, missing intermediate", &below.clone().alone(), &root.pem(), UNKNOWN),
        Case::new("v1 leaf, intermediate alone in ssl-ca", &below, &middle.pem(), UNKNOWN),
        Case::new("v1 leaf, another root", &plain, &other.pem(), UNKNOWN),
        Case::new("v1 leaf, another root of the same name", &plain, &namesake.pem(), INVALID),
        Case::new("v1 leaf alone in ssl-ca", &plain, &plain.cert_pem(), UNUSABLE),
        Case::new("v1 leaf, expired", &expired, &root.pem(), EXPIRED),
        Case::new("v1 leaf of the future", &early, &root.pem(), NOT_YET),
        Case::new(
            "v1 leaf of an expired v1 root",
            &v1_leaf(&expired_old),
            &expired_old.pem(),
            UNUSABLE,
        ),
        Case::new("v1 intermediate", &below_old, &root.pem(), UNKNOWN),
        Case::new(
            "v1 intermediate in ssl-ca beside its root",
            &below_old,
            &(root.pem() + &old_middle.pem()),
            UNKNOWN,
        ),
        Case::new("v1 self-signed, given as CA", &alone, &alone.cert_pem(), OK),
        Case::new("v1 self-signed, another given as CA", &alone, &twin.cert_pem(), UNKNOWN),
        Case::new("v1 self-signed, renewed", &renewed, &alone.cert_pem(), UNKNOWN),
        Case::new("v1 self-signed, no matching CA", &alone, &root.pem(), UNKNOWN),
        Case::new("the v1 root as a server", &old.as_server(), &old.pem(), OK),
    ]
}

/// Bends an authority's certificate.
type Change = fn(&mut CertificateParams);

fn expire(params: &mut CertificateParams) {
    params.not_before = OffsetDateTime::now_utc() - 30 * Duration::DAY;
    params.not_after = OffsetDateTime::now_utc() - Duration::DAY;
}

fn postpone(params: &mut CertificateParams) {
    params.not_before = OffsetDateTime::now_utc() + Duration::DAY;
}

fn only_crl_sign(params: &mut CertificateParams) {
    params.key_usages = vec![KeyUsagePurpose::CrlSign];
}

fn any_usage(params: &mut CertificateParams) {
    params.key_usages.clear();
}

fn no_ca(params: &mut CertificateParams) {
    params.is_ca = IsCa::ExplicitNoCa;
}

fn no_constraints(params: &mut CertificateParams) {
    params.is_ca = IsCa::NoCa;
}

fn for_clients(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
}

fn for_servers(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
}

fn for_anything(params: &mut CertificateParams) {
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::Any];
}

fn length_0(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
}

fn length_1(params: &mut CertificateParams) {
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(1));
}

fn roots() -> Vec<Case> {
    let bent: [(&str, Change, &str); 10] = [
        ("expired root", expire, UNUSABLE),
        ("root of the future", postpone, NOT_YET),
        ("root without keyCertSign", only_crl_sign, UNKNOWN),
        ("root without keyUsage", any_usage, OK),
        ("root that says CA:FALSE", no_ca, UNKNOWN),
        ("root for clients", for_clients, PURPOSE),
        ("root for servers", for_servers, OK),
        ("root for any purpose", for_anything, PURPOSE),
        ("root of path length 0", length_0, OK),
        ("root of path length 1", length_1, OK),
    ];
    let mut cases = Vec::new();
    for (name, change, verdict) in bent {
        let root = Authority::with("Root", change);
        cases.push(Case::new(name, &leaf(&root), &root.pem(), verdict));
    }
    let v1_below = |name, change: Change, verdict| {
        let root = Authority::with("Root", change);
        Case::new(name, &v1_leaf(&root), &root.pem(), verdict)
    };
    cases.push(v1_below("v1 leaf of an expired root", expire, UNUSABLE));
    cases.push(v1_below("v1 leaf of a root of the future", postpone, NOT_YET));
    cases.push(v1_below("v1 leaf of a root without keyCertSign", only_crl_sign, UNKNOWN));
    cases.push(v1_below("v1 leaf of a root that says CA:FALSE", no_ca, UNKNOWN));
    cases.push(v1_below("v1 leaf of a root for clients", for_clients, PURPOSE));

    let short = Authority::with("Root", length_0);
    let too_deep = leaf(&short.intermediate("Middle"));
    let longer = Authority::with("Root", length_1);
    let within = leaf(&longer.intermediate("Middle"));
    let beyond = leaf(&longer.intermediate("Middle").intermediate("Lower"));
    cases.push(Case::new("beyond a root's path length of 0", &too_deep, &short.pem(), INVALID));
    cases.push(Case::new("within a root's path length of 1", &within, &longer.pem(), OK));
    cases.push(Case::new("beyond a root's path length of 1", &beyond, &longer.pem(), INVALID));

    let silent = longer.reissued(|pieces| pieces.without(oid::BASIC_CONSTRAINTS));
    let bare = longer.reissued(|pieces| {
        pieces.without(oid::BASIC_CONSTRAINTS);
        pieces.without(oid::KEY_USAGE);
    });
    let empty = longer.reissued(|pieces| pieces.extensions.clear());
    let mut under = |name, root: &Authority, verdict| {
        cases.push(Case::new(name, &leaf(root), &root.pem(), verdict));
    };
    under("root without basicConstraints, with keyCertSign", &silent, OK);
    under("root without basicConstraints and keyUsage", &bare, UNKNOWN);
    under("root without extensions", &empty, UNKNOWN);

    let fresh = Authority::new("Root");
    let stale = Authority::with("Root", expire);
    // The same name and key, and only the dates are others.
    let dates = Pieces::of(&stale.der()).validity;
    let stale = fresh.reissued(|pieces| pieces.validity = dates);
    let renewed = stale.pem() + &fresh.pem();
    cases.push(Case::new("expired root before its renewal", &leaf(&fresh), &renewed, OK));
    let renewed = fresh.pem() + &stale.pem();
    cases.push(Case::new("expired root after its renewal", &leaf(&fresh), &renewed, OK));
    let critical = fresh.reissued(|pieces| pieces.extension(oid::UNKNOWN, true, &[5, 0]));
    cases.push(Case::new(
        "unknown critical extension in the root",
        &leaf(&fresh),
        &critical.pem(),
        INVALID,
    ));
    cases
}

fn intermediates() -> Vec<Case> {
    let bent: [(&str, Change, &str); 11] = [
        ("expired intermediate", expire, EXPIRED),
        ("intermediate of the future", postpone, NOT_YET),
        ("intermediate without keyCertSign", only_crl_sign, UNKNOWN),
        ("intermediate without keyUsage", any_usage, OK),
        ("intermediate that says CA:FALSE", no_ca, UNKNOWN),
        ("intermediate without basicConstraints, with keyCertSign", no_constraints, UNKNOWN),
        (
            "intermediate without basicConstraints and keyUsage",
            |params| {
                no_constraints(params);
                any_usage(params);
            },
            UNKNOWN,
        ),
        ("intermediate for clients", for_clients, PURPOSE),
        ("intermediate for servers", for_servers, OK),
        ("intermediate for any purpose", for_anything, PURPOSE),
        ("intermediate of path length 0", length_0, OK),
    ];
    let root = Authority::new("Root");
    let mut cases = Vec::new();
    for (name, change, verdict) in bent {
        let middle = root.intermediate_with("Middle", change);
        cases.push(Case::new(name, &leaf(&middle), &root.pem(), verdict));
    }
    let short = root.intermediate_with("Middle", length_0);
    let beyond = leaf(&short.intermediate("Lower"));
    cases.push(Case::new("beyond an intermediate's path length", &beyond, &root.pem(), INVALID));
    let silent = root.intermediate_with("Middle", only_crl_sign);
    let in_file = root.pem() + &silent.pem();
    cases.push(Case::new(
        "intermediate without keyCertSign in ssl-ca",
        &leaf(&silent).alone(),
        &in_file,
        UNKNOWN,
    ));
    let middle = root.intermediate("Middle");
    let critical =
        middle.reissued_by(&root, |pieces| pieces.extension(oid::UNKNOWN, true, &[5, 0]));
    cases.push(Case::new(
        "unknown critical extension in the intermediate",
        &leaf(&critical),
        &root.pem(),
        INVALID,
    ));
    let stale = root.intermediate_with("Middle", expire);
    cases.push(Case::new(
        "expired intermediate in ssl-ca",
        &leaf(&stale).alone(),
        &(root.pem() + &stale.pem()),
        UNKNOWN,
    ));
    let v1_below_silent = v1_leaf(&silent);
    cases.push(Case::new(
        "v1 leaf of an intermediate without keyCertSign",
        &v1_below_silent,
        &root.pem(),
        UNKNOWN,
    ));
    let plain = leaf(&root);
    // A plain leaf in the part of a CA.
    let mut imitator = Authority::new("localhost").server(LOCALHOST).issue();
    imitator.chain = vec![imitator.der(), plain.der()];
    cases.push(Case::new("chain through a stranger's leaf", &imitator, &root.pem(), UNKNOWN));
    cases
}
