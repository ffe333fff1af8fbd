//! REQUIRED without a CA: any certificate, but the server must hold its key.

use mysql_tls::SslMode;
use rcgen::ExtendedKeyUsagePurpose;

use super::{Case, OK, SIGNATURE};
use crate::support::*;

pub(super) fn table() -> Vec<Case> {
    let root = Authority::new("Root");
    let old_root = root.reissued(Pieces::v1);
    let leaf = |kind| root.server("localhost").key(kind).issue();
    let v1 = |kind| leaf(kind).reissued_by(&root, Pieces::v1);
    let ec = leaf(KeyKind::EcdsaP256);
    let rsa = leaf(KeyKind::Rsa2048);
    let alone_v1 = self_signed("localhost").issue().reissued(Pieces::v1);
    let unknown_critical =
        ec.reissued_by(&root, |pieces| pieces.extension(oid::UNKNOWN, true, &[5, 0]));
    let clients = &[ExtendedKeyUsagePurpose::ClientAuth];

    let accepted = [
        ("v1, RSA", v1(KeyKind::Rsa2048)),
        ("v1, P-256", v1(KeyKind::EcdsaP256)),
        ("v1, P-384", v1(KeyKind::EcdsaP384)),
        ("v1, Ed25519", v1(KeyKind::Ed25519)),
        ("v1 of a v1 root", ec.reissued_by(&old_root, Pieces::v1)),
        ("v1, self-signed", alone_v1.clone()),
        ("v1, expired", root.server("localhost").expired().issue().reissued_by(&root, Pieces::v1)),
        ("self-signed, CA:TRUE", self_signed_ca("localhost").issue()),
        ("self-signed, CA:FALSE", self_signed("localhost").issue()),
        ("self-signed, no basicConstraints", without_constraints("localhost")),
        ("expired", root.server("localhost").expired().issue()),
        ("not yet valid", root.server("localhost").not_yet_valid().issue()),
        ("for clients", root.server("localhost").usages(clients).issue()),
        ("an unknown critical extension", unknown_critical),
        ("another name", root.server("db.example.com").issue()),
        ("Ed25519", leaf(KeyKind::Ed25519)),
    ];

    let other_rsa = |pieces: &mut Pieces| {
        // Well-formed, and nobody has the private half.
        pieces.public_key = rsa_public_key(7);
    };
    let another = leaf;
    let refused = [
        ("v1 RSA, another's RSA key", v1(KeyKind::Rsa2048).reissued_by(&root, other_rsa)),
        (
            "v1 P-256, another's P-256 key",
            v1(KeyKind::EcdsaP256).with_key_of(&another(KeyKind::EcdsaP256)),
        ),
        ("v1 P-256, an RSA key", v1(KeyKind::EcdsaP256).with_key_of(&rsa)),
        ("v1 RSA, a P-256 key", v1(KeyKind::Rsa2048).with_key_of(&ec)),
        ("v1 self-signed, another's key", alone_v1.with_key_of(&ec)),
        ("v3, another's key", ec.with_key_of(&another(KeyKind::EcdsaP256))),
        ("v3 RSA, another's RSA key", rsa.reissued_by(&root, other_rsa)),
        ("v3 P-256, an RSA key", ec.with_key_of(&rsa)),
        ("CA:TRUE, another's key", self_signed_ca("localhost").issue().with_key_of(&ec)),
        ("Ed25519, another's Ed25519 key", {
            leaf(KeyKind::Ed25519).with_key_of(&another(KeyKind::Ed25519))
        }),
    ];

    let accepted = accepted.iter().map(|(name, shown)| Case::unverified(name, shown, OK));
    let refused = refused.iter().map(|(name, shown)| Case::unverified(name, shown, SIGNATURE));
    let v1_other = v1(KeyKind::EcdsaP256).with_key_of(&another(KeyKind::EcdsaP256));
    let alone_other = alone_v1.with_key_of(&ec);
    let pinned = self_signed_ca("localhost").issue();
    let verified = [
        Case::new("v1 of the CA, another's key", &v1_other, &root.pem(), SIGNATURE),
        Case::new("v3 of the CA, another's key", &ec.with_key_of(&rsa), &root.pem(), SIGNATURE),
        Case::new("v1 given as CA, another's key", &alone_other, &alone_v1.cert_pem(), SIGNATURE),
        Case::new(
            "CA:TRUE given as CA, another's key",
            &pinned.with_key_of(&ec),
            &pinned.cert_pem(),
            SIGNATURE,
        ),
    ];
    let preferred = [
        Case::unverified("v1, PREFERRED", &v1(KeyKind::EcdsaP256), OK),
        Case::unverified("v1, another's key, PREFERRED", &v1_other, SIGNATURE),
    ];
    let preferred = preferred.map(|case| Case { mode: SslMode::Preferred, ..case });
    accepted.chain(refused).chain(preferred).chain(verified).collect()
}

/// As TiDB makes its own.
fn without_constraints(name: &str) -> Issued {
    self_signed(name).issue().reissued(|pieces| pieces.without(oid::BASIC_CONSTRAINTS))
}
