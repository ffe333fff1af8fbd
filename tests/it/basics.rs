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
