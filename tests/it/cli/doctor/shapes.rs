//! What doctor says of each shape of certificate: which of the five modes would work, why not the
//! others, and its exit status.

use std::thread;

use mysql_tls::SslMode;

use super::*;
use crate::pins::{fingerprint, pin};
use crate::verdicts::{
    self, Case, EXPIRED, INVALID, NAME, NO_CRL, NOT_YET, PURPOSE, REVOKED, SIGNATURE, UNKNOWN,
    UNSUPPORTED, UNUSABLE, Version,
};

const LOCALHOST: &str = "localhost";
const WORKS: &str = "works";
const CA_REQUIRED: &str = "config.ca-required";
const CONFLICT: &str = "config.conflict";
const BAD_CRL: &str = "config.bad-crl";
const CA_AS_SERVER: &str = "certificate.ca-as-server";
const MISMATCH: &str = "certificate.pin-mismatch";

/// DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY.
type Modes = [&'static str; 5];

const ALL: Modes = [WORKS; 5];
const ALL_BUT_THE_NAME: Modes = [WORKS, WORKS, WORKS, WORKS, NAME];

/// All that verify the chain fail with this, which those are that use TLS where a CA is given.
const fn no_tls(code: &'static str) -> Modes {
    [WORKS, code, code, code, code]
}

/// Without a CA one mode alone verifies, and against public roots.
const fn no_ca(code: &'static str) -> Modes {
    [WORKS, WORKS, WORKS, CA_REQUIRED, code]
}

/// Revocation lists, which DISABLED refuses.
const fn with_lists(verdict: &'static str) -> Modes {
    [CONFLICT, verdict, verdict, verdict, verdict]
}

/// Pins, which the modes refuse that may be plaintext.
const fn with_pins(required: &'static str, ca: &'static str, identity: &'static str) -> Modes {
    [CONFLICT, CONFLICT, required, ca, identity]
}

/// Public roots, which count with names alone.
const fn with_roots(identity: &'static str) -> Modes {
    [WORKS, CONFLICT, CONFLICT, CONFLICT, identity]
}

/// Rows of the table of verdicts by their names; the mode that doctor is given, its exit status, and
/// what it says of all modes.
#[rustfmt::skip]
const SHAPES: &[(&str, &str, i32, Modes)] = &[
    // Chains.
    ("the root's own", "VERIFY_IDENTITY", 0, ALL),
    ("through two intermediates", "VERIFY_IDENTITY", 0, ALL),
    ("missing intermediate", "VERIFY_IDENTITY", 1, no_tls(UNKNOWN)),
    ("intermediate in ssl-ca beside its root", "VERIFY_IDENTITY", 0, ALL),
    ("intermediate alone in ssl-ca", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("intermediate without keyCertSign", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("another root", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("another root of the same name", "PREFERRED", 1, no_tls(INVALID)),
    ("root without keyCertSign", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("beyond a root's path length of 0", "VERIFY_CA", 1, no_tls(INVALID)),
    ("cross-signed intermediate, ours sent last", "VERIFY_IDENTITY", 0, ALL),
    ("leaf alone in ssl-ca", "VERIFY_CA", 1, [UNUSABLE; 5]),
    // Dates.
    ("expired leaf", "REQUIRED", 1, no_tls(EXPIRED)),
    ("leaf of the future", "VERIFY_IDENTITY", 1, no_tls(NOT_YET)),
    ("expired intermediate", "VERIFY_CA", 1, no_tls(EXPIRED)),
    ("expired root", "VERIFY_CA", 1, [UNUSABLE; 5]),
    ("root of the future", "VERIFY_CA", 1, no_tls(NOT_YET)),
    // The server's own certificate, or a CA's.
    ("own CA:FALSE", "VERIFY_IDENTITY", 0, ALL),
    ("own CA:FALSE, its twin shown", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("own CA:TRUE by its dNSName", "VERIFY_IDENTITY", 0, ALL),
    ("own CA:TRUE, only a root given", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("own CA:TRUE that may only issue", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("own CA:FALSE, expired", "VERIFY_CA", 1, [UNUSABLE; 5]),
    ("own as of TiDB by its address", "VERIFY_IDENTITY", 0, ALL),
    ("issued CA:TRUE", "VERIFY_IDENTITY", 0, ALL),
    ("the root as a server", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("an intermediate as a server, allowed to", "VERIFY_CA", 0, ALL_BUT_THE_NAME),
    // X.509 version 1.
    ("v1 leaf of a v3 root", "VERIFY_IDENTITY", 0, ALL),
    ("v1 leaf of a v1 root", "VERIFY_IDENTITY", 0, ALL),
    ("v1 leaf, expired", "VERIFY_CA", 1, no_tls(EXPIRED)),
    ("v1 intermediate", "VERIFY_CA", 1, no_tls(UNKNOWN)),
    ("v1 self-signed, given as CA", "VERIFY_IDENTITY", 0, ALL),
    ("the v1 root as a server", "REQUIRED", 0, ALL_BUT_THE_NAME),
    // Names.
    ("CN is the host", "VERIFY_IDENTITY", 0, ALL),
    ("CN is another", "VERIFY_IDENTITY", 1, ALL_BUT_THE_NAME),
    ("CN matches, dNSName does not", "VERIFY_CA", 0, ALL_BUT_THE_NAME),
    ("CN with a NUL", "VERIFY_IDENTITY", 1, ALL_BUT_THE_NAME),
    ("dNSName wildcard", "VERIFY_IDENTITY", 0, ALL),
    ("dNSName wildcard for two labels", "VERIFY_IDENTITY", 1, ALL_BUT_THE_NAME),
    ("dNSName partial wildcard", "VERIFY_IDENTITY", 1, ALL_BUT_THE_NAME),
    ("iPAddress", "VERIFY_IDENTITY", 0, ALL),
    ("another iPAddress", "VERIFY_IDENTITY", 1, ALL_BUT_THE_NAME),
    ("dNSName alone at an address", "PREFERRED", 0, ALL_BUT_THE_NAME),
    ("as MySQL makes its own", "VERIFY_CA", 0, ALL_BUT_THE_NAME),
    ("constrained, dNSName outside", "VERIFY_CA", 1, no_tls(INVALID)),
    // Purposes and extensions.
    ("clientAuth", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("keyCertSign", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("nsCertType client", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("P-256 with keyEncipherment, TLS 1.2", "VERIFY_CA", 1, no_tls(PURPOSE)),
    ("P-256 with keyEncipherment, TLS 1.3", "VERIFY_IDENTITY", 0, ALL),
    ("unknown critical extension in the leaf", "VERIFY_CA", 1, no_tls(INVALID)),
    ("subjectAltName that is none, chain alone", "VERIFY_CA", 1, no_tls(INVALID)),
    // Algorithms.
    ("the root's own, RSA", "VERIFY_CA", 0, ALL_BUT_THE_NAME),
    ("P-384", "VERIFY_IDENTITY", 0, ALL),
    ("Ed25519, verified", "VERIFY_IDENTITY", 0, ALL),
    ("signed over SHA-1", "VERIFY_CA", 1, no_tls(UNSUPPORTED)),
    ("signed over SHA-1, unverified", "REQUIRED", 0, no_ca(UNKNOWN)),
    ("of a root with RSA-1024", "VERIFY_CA", 1, [UNUSABLE; 5]),
    ("of a root with RSA-1024, unverified", "REQUIRED", 0, no_ca(UNKNOWN)),
    ("of a root on P-521, unverified", "REQUIRED", 0, no_ca(UNKNOWN)),
    // Revocation lists.
    ("CRL without entries", "VERIFY_IDENTITY", 0, with_lists(WORKS)),
    ("revoked leaf", "VERIFY_CA", 1, with_lists(REVOKED)),
    ("revoked intermediate", "VERIFY_IDENTITY", 1, with_lists(REVOKED)),
    ("CRL of a stranger alone", "VERIFY_CA", 1, with_lists(NO_CRL)),
    ("expired CRL", "REQUIRED", 1, with_lists(NO_CRL)),
    ("partial list alone", "VERIFY_CA", 1, with_lists(NO_CRL)),
    ("CRL with an unknown critical extension", "VERIFY_CA", 1, with_lists(BAD_CRL)),
    ("CRL without a CA", "REQUIRED", 1, [CONFLICT, CONFLICT, CONFLICT, CA_REQUIRED, CONFLICT]),
    // Forged.
    ("v3 with another name", "VERIFY_CA", 1, no_tls(INVALID)),
    ("leaf of the root's twin", "VERIFY_CA", 1, no_tls(INVALID)),
    ("v3 of the CA, another's key", "VERIFY_CA", 1, no_tls(SIGNATURE)),
    ("CA:TRUE given as CA, another's key", "VERIFY_CA", 1, no_tls(SIGNATURE)),
    ("v3, another's key", "REQUIRED", 1, [WORKS, SIGNATURE, SIGNATURE, CA_REQUIRED, UNKNOWN]),
    ("no certificate but zeros", "REQUIRED", 1, [WORKS, INVALID, INVALID, CA_REQUIRED, INVALID]),
    // Without a CA.
    ("self-signed, CA:FALSE", "REQUIRED", 0, no_ca(UNKNOWN)),
    ("self-signed, CA:TRUE", "PREFERRED", 0, no_ca(CA_AS_SERVER)),
    ("v1, P-256", "REQUIRED", 0, no_ca(UNSUPPORTED)),
    ("expired", "REQUIRED", 0, no_ca(EXPIRED)),
    ("not yet valid", "VERIFY_IDENTITY", 1, no_ca(NOT_YET)),
    ("for clients", "VERIFY_IDENTITY", 1, no_ca(PURPOSE)),
    ("another name", "REQUIRED", 0, no_ca(UNKNOWN)),
];

/// On a curve that ring does not know.
#[cfg(feature = "aws-lc-rs")]
#[rustfmt::skip]
const P_521: &[(&str, &str, i32, Modes)] = &[
    ("of a root on P-521", "VERIFY_IDENTITY", 0, ALL),
    ("P-521", "VERIFY_IDENTITY", 0, ALL),
    ("P-521, unverified", "REQUIRED", 0, no_ca(UNKNOWN)),
];
#[cfg(not(feature = "aws-lc-rs"))]
const P_521: &[(&str, &str, i32, Modes)] =
    &[("of a root on P-521", "VERIFY_IDENTITY", 1, [UNUSABLE; 5])];

/// A server, the settings for it, and what doctor has to say.
struct Shape {
    name: &'static str,
    shown: Issued,
    /// All versions, if not this one.
    version: Option<Version>,
    host: &'static str,
    query: String,
    exit: i32,
    modes: Modes,
}

impl Shape {
    fn of_case(row: &(&'static str, &str, i32, Modes), case: &Case, dir: &TestDir) -> Self {
        let (name, mode, exit, modes) = *row;
        let mut query = format!("ssl-mode={mode}");
        for (key, content) in [("ssl-ca", &case.ca), ("ssl-crl", &case.crl)] {
            if let Some(content) = content {
                query += &format!("&{key}={}", written(dir, content));
            }
        }
        // Names of several labels lead nowhere here.
        let mut host = case.host;
        if host.contains("example") {
            query += &format!("&tls-server-name={host}");
            host = LOCALHOST;
        }
        let version = match case.versions {
            [version] => Some(*version),
            _ => None,
        };
        Shape { name, shown: case.shown.clone(), version, host, query, exit, modes }
    }

    /// The server, and the DSN that leads to it.
    fn start(&self) -> (ScriptedServer, String) {
        let tls = ServerTls::new(&self.shown);
        let tls = match self.version {
            Some(version) => version.only(tls),
            None => tls,
        };
        let server = ScriptedServer::start(ServerScript::new().tls(tls));
        let dsn = format!("mysql://app@{}:{}/?{}", self.host, server.port(), self.query);
        (server, dsn)
    }

    /// What is not as it has to be.
    fn wrong(&self) -> Option<String> {
        let Shape { name, exit: expected, modes: all, .. } = self;
        let (server, dsn) = self.start();
        let (exit, report) = examine(&dsn);
        let found = modes(&report);
        if exit != Some(*expected) || found != *all {
            return Some(format!("{name}: {exit:?} {found:?}, not {expected} {all:?}\n"));
        }
        // The settings fail as their mode does, and work up to the login where it does.
        let yours = report["modes"].as_array().unwrap().iter().find(|mode| mode["yours"] == true);
        let error = &report["settings"]["error"]["code"];
        let agrees = yours.is_none_or(|mode| mode["error"]["code"] == *error);
        if !agrees || report["connections"] != server.connections() {
            return Some(format!("{name}: {report:#}\n"));
        }
        nothing_was_given_away(&server, &[]);
        None
    }
}

/// The path of a file with this text.
fn written(dir: &TestDir, content: &str) -> String {
    let name = format!("{}.pem", std::fs::read_dir(dir.path()).unwrap().count());
    dir.write(&name, content).display().to_string()
}

/// Shapes that are of the settings more than of the certificates.
fn others(dir: &TestDir) -> Vec<Shape> {
    let ca = Authority::new("CLI CA");
    let leaf = ca.server("localhost").issue();
    let alone = self_signed("localhost").issue();
    let v1 = ca.as_version_1(&leaf);
    // The public key of another's, of which this server has no private half either.
    let weak = Pieces::of(
        &Issued::from_pem(
            include_str!("../../../../fixtures/chains/rsa-1024-root.pem"),
            include_str!("../../../../fixtures/rsa-2048-private.pem"),
        )
        .der(),
    );
    let rsa = ca.server("localhost").key(KeyKind::Rsa2048).issue();
    let weak = rsa.reissued_by(&ca, |pieces| pieces.public_key = weak.public_key);
    let with_ca = format!("&ssl-ca={}", written(dir, &ca.pem()));
    let with_other = format!("&ssl-ca={}", written(dir, &Authority::new("Other CA").pem()));
    let pinned = |issued: &Issued| format!("&tls-pin={}", pin(issued));
    let hashed = |issued: &Issued| format!("&tls-peer-fingerprint={}", fingerprint(&issued.der()));
    let (right, other) = (with_ca.clone() + &pinned(&leaf), with_ca.clone() + &pinned(&alone));
    let (strange, hash) = (with_other.clone() + &pinned(&leaf), with_ca.clone() + &hashed(&alone));
    let both = pinned(&alone) + &hashed(&alone);
    let web = with_ca.clone() + "&ssl-roots=webpki,ca";
    let mismatch = with_pins(MISMATCH, MISMATCH, MISMATCH);
    let unknown = with_pins(UNKNOWN, UNKNOWN, UNKNOWN);
    let pin_alone = |required| with_pins(required, CA_REQUIRED, UNKNOWN);
    let rows: [(&str, &Issued, &str, &str, i32, Modes); 13] = [
        ("not verified under DISABLED", &alone, "DISABLED", &with_ca, 0, no_tls(UNKNOWN)),
        ("RSA-1024", &weak, "VERIFY_CA", &with_ca, 1, no_tls(SIGNATURE)),
        ("public roots and a CA", &leaf, "VERIFY_IDENTITY", &web, 0, with_roots(WORKS)),
        ("v1 with public roots and a CA", &v1, "VERIFY_IDENTITY", &web, 1, with_roots(UNSUPPORTED)),
        ("pin", &leaf, "VERIFY_IDENTITY", &right, 0, with_pins(WORKS, WORKS, WORKS)),
        ("pin of another", &leaf, "VERIFY_CA", &other, 1, mismatch),
        ("pin, and the wrong CA", &leaf, "REQUIRED", &strange, 1, unknown),
        ("fingerprint of another", &leaf, "REQUIRED", &hash, 1, mismatch),
        ("pin and fingerprint without a CA", &alone, "REQUIRED", &both, 0, pin_alone(WORKS)),
        ("the same, of another", &leaf, "REQUIRED", &both, 1, pin_alone(MISMATCH)),
        ("a pin without a CA", &alone, "VERIFY_CA", &both, 1, pin_alone(WORKS)),
        ("a pin without TLS", &leaf, "PREFERRED", &right, 1, with_pins(WORKS, WORKS, WORKS)),
        ("no mode but a CA", &leaf, "", &with_ca, 0, ALL),
    ];
    let shape = |(name, shown, mode, query, exit, modes): (_, &Issued, &str, &str, _, _)| {
        let query = format!("ssl-mode={mode}{query}");
        let query = query.trim_start_matches("ssl-mode=&").to_owned();
        let shown = shown.clone();
        Shape { name, shown, version: None, host: LOCALHOST, query, exit, modes }
    };
    rows.into_iter().map(shape).collect()
}

/// All shapes; the table of verdicts has to say the same of the mode that it is about.
fn shapes(dir: &TestDir) -> Vec<Shape> {
    let table = verdicts::table();
    let of_row = |row: &(&'static str, &str, i32, Modes)| {
        let case = table.iter().find(|case| case.name == row.0);
        let case = case.unwrap_or_else(|| panic!("no row of the table is called {:?}", row.0));
        let at = SslMode::ALL.iter().position(|mode| *mode == case.mode).unwrap();
        assert_eq!(row.3[at].replace(WORKS, verdicts::OK), case.verdict, "{}", row.0);
        Shape::of_case(row, case, dir)
    };
    SHAPES.iter().chain(P_521).map(of_row).chain(others(dir)).collect()
}

#[test]
fn every_shape_of_certificate_under_every_mode() {
    const AT_A_TIME: usize = 4;
    let dir = TestDir::new();
    let shapes = shapes(&dir);
    let share = shapes.len().div_ceil(AT_A_TIME);
    let wrong: String = thread::scope(|scope| {
        let threads: Vec<_> = shapes
            .chunks(share)
            .map(|share| scope.spawn(|| share.iter().filter_map(Shape::wrong).collect::<String>()))
            .collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert!(wrong.is_empty(), "\n{wrong}");
}

/// A verdict that the table of verdicts has and that is none here is a shape that is missing.
#[test]
fn no_verdict_is_left_out() {
    let here: Vec<&str> = SHAPES.iter().chain(P_521).flat_map(|row| row.3).collect();
    for case in verdicts::table() {
        let known = case.verdict == verdicts::OK || here.contains(&case.verdict);
        assert!(known, "{}: {}", case.name, case.verdict);
    }
}

/// What a person reads of some of them: the certificate, the modes, the settings.
#[test]
fn shapes_as_text() {
    let dir = TestDir::new();
    let shapes = shapes(&dir);
    let (ec, sha_2, left) = ("ECDSA P-256", "ecdsa-with-SHA256", "days left)");
    let verified = "works: TLS; verified: the chain, and the name localhost";
    // The shape, the beginning of what is said of its mode; dates, key, signature and version.
    let rows = [
        ("the root's own", verified, [left, ec, sha_2, "3"]),
        ("expired leaf", "fails [certificate.expired]: ", ["(expired 1 day ago)", ec, sha_2, "3"]),
        (
            "leaf of the future",
            "fails [certificate.not-yet-valid]: ",
            ["(not valid yet)", ec, sha_2, "3"],
        ),
        ("missing intermediate", "fails [certificate.unknown-issuer]: ", [left, ec, sha_2, "3"]),
        ("v1 self-signed, given as CA", verified, [left, ec, sha_2, "1"]),
        (
            "the root's own, RSA",
            "works: TLS; verified: the chain, not the name",
            [left, "RSA 2048 bits", sha_2, "3"],
        ),
        ("CN is another", "fails [certificate.wrong-name]: ", [left, ec, sha_2, "3"]),
        (
            "signed over SHA-1",
            "fails [certificate.unsupported]: ",
            [left, ec, "sha1WithRSAEncryption", "3"],
        ),
        (
            "of a root with RSA-1024",
            "fails [config.no-certificate]: ",
            [left, ec, "sha256WithRSAEncryption", "3"],
        ),
        ("RSA-1024", "fails [handshake.bad-signature]: ", [left, "RSA 1024 bits", sha_2, "3"]),
        ("revoked leaf", "fails [certificate.revoked]: ", [left, ec, sha_2, "3"]),
        (
            "v3 of the CA, another's key",
            "fails [handshake.bad-signature]: ",
            [left, ec, sha_2, "3"],
        ),
        ("no certificate but zeros", "fails [certificate.invalid]: ", [""; 4]),
        ("self-signed, CA:TRUE", "works: TLS; NOT VERIFIED", [left, ec, sha_2, "3"]),
        ("pin of another", "fails [certificate.pin-mismatch]: ", [left, ec, sha_2, "3"]),
    ];
    for (name, verdict, [dates, facts @ ..]) in rows {
        let shape = shapes.iter().find(|shape| shape.name == name).unwrap();
        let (_server, dsn) = shape.start();
        let outcome = run(&["doctor", &dsn]).end();
        assert_eq!((outcome.code, &*outcome.stderr), (Some(shape.exit), ""), "{name}");
        let text = outcome.stdout;
        let value = |of: &str| {
            let start = format!("{of:<20}");
            text.lines().find_map(|line| line.strip_prefix(&start)).unwrap_or_default()
        };
        assert!(value("  valid").ends_with(dates), "{name}: {text}");
        assert_eq!(["  key", "  signature", "  version"].map(value), facts, "{name}: {text}");
        for (mode, verdict) in SslMode::ALL.iter().zip(shape.modes) {
            let start = if verdict == WORKS { "works: " } else { &*format!("fails [{verdict}]: ") };
            let found = [format!("  {mode}"), format!("* {mode}")].map(|name| value(&name));
            assert!(found.concat().starts_with(start), "{name}, {mode}: {text}");
        }
        let settings = value("Your settings");
        let start = if shape.exit == 0 { "work: logged in" } else { "FAIL [" };
        assert!(settings.starts_with(start), "{name}: {text}");
        // Unless the settings are refused before a mode is known.
        let yours = text.lines().find(|line| line.starts_with("* "));
        let found =
            yours.map_or(&*settings.replace("FAIL", "fails"), |line| &line[20..]).to_owned();
        assert!(found.starts_with(verdict), "{name}: {text}");
    }
}
