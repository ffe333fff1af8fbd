//! Three servers that clients share, one of them killed while they work.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{Connection, Connector, LoadBalance, Product, Verification};

use super::world::{Certificate, World};
use crate::kit::soon;

/// How many queries each server answers at least in each half.
const ENOUGH: usize = 20;

/// By itself, through the driver's pool, and through `r2d2`.
const KINDS: usize = if cfg!(feature = "r2d2") { 3 } else { 2 };

/// How many connections a pool has.
const POOL: usize = 6;

/// The queries that each server has answered, by its port.
#[derive(Default)]
struct Tally(Mutex<BTreeMap<u16, usize>>);

impl Tally {
    fn add(&self, port: u16) {
        *self.0.lock().unwrap().entry(port).or_default() += 1;
    }

    fn of(&self, port: u16) -> usize {
        self.0.lock().unwrap().get(&port).copied().unwrap_or_default()
    }
}

fn port_of(connection: &mut impl Queryable) -> Result<u16, mysql_tls::mysql::Error> {
    connection.query_first("SELECT @@port").map(|port| port.expect("one row"))
}

fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn fresh(connector: &Connector) -> Connection {
    let connection = connector.connect().expect("a fresh connection");
    let verified = connection.session().tls().unwrap().verified();
    assert_eq!(*verified, Verification::ChainAndName("localhost".to_owned()));
    connection
}

/// Queries through a pool or by itself until `stop`. What fails is asked again, once, on a fresh
/// connection, and must be answered there.
fn work(
    connector: &Connector,
    tally: &Tally,
    retries: &AtomicUsize,
    stop: &AtomicBool,
    mut query: impl FnMut() -> Result<u16, String>,
) {
    while !stop.load(Ordering::Relaxed) {
        let port = query().unwrap_or_else(|_| {
            retries.fetch_add(1, Ordering::Relaxed);
            port_of(&mut fresh(connector)).expect("a query on a fresh connection")
        });
        tally.add(port);
    }
}

pub(super) fn one_of_three_is_killed_under_load(product: Product) {
    let mut worlds: Vec<World> =
        (0..3).map(|_| World::start(product, Certificate::Issued)).collect();
    let all_cas: String =
        worlds.iter().map(|world| std::fs::read_to_string(&world.pki.ca).unwrap()).collect();
    let ports: Vec<u16> = worlds.iter().map(|world| world.server.port).collect();
    let mut builder = worlds[0].verified().ssl_ca_pem(all_cas).load_balance(LoadBalance::Random);
    for port in &ports[1..] {
        builder = builder.add_host("localhost", *port);
    }
    let connector = builder.pool_min(POOL).pool_max(POOL).build().unwrap();
    let drivers = connector.pool().unwrap();
    #[cfg(feature = "r2d2")]
    let r2d2 = connector.r2d2_builder().build(connector.clone()).unwrap();

    let (before, after) = (Tally::default(), Tally::default());
    let is_killed = AtomicBool::new(false);
    let (retries, stop) = (AtomicUsize::new(0), AtomicBool::new(false));
    let doomed = ports[1];
    thread::scope(|scope| {
        let run = |query: Box<dyn FnMut() -> Result<u16, String> + Send>| {
            let (connector, retries, stop) = (&connector, &retries, &stop);
            let (before, after, is_killed) = (&before, &after, &is_killed);
            scope.spawn(move || {
                let mut query = query;
                let mut once = |tally: &Tally, until: &AtomicBool| {
                    work(connector, tally, retries, until, &mut query);
                };
                once(before, is_killed);
                once(after, stop);
            })
        };
        let mut threads = Vec::new();
        for _ in 0..2 {
            let connector = connector.clone();
            threads.push(run(Box::new(move || port_of(&mut fresh(&connector)).map_err(text))));
            let pool = drivers.clone();
            threads.push(run(Box::new(move || {
                let mut connection = pool.get_conn().map_err(text)?;
                port_of(&mut connection).map_err(text)
            })));
            #[cfg(feature = "r2d2")]
            {
                let pool = r2d2.clone();
                threads.push(run(Box::new(move || {
                    let mut connection = pool.get().map_err(text)?;
                    port_of(&mut **connection).map_err(text)
                })));
            }
        }
        let enough =
            |tally: &Tally, ports: &[u16]| ports.iter().all(|port| tally.of(*port) >= ENOUGH);
        soon("all three answer", || enough(&before, &ports));
        // Killed, without a word to its clients.
        drop(worlds.remove(1));
        is_killed.store(true, Ordering::Relaxed);
        let left = [ports[0], ports[2]];
        let ended = || threads.iter().any(thread::ScopedJoinHandle::is_finished);
        soon("the others answer", || enough(&after, &left) || ended());
        thread::sleep(Duration::from_millis(500));
        stop.store(true, Ordering::Relaxed);
    });
    assert_eq!(after.of(doomed), 0, "a query was answered by a dead server");
    // Each thread may have had a query under way; what was idle in a pool is not given out.
    let lost = retries.load(Ordering::Relaxed);
    assert!(lost <= 2 * KINDS, "{lost} queries had to be repeated");
    for _ in 0..20 {
        assert_ne!(port_of(&mut fresh(&connector)).unwrap(), doomed);
    }
}
