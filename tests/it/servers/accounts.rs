//! Accounts that ask for TLS, for a certificate, or for something in one.

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Error, Product};

use super::world::{DATABASE, Pair, World, create_user, shared};

/// The certificates of a client, in the order of the columns below.
const COLUMNS: [&str; 5] = ["right", "sibling", "below", "foreign", "none"];

const DENIED: &str = "auth.access-denied";
const REFUSED: &str = "handshake.client-certificate-refused";

/// What follows for each account with each certificate. A certificate of an unknown CA is refused
/// in the handshake, before any account is known.
const EXPECTED: [(&str, [&str; 5]); 7] = [
    ("app", ["ok", "ok", "ok", REFUSED, "ok"]),
    ("ssl", ["ok", "ok", "ok", REFUSED, "ok"]),
    ("x509", ["ok", "ok", "ok", REFUSED, DENIED]),
    ("subject", ["ok", DENIED, DENIED, REFUSED, DENIED]),
    ("issuer", ["ok", "ok", DENIED, REFUSED, DENIED]),
    ("cipher", ["ok", "ok", "ok", REFUSED, "ok"]),
    ("other_cipher", [DENIED, DENIED, DENIED, REFUSED, DENIED]),
];

/// What CIPHER asks for on MySQL and TiDB: a certificate as well.
const CIPHER_AND_CERTIFICATE: [&str; 5] = ["ok", "ok", "ok", REFUSED, DENIED];

/// TiDB alone has SAN.
const SAN_ON_TIDB: [&str; 5] = ["ok", DENIED, DENIED, REFUSED, DENIED];

pub(super) fn require_clauses(product: Product) {
    let world = shared(product);
    make_cipher_accounts(world);
    let mut rows = EXPECTED.to_vec();
    if product != Product::MariaDB {
        rows[5].1 = CIPHER_AND_CERTIFICATE;
    }
    if product == Product::TiDB {
        rows.push(("san", SAN_ON_TIDB));
    }
    for (account, expected) in rows {
        for (certificate, expected) in COLUMNS.into_iter().zip(expected) {
            let found = outcome(world, account, certificate);
            assert_eq!(found, expected, "{account} with certificate {certificate}");
        }
        // None of these but `app` may come in on plaintext.
        let plaintext = world.plaintext().user(account).connect();
        let code = plaintext.as_ref().map_or_else(Error::code, |_| "ok");
        assert_eq!(code, if account == "app" { "ok" } else { DENIED }, "{account} on plaintext");
    }
}

/// Under TLS 1.3 the client has done its part of the handshake when its certificate is refused.
pub(super) fn refused_certificate_names_the_alert(product: Product) {
    let world = shared(product);
    let foreign = &world.pki.foreign;
    let error = world
        .verified()
        .user("x509")
        .ssl_cert(&foreign.cert)
        .ssl_key(&foreign.key)
        .connect()
        .unwrap_err();
    let Error::Handshake(handshake) = &error else { panic!("{error:?}") };
    assert_eq!(handshake.alert(), Some("unknown_ca"), "{error}");
    assert!(error.to_string().contains("unknown_ca"), "{error}");
    assert!(error.to_string().contains("CN=right"), "{error}");
}

/// Accounts for the cipher suite that this server and this client agree on, and for another one.
fn make_cipher_accounts(world: &World) {
    let connection = world.verified().connect().unwrap();
    let cipher = connection.session().tls().unwrap().cipher_openssl().to_owned();
    let plugin = match world.product() {
        Product::MySQL => "caching_sha2_password",
        _ => "mysql_native_password",
    };
    let mut admin = world.server.admin();
    for (name, cipher) in [("cipher", cipher.as_str()), ("other_cipher", "ECDHE-RSA-AES128-SHA")] {
        let require = format!("CIPHER '{cipher}'");
        admin.query_drop(create_user(world.product(), name, plugin, &require)).unwrap();
        admin.query_drop(format!("GRANT ALL ON {DATABASE}.* TO '{name}'@'%'")).unwrap();
    }
}

fn outcome(world: &World, account: &str, certificate: &str) -> &'static str {
    let pki = &world.pki;
    let (pair, subject) = match certificate {
        "right" => (Some(&pki.right), Some("CN=right, O=Shop")),
        "sibling" => (Some(&pki.sibling), Some("CN=sibling, O=Shop")),
        "below" => (Some(&pki.below), Some("CN=below, O=Shop")),
        "foreign" => (Some(&pki.foreign), None),
        _ => (None, None),
    };
    let mut connection = match with(world.verified().user(account), pair).connect() {
        Ok(connection) => connection,
        Err(error) => return error.code(),
    };
    let user: Option<String> = connection.query_first("SELECT CURRENT_USER()").unwrap();
    assert_eq!(user, Some(format!("{account}@%")));
    let told = connection.session().tls().unwrap().client_certificate();
    assert!(told.was_requested());
    assert_eq!(told.presented(), subject);
    "ok"
}

fn with(builder: ConnectionBuilder, pair: Option<&Pair>) -> ConnectionBuilder {
    match pair {
        Some(pair) => builder.ssl_cert(&pair.cert).ssl_key(&pair.key),
        None => builder,
    }
}
