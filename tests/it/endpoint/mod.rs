//! Any driver through an endpoint, against the scripted server: with `mysql::Conn`, which is any
//! driver to it, and with a few lines that do what no driver does.

mod driver;
mod drivers_packets;
mod errors;
mod events;
mod local_infile;
mod passwords;
mod places;
mod sessions;
mod stopping;
mod visitors;

use std::path::Path;
use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, Opts};
use mysql_tls::{ConnectionBuilder, Connector, Endpoint, SslMode};

use crate::kit::*;
use crate::support::*;
use driver::Raw;

/// As [`verified`], without the account: user and password are the driver's.
fn builder_for(server: &ScriptedServer) -> ConnectionBuilder {
    ConnectionBuilder::new("localhost")
        .port(server.port())
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca_pem(ca().pem())
}

fn connector(server: &ScriptedServer) -> Connector {
    builder_for(server).build().unwrap()
}

/// The account's options for the place where the endpoint listens.
fn opts(endpoint: &Endpoint, password: &str) -> Opts {
    endpoint.opts().user(Some(USER)).pass(Some(password)).into()
}

fn connect(endpoint: &Endpoint) -> Result<Conn, mysql_tls::mysql::Error> {
    Conn::new(opts(endpoint, PASSWORD))
}

#[track_caller]
fn one(conn: &mut Conn) {
    assert_eq!(conn.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
}

/// Number, SQLSTATE and text of the ERR packet that a driver shows.
#[track_caller]
fn shown<T>(result: Result<T, mysql_tls::mysql::Error>, what: &str) -> (u16, String, String) {
    match result {
        Err(mysql_tls::mysql::Error::MySqlError(error)) => (error.code, error.state, error.message),
        Err(other) => panic!("{what}: {other:?}"),
        Ok(_) => panic!("{what}: must fail and did not"),
    }
}

/// What a child process does for these tests.
pub(crate) fn role(role: &str, fact: &dyn Fn(&str) -> String) {
    match role {
        "endpoint-visitor" => visitors::visit(Path::new(&fact("SOCKET"))),
        "endpoint-of-the-overflow-uid" => visitors::overflow(fact),
        "endpoint-events" => events::log(fact),
        "endpoint-umask" => places::umask(fact),
        "endpoint-leaves-nothing" => stopping::leaves_nothing(fact),
        other => panic!("no role {other}"),
    }
}
