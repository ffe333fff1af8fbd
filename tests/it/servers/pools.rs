//! Pools on a real server: many threads, connections that are killed, clean sessions.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

use mysql_tls::Product;
use mysql_tls::mysql::prelude::*;

use super::world::shared;

const THREADS: usize = 32;

/// Nothing is left of who had the connection before; then something is left for the next.
fn use_it(connection: &mut impl Queryable, ids: &Mutex<HashSet<u64>>) {
    let (id, left_over): (u64, Option<u8>) =
        connection.query_first("SELECT CONNECTION_ID(), @left_over").unwrap().unwrap();
    assert_eq!(left_over, None);
    connection.query_drop("SET @left_over = 1").unwrap();
    connection.query_drop("START TRANSACTION").unwrap();
    ids.lock().unwrap().insert(id);
}

fn share(take: impl Fn(&Mutex<HashSet<u64>>) + Sync) -> HashSet<u64> {
    let ids = Mutex::new(HashSet::new());
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| (0..5).for_each(|_| take(&ids)));
        }
    });
    ids.into_inner().unwrap()
}

pub(super) fn drivers_pool(product: Product) {
    let world = shared(product);
    let pool = world.verified().pool_min(2).pool_max(8).build().unwrap().pool().unwrap();
    let ids = share(|ids| use_it(&mut pool.get_conn().unwrap(), ids));
    assert!((1..=8).contains(&ids.len()), "{ids:?}");
    let sessions = pool.endpoint().sessions();
    assert!(sessions.iter().all(|found| found.session().tls().is_some()));
    for id in &ids {
        let id = u32::try_from(*id).unwrap();
        // TiDB's ids have 64 bits, of which the greeting has the lower half.
        let found = pool.endpoint().sessions_by_connection_id(id);
        assert_eq!(found.len(), 1, "{id}");
    }
    let mut admin = world.server.admin();
    for id in ids {
        admin.query_drop(format!("KILL {id}")).unwrap();
    }
    // The dead are found by their ping and replaced.
    let mut again = pool.get_conn().unwrap();
    assert_eq!(again.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
}

#[cfg(feature = "r2d2")]
pub(super) fn r2d2_pool(product: Product) {
    use mysql_tls::{Connection, SslMode};

    let limit = std::time::Duration::from_secs(30);
    let world = shared(product);
    for builder in [world.verified(), world.plaintext()] {
        let verified = builder != world.plaintext();
        let connector = builder.pool_min(2).pool_max(8).build().unwrap();
        assert_eq!(connector.ssl_mode() == SslMode::VerifyIdentity, verified);
        let pool = connector.r2d2_builder().connection_timeout(limit).build(connector).unwrap();
        let ids = share(|ids| {
            let mut connection = pool.get().unwrap();
            assert_eq!(connection.session().tls().is_some(), verified);
            let connection: &mut Connection = &mut connection;
            use_it(connection, ids);
        });
        assert!((1..=8).contains(&ids.len()), "{ids:?}");
        let mut admin = world.server.admin();
        for id in ids {
            admin.query_drop(format!("KILL {id}")).unwrap();
        }
        let mut again = pool.get().unwrap();
        assert_eq!(again.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
    }
}
