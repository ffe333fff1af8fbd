//! Migrations by `refinery` over a verified connection, twice: the second run finds nothing to do.
//!
//! ```text
//! cargo run --example migrate           # against a TLS server inside this process
//! cargo run --example migrate -- DSN    # against yours; MYSQL_TLS_DSN does as well
//! ```

#![allow(clippy::print_stdout)]

mod scripted;
mod target;

use std::error::Error;

use mysql_tls::ConnectionBuilder;
use target::Migrated;

mod embedded {
    refinery::embed_migrations!("examples/migrate/migrations");
}

fn main() -> Result<(), Box<dyn Error>> {
    match std::env::args().nth(1).or_else(|| std::env::var("MYSQL_TLS_DSN").ok()) {
        Some(dsn) => migrate_twice(&dsn.parse()?),
        None => {
            let server = scripted::Server::start();
            migrate_twice(&server.builder())
        }
    }
}

fn migrate_twice(builder: &ConnectionBuilder) -> Result<(), Box<dyn Error>> {
    let connector = builder.build()?;
    for run in ["first", "second"] {
        let mut connection = connector.connect()?;
        // With refinery's feature `mysql`, which needs the C library zlib, `&mut *connection`, the
        // driver's own type, would stand here.
        let report = embedded::migrations::runner().run(&mut Migrated(&mut connection))?;
        let applied: Vec<String> =
            report.applied_migrations().iter().map(ToString::to_string).collect();
        println!("{run} run: {} applied {applied:?}", applied.len());
    }
    Ok(())
}
