//! VERIFY_CA: what CAs differ in, and more than one path, or none, to a root.

use super::{Case, LOCALHOST, NAME, OK, UNKNOWN};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    [habits(), paths()].into_iter().flatten().collect()
}

fn leaf(authority: &Authority) -> Issued {
    authority.server(LOCALHOST).issue()
}

/// What differs from one CA's habits to another's.
fn habits() -> Vec<Case> {
    let root = Authority::new("Root");
    let plain = leaf(&root);
    let changed = |change: fn(&mut Pieces)| plain.reissued_by(&root, change);
    let of_kind = |kind| root.server(LOCALHOST).key(kind).issue();
    let far = time::macros::datetime!(9999-12-31 23:59:59 UTC);
    let endless = root.server(LOCALHOST).with(|params| params.not_after = far).issue();
    let case = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);

    // MySQL makes a root and a server certificate that say whether they are CAs, and nothing else.
    let mysql = root.reissued(|pieces| pieces.without(oid::KEY_USAGE));
    let of_mysql = root.server("MySQL_Server_9.7.4_Auto_Generated_Server_Certificate");
    let of_mysql = of_mysql.key(KeyKind::Rsa2048).issue().reissued_by(&mysql, |pieces| {
        pieces.extensions.clear();
        pieces.extension(oid::BASIC_CONSTRAINTS, false, &[0x30, 0]);
    });
    vec![
        case("P-384", &of_kind(KeyKind::EcdsaP384), OK),
        case("Ed25519, verified", &of_kind(KeyKind::Ed25519), OK),
        case("serial number 0", &changed(|pieces| pieces.serial(0)), OK),
        case("negative serial number", &changed(|pieces| pieces.serial = vec![2, 1, 0x80]), OK),
        case(
            "serial number of 21 bytes",
            &changed(|pieces| pieces.serial = [&[2, 21], [1; 21].as_slice()].concat()),
            OK,
        ),
        case(
            "v1, serial number 0",
            &changed(|pieces| {
                pieces.v1();
                pieces.serial(0);
            }),
            OK,
        ),
        case("valid until 9999", &endless, OK),
        case(
            "critical subjectAltName",
            &changed(|pieces| {
                pieces.extension(oid::SUBJECT_ALT_NAME, true, b"\x30\x0b\x82\x09localhost");
            }),
            OK,
        ),
        case(
            "critical nsCertType",
            &changed(|pieces| {
                pieces.extension(oid::NS_CERT_TYPE, true, &[3, 2, 6, 0x40]);
            }),
            OK,
        ),
        case(
            "critical certificatePolicies",
            &changed(|pieces| {
                // anyPolicy
                let any = [0x30, 8, 0x30, 6, 6, 4, 0x55, 0x1d, 0x20, 0];
                pieces.extension(oid::CERTIFICATE_POLICIES, true, &any);
            }),
            OK,
        ),
        Case::new("as MySQL makes its own", &of_mysql, &mysql.pem(), OK),
        Case::new("as MySQL makes its own, by name", &of_mysql, &mysql.pem(), NAME).at(LOCALHOST),
    ]
}

/// More than one way leads from a certificate to a root, or none although it seems so.
fn paths() -> Vec<Case> {
    let root = Authority::new("Root");
    let other = Authority::new("Other");
    let pem_of = |certificate: &[u8]| pem("CERTIFICATE", certificate);

    let middle = root.intermediate("Middle");
    let crossed = middle.reissued_by(&other, |pieces| {
        pieces.issuer = Pieces::of(&other.der()).subject;
        pieces.without(oid::AUTHORITY_KEY_IDENTIFIER);
    });
    let first = leaf(&middle).alone().and_sends(middle.der()).and_sends(crossed.der());
    let last = leaf(&middle).alone().and_sends(crossed.der()).and_sends(middle.der());

    // The root's next key: a certificate of the same name, made with the key before it.
    let next = Authority::new("Root");
    let rolled = next.reissued_by(&root, |pieces| {
        let below_root = Pieces::of(&middle.der());
        pieces.extensions.extend(below_root.find(oid::AUTHORITY_KEY_IDENTIFIER).cloned());
    });
    let below_next = leaf(&next);
    let v1_rolled = rolled.reissued_by(&root, Pieces::v1);
    let broken = root.reissued_by(&other, |_| {});
    let twice = root.pem() + &root.pem();
    vec![
        Case::new("cross-signed intermediate, ours sent first", &first, &root.pem(), OK),
        Case::new("cross-signed intermediate, ours sent last", &last, &root.pem(), OK)
            .differs("OpenSSL follows the first certificate that fits; here every path is tried"),
        Case::new(
            "a root's next key",
            &below_next.clone().and_sends(rolled.der()),
            &root.pem(),
            OK,
        ),
        Case::new("a root's next key, in ssl-ca", &below_next, &(root.pem() + &rolled.pem()), OK),
        Case::new("a root's next key alone in ssl-ca", &below_next, &rolled.pem(), UNKNOWN),
        Case::new("a root's next key as v1 alone in ssl-ca", &below_next, &v1_rolled.pem(), OK),
        Case::new("root whose own signature is wrong", &leaf(&root), &pem_of(&broken.der()), OK),
        Case::new("root twice in ssl-ca", &leaf(&root), &twice, OK),
    ]
}
