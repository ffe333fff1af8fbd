//! Text of an attacker where programs write it down: JSON, and the events of a log.

use mysql_tls::{ConnectionBuilder, SslMode};

use super::{DRAWING, assert_harmless};
use crate::events::warnings_of;
use crate::kit::*;
use crate::support::*;

fn evil() -> ServerScript {
    let leaf = ca().server("localhost").common_name(DRAWING).issue();
    ServerScript::new().tls(ServerTls::new(&leaf)).version(VERSION)
}

/// ASCII alone, since a greeting with other text is refused.
const VERSION: &str = "8.4\u{1b}[2J\u{1b}]0;x\u{7}gone\r\nERROR forged";

#[test]
fn events_are_escaped() {
    let script = evil();
    let over = ca().server("localhost").common_name(DRAWING).expired().issue();
    let expired = ServerScript::new().tls(ServerTls::new(&over)).version(VERSION);
    type Build = fn(&ScriptedServer) -> ConnectionBuilder;
    let cases: [(&str, ServerScript, Build); 3] = [
        ("plaintext", script.clone().without_ssl(), |server| builder("localhost", server)),
        ("an expired certificate", expired, |server| {
            builder("localhost", server).ssl_mode(SslMode::Required)
        }),
        ("nothing to warn of", script, verified),
    ];
    let mut told = 0;
    for (what, script, build) in cases {
        let server = ScriptedServer::start(script);
        let warnings = warnings_of(|| drop(build(&server).connect().unwrap()));
        told += warnings.len();
        for warning in warnings {
            assert_harmless(&warning, what);
            assert!(!warning.contains('\n'), "{what}: {warning:?}");
        }
    }
    assert!(told >= 2, "{told} warnings");
}

/// JSON has an escape of its own for control characters, but none for those that turn text around.
#[test]
#[cfg(feature = "serde")]
fn json_is_escaped() {
    let script = evil();
    let server = ScriptedServer::start(script);
    let connection = verified(&server).connect().unwrap();
    let json = serde_json::to_string(connection.session()).unwrap();
    assert_harmless(&json, "JSON");
    assert!(json.contains("gone"), "{json}");
    let value: serde_json::Value = serde_json::from_str(&json).unwrap();
    let version = value["claimed"]["version"].as_str().unwrap();
    assert_harmless(version, "the version");
    assert!(version.contains("\\u{1b}"), "{version}");
    assert!(json.contains("\\\\u{202e}"), "{json}");
}

/// The program's errors stand in terminals and logs.
#[test]
#[cfg(feature = "cli")]
fn the_program_prints_it_escaped() {
    let start = Start::Err { code: 1040, state: None, message: DRAWING.to_owned() };
    let reply = AfterSslRequest::err(1105, None, DRAWING);
    let cases = [
        (
            "in place of the greeting",
            ServerScript::new().start(start),
            "server.too-many-connections",
        ),
        ("in place of a ServerHello", over_tls().after_ssl_request(reply), "handshake.tls-absent"),
    ];
    for (what, script, code) in cases {
        let server = ScriptedServer::start(script);
        let dsn = format!("mysql://app@localhost:{}/?ssl-mode=REQUIRED", server.port());
        for arguments in [vec!["status", &dsn], vec!["status", "--json", &dsn]] {
            let sentence = crate::cli::run(&arguments).end().failed(code);
            assert_harmless(&sentence, what);
            assert!(sentence.contains("gone"), "{what}: {sentence}");
        }
    }
}
