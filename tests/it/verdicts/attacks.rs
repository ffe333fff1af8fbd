//! Certificates that somebody without the CA's key has changed, and others that nobody issues.

use std::thread;

use mysql_tls::SslMode;

use super::{Case, HOST, INVALID, LOCALHOST, OK, UNKNOWN, Version};
use crate::kit::{PATIENCE, assert_no_login, builder};
use crate::support::*;

/// A subjectAltName with `localhost` for its dNSName, as its extension has it.
const SAN: &[u8] = b"\x30\x0b\x82\x09localhost";

/// OpenSSL does not look at the version, and takes extensions wherever they are.
pub(super) fn table() -> Vec<Case> {
    let root = Authority::new("Root");
    let v3 = root.server(LOCALHOST).issue();
    let bare = v3.reissued_by(&root, |pieces| pieces.extensions.clear());
    let v1 = v3.reissued_by(&root, Pieces::v1);
    [tampered(&root, &v3, &v1), strange(&root, &v3, &v1, &bare), imitated(&root)]
        .into_iter()
        .flatten()
        .collect()
}

/// The root's signature is over something else.
fn tampered(root: &Authority, v3: &Issued, v1: &Issued) -> Vec<Case> {
    let san = |pieces: &mut Pieces| pieces.extension(oid::SUBJECT_ALT_NAME, false, SAN);
    let as_v3 = |pieces: &mut Pieces| pieces.version = Some(2);
    let rows = [
        ("v3 stripped to v1", INVALID, v3.tampered(Pieces::v1)),
        ("v3 without its version", INVALID, v3.tampered(|pieces| pieces.version = None)),
        ("v3 without its extensions", INVALID, v3.tampered(|pieces| pieces.extensions.clear())),
        ("v3 as v2", INVALID, v3.tampered(|pieces| pieces.version = Some(1))),
        (
            "v3 with another name",
            INVALID,
            v3.tampered(|pieces| {
                pieces.extension(oid::SUBJECT_ALT_NAME, false, b"\x30\x0b\x82\x09elsewhere");
            }),
        ),
        ("v3 with another serial number", INVALID, v3.tampered(|pieces| pieces.serial(9))),
        ("v1 as v3", INVALID, v1.tampered(as_v3)),
        (
            "v1 as v3 with its CN for a dNSName",
            INVALID,
            v1.tampered(|pieces| {
                as_v3(pieces);
                san(pieces);
            }),
        ),
        ("v1 with extensions", INVALID, v1.tampered(san)),
        ("v1 with another CN", INVALID, v1.tampered(|pieces| pieces.common_names(&[HOST]))),
        ("v1 with another serial number", INVALID, v1.tampered(|pieces| pieces.serial(9))),
    ];
    let case = |(name, verdict, shown): &(&'static str, &'static str, Issued)| {
        Case::new(name, shown, &root.pem(), verdict)
    };
    rows.iter().map(case).collect()
}

/// The root did sign these, or nobody asks whether it did.
fn strange(root: &Authority, v3: &Issued, v1: &Issued, bare: &Issued) -> Vec<Case> {
    let version =
        |of: &Issued, number| of.reissued_by(root, |pieces| pieces.version = Some(number));
    let glued = v1.reissued_by(root, |pieces| pieces.extension(oid::SUBJECT_ALT_NAME, false, SAN));
    let twice = v3.reissued_by(root, |pieces| {
        pieces.one_more_extension(oid::SUBJECT_ALT_NAME, false, SAN);
    });
    let longer = |of: &Issued| {
        let mut bytes = of.der().to_vec();
        bytes.push(0);
        of.showing(bytes.into())
    };
    let of_root = |name, shown: &Issued, verdict| Case::new(name, shown, &root.pem(), verdict);
    // What the issuer signed counts, whatever number stands before it.
    let odd = |name, shown: &Issued| of_root(name, shown, OK);
    let odd_unverified = |name, shown: &Issued| Case::unverified(name, shown, OK);
    let twice_unverified = |name, version| Case::unverified(name, &twice, OK).only(version);
    vec![
        odd("version field of v1", &version(v1, 0)),
        odd("version field of v2", &version(bare, 1)),
        odd("version field of v4", &version(bare, 3)),
        odd("version field of v4 with extensions", &version(v3, 3)),
        odd("version field of 127", &version(bare, 127)),
        odd("v1 issued with extensions", &glued),
        odd("v2 issued with extensions", &version(v3, 1)),
        odd_unverified("version field of v1, unverified", &version(v1, 0)),
        odd_unverified("version field of v2, unverified", &version(bare, 1)),
        odd_unverified("version field of v4, unverified", &version(bare, 3)),
        odd_unverified("v1 issued with extensions, unverified", &glued),
        of_root("an extension that is there twice", &twice, INVALID),
        twice_unverified("an extension twice, unverified, TLS 1.2", &[Version::Tls12])
            .differs("OpenSSL then knows no extension at all, and misses the keyUsage"),
        twice_unverified("an extension twice, unverified, TLS 1.3", &[Version::Tls13]),
        of_root("a byte after the certificate", &longer(v3), INVALID),
        of_root("a byte after the v1 certificate", &longer(v1), INVALID),
        Case::unverified("v3 stripped to v1, unverified", &v3.tampered(Pieces::v1), OK),
        Case::unverified("a byte after the certificate, unverified", &longer(v3), INVALID),
        Case::unverified("a byte after the v1 certificate, unverified", &longer(v1), INVALID),
        Case::unverified("no certificate but zeros", &v3.showing(vec![0; 64].into()), INVALID),
        Case::unverified("an empty sequence", &v3.showing(vec![0x30, 0].into()), INVALID),
    ]
}

/// An attacker's own CA, made to look like the root.
fn imitated(root: &Authority) -> Vec<Case> {
    let like = |of: &Authority, change: fn(&mut Pieces)| {
        let original = Pieces::of(&of.der());
        Authority::new("Root").reissued(|pieces| {
            // The key's identifier too, by which its leaves would name it.
            pieces.serial = original.serial;
            pieces.validity = original.validity;
            pieces.extensions = original.extensions;
            change(pieces);
        })
    };
    let twin = like(root, |_| {});
    let v1_twin = like(root, Pieces::v1);
    let id = Pieces::of(&root.server(LOCALHOST).issue().der());
    let id = id.find(oid::AUTHORITY_KEY_IDENTIFIER);
    let leaf = twin.server(LOCALHOST).issue().reissued_by(&twin, |pieces| {
        pieces.without(oid::AUTHORITY_KEY_IDENTIFIER);
        pieces.extensions.extend(id.cloned());
    });
    let v1_leaf = leaf.reissued_by(&twin, Pieces::v1);
    let case = |name, shown: Issued| Case::new(name, &shown, &root.pem(), INVALID);
    vec![
        case("leaf of the root's twin", leaf.clone()),
        case("leaf of the root's twin, which is sent", leaf.and_sends(twin.der())),
        case("v1 leaf of the root's twin", v1_leaf.clone()),
        case("v1 leaf of the root's twin, which is sent", v1_leaf.clone().and_sends(twin.der())),
        case("v1 leaf of the root's twin, sent as v1", v1_leaf.and_sends(v1_twin.der())),
        Case { verdict: UNKNOWN, ..case("the root's twin as a server", twin.as_server()) },
    ]
}

/// Shows certificates that must all be refused, one connection each, with some servers at a time.
fn all_refused(what: &str, shown: &[Issued], mode: SslMode, ca: Option<&str>) {
    const SERVERS: usize = 4;
    let share = shown.len().div_ceil(SERVERS);
    thread::scope(|scope| {
        for (number, share_of_it) in shown.chunks(share).enumerate() {
            scope.spawn(move || {
                let tls = |(at, shown): (usize, &Issued)| {
                    let tls = ServerTls::new(shown).no_resumption();
                    let tls = if at % 2 == 0 { tls.only_tls12() } else { tls.only_tls13() };
                    ServerScript::new().tls(tls)
                };
                let server = ScriptedServer::start_with(share_of_it.iter().enumerate().map(tls));
                let mut client = builder(LOCALHOST, &server).ssl_mode(mode);
                if let Some(ca) = ca {
                    client = client.ssl_ca_pem(ca);
                }
                for at in 0..share_of_it.len() {
                    let row = format!("{what}, number {}", number * share + at);
                    match client.connect() {
                        Ok(_) => panic!("{row}: must be refused and was not"),
                        Err(error) => {
                            let code = error.code();
                            let of_tls = ["certificate.", "handshake."];
                            assert!(
                                of_tls.iter().any(|kind| code.starts_with(kind)),
                                "{row}: {error}"
                            );
                        }
                    }
                    assert_no_login(&server.wait_record(at, PATIENCE), row);
                }
            });
        }
    });
}

/// The certificate with each of its bits flipped, one at a time.
fn flipped(issued: &Issued) -> Vec<Issued> {
    let flip = |bit: usize| {
        let mut bytes = issued.der().to_vec();
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        issued.showing(bytes.into())
    };
    (0..issued.der().len() * 8).map(flip).collect()
}

/// Every beginning of the certificate.
fn truncated(issued: &Issued) -> Vec<Issued> {
    let cut = |length| issued.showing(issued.der()[..length].to_vec().into());
    (0..issued.der().len()).map(cut).collect()
}

#[test]
fn every_flipped_bit_of_a_v1_certificate_is_refused() {
    let root = Authority::new("Root");
    let v1 = root.server(LOCALHOST).issue().reissued_by(&root, Pieces::v1);
    all_refused("flipped bit", &flipped(&v1), SslMode::VerifyCa, Some(&root.pem()));
}

#[test]
fn every_flipped_bit_of_an_own_certificate_is_refused() {
    let own = self_signed_ca(LOCALHOST).issue();
    all_refused("flipped bit", &flipped(&own), SslMode::VerifyCa, Some(&own.cert_pem()));
}

#[test]
fn every_truncated_certificate_is_refused() {
    let root = Authority::new("Root");
    let v3 = root.server(LOCALHOST).issue();
    let own = self_signed_ca(LOCALHOST).issue();
    for issued in [&v3, &v3.reissued_by(&root, Pieces::v1), &own] {
        let cut = truncated(issued);
        let ca = root.pem() + &own.cert_pem();
        all_refused("cut", &cut, SslMode::VerifyCa, Some(&ca));
        all_refused("cut, unverified", &cut, SslMode::Required, None);
    }
}
