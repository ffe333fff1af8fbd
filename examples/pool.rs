//! Pools: `r2d2` with this crate's connections, and the driver's own over an endpoint.
//!
//! ```text
//! cargo run --features r2d2 --example pool
//! ```

#![allow(clippy::print_stdout)]

#[path = "../tests/it/support/mod.rs"]
mod support;

use std::error::Error;
use std::thread;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, SslMode};
use support::{Authority, ScriptedServer, ServerScript, ServerTls, TestDir};

fn main() -> Result<(), Box<dyn Error>> {
    let ca = Authority::new("Example CA");
    let tls = ServerTls::new(&ca.server("localhost").issue());
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let files = TestDir::new();

    let connector = ConnectionBuilder::new("localhost")
        .port(server.port())
        .user("app")
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(files.write("ca.pem", ca.pem()))
        .pool_min(2)
        .pool_max(4)
        .build()?;

    // The one to recommend: every ssl-mode, and each connection knows its session.
    let pool = connector.r2d2_builder().build(connector.clone())?;
    let threads: Vec<_> = (0..8)
        .map(|_| {
            let pool = pool.clone();
            thread::spawn(move || -> Result<Option<u32>, String> {
                let mut connection = pool.get().map_err(|error| error.to_string())?;
                connection.query_first("SELECT 1").map_err(|error| error.to_string())
            })
        })
        .collect();
    let mut answers = 0;
    for thread in threads {
        answers += thread.join().map_err(|_| "a thread panicked")??.unwrap_or_default();
    }
    let verified = pool.get()?.session().tls().map(|tls| tls.verified().to_string());
    println!("r2d2:  {answers} answers, verified: {}", verified.unwrap_or_default());

    // For code that wants a `mysql::Pool`.
    let pool = connector.pool()?;
    let answer: Option<u32> = pool.get_conn()?.query_first("SELECT 1")?;
    let sessions = pool.endpoint().sessions().len();
    println!("mysql: {} answer, {sessions} connections", answer.unwrap_or_default());
    Ok(())
}
