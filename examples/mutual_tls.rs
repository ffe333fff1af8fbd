//! Client certificates: the server lets nobody in without one, as with an account that was made by
//! `CREATE USER app REQUIRE X509`.
//!
//! ```text
//! cargo run --example mutual_tls
//! ```

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::error::Error;

use mysql_tls::{ConnectionBuilder, SslMode};
use support::{Authority, ScriptedServer, ServerScript, ServerTls, TestDir};

fn main() -> Result<(), Box<dyn Error>> {
    let ca = Authority::new("Example CA");
    let tls = ServerTls::new(&ca.server("localhost").issue()).require_client_cert(&ca);
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let files = TestDir::new();
    let ca_file = files.write("ca.pem", ca.pem());
    let client = ca.client("app").issue().write_to(&files, "client");

    let without = ConnectionBuilder::new("localhost")
        .port(server.port())
        .user("app")
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(ca_file);
    // The code is for programs, the sentence for people.
    match without.connect() {
        Ok(_) => return Err("the server let us in without a certificate".into()),
        Err(error) => println!("without: error[{}]: {error}", error.code()),
    }

    // The certificate's file may hold the key as well; then `ssl_key` can be left out.
    let with = without.ssl_cert(client.cert).ssl_key(client.key);
    let connection = with.connect()?;
    let tls = connection.session().tls().ok_or("the connection is not TLS")?;
    let presented = tls.client_certificate().presented().ok_or("no certificate was asked for")?;
    println!("with:    connected as {presented}");
    Ok(())
}
