//! What a session tells, next to what the server says of it.

use mysql_tls::mysql::prelude::*;
use mysql_tls::{Product, SslMode, Transport, Verification};

use super::world::{Certificate, DATABASE, PASSWORD, World, shared};
use crate::support::pem;

const HYBRID: &str = "X25519MLKEM768";

pub(super) fn session_and_server_agree(product: Product) {
    let mut connection = shared(product).verified().connect().unwrap();
    let status = connection.server_tls_status().unwrap();
    let id: Option<u32> = connection.query_first("SELECT CONNECTION_ID()").unwrap();
    let version: Option<String> = connection.query_first("SELECT VERSION()").unwrap();
    let session = connection.session();
    assert_eq!(session.transport(), Transport::Tls);
    assert_eq!(session.claimed().product(), product);
    assert_eq!(Some(session.claimed().connection_id()), id);
    let version = version.unwrap();
    assert!(session.claimed().version().ends_with(&version), "{version}");

    let tls = session.tls().unwrap();
    assert_eq!((tls.version(), tls.cipher_openssl()), ("TLSv1.3", tls.cipher()));
    assert_eq!(status.version(), Some(tls.version()));
    assert_eq!(status.cipher(), Some(tls.cipher_openssl()));
    assert_eq!(tls.sni(), Some("localhost"));
    assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".to_owned()));
    assert!(!tls.is_resumed());
    let leaf = &tls.peer()[0];
    assert_eq!(leaf.subject_alt_names(), ["DNS:localhost"]);
    assert_eq!((leaf.subject(), leaf.issuer()), ("CN=localhost", "CN=Shop CA"));
    assert_eq!(status.server_not_before(), Some(leaf.not_before()));
    assert_eq!(status.server_not_after(), Some(leaf.not_after()));
    let mut plaintext = shared(product).plaintext().connect().unwrap();
    let status = plaintext.server_tls_status().unwrap();
    assert_eq!((status.version(), status.cipher()), (None, None));
}

/// What is told of the client certificate comes from the first handshake, on both sides.
pub(super) fn resumed_session_keeps_its_client_certificate(product: Product) {
    let world = shared(product);
    let right = &world.pki.right;
    let connector =
        world.verified().user("subject").ssl_cert(&right.cert).ssl_key(&right.key).build().unwrap();
    for resumed in [false, true, true] {
        let mut connection = connector.connect().unwrap();
        let status = connection.server_tls_status().unwrap();
        let tls = connection.session().tls().unwrap();
        assert_eq!(tls.is_resumed(), resumed);
        assert_eq!(tls.client_certificate().presented(), Some("CN=right, O=Shop"));
        assert_eq!(tls.peer()[0].serial(), "1001");
        let expected = match product {
            Product::MySQL => Some(resumed),
            Product::MariaDB => Some(false), // of every session
            _ => None,
        };
        assert_eq!(status.session_reused(), expected, "the server's view");
    }
}

pub(super) fn examples_and_status(product: Product) {
    let world = shared(product);
    let dsn = format!(
        "mysql://app:{PASSWORD}@localhost:{}/{DATABASE}?ssl-mode=VERIFY_IDENTITY&ssl-ca={}",
        world.server.port,
        world.pki.ca.display()
    );
    crate::examples::work_on(product.as_str(), &dsn);
}

/// TLS 1.2, where OpenSSL has names of its own for the cipher suites, in full and resumed.
pub(super) fn tls_1_2(product: Product) {
    let world = World::start_with(product, Certificate::Issued, &["--tls-version=TLSv1.2"]);
    let connector = world.verified().build().unwrap();
    for resumed in [false, true] {
        let mut connection = connector.connect().unwrap();
        let status = connection.server_tls_status().unwrap();
        let tls = connection.session().tls().unwrap();
        assert_eq!(tls.version(), "TLSv1.2");
        assert_eq!(status.version(), Some("TLSv1.2"));
        assert!(tls.cipher().starts_with("TLS_ECDHE_ECDSA_WITH_"), "{}", tls.cipher());
        assert!(tls.cipher_openssl().starts_with("ECDHE-ECDSA-"), "{}", tls.cipher_openssl());
        assert_eq!(status.cipher(), Some(tls.cipher_openssl()));
        assert_eq!(tls.is_resumed(), resumed);
        assert_eq!(tls.group().is_none(), resumed, "{:?}", tls.group());
    }
    let foreign = &world.pki.foreign;
    let refused =
        world.verified().ssl_cert(&foreign.cert).ssl_key(&foreign.key).connect().unwrap_err();
    assert_eq!(refused.code(), "handshake.client-certificate-refused", "{refused}");
}

pub(super) fn auto_certificates(product: Product) {
    let world = World::start(product, Certificate::Auto);
    let connection = world.to("localhost").ssl_mode(SslMode::Required).connect().unwrap();
    let tls = connection.session().tls().unwrap();
    assert_eq!(*tls.verified(), Verification::Nothing);
    assert!(connection.session().to_string().contains("NOT VERIFIED"));
    let ca = match product {
        Product::MySQL => world.server.dir().join("data/ca.pem"),
        _ => {
            let leaf = &tls.peer()[0];
            assert_eq!(leaf.subject(), "CN=TiDB_Server_Auto_Generated_Server_Certificate");
            let path = world.server.dir().join("auto.pem");
            std::fs::write(&path, pem("CERTIFICATE", leaf.der())).unwrap();
            path
        }
    };
    let with = |mode| world.to("localhost").ssl_ca(&ca).ssl_mode(mode).connect();
    let verified = with(SslMode::VerifyCa).unwrap();
    assert_eq!(*verified.session().tls().unwrap().verified(), Verification::Chain);
    let error = with(SslMode::VerifyIdentity).unwrap_err();
    assert_eq!(error.code(), "certificate.wrong-name");
    assert!(error.to_string().contains("VERIFY_CA"), "{error}");
}

pub(super) fn post_quantum_key_exchange(product: Product) {
    let connection = shared(product).verified().connect().unwrap();
    let group = connection.session().tls().unwrap().group();
    let expected = if cfg!(feature = "aws-lc-rs") { HYBRID } else { "X25519" };
    assert_eq!(group, Some(expected));
    assert!(!connection.session().tls().unwrap().had_hello_retry());
    assert!(connection.session().to_string().contains(expected));
}

/// The first connection of a connector, which knows nothing of the server but its greeting.
pub(super) fn first_key_share(product: Product) {
    let expected = match product {
        Product::TiDB if cfg!(feature = "aws-lc-rs") => HYBRID,
        Product::MySQL => "secp256r1",
        _ => "X25519",
    };
    let connection = shared(product).verified().connect().unwrap();
    let tls = connection.session().tls().unwrap();
    assert_eq!((tls.group(), tls.had_hello_retry()), (Some(expected), false));
}
