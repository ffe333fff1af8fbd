//! refinery with a configuration of its own, which has no Unix socket: over TCP.

use ::refinery::config::{Config, ConfigDbType};
use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, OptsBuilder};

use crate::over_tcp;
use crate::world::{PASSWORD, World, assert_verified};

mod embedded {
    ::refinery::embed_migrations!("migrations/refinery");
}

/// [`PASSWORD`] for a URL.
const ENCODED: &str = "K%C3%BChe%3A%20100%25%20%40%20m%26hr%2F%3F";

pub(crate) fn refinery_own_configuration(world: &World) {
    let connector = world.connector("refinery");
    let endpoint = over_tcp(&connector);
    let address = endpoint.address().unwrap();
    // It pastes these into a URL. Hence the password is encoded, and a parameter follows the
    // database: without it the driver looks for the server's own socket on this machine.
    let mut config = Config::new(ConfigDbType::Mysql)
        .set_db_host(&address.ip().to_string())
        .set_db_port(&address.port().to_string())
        .set_db_user("refinery")
        .set_db_pass(ENCODED)
        .set_db_name("refinery?prefer_socket=false");
    assert_eq!(migrate(&mut config), 2);
    assert_eq!(migrate(&mut config), 0);

    let opts = OptsBuilder::new()
        .ip_or_hostname(Some(address.ip().to_string()))
        .tcp_port(address.port())
        .prefer_socket(false)
        .user(Some("refinery"))
        .pass(Some(PASSWORD))
        .db_name(Some("refinery"));
    let mut conn = Conn::new(opts).unwrap();
    let count: Option<u32> =
        conn.query_first("SELECT COUNT(*) FROM refinery_schema_history").unwrap();
    assert_eq!(count, Some(2));
    let id: Option<u64> = conn.query_first("SELECT CONNECTION_ID()").unwrap();
    let cipher: Option<(String, String)> =
        conn.query_first("SHOW SESSION STATUS LIKE 'Ssl_cipher'").unwrap();
    assert_verified(&endpoint, id.unwrap(), &cipher.unwrap().1);
}

/// How many migrations were applied.
fn migrate(config: &mut Config) -> usize {
    embedded::migrations::runner().run(config).unwrap().applied_migrations().len()
}
