//! Diesel over MariaDB Connector/C, and its embedded migrations.

use ::diesel::prelude::*;
use ::diesel::sql_types::{BigInt, Text, Unsigned};
use diesel_migrations::{EmbeddedMigrations, MigrationHarness, embed_migrations};
use mysql_tls::UrlStyle;

use crate::world::{PASSWORD, World, assert_verified};

const MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations/diesel");

::diesel::table! {
    books {
        id -> BigInt,
        shelf -> BigInt,
        title -> Text,
    }
}

#[derive(QueryableByName)]
struct Id {
    #[diesel(sql_type = Unsigned<BigInt>)]
    id: u64,
}

#[derive(QueryableByName)]
struct Status {
    #[diesel(sql_type = Text, column_name = "Value")]
    value: String,
}

pub(crate) fn diesel_embedded_migrations(world: &World) {
    let connector = world.connector("diesel");
    let endpoint = connector.endpoint().unwrap();
    let url = endpoint.url_of(UrlStyle::Diesel, Some("diesel"), Some(PASSWORD), Some("diesel"));
    let mut conn = MysqlConnection::establish(&url).unwrap();
    assert_eq!(conn.run_pending_migrations(MIGRATIONS).unwrap().len(), 2);
    assert_eq!(conn.run_pending_migrations(MIGRATIONS).unwrap().len(), 0);

    for title in ["Emma", "Persuasion"] {
        let row = (books::shelf.eq(1), books::title.eq(title));
        ::diesel::insert_into(books::table).values(row).execute(&mut conn).unwrap();
    }
    let rolled_back: Result<(), ::diesel::result::Error> = conn.transaction(|conn| {
        ::diesel::delete(books::table).execute(conn)?;
        Err(::diesel::result::Error::RollbackTransaction)
    });
    rolled_back.unwrap_err();
    let titles: Vec<String> = books::table
        .filter(books::title.like("%a%"))
        .order(books::title)
        .select(books::title)
        .load(&mut conn)
        .unwrap();
    assert_eq!(titles, ["Emma", "Persuasion"]);

    let id: Id = ::diesel::sql_query("SELECT CONNECTION_ID() AS id").get_result(&mut conn).unwrap();
    let status: Status =
        ::diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").get_result(&mut conn).unwrap();
    assert_verified(&endpoint, id.id, &status.value);
}

/// For a program that is given a connection string: how many migrations there were, and the cipher.
pub(crate) fn migrate(url: &str) -> (i64, String) {
    let mut conn = MysqlConnection::establish(url).unwrap();
    let count = conn.run_pending_migrations(MIGRATIONS).unwrap().len();
    let status: Status =
        ::diesel::sql_query("SHOW SESSION STATUS LIKE 'Ssl_cipher'").get_result(&mut conn).unwrap();
    (i64::try_from(count).unwrap(), status.value)
}
