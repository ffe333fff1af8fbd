//! What the chapter "a TiDB cluster" says, with three TiDB servers, each at an address of its own
//! that stands for its name. Their data is not shared, so what a cluster does with accounts is done
//! for each of them here.

use std::collections::BTreeSet;
use std::error::Error;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{
    ConnectErrorKind, Connection, ConnectionBuilder, Connector, Product, SslMode, Verification,
    r2d2,
};
use tempfile::TempDir;

use crate::harness::{RealServer, Tls, new_home};

const CHAPTER: &str = include_str!("chapters/tidb_cluster.md");

/// How long something may take that is to come soon.
const PATIENCE: Duration = Duration::from_secs(10);

/// The chapter's names, as addresses of loopback.
fn address(number: usize) -> String {
    format!("127.0.1.{number}")
}

/// The lines between two marks of the chapter, without the fence.
fn block(mark: &str) -> String {
    let (_, rest) = CHAPTER.split_once(&format!("<!-- {mark}: begin -->\n")).expect("its begin");
    let (block, _) = rest.split_once(&format!("<!-- {mark}: end -->")).expect("its end");
    block.lines().filter(|line| !line.starts_with("```")).collect::<Vec<_>>().join("\n")
}

struct Cluster {
    /// None once it has been killed.
    servers: Vec<Option<RealServer>>,
    ports: Vec<u16>,
    dir: TempDir,
}

impl Cluster {
    fn start() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let printed = make_certificates(dir.path());
        let account = printed.lines().find(|line| line.starts_with("CREATE USER 'app'@"));
        let server = |number: usize| {
            let files = dir.path().join(format!("tidb-{number}"));
            let host = format!("host='{}'", address(number));
            let tls = Tls::Files {
                ca: &dir.path().join("certs/ca.pem"),
                cert: &files.join("server-cert.pem"),
                key: &files.join("server-key.pem"),
            };
            let wait = "graceful-wait-before-shutdown=1";
            let arguments = ["--config-line", &host, "--config-line", wait];
            // The last is stopped in order, the others are killed.
            match number {
                2 => RealServer::start_to_be_stopped(Product::TiDB, new_home(), &tls, &arguments),
                _ => RealServer::start(Product::TiDB, new_home(), &tls, &arguments),
            }
        };
        let server = &server;
        let servers: Vec<RealServer> = thread::scope(|scope| {
            let threads = [0, 1, 2].map(|number| scope.spawn(move || server(number)));
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        let ports = servers.iter().map(|server| server.port).collect();
        let cluster = Cluster { servers: servers.into_iter().map(Some).collect(), ports, dir };
        for number in 0..3 {
            let mut admin = cluster.admin(number);
            for statement in [
                "CREATE DATABASE shop",
                "CREATE TABLE shop.orders (id INT)",
                account.expect("a statement"),
                "GRANT ALL ON *.* TO app",
                "CREATE USER bare REQUIRE SSL",
            ] {
                admin.query_drop(statement).unwrap();
            }
        }
        cluster
    }

    fn admin(&self, number: usize) -> Connection {
        let server = self.servers[number].as_ref().unwrap();
        let builder = ConnectionBuilder::new("localhost").socket(&server.socket);
        builder.user("root").ssl_mode(SslMode::Disabled).connect().unwrap()
    }

    /// The address and port of a server.
    fn place(&self, number: usize) -> String {
        format!("{}:{}", address(number), self.ports[number])
    }

    /// The chapter's connection string, for these servers and files.
    fn dsn(&self) -> String {
        let dsn = block("dsn").replace("certs/", &format!("{}/certs/", self.dir.path().display()));
        (0..3).fold(dsn, |dsn, number| {
            dsn.replace(&format!("tidb-{number}.example.com"), &self.place(number))
        })
    }

    /// Of an account that needs no client certificate, and without one.
    fn bare(&self, number: usize) -> ConnectionBuilder {
        ConnectionBuilder::new(address(number))
            .port(self.ports[number])
            .user("bare")
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(self.dir.path().join("certs/ca.pem"))
    }

    fn builder(&self) -> ConnectionBuilder {
        self.dsn().parse().unwrap()
    }
}

/// By the chapter's commands.
fn make_certificates(dir: &Path) -> String {
    let commands = block("certificates")
        .replace("--server-name tidb-", "--server-name 127.0.1.")
        .replace(".example.com", "");
    shell(dir, &commands)
}

fn shell(dir: &Path, commands: &str) -> String {
    let program = std::env::var_os("MYSQL_TLS").expect("tests/drivers/run builds the program");
    let programs = Path::new(&program).parent().unwrap().display().to_string();
    let path = format!("{programs}:{}", std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-euc", commands]).current_dir(dir).env("PATH", path).stdin(Stdio::null());
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.is_empty(), "{commands}\n{told}");
    String::from_utf8(output.stdout).unwrap()
}

/// The server's address.
fn server_of(connection: &Connection) -> String {
    connection.session().address().to_owned()
}

/// Of so many connects.
fn servers_of(connector: &Connector, connects: usize) -> BTreeSet<String> {
    (0..connects).map(|_| server_of(&connector.connect().unwrap())).collect()
}

fn code(result: mysql_tls::Result<Connection>) -> &'static str {
    result.as_ref().map_or_else(mysql_tls::Error::code, |_| "ok")
}

fn soon(what: &str, mut is_so: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_so() {
        assert!(start.elapsed() < PATIENCE, "{what}: not so");
        thread::sleep(Duration::from_millis(20));
    }
}

/// The chapter's functions.
fn pool(dsn: &str) -> Result<r2d2::Pool<Connector>, Box<dyn Error>> {
    let connector = dsn.parse::<ConnectionBuilder>()?.build()?;
    connector.connect()?;
    let lifetime = Some(Duration::from_secs(600));
    Ok(connector.r2d2_builder().max_lifetime(lifetime).build(connector)?)
}

/// And whether it was the second attempt.
fn total(pool: &r2d2::Pool<Connector>) -> Result<(Option<u64>, bool), Box<dyn Error>> {
    let query = "SELECT COUNT(*) FROM orders";
    let mut connection = pool.get()?;
    let result = connection.query_first(query);
    if result.is_err() && connection.close_reason().is_some() {
        drop(connection);
        return Ok((pool.get()?.query_first(query)?, true));
    }
    Ok((result?, false))
}

mod tidb {
    use super::*;

    /// One after another, since they share the servers.
    #[test]
    #[ignore = "needs a real server: tests/drivers/run"]
    fn cluster_chapter() {
        let mut cluster = Cluster::start();
        each_is_verified_by_its_own_name(&cluster);
        one_with_another_certificate_is_an_error(&cluster);
        a_balancer_in_front(&cluster);
        certificates_are_renewed_server_by_server(&cluster);
        secure_transport_makes_client_certificates_mandatory(&cluster);
        doctor_looks_at_each(&cluster);
        one_is_stopped_in_order(&mut cluster);
        one_is_killed_under_load(&mut cluster);
        none_is_left(&mut cluster);
    }
}

fn each_is_verified_by_its_own_name(cluster: &Cluster) {
    let random = cluster.builder().build().unwrap();
    let all: BTreeSet<String> = (0..3).map(|number| cluster.place(number)).collect();
    // One of them is left out by so many once in three million times.
    assert_eq!(servers_of(&random, 40), all);
    let connection = random.connect().unwrap();
    let name = server_of(&connection).split(':').next().unwrap().to_owned();
    let tls = connection.session().tls().unwrap();
    assert_eq!(*tls.verified(), Verification::ChainAndName(name));
    assert_eq!(tls.client_certificate().presented(), Some("CN=app"));

    let sequential = cluster.dsn().replace("load-balance=random&", "");
    let sequential = sequential.parse::<ConnectionBuilder>().unwrap().build().unwrap();
    assert_eq!(servers_of(&sequential, 10), BTreeSet::from([cluster.place(0)]));
}

fn one_with_another_certificate_is_an_error(cluster: &Cluster) {
    let first = cluster.builder().each_host().remove(0);
    let wrong = first.tls_server_name("tidb-0.example.com");
    assert_eq!(code(wrong.connect()), "certificate.wrong-name");
    // A name that the second has, and the first has not, which is the end.
    let dsn = cluster.dsn().replace("load-balance=random&", "");
    let dsn = format!("{dsn}&tls-server-name={}", address(1));
    assert_eq!(code(mysql_tls::connect(&dsn)), "certificate.wrong-name");
    let denied = cluster.builder().user("nobody");
    assert_eq!(code(denied.connect()), "auth.access-denied");
}

/// Passes connections on to the servers in turn, as a balancer of layer 4 does.
fn balancer(places: Vec<String>) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for (client, place) in listener.incoming().zip(places.iter().cycle()) {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(place).unwrap());
            let (mut to_client, mut to_server) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            thread::spawn(move || std::io::copy(&mut client, &mut to_server));
            thread::spawn(move || std::io::copy(&mut server, &mut to_client));
        }
    });
    port
}

fn a_balancer_in_front(cluster: &Cluster) {
    let places = vec![cluster.place(0), cluster.place(1)];
    let port = balancer(places);
    let all = format!("{},{},{}", cluster.place(0), cluster.place(1), cluster.place(2));
    let dsn = cluster.dsn().replace(&all, &format!("127.0.0.1:{port}"));
    // No certificate has the balancer's name, and of theirs each server has only its own.
    assert_eq!(code(mysql_tls::connect(&dsn)), "certificate.wrong-name");
    assert_eq!(code(mysql_tls::connect(&dsn)), "certificate.wrong-name");
    let dsn = format!("{dsn}&tls-server-name={}", address(0));
    let codes = [code(mysql_tls::connect(&dsn)), code(mysql_tls::connect(&dsn))];
    assert_eq!(codes, ["ok", "certificate.wrong-name"]);
}

fn certificates_are_renewed_server_by_server(cluster: &Cluster) {
    let serial = |number: usize| {
        let connection = cluster.builder().each_host()[number].connect().unwrap();
        connection.session().tls().unwrap().peer()[0].serial().to_owned()
    };
    let before: Vec<String> = (0..3).map(serial).collect();
    // The same names, and that of a balancer.
    shell(
        cluster.dir.path(),
        "for n in 0 1 2; do
            mysql-tls certs certs --use-ca --server-name 127.0.1.$n db.example.com
            mv certs/server-*.pem tidb-$n
        done",
    );
    let renewed = || (0..3).map(|number| serial(number) != before[number]).collect::<Vec<_>>();
    assert_eq!(renewed(), [false; 3]);
    let pool = pool(&cluster.dsn()).unwrap();
    let mut open = pool.get().unwrap();
    let mut told = Vec::new();
    for host in cluster.builder().each_host() {
        host.connect().unwrap().query_drop("ALTER INSTANCE RELOAD TLS").unwrap();
        told.push(renewed());
    }
    assert_eq!(told, [[true, false, false], [true, true, false], [true; 3]]);
    assert_eq!(open.query_first("SELECT 1").unwrap(), Some(1), "open connections stay");

    let port = balancer((0..3).map(|number| cluster.place(number)).collect());
    let all = format!("{},{},{}", cluster.place(0), cluster.place(1), cluster.place(2));
    let dsn = cluster.dsn().replace(&all, &format!("127.0.0.1:{port}"));
    let dsn = format!("{dsn}&tls-server-name=db.example.com");
    assert_eq!([(); 3].map(|()| code(mysql_tls::connect(&dsn))), ["ok"; 3]);
    let dsn = format!("{}&tls-server-name=db.example.com", cluster.dsn());
    let connector = dsn.parse::<ConnectionBuilder>().unwrap().build().unwrap();
    assert_eq!(servers_of(&connector, 40).len(), 3);
}

/// pingcap/tidb#69870.
fn secure_transport_makes_client_certificates_mandatory(cluster: &Cluster) {
    let mut app = cluster.builder().each_host().remove(0).connect().unwrap();
    let bare = cluster.bare(0);
    let plain = bare.clone().ssl_mode(SslMode::Disabled);
    assert_eq!([code(bare.connect()), code(plain.connect())], ["ok", "auth.access-denied"]);
    require_secure_transport(&mut app, &plain);
    assert_eq!(code(bare.connect()), "ok");
    let mut reloaded_with = |value| {
        app.query_drop(format!("SET GLOBAL require_secure_transport = {value}")).unwrap();
        app.query_drop("ALTER INSTANCE RELOAD TLS").unwrap();
        code(bare.connect())
    };
    let demanded = "handshake.client-certificate-required";
    soon("a certificate is demanded", || reloaded_with("ON") == demanded);
    soon("none is demanded", || reloaded_with("OFF") == "ok");
}

/// Until it is so: TiDB may be reading its variables at that moment, and use those of before.
fn require_secure_transport(app: &mut Connection, plain: &ConnectionBuilder) {
    soon("plaintext is refused", || {
        app.query_drop("SET GLOBAL require_secure_transport = ON").unwrap();
        code(plain.connect()) == "auth.secure-transport-required"
    });
}

fn doctor_looks_at_each(cluster: &Cluster) {
    let dir = cluster.dir.path();
    let told = shell(dir, &format!("mysql-tls doctor '{}'", cluster.dsn()));
    let line_of = |told: &str, number: usize| {
        let place = cluster.place(number);
        let line =
            told.lines().find(|line| line.trim_start_matches([' ', '*']).starts_with(&place));
        line.unwrap_or_else(|| panic!("{place} is not in\n{told}")).to_owned()
    };
    for number in 0..3 {
        assert!(line_of(&told, number).contains("does what the settings ask"), "{told}");
    }
    // A name that only the second has.
    let dsn = format!("{}&tls-server-name={}", cluster.dsn(), address(1));
    let told = shell(dir, &format!("mysql-tls doctor '{dsn}' && exit 9; test $? = 1"));
    let wrong = "an error, no other is tried";
    let words = [wrong, "does what the settings ask", wrong];
    for (number, word) in words.into_iter().enumerate() {
        assert!(line_of(&told, number).contains(word), "{told}");
    }
}

fn one_is_stopped_in_order(cluster: &mut Cluster) {
    let (third, bare) = (cluster.builder().each_host().remove(2), cluster.bare(2));
    let connector = cluster.builder().build().unwrap();
    let (mut idle, mut busy) = (third.connect().unwrap(), third.connect().unwrap());
    let place = cluster.place(2);
    let server = cluster.servers[2].as_mut().unwrap();
    require_secure_transport(&mut idle, &bare.clone().ssl_mode(SslMode::Disabled));
    busy.query_drop("BEGIN").unwrap();
    busy.query_drop("INSERT INTO orders VALUES (1)").unwrap();
    thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop());
        // A second of grace, in which all is as before.
        thread::sleep(Duration::from_millis(400));
        assert_eq!(idle.query_first("SELECT 1").unwrap(), Some(1));
        third.connect().unwrap();
        soon("it refuses", || code(third.connect()) == "connect.unreachable");
        assert!(!servers_of(&connector, 10).contains(&place));
        busy.query_drop("INSERT INTO orders VALUES (2)").unwrap();
        busy.query_drop("COMMIT").unwrap();
        stopping.join().unwrap();
    });
    assert!(idle.query_first::<u8, _>("SELECT 1").is_err());
    assert!(idle.close_reason().is_some());
    server.start_again();
    let mut connection = third.connect().unwrap();
    assert_eq!(connection.query_first("SELECT COUNT(*) FROM orders").unwrap(), Some(2));
    assert_eq!(code(bare.connect()), "handshake.client-certificate-required");
}

fn one_is_killed_under_load(cluster: &mut Cluster) {
    let pool = pool(&cluster.dsn()).unwrap();
    let connector = cluster.builder().build().unwrap();
    let usual = connector.r2d2_builder().build(connector.clone()).unwrap();
    assert_eq!(usual.max_lifetime(), Some(Duration::from_secs(30 * 60)));
    let drivers = connector.pool().unwrap();
    let (done, repeated, stop) = (AtomicUsize::new(0), AtomicUsize::new(0), AtomicBool::new(false));
    let mut under_way = cluster.builder().each_host().remove(1).connect().unwrap();
    let killed = cluster.servers[1].take();
    thread::scope(|scope| {
        let under_way = scope.spawn(move || {
            let failed = under_way.query_drop("SELECT SLEEP(20)").is_err();
            failed && under_way.close_reason().is_some()
        });
        for _ in 0..8 {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let (total, again) = total(&pool).unwrap_or_else(|error| panic!("{error}"));
                    assert!(total.is_some());
                    repeated.fetch_add(usize::from(again), Ordering::Relaxed);
                    done.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        soon("there is load", || done.load(Ordering::Relaxed) > 500);
        drop(killed);
        assert!(under_way.join().unwrap());
        let before = done.load(Ordering::Relaxed);
        soon("the load goes on", || done.load(Ordering::Relaxed) > before + 1000);
        stop.store(true, Ordering::Relaxed);
    });
    assert!(repeated.load(Ordering::Relaxed) <= 8, "at most one for each thread: {repeated:?}");
    // The driver's own pool has connections of the dead server, and gives out none of them.
    let mut taken: Vec<_> = (0..10).map(|_| drivers.get_conn().unwrap()).collect();
    for connection in &mut taken {
        assert_eq!(connection.query_first("SELECT 1").unwrap(), Some(1));
    }
}

fn none_is_left(cluster: &mut Cluster) {
    let connector = cluster.builder().build().unwrap();
    cluster.servers.clear();
    let error = connector.connect().err().unwrap();
    let mysql_tls::Error::Connect(error) = error else { panic!("{error}") };
    assert_eq!(error.kind(), ConnectErrorKind::NoHost);
    let tried: BTreeSet<&str> = error.attempts().iter().map(|attempt| attempt.address()).collect();
    let places = [0, 1, 2].map(|number| cluster.place(number));
    assert_eq!(tried, places.iter().map(String::as_str).collect());
    assert!(error.attempts()[0].reason().contains("Connection refused"), "{error}");
}
