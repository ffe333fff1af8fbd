//! The shortest way through the crate, against the scripted server.

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, SslMode, Verification};

use crate::support::*;

#[test]
fn connects_queries_and_resumes() {
    let authority = Authority::new("Test CA");
    let leaf = authority.server("db").dns("localhost").issue();
    let dir = TestDir::new();
    let ca = dir.write("ca.pem", authority.pem());
    let script =
        ServerScript::new().tls(ServerTls::new(&leaf)).auth([AuthStep::full_auth("secret")]);
    let server = ScriptedServer::start(script);
    let connector = ConnectionBuilder::new("localhost")
        .port(server.port())
        .user("app")
        .password("secret")
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(&ca)
        .build()
        .unwrap();
    for resumed in [false, true, true] {
        let mut connection = connector.connect().unwrap();
        assert_eq!(connection.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
        let tls = connection.session().tls().unwrap();
        assert_eq!(tls.is_resumed(), resumed);
        assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".into()));
    }
}

/// A server that refuses a login closes at once, so that both often come in one read.
#[test]
fn a_refused_login_keeps_the_servers_words() {
    let authority = Authority::new("Test CA");
    let script = ServerScript::new()
        .tls(ServerTls::new(&authority.server("localhost").issue()))
        .auth([AuthStep::denied("app")]);
    let server = ScriptedServer::start(script);
    let builder = ConnectionBuilder::new("localhost")
        .port(server.port())
        .user("app")
        .ssl_mode(SslMode::Required);
    for _ in 0..20 {
        let error = builder.connect().unwrap_err();
        assert_eq!(error.code(), "auth.access-denied", "{error}");
        assert_eq!(error.server_reply().unwrap().code(), 1045);
    }
}

/// The driver asks at its first connections; from the third on nobody has to.
#[test]
fn the_packet_size_is_remembered() {
    let server = ScriptedServer::start(ServerScript::new());
    let builder = ConnectionBuilder::new("127.0.0.1").port(server.port()).user("app");
    let connector = builder.build().unwrap();
    for (number, questions) in [(0, 1), (1, 2), (2, 0), (3, 0)] {
        drop(connector.connect().unwrap());
        let record = server.wait_record(number, std::time::Duration::from_secs(10));
        let asked = record.queries().iter().filter(|query| query.contains("max_allowed")).count();
        assert_eq!(asked, questions, "connection {number}");
    }
    let told = builder.max_allowed_packet(1 << 20).build().unwrap();
    for number in 4..7 {
        drop(told.connect().unwrap());
        let record = server.wait_record(number, std::time::Duration::from_secs(10));
        assert!(record.queries().is_empty(), "connection {number}");
    }
}
