//! Pools on a real server: many threads, connections that are killed, clean sessions, restarts.

use std::collections::HashSet;
use std::sync::Mutex;
use std::thread;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Error, PooledConn};
use mysql_tls::{Pool, Product, TlsSession, Verification};

use super::world::{World, shared};
use crate::kit::soon;

const THREADS: usize = 32;

fn id_of(connection: &mut impl Queryable) -> u64 {
    connection.query_first("SELECT CONNECTION_ID()").unwrap().unwrap()
}

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

/// Ends these connections, and waits until the server has none of them.
fn kill(world: &World, ids: &HashSet<u64>) {
    let admin = Mutex::new(world.server.admin());
    for id in ids {
        admin.lock().unwrap().query_drop(format!("KILL {id}")).unwrap();
    }
    soon("they are gone", || {
        let query = "SELECT ID FROM information_schema.PROCESSLIST";
        let left: Vec<u64> = admin.lock().unwrap().query(query).unwrap();
        left.iter().all(|id| !ids.contains(id))
    });
}

fn is_verified(tls: Option<&TlsSession>) -> bool {
    tls.is_some_and(|tls| *tls.verified() == Verification::ChainAndName("localhost".to_owned()))
}

/// Connections of the driver's pool, all there at a time, each with a verified session.
fn assert_verified(pool: &Pool, connections: &mut [PooledConn]) -> HashSet<u64> {
    let ids: HashSet<u64> = connections.iter_mut().map(id_of).collect();
    assert_eq!(ids.len(), connections.len());
    for id in &ids {
        // TiDB's ids have 64 bits, of which the greeting has the lower half.
        let found = pool.endpoint().sessions_by_connection_id(*id as u32);
        assert_eq!(found.len(), 1, "{id}");
        assert!(is_verified(found[0].session().tls()), "{id}");
    }
    ids
}

pub(super) fn drivers_pool(product: Product) {
    let world = shared(product);
    let pool = world.verified().pool_min(2).pool_max(8).build().unwrap().pool().unwrap();
    let ids = share(|ids| use_it(&mut pool.get_conn().unwrap(), ids));
    assert!((1..=8).contains(&ids.len()), "{ids:?}");
    let take = || (0..ids.len()).map(|_| pool.get_conn().unwrap()).collect::<Vec<_>>();
    assert_eq!(assert_verified(&pool, &mut take()), ids);
    assert_eq!(pool.endpoint().sessions().len(), ids.len());
    kill(world, &ids);
    // The dead are found by their ping and replaced.
    assert!(assert_verified(&pool, &mut take()).is_disjoint(&ids));
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
            assert_eq!(is_verified(connection.session().tls()), verified);
            let connection: &mut Connection = &mut connection;
            use_it(connection, ids);
        });
        assert!((1..=8).contains(&ids.len()), "{ids:?}");
        kill(world, &ids);
        let mut again: Vec<_> = ids.iter().map(|_| pool.get().unwrap()).collect();
        let new: HashSet<u64> =
            again.iter_mut().map(|connection| id_of(&mut **connection)).collect();
        assert_eq!(new.len(), ids.len());
        assert!(new.is_disjoint(&ids));
        assert!(again.iter().all(|connection| is_verified(connection.session().tls()) == verified));
    }
}

/// The connections of before are dead, and none of them is given out.
pub(super) fn pools_survive_a_restart(product: Product) {
    const SIZE: usize = 3;
    let mut world = World::start_to_be_stopped(product);
    let connector = world.verified().pool_min(SIZE).pool_max(SIZE).build().unwrap();
    let drivers = connector.pool().unwrap();
    #[cfg(feature = "r2d2")]
    let r2d2 = connector.r2d2_builder().build(connector.clone()).unwrap();
    let take = || {
        let mut connections: Vec<_> = (0..SIZE).map(|_| drivers.get_conn().unwrap()).collect();
        assert_verified(&drivers, &mut connections);
        #[cfg(feature = "r2d2")]
        for mut connection in (0..SIZE).map(|_| r2d2.get().unwrap()).collect::<Vec<_>>() {
            assert!(is_verified(connection.session().tls()));
            assert_eq!(connection.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
        }
    };
    take();
    for _ in 0..2 {
        world.server.stop();
        let error = drivers.get_conn().unwrap_err();
        assert!(matches!(&error, Error::MySqlError(error) if error.code == 2003), "{error}");
        #[cfg(feature = "r2d2")]
        {
            // It tries again by itself until then.
            let error = r2d2.get_timeout(std::time::Duration::from_secs(1)).unwrap_err();
            assert!(error.to_string().contains("no connection to localhost"), "{error}");
        }
        world.server.start_again();
        take();
    }
}
