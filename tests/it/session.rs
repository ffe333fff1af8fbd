//! What a session tells, in its getters, as text and as JSON.

use std::time::{Duration, SystemTime};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{PasswordSent, Product, Session, SslMode, Verification};

use crate::kit::*;
use crate::support::*;

#[test]
fn facts_of_a_full_and_of_a_resumed_session() {
    let middle = ca().intermediate("Middle CA");
    let not_after = SystemTime::UNIX_EPOCH + Duration::from_secs(4_000_000_000);
    let leaf = middle.server("localhost").organization("Shop").serial(0x1f2e).not_after(not_after);
    let leaf = leaf.issue();
    let client = ca().client("app").issue();
    for (tls12, version, resumed_group) in [(true, "TLSv1.2", false), (false, "TLSv1.3", true)] {
        let tls = ServerTls::new(&leaf).require_client_cert(ca());
        let tls = if tls12 { tls.only_tls12() } else { tls.only_tls13() };
        let script = ServerScript::new().tls(tls).version("8.0.11-TiDB-v8.5.6").connection_id(7);
        let server = ScriptedServer::start(script);
        let connector = verified(&server)
            .ssl_cert_pem(client.chain_pem())
            .ssl_key_pem(client.key_pem())
            .build()
            .unwrap();
        for number in 0..3 {
            let mut connection = connector.connect().unwrap();
            assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
            let status = connection.server_tls_status().unwrap();
            let session = connection.session().clone();
            drop(connection);
            let record = server.wait_record(number, PATIENCE);
            let theirs = record.tls.unwrap();
            let tls = session.tls().unwrap();
            let resumed = number > 0;
            assert_eq!(tls.is_resumed(), resumed, "{version}");
            assert_eq!((tls.version(), theirs.version.as_str()), (version, version));
            assert_eq!(tls.cipher(), theirs.cipher);
            assert_eq!(tls.cipher_openssl(), theirs.cipher_openssl);
            assert_eq!(status.version(), Some(version));
            assert_eq!(status.cipher(), Some(tls.cipher_openssl()));
            assert_eq!(tls.group().is_some(), !resumed || resumed_group, "{version}");
            assert_eq!(tls.sni(), Some("localhost"));
            assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".into()));
            // On a resumed session it is what the first handshake told.
            let told = tls.client_certificate();
            assert_eq!((told.was_requested(), told.presented()), (true, Some("CN=app")));
            assert_eq!(theirs.client_chain.first(), Some(&client.der()));
            let peer = tls.peer();
            assert_eq!(peer.len(), 2, "{version}");
            assert_eq!(peer[0].subject(), "CN=localhost, O=Shop");
            assert_eq!(peer[0].issuer(), "CN=Middle CA");
            assert_eq!(peer[0].subject_alt_names(), ["DNS:localhost"]);
            assert_eq!((peer[0].serial(), peer[0].not_after()), ("1f2e", not_after));
            assert!(peer[0].not_before() < SystemTime::now());
            assert_eq!((peer[1].days_left(), peer[0].days_left() > 1000), (29, true));
            assert_eq!(peer[0].der(), leaf.chain[0].as_ref());
            assert_eq!(peer[1].der(), leaf.chain[1].as_ref());
            assert_ne!(peer[0].sha256(), peer[1].sha256());
            assert_ne!(peer[0].spki_sha256(), peer[1].spki_sha256());
            let claimed = session.claimed();
            assert_eq!(claimed.product(), Product::TiDB);
            assert_eq!(claimed.version(), "8.0.11-TiDB-v8.5.6");
            assert_eq!(claimed.connection_id(), 7 + number as u32);
            assert_eq!(session.address(), server.address().to_string());
            let timings = session.timings();
            assert!(timings.tls().unwrap() > Duration::ZERO);
            assert!(timings.dial() > Duration::ZERO && timings.authentication() > Duration::ZERO);
            assert!(timings.greeting() < PATIENCE && timings.setup() < PATIENCE);
        }
    }
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn the_hybrid_key_exchange_is_preferred_and_shown() {
    let server = ScriptedServer::start(over_tls().version("8.0.11-TiDB-v8.5.6"));
    let connection = verified(&server).connect().unwrap();
    let tls = connection.session().tls().unwrap();
    assert_eq!((tls.group(), tls.had_hello_retry()), (Some("X25519MLKEM768"), false));
}

/// What each product's servers take, as far as TLS goes; the last is a server that takes another group
/// than its kind, where the second connection knows better.
#[test]
fn the_first_key_share_is_the_one_that_the_product_takes() {
    use rustls::NamedGroup::{X25519, secp256r1, secp384r1};
    let nist = [secp256r1, secp384r1];
    let mut rows = vec![
        ("9.7.4", nist.to_vec(), "secp256r1", [false, false]),
        ("8.4.3-log", nist.to_vec(), "secp256r1", [false, false]),
        ("11.8.2-MariaDB-1", vec![X25519, secp256r1], "X25519", [false, false]),
        ("8.0.11-TiDB-v8.1.0", vec![X25519, secp256r1], "X25519", [false, false]),
        ("9.7.4", vec![secp384r1], "secp384r1", [true, false]),
    ];
    if cfg!(feature = "aws-lc-rs") {
        let hybrid = [rustls::NamedGroup::X25519MLKEM768, X25519].to_vec();
        rows.push(("8.0.11-TiDB-v8.5.6", hybrid, "X25519MLKEM768", [false, false]));
    }
    let mut offered = Vec::new();
    for (version, groups, expected, retries) in rows {
        let tls = ServerTls::new(&ca().server("localhost").issue()).groups(&groups);
        let script = ServerScript::new().tls(tls).version(version);
        let server = ScriptedServer::start(script);
        let connector = verified(&server).tls_resumption(true).build().unwrap();
        for (number, retry) in retries.into_iter().enumerate() {
            let connection = connector.connect().unwrap();
            let tls = connection.session().tls().unwrap();
            let what = format!("{version}, connection {number}");
            assert_eq!((tls.group(), tls.had_hello_retry()), (Some(expected), retry), "{what}");
            // Resumed across, since the configurations share their tickets.
            assert_eq!(tls.is_resumed(), number > 0, "{what}");
            drop(connection);
            let mut groups = server.wait_record(number, PATIENCE).hello.unwrap().groups;
            groups.sort_by_key(|group| u16::from(*group));
            offered.push(groups);
        }
    }
    // Whatever the order, the same are offered.
    assert!(offered.iter().all(|groups| *groups == offered[0]), "{offered:?}");
}

#[test]
fn no_password_is_told_as_none() {
    for (script, mode) in
        [(over_tls(), SslMode::Required), (ServerScript::new(), SslMode::Disabled)]
    {
        let server = ScriptedServer::start(script);
        for password in [None, Some("")] {
            let mut builder = mysql_tls::ConnectionBuilder::new("localhost")
                .port(server.port())
                .user(USER)
                .ssl_mode(mode);
            if let Some(password) = password {
                builder = builder.password(password);
            }
            let connection = builder.connect().unwrap();
            assert_eq!(connection.session().password_sent(), PasswordSent::None, "{mode}");
        }
    }
}

/// The text with what changes from run to run masked.
fn masked(session: &Session, port: u16) -> String {
    let text = session.to_string().replace(&port.to_string(), "PORT");
    let lines = text.lines().map(|line| match line.split_once("  ") {
        Some(("Time", _)) => "Time                TIMES".to_owned(),
        Some(("", rest)) if rest.starts_with("valid") => "  valid             DATES".to_owned(),
        _ => line.to_owned(),
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn a_person_reads_it() {
    let tls = ServerTls::new(good()).ask_client_cert(ca());
    let suite = rustls::CipherSuite::TLS13_AES_256_GCM_SHA384;
    let tls = tls.cipher_suites(&[suite]).groups(&[rustls::NamedGroup::X25519]).only_tls13();
    let server = ScriptedServer::start(ServerScript::new().tls(tls).version("11.4.2-MariaDB"));
    let connection = verified(&server).connect().unwrap();
    let expected = "\
Server              MariaDB 11.4.2-MariaDB, connection 42 (as it says)
Address             127.0.0.1:PORT
TLS                 TLSv1.3, TLS_AES_256_GCM_SHA384, X25519, full handshake
Verified            the chain, and the name localhost
SNI                 localhost
Certificate         CN=localhost
  names             DNS:localhost
  issuer            CN=Right CA
  valid             DATES
Client certificate  none presented, the server asked for one
Password            a scramble was sent
Time                TIMES";
    assert_eq!(masked(connection.session(), server.port()), expected);
    let unverified = builder("127.0.0.1", &server).ssl_mode(SslMode::Required).connect().unwrap();
    let text = unverified.session().to_string();
    assert!(text.contains("Verified            NOT VERIFIED\n"), "{text}");
    assert!(text.contains("SNI                 none\n"), "{text}");
    assert!(text.contains("Z (29 days left)\n"), "{text}");

    let expired = ca().server("localhost").expired().issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&expired)));
    let connection = builder("localhost", &server).ssl_mode(SslMode::Required).connect().unwrap();
    let text = connection.session().to_string();
    assert!(text.contains("Z (expired 1 day ago)\n"), "{text}");

    let server = ScriptedServer::start(ServerScript::new());
    for (mode, reason) in [
        (SslMode::Disabled, "PLAINTEXT, ssl-mode is DISABLED"),
        (SslMode::Preferred, "PLAINTEXT, ssl-mode is PREFERRED and the server offered no TLS"),
    ] {
        let connection = builder("localhost", &server).ssl_mode(mode).connect().unwrap();
        let text = masked(connection.session(), server.port());
        assert!(text.contains(&format!("TLS                 none: {reason}\n")), "{text}");
    }
}

#[cfg(feature = "serde")]
#[test]
fn a_program_reads_it() {
    let server = ScriptedServer::start(over_tls());
    let connection = verified(&server).connect().unwrap();
    let json = serde_json::to_value(connection.session()).unwrap();
    assert_eq!(json["transport"], "tls");
    assert_eq!(json["claimed"]["version"], "8.4.0-scripted");
    assert_eq!(json["claimed"]["product"], "MySQL");
    assert_eq!(json["claimed"]["connection_id"], 42);
    assert_eq!(json["tls"]["version"], "TLSv1.3");
    assert_eq!(json["tls"]["resumed"], false);
    assert_eq!(json["tls"]["sni"], "localhost");
    assert_eq!(json["tls"]["verified"], "chain-and-name");
    assert_eq!(json["tls"]["verified_name"], "localhost");
    assert_eq!(json["tls"]["client_certificate"]["requested"], false);
    let leaf = &json["tls"]["peer"][0];
    assert_eq!(leaf["subject"], "CN=localhost");
    assert_eq!(leaf["days_left"], 29);
    assert_eq!(leaf["sha256"].as_str().map(str::len), Some(64));
    assert!(leaf["not_after"].as_str().unwrap().ends_with('Z'), "{leaf}");
    assert_eq!(json["password_sent"], "scramble");
    let server = ScriptedServer::start(ServerScript::new());
    let connection = plaintext(&server).connect().unwrap();
    let json = serde_json::to_value(connection.session()).unwrap();
    assert_eq!(json["transport"], "plaintext");
    assert_eq!(json["plaintext_reason"], "disabled");
    assert!(json["tls"].is_null(), "{json}");
}
