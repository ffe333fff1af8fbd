//! Certificates that are replaced on both sides while connections are made and used.

use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql_tls::mysql::Conn;
use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Connector, Error, Product};

use super::harness::new_home;
use super::world::{
    Certificate, DATABASE, PASSWORD, World, create_user, shared, write_file, write_pair,
};
use crate::support::Authority;

const THREADS: usize = 4;

/// How long the load goes on with each state of the files, at the least.
const PHASE: Duration = Duration::from_millis(1200);

/// How long a busy machine may take for a change to be noticed.
const PATIENCE: Duration = Duration::from_secs(20);

/// What the threads that make connections have done so far.
struct Load<'a> {
    connector: &'a Connector,
    done: [AtomicUsize; THREADS],
    stop: AtomicBool,
}

impl Load<'_> {
    /// Connects and queries, over and over; the connection made first stays open and is queried
    /// beside each other. Nothing may fail.
    fn run(&self, number: usize) {
        let round = || self.done[number].load(Ordering::Relaxed);
        let mut first = self.connector.connect().unwrap_or_else(|error| panic!("{error}"));
        let before = first.session().to_string();
        while !self.stop.load(Ordering::Relaxed) {
            let mut next = self
                .connector
                .connect()
                .unwrap_or_else(|error| panic!("connect {} of thread {number}: {error}", round()));
            for connection in [&mut next, &mut first] {
                let answer = connection.query_first::<u32, _>("SELECT 7").unwrap();
                assert_eq!(answer, Some(7), "round {} of thread {number}", round());
            }
            self.done[number].fetch_add(1, Ordering::Relaxed);
        }
        assert_eq!(first.session().to_string(), before);
        assert!(first.close_reason().is_none());
    }

    /// Lets the load go on with the files as they are, until every thread has begun a connect that
    /// uses them and has ended it.
    fn phase(&self, noticed: impl Fn() -> bool) {
        let start = Instant::now();
        let wait_until = |what: &dyn Fn() -> bool| {
            while !what() {
                assert!(start.elapsed() < PATIENCE, "{:?}", self.connector.reload_state());
                thread::sleep(Duration::from_millis(10));
            }
        };
        wait_until(&noticed);
        let done: Vec<usize> = self.done.iter().map(|done| done.load(Ordering::Relaxed)).collect();
        wait_until(&|| {
            let rounds = self.done.iter().map(|done| done.load(Ordering::Relaxed));
            rounds.zip(&done).all(|(now, then)| now >= then + 2)
        });
        thread::sleep(PHASE.saturating_sub(start.elapsed()));
    }
}

/// Puts a file in another's place as a whole.
fn replace(path: &Path, content: &str) {
    let new = path.with_extension("new");
    std::fs::write(&new, content).unwrap();
    std::fs::rename(new, path).unwrap();
}

pub(super) fn rotation_of_both_sides_under_load(product: Product) {
    let world = World::start(product, Certificate::Issued);
    let dir = world.server.dir();
    let (older, newer) = (&world.pki.authority, &Authority::new("New Shop CA"));
    let both = older.pem() + &newer.pem();
    let client = |ca: &Authority, name| ca.client(name).organization("Shop").issue();
    let bundle = write_file(dir, "client-ca.pem", &older.pem());
    let pair = write_pair(dir, "client", &client(older, "older"));
    let as_client = |account: &str| -> ConnectionBuilder {
        world.verified().ssl_ca(&bundle).ssl_cert(&pair.cert).ssl_key(&pair.key).user(account)
    };
    let plugin = match product {
        Product::MySQL => "caching_sha2_password",
        _ => "mysql_native_password",
    };
    let create = create_user(product, "renewed", plugin, "ISSUER '/CN=New Shop CA'");
    let mut admin = world.server.admin();
    admin.query_drop(create).unwrap();
    admin.query_drop(format!("GRANT ALL ON {DATABASE}.* TO 'renewed'@'%'")).unwrap();
    // Built with the older files.
    let connector = as_client("x509").build().unwrap();
    let renewed = as_client("renewed").build().unwrap();
    assert_eq!(renewed.connect().unwrap_err().code(), "auth.access-denied");
    let new_server = |ca: &Authority, serial: u64| {
        write_pair(dir, "server", &ca.server("localhost").serial(serial).issue());
        world.reload_tls();
    };
    let load =
        Load { connector: &connector, done: Default::default(), stop: AtomicBool::new(false) };
    thread::scope(|scope| {
        let threads: Vec<_> = (0..THREADS)
            .map(|number| {
                scope.spawn({
                    let load = &load;
                    move || load.run(number)
                })
            })
            .collect();
        // So that a failed expectation ends the threads as well.
        let steps = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| {
            let reloads = || connector.reload_state().reloads();
            load.phase(|| true);
            // Each side gets to know the new CA beside the older one.
            replace(&bundle, &both);
            replace(&world.pki.ca, &both);
            new_server(older, 0x2001);
            load.phase(|| reloads() == 1);
            // Each side gets a certificate of the new CA.
            new_server(newer, 0x2002);
            replace(&pair.cert, &client(newer, "newer").chain_pem());
            // The key of that one comes later: until then the older pair is in use.
            load.phase(|| connector.reload_state().failure().is_some());
            let newest = client(newer, "newer");
            replace(&pair.cert, &newest.chain_pem());
            replace(&pair.key, &newest.key_pem());
            load.phase(|| connector.client_identity().unwrap().subject() == "CN=newer, O=Shop");
            // Each side forgets the older CA.
            let before = reloads();
            replace(&bundle, &newer.pem());
            replace(&world.pki.ca, &newer.pem());
            world.reload_tls();
            load.phase(|| reloads() > before);
        }));
        load.stop.store(true, Ordering::Relaxed);
        for thread in threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
        if let Err(panic) = steps {
            std::panic::resume_unwind(panic);
        }
    });
    let done = load.done.map(AtomicUsize::into_inner);
    assert!(done.iter().all(|done| *done >= 10), "{done:?}");
    let state = connector.reload_state();
    assert!(state.failure().is_none() && state.reloads() >= 3, "{state:?}");

    // What both sides show in the end, and what the server makes of it.
    for connector in [&connector, &renewed] {
        let connection = connector.connect().unwrap();
        let tls = connection.session().tls().unwrap();
        assert_eq!((tls.peer()[0].serial(), tls.peer()[0].issuer()), ("2002", "CN=New Shop CA"));
        assert_eq!(tls.client_certificate().presented(), Some("CN=newer, O=Shop"));
    }
    let right = &world.pki.right;
    let with_older = as_client("x509").ssl_cert(&right.cert).ssl_key(&right.key);
    let refused = with_older.connect().map(drop).map_err(|error: Error| error.code());
    assert_eq!(refused, Err("handshake.client-certificate-refused"));
    let trusting_older = as_client("x509").ssl_ca_pem(older.pem());
    let refused = trusting_older.connect().map(drop).map_err(|error: Error| error.code());
    assert_eq!(refused, Err("certificate.unknown-issuer"));
}

/// The server knows each account by the certificate that the endpoint shows for its driver.
pub(super) fn a_client_certificate_rotates_behind_an_endpoint(product: Product) {
    let world = shared(product);
    let dir = new_home();
    let (right, sibling) = (&world.pki.right, &world.pki.sibling);
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let cert = write_file(dir.path(), "client.pem", &read(&right.cert));
    let key = write_file(dir.path(), "client-key.pem", &read(&right.key));
    let connector = world.verified().ssl_cert(&cert).ssl_key(&key).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let log_in = |account: &str| {
        let opts = endpoint.opts().user(Some(account)).pass(Some(PASSWORD));
        match Conn::new(opts) {
            Ok(conn) => Ok(conn),
            Err(mysql_tls::mysql::Error::MySqlError(error)) => Err(error.code),
            Err(other) => panic!("{other}"),
        }
    };
    let assert_is = |conn: &mut Conn, account: &str, subject: &str| {
        let query = "SELECT CURRENT_USER(), CONNECTION_ID()";
        let (user, id): (String, u64) = conn.query_first(query).unwrap().unwrap();
        assert_eq!(user, format!("{account}@%"));
        // The greeting has the lower half of TiDB's ids.
        let found = endpoint.sessions_by_connection_id(id as u32);
        assert_eq!(found.len(), 1, "{id}");
        let tls = found[0].session().tls().unwrap();
        assert_eq!(tls.client_certificate().presented(), Some(subject));
    };
    let mut before = log_in("subject").unwrap();
    assert_is(&mut before, "subject", "CN=right, O=Shop");
    assert_eq!(log_in("sibling").map(drop), Err(1045));

    replace(&cert, &read(&sibling.cert));
    replace(&key, &read(&sibling.key));
    let start = Instant::now();
    let mut after = loop {
        match log_in("sibling") {
            Ok(conn) => break conn,
            // Until the files are looked at again.
            Err(code) => assert_eq!(code, 1045),
        }
        assert!(start.elapsed() < PATIENCE, "{:?}", connector.reload_state());
        thread::sleep(Duration::from_millis(50));
    };
    assert_is(&mut after, "sibling", "CN=sibling, O=Shop");
    assert_eq!(log_in("subject").map(drop), Err(1045));
    assert_is(&mut before, "subject", "CN=right, O=Shop");
    assert_eq!(connector.reload_state().reloads(), 1);
}

/// The server refuses the certificate, whose files were renewed since they were looked at.
pub(super) fn rotation_of_an_expired_client_certificate(product: Product) {
    let world = shared(product);
    let dir = new_home();
    let client = || world.pki.authority.client("renewed").organization("Shop");
    let pair = write_pair(dir.path(), "client", &client().expired().issue());
    let build = || {
        let as_client = world.verified().ssl_cert(&pair.cert).ssl_key(&pair.key);
        as_client.user("x509").build().unwrap()
    };
    let Err(Error::Handshake(error)) = build().connect() else { panic!("a refusal") };
    assert_eq!(error.alert(), Some("certificate_expired"), "{error}");
    let connector = build();
    write_pair(dir.path(), "client", &client().issue());
    let mut connection = connector.connect().unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 7").unwrap(), Some(7));
    let tls = connection.session().tls().unwrap();
    assert_eq!(tls.client_certificate().presented(), Some("CN=renewed, O=Shop"));
    assert_eq!(connector.reload_state().reloads(), 1);
}
