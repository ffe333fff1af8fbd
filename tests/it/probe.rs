//! Looking at a server without a login: what a probe tells, and what it gives away.

use std::time::{Duration, Instant};

use mysql_tls::{ConnectionBuilder, PeerCertificate, ProbeOffer, Product, SslMode, Verification};
use rustls::{CipherSuite, NamedGroup};

use crate::support::*;

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn builder(server: &ScriptedServer) -> ConnectionBuilder {
    ConnectionBuilder::new("localhost").port(server.port())
}

#[test]
fn under_the_settings_of_a_builder() {
    let ca = Authority::new("Right CA");
    let leaf = ca.server("localhost").issue();
    let script = ServerScript::new().version("11.4.2-MariaDB").connection_id(7);
    let server = ScriptedServer::start(script.tls(ServerTls::new(&leaf).ask_client_cert(&ca)));
    let client = ca.client("app").issue();
    let builder = builder(&server)
        .user("app")
        .password("secret-Zk9")
        .database("shop")
        .ssl_cert_pem(client.chain_pem())
        .ssl_key_pem(client.key_pem());

    let strict = builder.clone().ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca.pem());
    let probe = strict.probe(soon()).unwrap();
    assert_eq!(probe.claimed().product(), Product::MariaDB);
    assert_eq!((probe.claimed().version(), probe.claimed().connection_id()), ("11.4.2-MariaDB", 7));
    assert_eq!(probe.address(), server.address().to_string());
    assert!(probe.offers_tls());
    let session = probe.handshake().unwrap().unwrap();
    let name = Verification::ChainAndName("localhost".to_owned());
    assert_eq!((session.verified(), probe.verification()), (&name, &name));
    assert_eq!(session.client_certificate().presented(), None);
    assert_eq!(probe.certificate_requested(), Some(true));
    assert_eq!(probe.peer()[0].der(), &*leaf.der());
    assert_eq!(probe.peer()[0].key().as_deref(), Some("ECDSA P-256"));
    assert_eq!(probe.peer()[0].version(), Some(3));

    // Certificates are shown although they are refused.
    let other = Authority::new("Other CA");
    let probe = builder.clone().ssl_ca_pem(other.pem()).probe(soon()).unwrap();
    assert_eq!(probe.handshake().unwrap_err().code(), "certificate.unknown-issuer");
    assert_eq!(probe.verification(), &Verification::Chain);
    assert_eq!(probe.peer()[0].der(), &*leaf.der());

    let probe = builder.clone().ssl_mode(SslMode::Disabled).probe(soon()).unwrap();
    assert!(probe.handshake().unwrap().is_none() && probe.peer().is_empty());
    assert_eq!(probe.certificate_requested(), None);

    let error = builder.clone().ssl_mode(SslMode::VerifyCa).probe(soon()).unwrap_err();
    assert_eq!(error.code(), "config.ca-required");
    let error = builder.probe(Instant::now()).unwrap_err();
    assert!(error.code().starts_with("timeout."), "{error}");

    for number in 0..server.connections() {
        let record = server.wait_record(number, Duration::from_secs(5));
        assert!(record.response.is_none() && record.inside_tls.is_empty(), "{record:#?}");
        assert!(record.client_certificate().is_none(), "{record:#?}");
        assert!(record.clear_text().is_empty(), "{record:#?}");
    }
}

#[test]
fn each_thing_alone() {
    let leaf = Authority::new("CA").server("localhost").issue();
    let tls = ServerTls::new(&leaf)
        .cipher_suites(&[
            CipherSuite::TLS13_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
        ])
        .groups(&[NamedGroup::secp384r1]);
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    // Nothing of this counts: a probe that offers one thing alone verifies nothing.
    let builder = builder(&server).ssl_mode(SslMode::VerifyCa).tls_version("TLSv1.2");
    let all = [ProbeOffer::versions(), ProbeOffer::cipher_suites(), ProbeOffer::groups()].concat();
    let mut accepted = Vec::new();
    for offer in all {
        let probe = builder.probe_offer(offer, soon()).unwrap();
        match probe.handshake() {
            Ok(session) => {
                let session = session.unwrap();
                let is_it = [session.version(), session.cipher_openssl(), session.group().unwrap()];
                assert!(is_it.contains(&offer.name()), "{offer:?}: {is_it:?}");
                assert_eq!(session.verified(), &Verification::Nothing);
                accepted.push(offer.name());
            }
            Err(error) => assert_eq!(error.code(), "handshake.no-common-cipher", "{offer:?}"),
        }
    }
    let expected = [
        "TLSv1.3",
        "TLSv1.2",
        "TLS_CHACHA20_POLY1305_SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "secp384r1",
    ];
    assert_eq!(accepted, expected);
    let probe = builder.probe_offer(ProbeOffer::EVERYTHING, soon()).unwrap();
    assert_eq!(probe.handshake().unwrap().unwrap().version(), "TLSv1.3");
}

/// Under TLS 1.2 the server refuses before the handshake is over, and has shown itself by then.
#[test]
fn a_client_certificate_that_is_demanded() {
    let ca = Authority::new("CA");
    let tls = ServerTls::new(&ca.server("localhost").issue()).require_client_cert(&ca).only_tls12();
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let probe = builder(&server).probe_offer(ProbeOffer::EVERYTHING, soon()).unwrap();
    let code = probe.handshake().unwrap_err().code();
    assert_eq!(code, "handshake.client-certificate-required");
    assert_eq!(probe.certificate_requested(), Some(true));
    assert_eq!(
        probe.peer().iter().map(PeerCertificate::subject).collect::<Vec<_>>(),
        ["CN=localhost"]
    );
}

#[test]
fn every_kind_of_key_has_its_name() {
    let ca = Authority::new("CA");
    for (kind, expected) in [
        (KeyKind::EcdsaP256, "ECDSA P-256"),
        (KeyKind::EcdsaP384, "ECDSA P-384"),
        (KeyKind::Ed25519, "Ed25519"),
        (KeyKind::Rsa2048, "RSA 2048 bits"),
    ] {
        let leaf = ca.server("localhost").key(kind).issue();
        for (version, leaf) in [(3, leaf.clone()), (1, ca.as_version_1(&leaf))] {
            let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&leaf)));
            let probe = builder(&server).probe_offer(ProbeOffer::EVERYTHING, soon()).unwrap();
            let shown = &probe.peer()[0];
            assert_eq!(shown.key().as_deref(), Some(expected));
            assert_eq!(shown.version(), Some(version));
        }
    }
}
