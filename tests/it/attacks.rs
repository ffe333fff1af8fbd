//! What somebody between client and server can try, and what must come of it.

mod directory;
mod written;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{CloseReason, ConnectionBuilder, SslMode, Transport};

use crate::kit::*;
use crate::support::*;

const VERIFYING: [SslMode; 2] = [SslMode::VerifyCa, SslMode::VerifyIdentity];

fn in_mode(mode: SslMode, server: &ScriptedServer) -> ConnectionBuilder {
    verified(server).ssl_mode(mode)
}

#[test]
fn a_removed_offer_of_tls_ends_in_an_error_before_a_byte_is_sent() {
    let server = ScriptedServer::start(over_tls().without_ssl());
    for (number, mode) in
        [SslMode::Required, SslMode::VerifyCa, SslMode::VerifyIdentity].into_iter().enumerate()
    {
        let error = failure(in_mode(mode, &server).connect(), mode);
        assert_says(&error, "tls.not-offered", &["localhost:", mode.as_str()]);
        let record = server.wait_record(number, PATIENCE);
        assert_eq!((record.raw.as_slice(), record.response), (&b""[..], None), "{mode}");
    }
}

#[test]
fn bytes_in_the_greetings_segment_are_refused() {
    let extra = wire::frame(&mut 1, &wire::ok());
    for script in [over_tls(), ServerScript::new()] {
        for extra in [extra.clone(), b"\x16\x03\x03\x00\x01".to_vec(), vec![0]] {
            let server =
                ScriptedServer::start(script.clone().start(Start::GreetingAnd(extra.clone())));
            for (number, mode) in [SslMode::Disabled, SslMode::Preferred, SslMode::VerifyIdentity]
                .into_iter()
                .enumerate()
            {
                let what = format!("{mode} {extra:?}");
                let error = failure(in_mode(mode, &server).connect(), &what);
                let offered =
                    server.records().len() == number + 1 && error.code() != "tls.not-offered";
                let expected = if offered { "protocol.trailing-bytes" } else { "tls.not-offered" };
                assert_says(&error, expected, &["localhost:"]);
                let record = server.wait_record(number, PATIENCE);
                assert_eq!(record.raw.escape_ascii().to_string(), "", "{what}");
            }
        }
    }
}

#[test]
fn plaintext_where_a_server_hello_was_due() {
    let ok = wire::frame(&mut 2, &wire::ok());
    let cut_err = wire::frame(&mut 2, &[0xff]);
    let cases: [(&str, Vec<u8>, &str); 6] = [
        ("an OK packet", ok, "handshake.not-tls"),
        ("an ERR packet without a number", cut_err, "handshake.not-tls"),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "handshake.not-tls"),
        ("TLS of another major version", vec![0x16, 0x02, 0, 0, 1, 0], "handshake.not-tls"),
        ("application data", vec![0x17, 3, 3, 0, 1, 0], "handshake.not-tls"),
        ("an empty packet", vec![0, 0, 0, 2], "handshake.not-tls"),
    ];
    for (what, bytes, code) in cases {
        let script = ServerScript::new().after_ssl_request(AfterSslRequest::Reply(bytes));
        let server = ScriptedServer::start(script);
        for mode in [SslMode::Preferred, SslMode::Required, SslMode::VerifyIdentity] {
            let error = failure(in_mode(mode, &server).connect(), what);
            assert_eq!(error.code(), code, "{what}, {mode}: {error}");
            assert_no_login(&server.wait_record(server.connections() - 1, PATIENCE), what);
        }
        assert_eq!(server.connections(), 3, "{what}: no second try");
    }
}

#[test]
fn an_err_packet_in_place_of_a_server_hello_is_told_and_marked() {
    for state in [None, Some("08S01")] {
        let reply = AfterSslRequest::err(1105, state, "TLS configuration is missing");
        let server = ScriptedServer::start(ServerScript::new().after_ssl_request(reply));
        for mode in [SslMode::Preferred, SslMode::Required, SslMode::VerifyCa] {
            let error = failure(in_mode(mode, &server).connect(), mode);
            let fragments = ["TLS configuration is missing", "1105", "unauthenticated text"];
            assert_says(&error, "handshake.tls-absent", &fragments);
            let reply = error.server_reply().unwrap();
            assert!(!reply.is_authenticated());
            assert_eq!((reply.code(), reply.state()), (1105, state));
            assert_no_login(&server.wait_record(server.connections() - 1, PATIENCE), mode);
        }
    }
}

/// Text that draws on a terminal, forges a line of a log, or reads backwards.
const DRAWING: &str = "\u{1b}[2J\u{1b}]0;x\u{7}gone\r\nERROR forged\u{202e}drawkcab\u{0}\u{9b}";

#[track_caller]
fn assert_harmless(shown: &str, what: &str) {
    let drawing = |c: char| (c.is_control() && c != '\n') || matches!(c, '\u{202a}'..='\u{202e}');
    assert!(!shown.contains(drawing), "{what}: {shown:?}");
    assert!(!shown.contains("\nERROR forged"), "{what}: {shown:?}");
}

#[test]
fn text_of_the_server_is_escaped_and_cut() {
    let long = format!("{DRAWING}{}END", "x".repeat(3000));
    let err = || AuthStep::err(1045, Some("\u{1b}[2J\n"), &long);
    let start = Start::Err { code: 1040, state: None, message: long.clone() };
    let reply = AfterSslRequest::err(1105, None, &long);
    let cases = [
        ("greeting", ServerScript::new().start(start), SslMode::VerifyIdentity, false),
        ("ServerHello", ServerScript::new().after_ssl_request(reply), SslMode::Required, false),
        ("login in plaintext", ServerScript::new().auth([err()]), SslMode::Disabled, false),
        ("login in TLS", over_tls().auth([err()]), SslMode::VerifyIdentity, true),
    ];
    for (what, script, mode, authenticated) in cases {
        let server = ScriptedServer::start(script);
        let error = failure(in_mode(mode, &server).connect(), what);
        for shown in [error.to_string(), format!("{error:?}"), format!("{error:#?}")] {
            assert_harmless(&shown, what);
            assert!(!shown.contains("END"), "{what}: {shown}");
            assert!(shown.contains("gone"), "{what}: {shown}");
        }
        let reply = error.server_reply().unwrap();
        assert!(reply.text().len() <= 512 + '…'.len_utf8(), "{what}: {}", reply.text().len());
        assert_eq!(reply.is_authenticated(), authenticated, "{what}");
        let marked = error.to_string().contains("unauthenticated text");
        assert_eq!(marked, !authenticated, "{what}: {error}");
    }
}

#[test]
fn names_and_versions_of_the_server_are_escaped() {
    let leaf = ca().server("localhost").common_name(DRAWING).issue();
    let script = ServerScript::new().tls(ServerTls::new(&leaf)).version("8.0\u{1b}[31m\nred");
    let server = ScriptedServer::start(script);
    let connection = verified(&server).connect().unwrap();
    let session = connection.session();
    assert_eq!(session.claimed().version(), "8.0\\u{1b}[31m\\u{a}red");
    for shown in [session.to_string(), format!("{session:?}"), format!("{connection:#?}")] {
        assert_harmless(&shown, "session");
    }
    let wrong = ca().server("db.example.com").common_name(DRAWING).issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&wrong)));
    let error = failure(verified(&server).connect(), "a wrong name");
    assert_says(&error, "certificate.wrong-name", &["DNS:db.example.com"]);
    assert_harmless(&error.to_string(), "wrong name");
    assert_harmless(&format!("{error:?}"), "wrong name");
}

#[test]
fn the_greeting_does_not_decide_what_is_verified() {
    let forged = self_signed("localhost").issue();
    for version in ["8.4.0", "11.4.2-MariaDB", "5.5.5-11.8.1-MariaDB", "8.0.11-TiDB-v8.5.6"] {
        let script = ServerScript::new().tls(ServerTls::new(&forged)).version(version);
        let server = ScriptedServer::start(script);
        for mode in VERIFYING {
            let error = failure(in_mode(mode, &server).connect(), version);
            assert_eq!(error.code(), "certificate.unknown-issuer", "{version} {mode}");
            assert_no_login(&server.wait_record(server.connections() - 1, PATIENCE), version);
        }
    }
}

#[test]
fn a_session_of_a_laxer_policy_is_not_resumed_under_a_stricter_one() {
    let store = session_store();
    for tls12 in [false, true] {
        let tls = ServerTls::new(good()).sessions(&store);
        let tls = if tls12 { tls.only_tls12() } else { tls.only_tls13() };
        let server = ScriptedServer::start(ServerScript::new().tls(tls));
        let lax = builder("localhost", &server).ssl_mode(SslMode::Required).build().unwrap();
        for resumed in [false, true] {
            let mut connection = lax.connect().unwrap();
            assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
            assert_eq!(connection.session().tls().unwrap().is_resumed(), resumed);
        }
        let other = Authority::new("Other CA").pem();
        for mode in VERIFYING {
            let strict = in_mode(mode, &server).ssl_ca_pem(other.as_bytes());
            let error = failure(strict.connect(), mode);
            assert_eq!(error.code(), "certificate.unknown-issuer", "{mode}");
            assert_no_login(&server.wait_record(server.connections() - 1, PATIENCE), mode);
            let connection = in_mode(mode, &server).connect().unwrap();
            assert!(!connection.session().tls().unwrap().is_resumed(), "{mode}");
        }
    }
}

#[test]
fn a_file_that_nobody_offered_is_not_read() {
    let dir = TestDir::new();
    let secret = dir.write("secret", "what the server must not see");
    let asks = || Answer::LocalInfile(secret.to_str().unwrap().into());
    for script in [ServerScript::new(), over_tls()] {
        let script = script.on_query("SELECT name FROM t", asks());
        let server = ScriptedServer::start(script);
        let mode = SslMode::Preferred;
        let mut connection = builder("localhost", &server).ssl_mode(mode).connect().unwrap();
        // Whether the driver calls this an error is its own affair.
        let _ = connection.query_drop("SELECT name FROM t");
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        assert_eq!(record.infile, [b""], "{record:#?}");
        let response = record.response.clone().unwrap();
        assert_eq!(response.capabilities & capability::LOCAL_FILES, 0);
        assert!(!record.saw_before_tls(b"what the server"));
        assert!(!record.saw_inside_tls(b"what the server"));
    }
}

#[test]
fn a_cut_result_is_an_error() {
    let rows = (0..2000).fold(Rows::new(["n"]), |rows, n| rows.row([format!("row {n}")]));
    for (script, truncated) in [(over_tls(), true), (ServerScript::new(), false)] {
        let server = ScriptedServer::start(script.on_query("SELECT n", Answer::Cut(rows.clone())));
        let mode = SslMode::Preferred;
        let mut connection = builder("localhost", &server).ssl_mode(mode).connect().unwrap();
        let result: mysql_tls::mysql::Result<Vec<String>> = connection.query("SELECT n");
        result.unwrap_err();
        let reason = connection.close_reason().unwrap();
        match reason {
            CloseReason::Truncated => assert!(truncated),
            CloseReason::Server => assert!(!truncated),
            other => panic!("{other:?}"),
        }
        assert!(connection.query_drop("SELECT 1").is_err(), "it stays closed");
    }
}

#[test]
fn the_servers_socket_is_not_taken_instead_of_the_connection() {
    let dir = TestDir::new();
    let path = dir.path().join("s");
    let local = ScriptedServer::start_unix(&path, [ServerScript::new()]);
    let socket = Rows::one("@@socket", path.to_str().unwrap());
    for script in [ServerScript::new(), over_tls()] {
        let script = script.on_query("SELECT @@socket", Answer::Rows(socket.clone()));
        let server = ScriptedServer::start(script);
        let connection = builder("127.0.0.1", &server).connect().unwrap();
        assert_ne!(connection.session().transport(), Transport::UnixSocket);
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        assert!(!record.queries().iter().any(|sql| sql.contains("socket")), "{record:#?}");
        assert_eq!((server.connections(), local.connections()), (1, 0));
    }
}
