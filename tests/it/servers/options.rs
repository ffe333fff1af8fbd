//! The options of TLS, with what the server says of the outcome where it says anything.

use std::os::unix::fs::symlink;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{Connection, ConnectionBuilder, Product, SslMode, SslRoots, Verification};

use super::world::{Certificate, DATABASE, PASSWORD, World, shared, write_pair};
use crate::keys::{FORMS, KEY_PASSWORD, encrypted};
use crate::support::TestDir;

/// The serial number of the server's certificate.
const SERIAL: u64 = 0x1001;

/// Connects, and asks something, so that the login is over on both sides.
#[track_caller]
fn connected(builder: &ConnectionBuilder) -> Connection {
    let mut connection = builder.connect().unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    connection
}

#[track_caller]
fn refused(builder: &ConnectionBuilder, code: &str) {
    let error = builder.connect().expect_err(code);
    assert_eq!(error.code(), code, "{error}");
}

fn verified_as(connection: &Connection) -> &Verification {
    connection.session().tls().unwrap().verified()
}

fn localhost() -> Verification {
    Verification::ChainAndName("localhost".to_owned())
}

/// The account by a connection string with these options.
fn by_dsn(world: &World, host: &str, options: &[(&str, &str)]) -> ConnectionBuilder {
    let port = world.server.port;
    let options: Vec<String> =
        options.iter().map(|(key, value)| format!("{key}={value}")).collect();
    let dsn = format!("mysql://app:{PASSWORD}@{host}:{port}/{DATABASE}?{}", options.join("&"));
    dsn.parse().unwrap()
}

pub(super) fn ca_directory(product: Product) {
    let world = shared(product);
    let identity = || world.to("localhost").ssl_mode(SslMode::VerifyIdentity);
    let right = TestDir::new();
    symlink(&world.pki.ca, right.path().join("0a1b2c3d.0")).unwrap();
    symlink(&world.pki.wrong_ca, right.path().join("1a1b2c3d.0")).unwrap();
    right.write("README", "not a certificate");
    let wrong = TestDir::new();
    symlink(&world.pki.wrong_ca, wrong.path().join("ca.pem")).unwrap();

    let connection = connected(&identity().ssl_capath(right.path()));
    assert_eq!(*verified_as(&connection), localhost());
    connected(&identity().ssl_capath(wrong.path()).ssl_ca(&world.pki.ca));
    refused(&identity().ssl_capath(wrong.path()), "certificate.unknown-issuer");
    // As text, where a directory means VERIFY_CA.
    let path = right.path().to_str().unwrap();
    let connection = connected(&by_dsn(world, "127.0.0.1", &[("ssl-capath", path)]));
    assert_eq!(*verified_as(&connection), Verification::Chain);
}

pub(super) fn public_roots(product: Product) {
    let world = shared(product);
    let both = world.to("localhost").ssl_ca(&world.pki.ca).ssl_roots(SslRoots::WebpkiAndCa);
    assert_eq!(*verified_as(&connected(&both)), localhost());
    refused(&world.to("localhost").ssl_roots(SslRoots::Webpki), "certificate.unknown-issuer");
}

pub(super) fn revocation(product: Product) {
    let world = shared(product);
    let ca = &world.pki.authority;
    let dir = TestDir::new();
    let current = dir.write("current.crl", ca.revocation_list(&[SERIAL + 1], |_| {}));
    let revoked = dir.write("revoked.crl", ca.revocation_list(&[SERIAL], |_| {}));
    let late = dir.write(
        "late.crl",
        ca.revocation_list(&[], |list| {
            list.this_update = rcgen::date_time_ymd(2026, 1, 1);
            list.next_update = rcgen::date_time_ymd(2026, 1, 2);
        }),
    );
    let connection = connected(&world.verified().ssl_crl(&current));
    assert!(connection.session().tls().unwrap().is_revocation_checked());
    assert_eq!(*verified_as(&connection), localhost());
    refused(&world.verified().ssl_crl(&revoked), "certificate.revoked");
    refused(&world.verified().ssl_crl(&late), "certificate.revocation-unknown");
    let lists = TestDir::new();
    symlink(&current, lists.path().join("0a1b2c3d.r0")).unwrap();
    connected(&world.verified().ssl_crlpath(lists.path()));
    let ca = world.pki.ca.to_str().unwrap();
    for (list, code) in [(&current, None), (&revoked, Some("certificate.revoked"))] {
        let options = [("ssl-ca", ca), ("ssl-crl", list.to_str().unwrap())];
        let builder = by_dsn(world, "localhost", &options);
        match code {
            None => drop(connected(&builder)),
            Some(code) => refused(&builder, code),
        }
    }
}

pub(super) fn pins(product: Product) {
    let world = shared(product);
    let required = || world.to("127.0.0.1").ssl_mode(SslMode::Required);
    // As somebody would copy them, from an administrator's verified connection.
    let shown = connected(&world.verified());
    let leaf = &shown.session().tls().unwrap().peer()[0];
    let (pin, fingerprint) = (leaf.pin().unwrap(), leaf.fingerprint());

    for builder in [
        required().tls_pin(&pin),
        required().tls_peer_fingerprint(&fingerprint),
        required().tls_pin(&pin).tls_peer_fingerprint(&fingerprint),
        by_dsn(world, "127.0.0.1", &[("tls-pin", &pin)]),
        by_dsn(world, "127.0.0.1", &[("tls-peer-fingerprint", &fingerprint)]),
    ] {
        let connector = builder.build().unwrap();
        for resumed in [false, true] {
            let mut connection = connector.connect().unwrap();
            assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
            let tls = connection.session().tls().unwrap();
            assert_eq!((tls.is_resumed(), tls.is_pinned()), (resumed, true));
            assert_eq!(*tls.verified(), Verification::Pin);
        }
    }
    let wrong = "0".repeat(64);
    for builder in [required(), world.verified()] {
        refused(&builder.tls_peer_fingerprint(&wrong), "certificate.pin-mismatch");
    }
    assert_eq!(*verified_as(&connected(&world.verified().tls_pin(&pin))), localhost());
}

pub(super) fn encrypted_key(product: Product) {
    let world = shared(product);
    let right = &world.pki.right;
    let key = std::fs::read_to_string(&right.key).unwrap();
    let dir = TestDir::new();
    for (form, arguments) in FORMS {
        let Some(locked) = encrypted(&key, arguments) else { continue };
        let file = dir.write_secret("client-key.pem", &locked);
        let given = || world.verified().user("x509").ssl_cert(&right.cert);
        for builder in [given().ssl_key(&file), given().ssl_key_pem(locked)] {
            let mut connection = connected(&builder.ssl_key_password(KEY_PASSWORD));
            let user: Option<String> = connection.query_first("SELECT CURRENT_USER()").unwrap();
            assert_eq!(user.as_deref(), Some("x509@%"), "{form}");
        }
    }
}

pub(super) fn version_1_client_certificate(product: Product) {
    let world = shared(product);
    let ca = &world.pki.authority;
    let issued = ca.as_version_1(&ca.client("right").organization("Shop").issue());
    let other = ca.as_version_1(&ca.client("other").organization("Shop").issue());
    let dir = TestDir::new();
    let right = write_pair(dir.path(), "right", &issued);
    let other = write_pair(dir.path(), "other", &other);
    for account in ["x509", "subject"] {
        let with = |pair: &super::world::Pair| {
            world.verified().user(account).ssl_cert(&pair.cert).ssl_key(&pair.key)
        };
        let connection = connected(&with(&right));
        let told = connection.session().tls().unwrap().client_certificate();
        assert_eq!(told.presented(), Some("CN=right, O=Shop"));
        match account {
            "x509" => drop(connected(&with(&other))),
            _ => refused(&with(&other), "auth.access-denied"),
        }
    }
}

pub(super) fn versions_and_suites(product: Product) {
    let world = shared(product);
    let ca = world.pki.ca.to_str().unwrap();
    let suites = [
        ("TLSv1.2", "ssl-cipher", "ECDHE-ECDSA-AES128-GCM-SHA256"),
        ("TLSv1.2", "ssl-cipher", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("TLSv1.2", "ssl-cipher", "ECDHE-ECDSA-CHACHA20-POLY1305"),
        ("TLSv1.3", "tls-ciphersuites", "TLS_AES_128_GCM_SHA256"),
        ("TLSv1.3", "tls-ciphersuites", "TLS_AES_256_GCM_SHA384"),
        ("TLSv1.3", "tls-ciphersuites", "TLS_CHACHA20_POLY1305_SHA256"),
    ];
    for (version, option, suite) in suites {
        let builder = world.verified().tls_version(version);
        let builder = match option {
            "ssl-cipher" => builder.ssl_cipher(suite),
            _ => builder.tls_ciphersuites(suite),
        };
        let options = [("ssl-ca", ca), ("tls-version", version), (option, suite)];
        for builder in [builder, by_dsn(world, "localhost", &options)] {
            let mut connection = connected(&builder);
            let status = connection.server_tls_status().unwrap();
            let tls = connection.session().tls().unwrap();
            assert_eq!((tls.version(), tls.cipher_openssl()), (version, suite));
            assert_eq!(status.version(), Some(version));
            assert_eq!(status.cipher(), Some(suite));
        }
    }
    // A suite of TLS 1.2 leaves TLS 1.3 as it was.
    let connection = connected(&world.verified().ssl_cipher(suites[0].2));
    assert_eq!(connection.session().tls().unwrap().version(), "TLSv1.3");
    // For this one the server has no certificate.
    let rsa = "ECDHE-RSA-AES256-GCM-SHA384";
    let error = world.verified().tls_version("TLSv1.2").ssl_cipher(rsa).connect().unwrap_err();
    assert_eq!(error.code(), "handshake.no-common-cipher", "{error}");
    assert!(error.to_string().contains(&format!("TLSv1.2 with the suites {rsa}")), "{error}");
}

pub(super) fn server_name(product: Product) {
    let world = shared(product);
    let ca = world.pki.ca.to_str().unwrap();
    let by_address =
        || world.to("127.0.0.1").ssl_mode(SslMode::VerifyIdentity).ssl_ca(&world.pki.ca);
    refused(&by_address(), "certificate.wrong-name");
    refused(&by_address().tls_server_name("db.example.com"), "certificate.wrong-name");
    let options =
        [("ssl-mode", "VERIFY_IDENTITY"), ("ssl-ca", ca), ("tls-server-name", "localhost")];
    for (builder, sni) in [
        (by_address().tls_server_name("localhost"), Some("localhost")),
        (by_dsn(world, "127.0.0.1", &options), Some("localhost")),
        (by_address().tls_server_name("localhost").tls_sni(false), None),
        (
            by_address().tls_server_name("localhost").tls_sni_servername("front.example.net"),
            Some("front.example.net"),
        ),
        (world.verified().tls_sni(false), None),
        (world.verified().tls_sni_servername("front.example.net"), Some("front.example.net")),
    ] {
        let connection = connected(&builder);
        assert_eq!(*verified_as(&connection), localhost());
        assert_eq!(connection.session().tls().unwrap().sni(), sni);
    }
}

pub(super) fn without_resumption(product: Product) {
    let world = shared(product);
    let ca = world.pki.ca.to_str().unwrap();
    let options = [("ssl-ca", ca), ("tls-resumption", "off")];
    for builder in [world.verified().tls_resumption(false), by_dsn(world, "localhost", &options)] {
        for version in ["TLSv1.3", "TLSv1.2"] {
            let connector = builder.clone().tls_version(version).build().unwrap();
            for _ in 0..3 {
                let mut connection = connector.connect().unwrap();
                let status = connection.server_tls_status().unwrap();
                assert!(!connection.session().tls().unwrap().is_resumed());
                assert_ne!(status.session_reused(), Some(true));
            }
        }
    }
}

/// libmysqlclient's hole, and a reload: neither another policy nor another state resumes.
pub(super) fn tickets_stay_where_they_are(product: Product) {
    let world = shared(product);
    let lax = world.to("localhost").ssl_mode(SslMode::Required).build().unwrap();
    let resumed = || {
        let mut connection = lax.connect().unwrap();
        assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
        connection.session().tls().unwrap().is_resumed()
    };
    assert!(!resumed() && resumed());
    let strict = world.to("localhost").ssl_mode(SslMode::VerifyCa).ssl_ca(&world.pki.wrong_ca);
    refused(&strict, "certificate.unknown-issuer");
    assert!(resumed());
    lax.reload().unwrap();
    assert!(!resumed() && resumed());
}

/// A server of one TLS version against a client of the other.
pub(super) fn no_version_in_common(product: Product) {
    let only = match product {
        // Its own setting is the oldest version that it takes.
        Product::TiDB => {
            vec![("TLSv1.3", vec!["--config-line", "security.tls-version=\"TLSv1.3\""])]
        }
        _ => vec![
            ("TLSv1.2", vec!["--tls-version=TLSv1.2"]),
            ("TLSv1.3", vec!["--tls-version=TLSv1.3"]),
        ],
    };
    for (version, arguments) in only {
        let world = World::start_with(product, Certificate::Issued, &arguments);
        let mut connection = connected(&world.verified().tls_version(version));
        assert_eq!(connection.server_tls_status().unwrap().version(), Some(version));
        let other = if version == "TLSv1.2" { "TLSv1.3" } else { "TLSv1.2" };
        let error = world.verified().tls_version(other).connect().unwrap_err();
        assert_eq!(error.code(), "handshake.no-common-version", "{error}");
        for words in [other, "tls-version=TLSv1.2,TLSv1.3", "localhost"] {
            assert!(error.to_string().contains(words), "{words}: {error}");
        }
    }
}

/// A server with nothing but a suite that is not spoken here.
pub(super) fn no_suite_in_common(product: Product) {
    let arguments = ["--tls-version=TLSv1.2", "--ssl-cipher=ECDHE-ECDSA-AES256-CCM"];
    let world = World::start_with(product, Certificate::Issued, &arguments);
    let error = world.verified().connect().unwrap_err();
    assert_eq!(error.code(), "handshake.no-common-cipher", "{error}");
    for words in ["localhost", "it was offered", "ECDHE-ECDSA-AES256-GCM-SHA384"] {
        assert!(error.to_string().contains(words), "{words}: {error}");
    }
}
