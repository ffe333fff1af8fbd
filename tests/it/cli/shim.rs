//! `mysql-tls shim`: an endpoint until a signal.

use std::net::TcpStream;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Instant;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, OptsBuilder};

use super::*;
use crate::kit::{PATIENCE, soon};

const CIPHER: &str = "TLS_AES_128_GCM_SHA256";

const NO_LOGIN: &str = "this command never logs in: take the password out of the DSN, the \
                        option file and the options, since each driver brings its own";

/// A shim on a socket, ready.
fn shim(fixture: &Fixture, options: &[&str]) -> (Running, PathBuf) {
    let path = fixture.dir.path().join("db.sock");
    let (socket, dsn) = (path.to_str().unwrap(), fixture.bare_dsn());
    let mut running = run(&[&["shim", "--socket", socket, &dsn], options].concat()).start();
    assert_eq!(running.line(), format!("ready: listening on {socket}"));
    (running, path)
}

fn driver(path: &Path) -> mysql_tls::mysql::Result<Conn> {
    let opts = OptsBuilder::new().user(Some("app")).pass(Some(PASSWORD));
    Conn::new(opts.socket(path.to_str()).prefer_socket(false))
}

fn closed(fixture: &Fixture, connection: usize) {
    fixture.server.wait_record(connection, PATIENCE);
}

/// Waits until the server has this statement.
fn under_way(fixture: &Fixture, sql: &str) {
    let packet = [&[3], sql.as_bytes()].concat();
    let until = Instant::now() + PATIENCE;
    while !fixture.server.records().iter().any(|record| record.commands.contains(&packet)) {
        assert!(Instant::now() < until, "{sql} did not arrive");
        thread::sleep(Duration::from_millis(5));
    }
}

/// The fields of a log line, numbers left out.
fn log_line(fixture: &Fixture, peer: &str) -> String {
    format!(
        "; peer=\"{peer}\" server=\"127.0.0.1:{}\" version=\"TLSv1.3\" cipher=\"{CIPHER}\" \
         verified=\"the chain, and the name localhost\" to_server=N to_driver=N milliseconds=N",
        fixture.server.port()
    )
}

fn without_numbers(line: &str) -> String {
    let words = line.split(' ').map(|word| match word.split_once('=') {
        Some((name @ ("to_server" | "to_driver" | "milliseconds"), number)) => {
            number.parse::<u64>().unwrap();
            format!("{name}=N")
        }
        _ => word.to_owned(),
    });
    words.collect::<Vec<_>>().join(" ")
}

#[test]
fn a_driver_gets_verified_tls_until_term() {
    let fixture = Fixture::locked();
    let (running, path) = shim(&fixture, &[]);
    let mut conn = driver(&path).unwrap();
    assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    drop(conn);
    closed(&fixture, 0);
    let outcome = running.end_by(Signal::TERM);
    assert_eq!((outcome.code, outcome.stdout.as_str()), (Some(0), ""), "{}", outcome.stderr);
    let uid = rustix::process::geteuid().as_raw();
    let expected = log_line(&fixture, &format!("uid {uid}"));
    assert_eq!(
        without_numbers(outcome.stderr.strip_suffix('\n').unwrap()),
        format!("an endpoint's connection ended: closed by this side{expected}")
    );
    assert!(!path.exists());
    let record = fixture.server.wait_record(0, PATIENCE);
    assert_eq!(record.clear_text(), b"");
    assert_eq!(record.response.unwrap().user_name(), "app");
}

#[test]
fn loopback_tcp_until_int() {
    let fixture = Fixture::locked();
    let mut running = run(&["shim", "--listen", "127.0.0.1:0", &fixture.bare_dsn()]).start();
    let line = running.line();
    let address = line.strip_prefix("ready: listening on ").unwrap().to_owned();
    let (host, port) = address.split_once(':').unwrap();
    let opts = OptsBuilder::new().user(Some("app")).pass(Some(PASSWORD)).prefer_socket(false);
    let opts = opts.ip_or_hostname(Some(host)).tcp_port(port.parse().unwrap());
    let mut conn = Conn::new(opts).unwrap();
    assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    let outcome = running.end_by(Signal::INT);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("; peer=\"127.0.0.1:"), "{}", outcome.stderr);
    assert!(TcpStream::connect(&address).is_err());
}

#[test]
fn a_command_that_is_under_way_ends_within_the_grace() {
    let allowed = Arc::new(AtomicBool::new(false));
    let answer = Answer::Once(Arc::clone(&allowed), Box::new(Answer::Rows(Rows::one("x", "7"))));
    let fixture = Fixture::with(|script| script.on_query("SELECT 7", answer));
    let (running, path) = shim(&fixture, &[]);
    let mut conn = driver(&path).unwrap();
    let query = thread::spawn(move || conn.query_first::<u32, _>("SELECT 7").unwrap());
    under_way(&fixture, "SELECT 7");
    running.send(Signal::TERM);
    soon("no more are taken meanwhile", || UnixStream::connect(&path).is_err());
    allowed.store(true, Ordering::SeqCst);
    assert_eq!(query.join().unwrap(), Some(7));
    assert_eq!(running.end().code, Some(0));
}

#[test]
fn a_command_that_takes_longer_than_the_grace_is_cut() {
    let fixture = Fixture::with(|script| script.on_query("SELECT 7", Answer::Silence));
    let (running, path) = shim(&fixture, &["--grace", "300ms"]);
    let mut conn = driver(&path).unwrap();
    let query = thread::spawn(move || conn.query_first::<u32, _>("SELECT 7"));
    under_way(&fixture, "SELECT 7");
    let start = Instant::now();
    let outcome = running.end_by(Signal::TERM);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(start.elapsed() < Duration::from_secs(5));
    query.join().unwrap().unwrap_err();
}

#[test]
fn a_second_signal_cuts_the_grace_short() {
    let fixture = Fixture::with(|script| script.on_query("SELECT 7", Answer::Silence));
    let (running, path) = shim(&fixture, &["--grace", "10m"]);
    let mut conn = driver(&path).unwrap();
    let query = thread::spawn(move || conn.query_first::<u32, _>("SELECT 7"));
    under_way(&fixture, "SELECT 7");
    let start = Instant::now();
    running.send(Signal::HUP);
    while UnixStream::connect(&path).is_ok() {
        assert!(start.elapsed() < PATIENCE, "the first signal stops accepting");
        thread::sleep(Duration::from_millis(5));
    }
    let outcome = running.end_by(Signal::TERM);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    let told = "warning: a second signal: commands that are under way are cut";
    assert!(outcome.stderr.lines().any(|line| line == told), "{}", outcome.stderr);
    assert!(start.elapsed() < PATIENCE);
    query.join().unwrap().unwrap_err();
    assert!(!path.exists());
}

/// Whoever reads the log may stop: connections go on, and a signal ends it.
#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let fixture = Fixture::locked();
    let (running, path) = shim(&fixture, &[]);
    // Each gives a line; a pipe holds 64 KiB of them.
    for _ in 0..600 {
        drop(driver(&path).unwrap());
    }
    let mut conn = driver(&path).unwrap();
    assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    running.send(Signal::TERM);
    let start = Instant::now();
    let mut running = running;
    while running.child.try_wait().unwrap().is_none() {
        assert!(start.elapsed() < PATIENCE, "it hangs");
        thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(running.end().code, Some(0));
}

/// Out of descriptors, long before its own limit: who comes then is told, and the others go on.
#[test]
fn without_descriptors_drivers_are_told() {
    let fixture = Fixture::locked();
    let path = fixture.dir.path().join("db.sock");
    let mut command = Command::new("/usr/bin/prlimit");
    command.args(["--nofile=48:48", env!("CARGO_BIN_EXE_mysql-tls"), "shim", "--socket"]);
    let mut running = Run::of({
        command.arg(&path).arg(fixture.bare_dsn());
        command
    })
    .start();
    assert_eq!(running.line(), format!("ready: listening on {}", path.display()));
    let mut open = Vec::new();
    let error = loop {
        match driver(&path) {
            Ok(conn) => open.push(conn),
            Err(error) => break error.to_string(),
        }
        assert!(open.len() < 48);
    };
    assert!(error.contains("open files"), "{error}");
    for conn in &mut open {
        assert_eq!(conn.query_first::<u32, _>("SELECT 1").unwrap(), Some(1));
    }
    open.clear();
    let until = Instant::now() + PATIENCE;
    while driver(&path).is_err() {
        assert!(Instant::now() < until, "there is room again");
        thread::sleep(Duration::from_millis(20));
    }
    let outcome = running.end_by(Signal::TERM);
    assert_eq!(outcome.code, Some(0), "{}", outcome.stderr);
    assert!(outcome.stderr.contains("open files"), "{}", outcome.stderr);
}

#[test]
fn more_than_the_limit_are_turned_away() {
    let fixture = Fixture::locked();
    let (running, path) = shim(&fixture, &["--max-connections", "1"]);
    let _first = driver(&path).unwrap();
    let error = driver(&path).unwrap_err().to_string();
    assert!(
        error.contains("1040") && error.contains("as many connections as it may (1)"),
        "{error}"
    );
    assert_eq!(running.end_by(Signal::TERM).code, Some(0));
}

#[test]
fn a_server_that_cannot_be_reached_is_a_line_and_an_error_for_the_driver() {
    let (nobody, dir) = (RefusingPort::new(), TestDir::new());
    let (port, path) = (nobody.number(), dir.path().join("db.sock"));
    let dsn = format!("mysql://localhost:{port}/?ssl-mode=REQUIRED");
    let mut running = run(&["shim", "--socket", path.to_str().unwrap(), &dsn]).start();
    assert!(running.line().starts_with("ready: "));
    let error = driver(&path).unwrap_err().to_string();
    assert!(error.contains("2003"), "{error}");
    let outcome = running.end_by(Signal::TERM);
    assert_eq!(outcome.code, Some(0));
    let start = format!(
        "warning: an endpoint's connection failed: no connection to localhost:{port}, tried "
    );
    assert!(outcome.stderr.starts_with(&start), "{}", outcome.stderr);
    assert_eq!(outcome.stderr.lines().count(), 1, "{}", outcome.stderr);
}

#[test]
fn it_never_logs_in_itself() {
    let fixture = Fixture::locked();
    let socket = fixture.dir.path().join("db.sock").display().to_string();
    let secret = fixture.file("secret", PASSWORD);
    let (bare, named) = (fixture.bare_dsn(), fixture.dsn("app"));
    let with_password = fixture.dsn(&format!("app:{PASSWORD}"));
    let with_file = format!("{bare}&password-file={secret}");
    let attached = format!("-p{PASSWORD}");
    let cases: &[(&[&str], &String, &str)] = &[
        (&[], &with_password, NO_LOGIN),
        (&[], &with_file, NO_LOGIN),
        (&[&attached], &bare, NO_LOGIN),
        (&["-p"], &bare, NO_LOGIN),
        (&["--password-file", &secret], &bare, NO_LOGIN),
        (&["-u", "app"], &bare, "this command never logs in: leave --user and --database out"),
        (&["-D", "shop"], &bare, "this command never logs in: leave --user and --database out"),
    ];
    for (options, dsn, sentence) in cases {
        let arguments = [&["shim", "--socket", &socket], *options].concat();
        run(&arguments).variables(&[("MYSQL_TLS_DSN", dsn)]).end().misused(sentence);
    }
    // One string for all of a team's programs has a user; it is told that nobody uses it.
    let variables = &[("DATABASE_URL", named.as_str()), ("MYSQL_PWD", PASSWORD)];
    let mut running = run(&["shim", "--socket", &socket]).variables(variables).start();
    assert_eq!(running.line(), format!("ready: listening on {socket}"));
    running.end_by(Signal::TERM).warned(
        "the user and the database in the DSN are not used: a shim never logs in, and each driver \
         brings its own",
    );
    assert_eq!(fixture.server.connections(), 0);
}

#[test]
fn wrong_usage_is_exit_status_2() {
    let dsn = "mysql://db.test/?ssl-mode=REQUIRED";
    for (arguments, sentence) in [
        (&["shim", dsn][..], "the following required arguments were not provided:"),
        (
            &["shim", "--socket", "/s", "--listen", "127.0.0.1:1", dsn],
            "the argument '--socket <PATH>' cannot be used with '--listen <ADDRESS>'",
        ),
        (
            &["shim", "--listen", "127.0.0.1:1", "--allow-uid", "7", dsn],
            "the argument '--listen <ADDRESS>' cannot be used with '--allow-uid <UID>'",
        ),
        (
            &["shim", "--listen", "127.0.0.1:1", "--shared-directory", dsn],
            "the argument '--listen <ADDRESS>' cannot be used with '--shared-directory'",
        ),
        (
            &["shim", "--socket", "/s", "--allow-local-users", dsn],
            "the argument '--socket <PATH>' cannot be used with '--allow-local-users'",
        ),
        (
            &["shim", "--listen", "db:1", dsn],
            "invalid value '<not shown>' for '--listen <ADDRESS>': ",
        ),
        (
            &["shim", "--socket", "/s", "--max-connections", "0", dsn],
            "invalid value '0' for '--max-connections <N>': write a number from 1 up",
        ),
        (
            &["shim", "--socket", "/s", "--grace", "1h", dsn],
            "invalid value '1h' for '--grace <DURATION>': write a number of seconds, or one with a \
             unit, such as 500ms, 60s or 2m",
        ),
    ] {
        run(arguments).end().misused(sentence);
    }
}

#[test]
fn what_is_not_safe_is_refused() {
    let fixture = Fixture::open();
    let socket = fixture.dir.path().join("db.sock").display().to_string();
    let dsn = fixture.bare_dsn();
    for mode in ["PREFERRED", "DISABLED"] {
        let plain = format!("mysql://localhost/?ssl-mode={mode}");
        let sentence = run(&["shim", "--socket", &socket, &plain]).end().failed("config.endpoint");
        assert!(sentence.contains(&format!("ssl-mode={mode} does not promise")), "{sentence}");
    }
    let sentence = run(&["shim", "--listen", "0.0.0.0:0", &dsn]).end().failed("config.endpoint");
    assert!(sentence.contains("0.0.0.0:0 is not of this machine alone"), "{sentence}");

    let client = fixture.ca.client("app").issue().write_to(&fixture.dir, "client");
    let keyed =
        format!("{dsn}&ssl-cert={}&ssl-key={}", client.cert.display(), client.key.display());
    let listen = ["shim", "--listen", "127.0.0.1:0", &keyed];
    let sentence = run(&listen).end().failed("config.endpoint");
    assert!(sentence.contains("open to every user of this machine"), "{sentence}");
    let mut running = run(&[&listen[..], &["--allow-local-users"]].concat()).start();
    assert!(running.line().starts_with("ready: listening on 127.0.0.1:"));
    assert_eq!(running.end_by(Signal::TERM).code, Some(0));

    std::fs::set_permissions(fixture.dir.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let sentence = run(&["shim", "--socket", &socket, &dsn]).end().failed("config.endpoint");
    assert!(sentence.contains("others can write to"), "{sentence}");
    let (running, _) = shim(&fixture, &["--shared-directory"]);
    assert_eq!(running.end_by(Signal::TERM).code, Some(0));
}

#[test]
fn others_can_reach_the_socket_only_if_some_are_let_in() {
    let fixture = Fixture::open();
    for (options, mode) in [(&[][..], 0o600), (&["--allow-uid", "7", "--allow-uid", "8"], 0o666)] {
        let (running, path) = shim(&fixture, options);
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, mode);
        assert_eq!(running.end_by(Signal::TERM).code, Some(0));
    }
}
