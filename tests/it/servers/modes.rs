//! Every ssl-mode with the right CA, a wrong one and none; the same through the official client.

use std::path::Path;

use mysql_tls::{
    ConnectionBuilder, PlaintextReason, Product, SslMode, TlsSession, Transport, Verification,
};

use super::official::{self, Outcome, Way};
use super::world::{Certificate, PASSWORD, World, shared};

const DISABLED: Option<SslMode> = Some(SslMode::Disabled);
const PREFERRED: Option<SslMode> = Some(SslMode::Preferred);
const REQUIRED: Option<SslMode> = Some(SslMode::Required);
const VERIFY_CA: Option<SslMode> = Some(SslMode::VerifyCa);
const VERIFY_IDENTITY: Option<SslMode> = Some(SslMode::VerifyIdentity);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ca {
    Right,
    Wrong,
    None,
}

const CAS: [Ca; 3] = [Ca::Right, Ca::Wrong, Ca::None];

impl Ca {
    fn path(self, world: &World) -> Option<&Path> {
        match self {
            Ca::Right => Some(&world.pki.ca),
            Ca::Wrong => Some(&world.pki.wrong_ca),
            Ca::None => None,
        }
    }
}

/// A row: the ssl-mode, or none given, and what follows with each of [`CAS`].
type Row = (Option<SslMode>, [&'static str; 3]);

const UNKNOWN: &str = "certificate.unknown-issuer";

/// By the name in the certificate.
const BY_NAME: [Row; 6] = [
    (None, ["TLS, chain", UNKNOWN, "TLS, nothing"]),
    (DISABLED, ["disabled"; 3]),
    (PREFERRED, ["TLS, chain", UNKNOWN, "TLS, nothing"]),
    (REQUIRED, ["TLS, chain", UNKNOWN, "TLS, nothing"]),
    (VERIFY_CA, ["TLS, chain", UNKNOWN, "config.ca-required"]),
    (VERIFY_IDENTITY, ["TLS, name", UNKNOWN, UNKNOWN]),
];

/// By an address that is not in the certificate.
const BY_ADDRESS: [Row; 6] = [
    BY_NAME[0],
    BY_NAME[1],
    BY_NAME[2],
    BY_NAME[3],
    BY_NAME[4],
    (VERIFY_IDENTITY, ["certificate.wrong-name", UNKNOWN, UNKNOWN]),
];

const NO_TLS: &str = "tls.not-offered";

/// With a server that has no TLS.
const WITHOUT_TLS: [Row; 6] = [
    (None, [NO_TLS, NO_TLS, "not offered"]),
    (DISABLED, ["disabled"; 3]),
    (PREFERRED, ["not offered"; 3]),
    (REQUIRED, [NO_TLS; 3]),
    (VERIFY_CA, [NO_TLS, NO_TLS, "config.ca-required"]),
    (VERIFY_IDENTITY, [NO_TLS; 3]),
];

/// Over the server's Unix socket, where the name is `localhost`.
const BY_SOCKET: [Row; 6] = [
    (None, ["TLS, chain", UNKNOWN, "Unix socket"]),
    (DISABLED, ["Unix socket"; 3]),
    (PREFERRED, ["Unix socket"; 3]),
    (REQUIRED, ["TLS, chain", UNKNOWN, "TLS, nothing"]),
    (VERIFY_CA, ["TLS, chain", UNKNOWN, "config.ca-required"]),
    (VERIFY_IDENTITY, ["TLS, name", UNKNOWN, UNKNOWN]),
];

/// Where the official client does something else, on purpose: mode, CA, its outcome, its words.
///
/// It drops a CA that comes with PREFERRED or REQUIRED, with a warning; here the CA is used. It has
/// no public roots; here they are tried, and do not know the CA of the test.
const DIFFERENCES: [(Option<SslMode>, Ca, Outcome, &str); 3] = [
    (PREFERRED, Ca::Wrong, Outcome::Tls, "no verification of server certificate will be done"),
    (REQUIRED, Ca::Wrong, Outcome::Tls, "no verification of server certificate will be done"),
    (VERIFY_IDENTITY, Ca::None, Outcome::Refused, "CA certificate is required"),
];

pub(super) fn every_mode_with_every_ca(product: Product) {
    let world = shared(product);
    check(world, "localhost", &BY_NAME, || world.to("localhost"));
    check(world, "127.0.0.1", &BY_ADDRESS, || world.to("127.0.0.1"));
}

pub(super) fn every_mode_without_tls(product: Product) {
    let world = World::start(product, Certificate::None);
    check(&world, "no TLS", &WITHOUT_TLS, || world.to("localhost"));
}

pub(super) fn unix_socket(product: Product) {
    let world = shared(product);
    check(world, "socket", &BY_SOCKET, || {
        ConnectionBuilder::new("db.example.com")
            .socket(&world.server.socket)
            .user("app")
            .password(PASSWORD)
    });
}

pub(super) fn official_client_agrees(product: Product) {
    let world = shared(product);
    compare(world, "localhost", &BY_NAME, &DIFFERENCES);
    compare(world, "127.0.0.1", &BY_ADDRESS, &DIFFERENCES);
}

pub(super) fn official_client_agrees_without_tls(product: Product) {
    let world = World::start(product, Certificate::None);
    compare(&world, "localhost", &WITHOUT_TLS, &[]);
}

/// A deliberate difference: `localhost` is a host like any other here.
pub(super) fn official_client_takes_localhost_for_a_socket(product: Product) {
    let world = shared(product);
    let theirs = official::connect(world, Way::ByHost, "localhost", PREFERRED, None);
    assert_eq!(theirs.outcome, Outcome::Plaintext, "{}", theirs.words);
    assert_eq!(outcome(&world.to("localhost").ssl_mode(SslMode::Preferred)), "TLS, nothing");
}

/// Compares every cell of a table with what happens.
fn check(world: &World, what: &str, rows: &[Row], to: impl Fn() -> ConnectionBuilder) {
    for (mode, expected) in rows {
        for (ca, expected) in CAS.into_iter().zip(expected) {
            let found = outcome(&with(to(), *mode, ca.path(world)));
            assert_eq!(found, *expected, "{what}: {mode:?}, {ca:?} CA");
        }
    }
}

/// The official client's outcome for every cell is ours, or stands among the differences.
fn compare(
    world: &World,
    host: &str,
    rows: &[Row],
    differences: &[(Option<SslMode>, Ca, Outcome, &str)],
) {
    for (mode, ours) in rows {
        for (ca, ours) in CAS.into_iter().zip(ours) {
            let theirs = official::connect(world, Way::Tcp, host, *mode, ca.path(world));
            let difference = differences.iter().find(|row| (row.0, row.1) == (*mode, ca));
            let (expected, words) = match difference {
                Some((.., outcome, words)) => (*outcome, *words),
                None => (seen_by_both(ours), ""),
            };
            let said = format!("{host}: {mode:?}, {ca:?} CA: {}", theirs.words);
            assert_eq!(theirs.outcome, expected, "{said}");
            assert!(theirs.words.contains(words), "{said}");
        }
    }
}

fn seen_by_both(ours: &str) -> Outcome {
    match ours {
        "disabled" | "not offered" | "Unix socket" => Outcome::Plaintext,
        _ if ours.starts_with("TLS, ") => Outcome::Tls,
        _ => Outcome::Refused,
    }
}

fn with(
    mut builder: ConnectionBuilder,
    mode: Option<SslMode>,
    ca: Option<&Path>,
) -> ConnectionBuilder {
    if let Some(mode) = mode {
        builder = builder.ssl_mode(mode);
    }
    if let Some(ca) = ca {
        builder = builder.ssl_ca(ca);
    }
    builder
}

/// What came of connecting, in a word of the tables.
fn outcome(builder: &ConnectionBuilder) -> &'static str {
    let mut connection = match builder.connect() {
        Ok(connection) => connection,
        Err(error) => return error.code(),
    };
    let status = connection.server_tls_status().expect("a query");
    let session = connection.session();
    assert_eq!(status.cipher().is_some(), session.tls().is_some(), "both sides know of TLS");
    match (session.transport(), session.tls().map(TlsSession::verified)) {
        (Transport::Tls, Some(Verification::Nothing)) => "TLS, nothing",
        (Transport::Tls, Some(Verification::Chain)) => "TLS, chain",
        (Transport::Tls, Some(Verification::ChainAndName(name))) if name == "localhost" => {
            "TLS, name"
        }
        (Transport::Plaintext(PlaintextReason::Disabled), None) => "disabled",
        (Transport::Plaintext(PlaintextReason::NotOffered), None) => "not offered",
        (Transport::UnixSocket, None) => "Unix socket",
        other => panic!("{other:?}"),
    }
}
