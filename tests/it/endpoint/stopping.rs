//! The end of an endpoint, and what it leaves behind: nothing.

use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use mysql_tls::mysql::prelude::*;
use mysql_tls::{EndpointOptions, Error};

use super::*;
use crate::process::{Census, census, child, finish, settles};

/// What is done at once takes less. Whoever waits for the other side waits for longer.
const AT_ONCE: Duration = Duration::from_secs(3);

/// Where a query is never answered.
fn stuck_server() -> ScriptedServer {
    ScriptedServer::start(over_tls().on_query("SELECT never", Answer::Silence))
}

#[test]
fn drop_ends_connections_and_refuses_new_ones() {
    let server = stuck_server();
    let connector = connector(&server);
    let tcp = "127.0.0.1:0".parse().unwrap();
    for endpoint in [connector.endpoint().unwrap(), connector.endpoint_tcp(tcp).unwrap()] {
        let number = server.connections();
        let mut idle = connect(&endpoint).unwrap();
        one(&mut idle);
        let mut busy = connect(&endpoint).unwrap();
        let busy = thread::spawn(move || busy.query_drop("SELECT never"));
        server.wait_until(number + 1, PATIENCE, |record| {
            record.queries().contains(&"SELECT never".to_owned())
        });
        let options = opts(&endpoint, PASSWORD);
        let start = Instant::now();
        drop(endpoint);
        let taken = start.elapsed();
        assert!(taken < AT_ONCE, "{taken:?}");
        assert!(mysql_tls::mysql::Conn::new(options).is_err());
        idle.query_drop("SELECT 1").unwrap_err();
        busy.join().unwrap().unwrap_err();
        for number in [number, number + 1] {
            let record = server.wait_record(number, PATIENCE);
            assert_eq!(record.ended, Some(Ended::CloseNotify), "{record:#?}");
        }
        assert_eq!(server.connections(), number + 2);
    }
}

#[test]
fn a_place_is_free_as_soon_as_drop_returns() {
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let dir = TestDir::new();
    let path = dir.path().join("db.sock");
    let mut address = "127.0.0.1:0".parse().unwrap();
    for _ in 0..20 {
        let endpoint = connector.endpoint_with(EndpointOptions::new().path(&path)).unwrap();
        one(&mut connect(&endpoint).unwrap());
        drop(endpoint);
        let endpoint = connector.endpoint_tcp(address).unwrap();
        address = endpoint.address().unwrap();
        let stream = std::net::TcpStream::connect(address).unwrap();
        // The one that closes first keeps the port for a while.
        drop(stream);
        drop(endpoint);
    }
}

#[test]
fn drop_does_not_wait_for_what_is_stuck() {
    type Stick = fn(&Endpoint) -> Option<Raw>;
    let cases: [(&str, ServerScript, Stick); 4] = [
        ("a server that reads nothing", over_tls().deaf_after_login(), |endpoint| {
            let mut driver = Raw::impatient(endpoint, Duration::from_millis(300));
            driver.respond("caching_sha2_password", &[7; 32]);
            driver.expect();
            assert!(!driver.try_send_bytes(&vec![1; 64 << 20]), "all was taken");
            Some(driver)
        }),
        (
            "a driver that reads nothing",
            over_tls().on_query("SELECT large", Answer::Packets(vec![vec![b'x'; 8 << 20]; 8])),
            |endpoint| {
                let mut driver = Raw::log_in(endpoint);
                driver.query("SELECT large");
                thread::sleep(Duration::from_millis(300));
                Some(driver)
            },
        ),
        ("a server that does not greet", ServerScript::new().start(Start::Silence), |endpoint| {
            Some(Raw::new(endpoint))
        }),
        (
            "a server that is silent in the handshake",
            over_tls().after_ssl_request(AfterSslRequest::Silence),
            |endpoint| {
                let mut driver = Raw::new(endpoint);
                driver.respond("caching_sha2_password", &[7; 32]);
                thread::sleep(Duration::from_millis(100));
                Some(driver)
            },
        ),
    ];
    for (what, script, stick) in cases {
        for by_shutdown in [false, true] {
            let server = ScriptedServer::start(script.clone());
            let builder = builder_for(&server).connect_timeout(Duration::from_secs(60));
            let endpoint = builder.build().unwrap().endpoint().unwrap();
            let stuck = stick(&endpoint);
            server.wait_until(0, PATIENCE, |_| true);
            let start = Instant::now();
            if by_shutdown {
                assert!(endpoint.shutdown(Duration::ZERO), "{what}");
            } else {
                drop(endpoint);
            }
            assert!(start.elapsed() < AT_ONCE, "{what}: {:?}", start.elapsed());
            if !what.contains("reads nothing") {
                server.wait_record(0, PATIENCE);
            }
            drop(stuck);
        }
    }
}

#[test]
fn a_connection_that_is_only_being_made_ends_with_the_endpoint() {
    // It greets late: the driver is there, and the endpoint is dropped meanwhile.
    let server = ScriptedServer::start(over_tls().start(Start::Drip(Duration::from_millis(3))));
    let endpoint = connector(&server).endpoint().unwrap();
    let mut driver = Raw::new(&endpoint);
    server.wait_until(0, PATIENCE, |_| true);
    drop(endpoint);
    assert_eq!(driver.read(), None);
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.raw.len(), 0, "{record:#?}");
}

#[test]
fn shutdown_lets_a_command_end_and_ends_idle_connections_at_once() {
    let allowed = Arc::new(AtomicBool::new(false));
    let answer = Box::new(Answer::Rows(Rows::one("slow", "1")));
    let script = over_tls().on_query("SELECT slow", Answer::Once(Arc::clone(&allowed), answer));
    let server = ScriptedServer::start(script);
    let endpoint = connector(&server).endpoint().unwrap();
    let path = endpoint.path().unwrap().to_owned();
    let mut idle = connect(&endpoint).unwrap();
    one(&mut idle);
    let mut busy = connect(&endpoint).unwrap();
    let busy = thread::spawn(move || {
        let result = busy.query_first::<u8, _>("SELECT slow");
        (result, busy)
    });
    server.wait_until(1, PATIENCE, |record| record.queries().contains(&"SELECT slow".to_owned()));
    let stopper = thread::spawn(move || endpoint.shutdown(Duration::from_secs(20)));
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.ended, Some(Ended::CloseNotify));
    UnixStream::connect(&path).unwrap_err();
    idle.query_drop("SELECT 1").unwrap_err();
    assert!(!stopper.is_finished() && !busy.is_finished(), "the command is under way");
    allowed.store(true, Ordering::SeqCst);
    assert!(stopper.join().unwrap());
    let (result, mut busy) = busy.join().unwrap();
    assert_eq!(result.unwrap(), Some(1), "the command under way ended well");
    busy.query_drop("SELECT 1").unwrap_err();
    assert_eq!(server.wait_record(1, PATIENCE).ended, Some(Ended::CloseNotify));
}

#[test]
fn shutdown_ends_what_outlasts_the_grace() {
    let server = stuck_server();
    let endpoint = connector(&server).endpoint().unwrap();
    let mut busy = connect(&endpoint).unwrap();
    let busy = thread::spawn(move || busy.query_drop("SELECT never"));
    server.wait_until(0, PATIENCE, |record| {
        !record.commands.is_empty() && { record.queries().contains(&"SELECT never".to_owned()) }
    });
    let start = Instant::now();
    assert!(endpoint.shutdown(Duration::from_millis(300)));
    let taken = start.elapsed();
    assert!(taken >= Duration::from_millis(300) && taken < AT_ONCE, "{taken:?}");
    busy.join().unwrap().unwrap_err();
}

#[test]
fn a_login_under_way_may_end_within_the_grace() {
    let steps = [AuthStep::Raw(vec![1, 4]), AuthStep::Read, AuthStep::Ok];
    let server = ScriptedServer::start(over_tls().auth(steps));
    let endpoint = connector(&server).endpoint().unwrap();
    let path = endpoint.path().unwrap().to_owned();
    let mut driver = Raw::new(&endpoint);
    driver.respond("caching_sha2_password", &[7; 32]);
    assert_eq!(driver.expect(), [1, 4]);
    let stopper = thread::spawn(move || endpoint.shutdown(Duration::from_secs(20)));
    soon("the shutdown has begun", || UnixStream::connect(&path).is_err());
    driver.send(b"password\0");
    assert_eq!(driver.expect()[0], 0);
    // It has no command, so it is idle.
    assert_eq!(driver.read(), None);
    assert!(stopper.join().unwrap());
}

#[test]
fn a_graceful_shutdown_of_nothing_takes_no_time() {
    let server = ScriptedServer::start(over_tls());
    let endpoint = connector(&server).endpoint().unwrap();
    let start = Instant::now();
    assert!(endpoint.shutdown(Duration::MAX));
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

#[test]
fn a_detached_endpoint_stays() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let path = dir.path().join("db.sock");
    let connector = connector(&server);
    let endpoint = connector.endpoint_with(EndpointOptions::new().path(&path)).unwrap();
    let options = opts(&endpoint, PASSWORD);
    let mut before = connect(&endpoint).unwrap();
    endpoint.detach();
    drop(connector);
    one(&mut before);
    one(&mut mysql_tls::mysql::Conn::new(options).unwrap());
    assert!(path.exists());
}

#[test]
fn the_limit_of_connections() {
    let server = ScriptedServer::start(over_tls());
    let options = EndpointOptions::new().max_connections(2);
    let connector = connector(&server);
    let tcp = options.clone().tcp("127.0.0.1:0".parse().unwrap());
    for (what, endpoint) in [
        ("socket", connector.endpoint_with(options).unwrap()),
        ("tcp", connector.endpoint_with(tcp).unwrap()),
    ] {
        let before = server.connections();
        let mut conns: Vec<_> = (0..2).map(|_| connect(&endpoint).unwrap()).collect();
        for _ in 0..3 {
            let (code, _, sentence) = shown(connect(&endpoint), what);
            assert_eq!(code, 1040, "{sentence}");
            assert!(sentence.contains("as many connections as it may (2)"), "{sentence}");
        }
        // They cost the server nothing, and those that are there go on.
        assert_eq!(server.connections() - before, 2, "{what}");
        conns.iter_mut().for_each(one);
        conns.pop();
        soon("there is room again", || {
            connect(&endpoint).is_ok_and(|mut conn| {
                one(&mut conn);
                true
            })
        });
    }
}

#[test]
fn a_server_that_goes_ends_its_drivers() {
    let script = over_tls().on_query("SELECT close", Answer::Close);
    let server = ScriptedServer::start(script);
    let endpoint = connector(&server).endpoint().unwrap();
    let mut driver = Raw::log_in(&endpoint);
    driver.query("SELECT close");
    assert_eq!(driver.read(), None);
    // The driver is still there, and the session is not.
    soon("it is no session any more", || endpoint.sessions().is_empty());
    let start = Instant::now();
    assert!(endpoint.shutdown(Duration::from_secs(30)));
    assert!(start.elapsed() < AT_ONCE, "{:?}", start.elapsed());
}

#[test]
fn sessions_go_on_after_a_reload() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let file = dir.write("ca.pem", ca().pem());
    let builder = ConnectionBuilder::new("localhost")
        .port(server.port())
        .ssl_mode(SslMode::VerifyIdentity)
        .ssl_ca(&file);
    let connector = builder.build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let mut open = connect(&endpoint).unwrap();
    dir.write("ca.pem", Authority::new("Other CA").pem());
    connector.reload().unwrap();
    one(&mut open);
    let (code, _, sentence) = shown(connect(&endpoint), "another CA");
    assert_eq!(code, 2026, "{sentence}");
    dir.write("ca.pem", ca().pem());
    connector.reload().unwrap();
    one(&mut connect(&endpoint).unwrap());
    one(&mut open);
}

/// Opens and closes many connections in every way, and counts what is left.
pub(super) fn leaves_nothing(fact: &dyn Fn(&str) -> String) {
    let dir = Path::new(&fact("DIR")).to_path_buf();
    let builder = |port: &str| {
        ConnectionBuilder::new("localhost")
            .port(fact(port).parse().unwrap())
            .ssl_mode(SslMode::Required)
            .runtime_dir(&dir)
    };
    let settled = |what: &str, before: Census| settles(&dir, before, Duration::from_secs(5), what);
    // What a process makes once and keeps.
    drop(connect(&builder("GOOD").build().unwrap().endpoint().unwrap()).unwrap());
    let mut nothing = census(&dir);
    loop {
        thread::sleep(Duration::from_millis(500));
        let again = census(&dir);
        if again == nothing {
            break;
        }
        nothing = again;
    }
    assert_eq!(nothing.2, 0);
    let connector = builder("GOOD").build().unwrap();
    let without = census(&dir);
    let tcp = "127.0.0.1:0".parse().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let on_tcp = connector.endpoint_tcp(tcp).unwrap();
    let before = census(&dir);
    for round in 0..25 {
        let endpoint = if round % 5 == 0 { &on_tcp } else { &endpoint };
        let mut conns: Vec<_> = (0..20).map(|_| connect(endpoint).unwrap()).collect();
        if round % 5 == 1 {
            conns.iter_mut().for_each(one);
        }
    }
    settled("500 connections", before);
    let failing = builder("DENIED").build().unwrap().endpoint().unwrap();
    let with_failing = census(&dir);
    for _ in 0..50 {
        connect(&failing).map(drop).unwrap_err();
        drop(Raw::new(&failing));
    }
    settled("100 that failed", with_failing);
    drop(failing);
    settled("without the failing one", before);
    // With connections open, and by every end.
    let open: Vec<_> = (0..5).map(|_| connect(&endpoint).unwrap()).collect();
    drop((endpoint, on_tcp));
    drop(open);
    settled("without endpoints", without);
    for _ in 0..20 {
        let endpoint = connector.endpoint().unwrap();
        let open = connect(&endpoint).unwrap();
        assert!(endpoint.shutdown(Duration::from_secs(5)));
        drop(open);
    }
    settled("after 20 shutdowns", without);
    drop(connector);
    settled("after all", nothing);
    // The process ends at once after a drop, and nothing is left by that either.
    let last = builder("GOOD").build().unwrap();
    drop(last.endpoint().unwrap());
}

#[test]
fn nothing_is_left_of_500_connections() {
    let dir = TestDir::new();
    let good = ScriptedServer::start(over_tls());
    let denied = ScriptedServer::start(over_tls().auth([AuthStep::denied(USER)]));
    let facts = [
        ("GOOD", good.port().to_string()),
        ("DENIED", denied.port().to_string()),
        ("DIR", text(dir.path()).to_owned()),
    ];
    finish(child("endpoint-leaves-nothing", &facts));
    assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
    assert!(good.connections() >= 500);
}

/// A program that the application starts must not hold an endpoint's sockets open.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_inherited_by_a_program_that_is_started() {
    let before = inherited_sockets();
    let server = ScriptedServer::start(over_tls());
    let connector = connector(&server);
    let endpoint = connector.endpoint().unwrap();
    let tcp = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
    let _conns = [connect(&endpoint).unwrap(), connect(&tcp).unwrap()];
    assert_eq!(inherited_sockets(), before);
}

#[test]
fn an_error_when_it_cannot_be_made_leaves_nothing() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let connector = builder_for(&server).runtime_dir(dir.path()).build().unwrap();
    std::fs::remove_dir_all(dir.path()).unwrap();
    let error = failure(connector.endpoint().map(drop), "no directory");
    assert!(matches!(error, Error::Io(_)), "{error}");
    assert_eq!(error.code(), "io.runtime-dir");
}

/// The server has said it all, and the driver is still at it: that is no pause.
#[test]
fn a_result_that_the_driver_reads_slowly_is_not_cut_within_the_grace() {
    const SIZE: usize = 8 << 20;
    let rows = Rows::one("x", "y".repeat(SIZE));
    let server = ScriptedServer::start(over_tls().on_query("SELECT much", Answer::Rows(rows)));
    let endpoint = connector(&server).endpoint().unwrap();
    let path = endpoint.path().unwrap().to_owned();
    let mut driver = Raw::log_in(&endpoint);
    driver.query("SELECT much");
    soon("the result is under way", || endpoint.sessions()[0].bytes_to_driver() > 0);
    let stopper = thread::spawn(move || endpoint.shutdown(Duration::from_secs(30)));
    soon("no more are taken", || UnixStream::connect(&path).is_err());
    // Several times as long as a pause that ends a command.
    thread::sleep(Duration::from_millis(300));
    let mut got = 0;
    while got < SIZE {
        got += driver.bytes().len();
    }
    assert!(stopper.join().unwrap());
}

/// A driver that does not notice that its server has gone, as an idle one in a pool, keeps nobody
/// else out.
#[test]
fn connections_that_the_server_has_ended_do_not_count() {
    let script = over_tls().on_query("SELECT end", Answer::Close);
    let server = ScriptedServer::start(script);
    let options = EndpointOptions::new().max_connections(2);
    let endpoint = connector(&server).endpoint_with(options).unwrap();
    let mut ended: Vec<_> = (0..2).map(|_| Raw::log_in(&endpoint)).collect();
    ended.iter_mut().for_each(|driver| driver.query("SELECT end"));
    soon("both have ended", || endpoint.sessions().is_empty());
    let mut conns: Vec<_> = (0..2).map(|_| connect(&endpoint).unwrap()).collect();
    conns.iter_mut().for_each(one);
    let (code, _, sentence) = shown(connect(&endpoint), "a third");
    assert_eq!(code, 1040, "{sentence}");
}
