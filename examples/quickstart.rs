//! Connects with VERIFY_IDENTITY and a client certificate, runs a query and prints the session.
//!
//! ```text
//! cargo run --example quickstart           # against a TLS server inside this process
//! cargo run --example quickstart -- DSN    # against yours; MYSQL_TLS_DSN does as well
//! ```

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::error::Error;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, SslMode};
use support::{AuthStep, Authority, ScriptedServer, ServerScript, ServerTls, TestDir};

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).or_else(|| std::env::var("MYSQL_TLS_DSN").ok()) {
        Some(dsn) => query(dsn.parse()?),
        None => on_a_server_of_its_own(),
    }
}

fn query(builder: ConnectionBuilder) -> Result<(), Box<dyn Error>> {
    // Every mistake that shows without a network, such as a key that does not belong to the
    // certificate, is found here. Keep the connector: its next connects are faster.
    let connector = builder.build()?;
    let mut connection = connector.connect()?;
    let version: Option<String> = connection.query_first("SELECT VERSION()")?;
    println!("SELECT VERSION()    {}", version.unwrap_or_default());
    println!("{}", connection.session());
    Ok(())
}

/// The same without a server at hand.
fn on_a_server_of_its_own() -> Result<(), Box<dyn Error>> {
    // A CA, and what it issues: one certificate for the server, one for us.
    let ca = Authority::new("Quickstart CA");
    let files = TestDir::new();
    let ca_file = files.write("ca.pem", ca.pem());
    let client = ca.client("app").issue().write_to(&files, "client");

    let tls = ServerTls::new(&ca.server("localhost").issue()).require_client_cert(&ca);
    let login = AuthStep::full_auth("secret");
    let server = ScriptedServer::start(ServerScript::new().tls(tls).auth([login]));

    query(
        ConnectionBuilder::new("localhost")
            .port(server.port())
            .user("app")
            .password("secret")
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(ca_file)
            .ssl_cert(client.cert)
            .ssl_key(client.key),
    )
}
