//! What `refinery` asks of a database, over a connection of this crate.

use mysql_tls::Connection;
use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{self, TxOpts};
use refinery::{Migrate, Migration};
use refinery_core::traits::sync::{Query, Transaction};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

pub(crate) struct Migrated<'a>(pub(crate) &'a mut Connection);

impl Transaction for Migrated<'_> {
    type Error = mysql::Error;

    fn execute<'q, T: Iterator<Item = &'q str>>(&mut self, queries: T) -> mysql::Result<usize> {
        let mut transaction = self.0.start_transaction(TxOpts::default())?;
        let mut count = 0;
        for query in queries {
            transaction.query_drop(query)?;
            count += 1;
        }
        transaction.commit()?;
        Ok(count)
    }
}

impl Query<Vec<Migration>> for Migrated<'_> {
    /// The history: version, name, time and checksum of each migration that was applied.
    fn query(&mut self, query: &str) -> mysql::Result<Vec<Migration>> {
        let rows: Vec<(i32, String, String, String)> = self.0.query(query)?;
        rows.into_iter()
            .map(|(version, name, applied_on, checksum)| {
                let applied_on = OffsetDateTime::parse(&applied_on, &Rfc3339).map_err(odd)?;
                let checksum = checksum.parse().map_err(odd)?;
                Ok(Migration::applied(version, name, applied_on, checksum))
            })
            .collect()
    }
}

impl Migrate for Migrated<'_> {}

/// The history holds something that `refinery` did not write.
fn odd(error: impl std::error::Error + Send + Sync + 'static) -> mysql::Error {
    std::io::Error::other(error).into()
}
