//! Pins: the server's own certificate or key by its hash, in addition to the ssl-mode or alone.

use std::net::UdpSocket;

use mysql_tls::{ConnectionBuilder, SslMode, SslRoots, Verification};
use rcgen::{KeyPair, PublicKeyData};
use rustls::pki_types::PrivateKeyDer;
use sha2::{Digest, Sha256};

use crate::events::warnings_of;
use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

const MISMATCH: &str = "certificate.pin-mismatch";

/// The pin of a key, made from the key and not from the certificate.
pub(crate) fn pin(issued: &Issued) -> String {
    let PrivateKeyDer::Pkcs8(key) = issued.key_der() else { panic!("PKCS#8 is what is made") };
    let key = KeyPair::try_from(key.secret_pkcs8_der()).unwrap();
    let hash = Sha256::digest(key.subject_public_key_info());
    format!("sha256//{}", data_encoding::BASE64.encode(&hash))
}

pub(crate) fn fingerprint(der: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(&Sha256::digest(der))
}

/// A server with this certificate, once with TLS 1.3 and once with TLS 1.2.
fn servers(issued: &Issued) -> [ScriptedServer; 2] {
    let start = |tls: ServerTls| ScriptedServer::start(ServerScript::new().tls(tls));
    [start(ServerTls::new(issued)), start(ServerTls::new(issued).only_tls12())]
}

fn pinned(server: &ScriptedServer, pins: &[&str], fingerprints: &[&str]) -> ConnectionBuilder {
    let builder = builder("127.0.0.1", server).ssl_mode(SslMode::Required);
    let builder = pins.iter().fold(builder, |builder, pin| builder.tls_pin(*pin));
    fingerprints.iter().fold(builder, |builder, hash| builder.tls_peer_fingerprint(*hash))
}

#[test]
fn one_pin_of_each_kind_that_is_given_must_match() {
    // Of a CA that nobody was told of, and for another name.
    let authority = Authority::new("Unknown CA");
    let middle = authority.intermediate("Unknown Middle CA");
    let shown = middle.server("db.example.com").issue();
    let other = middle.server("db.example.com").issue();
    let (key, hash) = (pin(&shown), fingerprint(&shown.der()));
    let (other_key, other_hash) = (pin(&other), fingerprint(&other.der()));
    let (key, hash, other_key, other_hash) = (&*key, &*hash, &*other_key, &*other_hash);
    let with_colons: Vec<&str> =
        hash.as_bytes().chunks(2).map(|two| std::str::from_utf8(two).unwrap()).collect();
    let with_colons = with_colons.join(":").to_uppercase();
    let above = fingerprint(&middle.der());
    let root = fingerprint(&authority.der());
    let cases: [(&str, &[&str], &[&str], bool); 15] = [
        ("the key", &[key], &[], true),
        ("the certificate", &[], &[hash], true),
        ("as openssl prints it", &[], &[&with_colons], true),
        ("without the padding", &[key.trim_end_matches('=')], &[], true),
        ("the key second", &[other_key, key], &[], true),
        ("the certificate second", &[], &[other_hash, hash], true),
        ("both", &[key], &[hash], true),
        ("both among others", &[key, other_key], &[other_hash, hash], true),
        ("another key", &[other_key], &[], false),
        ("another certificate", &[], &[other_hash], false),
        ("the key and another certificate", &[key], &[other_hash], false),
        ("another key and the certificate", &[other_key], &[hash], false),
        ("both others", &[other_key], &[other_hash], false),
        ("the intermediate, which is sent", &[], &[&above], false),
        ("the root", &[], &[&root], false),
    ];
    for server in servers(&shown) {
        for (what, pins, fingerprints, matches) in cases {
            let builder = pinned(&server, pins, fingerprints);
            if matches {
                let (tls, _) = accepted(&server, || builder.connect(), what);
                assert!(tls.is_pinned(), "{what}");
                assert_eq!(*tls.verified(), Verification::Pin, "{what}");
                assert_eq!(tls.peer()[0].pin().as_deref(), Some(key), "{what}");
                assert_eq!(tls.peer()[0].fingerprint(), hash, "{what}");
            } else {
                // What the server has is told, to be copied once somebody has looked at it.
                let fragments = [key, hash, "pinned", "CN=db.example.com"];
                refused(&server, || builder.connect(), MISMATCH, &fragments, what);
            }
        }
    }
}

#[test]
fn only_the_servers_own_certificate_counts() {
    let authority = Authority::new("Right CA");
    let right = authority.server("localhost").issue();
    let attacker = Authority::new("Attacker's CA").server("localhost").issue();
    // [his own certificate, the pinned one]: the client receives both.
    let mut appended = attacker.clone();
    appended.chain.push(right.der());
    // The pinned certificate, without its key.
    let mut shown = attacker.clone();
    shown.chain = right.chain.clone();
    let (key, hash) = (pin(&right), fingerprint(&right.der()));
    let ways: [(&[&str], &[&str]); 3] = [(&[&key], &[]), (&[], &[&hash]), (&[&key], &[&hash])];
    for (attack, code) in [(&appended, MISMATCH), (&shown, "handshake.bad-signature")] {
        for server in servers(attack) {
            for (pins, fingerprints) in ways {
                let builder = pinned(&server, pins, fingerprints);
                refused(&server, || builder.connect(), code, &[], code);
            }
        }
    }
    // A pin does not make up for the chain either.
    for server in servers(&appended) {
        let builder = pinned(&server, &[&key], &[]).ssl_ca_pem(authority.pem());
        refused(&server, || builder.connect(), "certificate.unknown-issuer", &[], "with the CA");
    }
}

#[test]
fn a_pin_is_checked_in_addition_to_the_mode() {
    let shown = ca().server("localhost").issue();
    let (key, other_key) = (pin(&shown), pin(good()));
    let strange = Authority::new("Strange CA").pem();
    let chain = Verification::Chain;
    let name = Verification::ChainAndName("localhost".to_owned());
    let (required, verify_ca, identity) =
        (SslMode::Required, SslMode::VerifyCa, SslMode::VerifyIdentity);
    let right = ca().pem();
    let ok = |verification: &Verification| Ok(verification.clone());
    let unknown = Err("certificate.unknown-issuer");
    // Mode, host, CA, pin, and what comes of it.
    let cases = [
        (required, "localhost", Some(&right), &key, ok(&chain)),
        (verify_ca, "127.0.0.1", Some(&right), &key, ok(&chain)),
        (identity, "localhost", Some(&right), &key, ok(&name)),
        (required, "localhost", Some(&right), &other_key, Err(MISMATCH)),
        (verify_ca, "localhost", Some(&right), &other_key, Err(MISMATCH)),
        (identity, "localhost", Some(&right), &other_key, Err(MISMATCH)),
        (required, "localhost", Some(&strange), &key, unknown.clone()),
        (verify_ca, "localhost", Some(&strange), &key, unknown.clone()),
        (identity, "localhost", Some(&strange), &key, unknown.clone()),
        (identity, "localhost", None, &key, unknown),
        (identity, "127.0.0.1", Some(&right), &key, Err("certificate.wrong-name")),
    ];
    for server in servers(&shown) {
        for (mode, host, ca, pin, expected) in &cases {
            let what = format!("{mode} {host} {expected:?}");
            let mut builder = builder(host, &server).ssl_mode(*mode).tls_pin(*pin);
            if let Some(ca) = ca {
                builder = builder.ssl_ca_pem(ca.as_bytes());
            }
            match expected {
                Ok(verification) => {
                    let (tls, _) = accepted(&server, || builder.connect(), &what);
                    assert_eq!(tls.verified(), verification, "{what}");
                    assert!(tls.is_pinned(), "{what}");
                }
                Err(code) => {
                    refused(&server, || builder.connect(), code, &[], &what);
                }
            }
        }
    }
}

#[test]
fn where_tls_is_not_promised_a_pin_is_refused() {
    let (key, hash) = (pin(good()), fingerprint(&good().der()));
    for mode in [SslMode::Disabled, SslMode::Preferred] {
        let fragments = [mode.as_str(), "REQUIRED"];
        let by_key = nowhere().ssl_mode(mode).tls_pin(&key);
        assert_refused(&by_key, "config.conflict", "tls-pin", &fragments);
        let by_hash = nowhere().ssl_mode(mode).tls_peer_fingerprint(&hash);
        assert_refused(&by_hash, "config.conflict", "tls-peer-fingerprint", &fragments);
        // Nor does a CA help, under which TLS would be verified if there were any.
        let with_ca = by_key.ssl_ca_pem(ca().pem());
        assert_refused(&with_ca, "config.conflict", "tls-pin", &fragments);
    }
    for (text, option) in [("sha1//AAAA", "tls-pin"), (&hash, "tls-pin"), ("", "tls-pin")] {
        assert_refused(&nowhere().tls_pin(text), "config.value", option, &["sha256//"]);
    }
    for text in [&key, "", &hash[..40]] {
        let builder = nowhere().tls_peer_fingerprint(text);
        assert_refused(&builder, "config.value", "tls-peer-fingerprint", &["SHA-256"]);
    }
    // One that is wrong is found among others that are right, and beside them of the other kind.
    let one_wrong = nowhere().tls_pin(&key).tls_pin("sha256//AA==").tls_peer_fingerprint(&hash);
    assert_refused(&one_wrong, "config.value", "tls-pin", &[]);
    // A server without TLS gets nothing, as a pin alone means REQUIRED.
    let server = ScriptedServer::start(ServerScript::new());
    let builder = builder("localhost", &server).tls_pin(&key);
    let record = refused(&server, || builder.connect(), "tls.not-offered", &[], "stripped");
    assert_eq!(record.raw, b"");
    nowhere().ssl_roots(SslRoots::Webpki).tls_pin(&key).build().unwrap();
}

#[test]
fn as_text_several_are_separated_by_semicolons() {
    let shown = self_signed("db.example.com").issue();
    let (key, hash) = (pin(&shown), fingerprint(&shown.der()));
    let (other_key, other_hash) = (pin(good()), fingerprint(&good().der()));
    for server in servers(&shown) {
        let dsn = |pins: &str, hashes: &str| {
            let options = [("tls-pin", pins), ("tls-peer-fingerprint", hashes)];
            by_dsn("127.0.0.1", &server, &options)
        };
        let right = dsn(&format!("{other_key};{key}"), &format!("{hash};{other_hash}"));
        let (tls, _) = accepted(&server, || right.connect(), "DSN");
        assert_eq!(*tls.verified(), Verification::Pin);
        let wrong = dsn(&format!("{other_key};{key}"), &other_hash);
        refused(&server, || wrong.connect(), MISMATCH, &[], "DSN");
        let again: ConnectionBuilder = right.to_dsn().unwrap().parse().unwrap();
        assert_eq!(again, right);
    }
}

#[test]
fn a_pinned_server_is_no_unverified_one() {
    let server = ScriptedServer::start_on("0.0.0.0:0", [over_tls()]).unwrap();
    // An address of this machine that is not loopback, found without sending anything.
    let address = UdpSocket::bind("0.0.0.0:0").and_then(|socket| {
        socket.connect("192.0.2.1:9")?;
        socket.local_addr()
    });
    let Some(address) = address.ok().filter(|address| !address.ip().is_loopback()) else {
        println!("skipped: a_pinned_server_is_no_unverified_one (no address beside loopback)");
        return;
    };
    let host = address.ip().to_string();
    let required = builder(&host, &server).ssl_mode(SslMode::Required);
    let warnings = |builder: &ConnectionBuilder| {
        warnings_of(|| {
            let connector = builder.build().unwrap();
            for _ in 0..2 {
                connector.connect().unwrap();
            }
        })
    };
    let told = warnings(&required);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("not verified"), "{told:?}");
    let quiet = Vec::<String>::new();
    assert_eq!(warnings(&required.clone().tls_pin(pin(good()))), quiet);
    let by_hash = required.tls_peer_fingerprint(fingerprint(&good().der()));
    assert_eq!(warnings(&by_hash), quiet);
}
