//! Any driver through an endpoint, against the scripted server.

use std::time::Duration;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, Opts, OptsBuilder};
use mysql_tls::{ConnectionBuilder, Connector, EndpointOptions, Verification};

use crate::kit::*;
use crate::support::*;

const SECRET: &str = "secret";

/// A server that wants the whole password, and shows what it got.
fn server() -> ScriptedServer {
    ScriptedServer::start(over_tls().auth([AuthStep::full_auth(SECRET)]))
}

fn connector(server: &ScriptedServer) -> Connector {
    ConnectionBuilder::new("localhost")
        .port(server.port())
        .ssl_mode(mysql_tls::SslMode::VerifyIdentity)
        .ssl_ca_pem(ca().pem())
        .build()
        .unwrap()
}

fn by_socket(endpoint: &mysql_tls::Endpoint) -> Opts {
    OptsBuilder::new()
        .socket(Some(endpoint.path().unwrap().to_str().unwrap()))
        .user(Some("app"))
        .pass(Some(SECRET))
        .into()
}

#[test]
fn a_driver_on_the_socket_gets_verified_tls() {
    let server = server();
    let endpoint = connector(&server).endpoint().unwrap();
    let mut conn = Conn::new(by_socket(&endpoint)).unwrap();
    assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    let sessions = endpoint.sessions();
    assert_eq!(sessions.len(), 1);
    let tls = sessions[0].session().tls().unwrap();
    assert_eq!(*tls.verified(), Verification::ChainAndName("localhost".into()));
    assert!(sessions[0].bytes_to_driver() > 0);
    let id = sessions[0].session().claimed().connection_id();
    assert_eq!(endpoint.sessions_by_connection_id(id).len(), 1);
    drop(conn);
    assert!(endpoint.shutdown(Duration::from_secs(5)));
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.cleartext_password.as_deref(), Some(SECRET.as_bytes()));
    assert_eq!(record.clear_text(), b"");
}

#[cfg(feature = "aws-lc-rs")]
#[test]
fn a_driver_on_tcp_encrypts_for_the_endpoint() {
    let server = server();
    let endpoint = connector(&server).endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = endpoint.address().unwrap();
    let opts = OptsBuilder::new()
        .ip_or_hostname(Some(address.ip().to_string()))
        .tcp_port(address.port())
        .prefer_socket(false)
        .user(Some("app"))
        .pass(Some(SECRET));
    let mut conn = Conn::new(opts).unwrap();
    assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    drop(conn);
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.cleartext_password.as_deref(), Some(SECRET.as_bytes()));
}

#[test]
fn an_error_reaches_the_driver_in_its_own_form() {
    let plain = ScriptedServer::start(ServerScript::new());
    let endpoint = connector(&plain).endpoint().unwrap();
    let error = Conn::new(by_socket(&endpoint)).unwrap_err().to_string();
    assert!(error.contains("2026") && error.contains("does not offer TLS"), "{error}");
    let port = plain.port();
    drop(plain);
    let gone = ConnectionBuilder::new("127.0.0.1")
        .port(port)
        .ssl_mode(mysql_tls::SslMode::Required)
        .build()
        .unwrap();
    let endpoint = gone.endpoint_with(EndpointOptions::new()).unwrap();
    let error = Conn::new(by_socket(&endpoint)).unwrap_err().to_string();
    assert!(error.contains("2003"), "{error}");
}
