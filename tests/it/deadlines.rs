//! The deadline of a connect, whatever the server does or leaves undone.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::{ConnectionBuilder, Error};
use socket2::{Domain, Socket, Type};

use crate::kit::*;
use crate::support::*;

const LIMIT: Duration = Duration::from_millis(400);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(4);

fn assert_times_out(builder: ConnectionBuilder, code: &str) {
    let connector = builder.connect_timeout(LIMIT).build().unwrap();
    let start = Instant::now();
    let error = failure(connector.connect(), code);
    let took = start.elapsed();
    assert_says(&error, code, &["connect-timeout (400ms)"]);
    let Error::Timeout(timeout) = &error else { panic!("{error:?}") };
    assert_eq!(timeout.limit(), LIMIT);
    assert!(took >= LIMIT.mul_f32(0.9) && took < LIMIT + SLACK, "{code}: {took:?}");
}

#[test]
fn silence_at_every_step() {
    let init = |script: ServerScript| script.on_query("SET @slow = 1", Answer::Silence);
    let asked = |script: ServerScript| script.on_prefix("SELECT @@", Answer::Silence);
    let slow = Start::Drip(Duration::from_millis(50));
    let silent = AfterSslRequest::Silence;
    let before_tls = [
        ("timeout.greeting", ServerScript::new().start(Start::Silence)),
        ("timeout.greeting", ServerScript::new().start(slow)),
        ("timeout.greeting", ServerScript::new().start(Start::Raw(vec![60, 0]))),
        ("timeout.tls", ServerScript::new().after_ssl_request(silent)),
        ("timeout.tls", ServerScript::new().after_ssl_request(AfterSslRequest::Stall(vec![0x16]))),
        ("timeout.authentication", over_tls().auth([AuthStep::Silence])),
        ("timeout.setup", init(over_tls())),
        ("timeout.setup", asked(over_tls())),
    ];
    for (code, script) in before_tls {
        let server = ScriptedServer::start(script);
        assert_times_out(verified(&server).init_statement("SET @slow = 1"), code);
    }
    let in_plaintext = [
        ("timeout.authentication", ServerScript::new().auth([AuthStep::Silence])),
        ("timeout.authentication", ServerScript::new().auth([AuthStep::Raw(vec![1, 3])])),
        ("timeout.setup", init(ServerScript::new())),
    ];
    for (code, script) in in_plaintext {
        let server = ScriptedServer::start(script);
        assert_times_out(plaintext(&server).init_statement("SET @slow = 1"), code);
    }
}

#[test]
fn an_address_that_does_not_answer() {
    // With its queue full, Linux drops what else knocks.
    let listener = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    listener.bind(&SocketAddr::from((Ipv4Addr::LOCALHOST, 0)).into()).unwrap();
    listener.listen(0).unwrap();
    let address = listener.local_addr().unwrap();
    let port = address.as_socket().unwrap().port();
    let waiting: Vec<Socket> = (0..4)
        .map(|_| {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            socket.set_nonblocking(true).unwrap();
            let _ = socket.connect(&address);
            socket
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    assert_times_out(account("127.0.0.1").port(port), "timeout.dial");
    drop(waiting);
}

#[test]
fn a_deadline_at_any_moment_is_kept() {
    for (script, build) in
        [(over_tls(), verified as fn(&ScriptedServer) -> _), (ServerScript::new(), plaintext)]
    {
        let server = ScriptedServer::start(script);
        for round in 0..60_u64 {
            let limit = Duration::from_micros(200 + 400 * round);
            let connector = build(&server).connect_timeout(limit).build().unwrap();
            // Twice, so that a worker that missed its driver is used again.
            for _ in 0..2 {
                let start = Instant::now();
                if let Err(error) = connector.connect().map(drop) {
                    assert!(error.code().starts_with("timeout."), "{limit:?}: {error}");
                }
                assert!(start.elapsed() < SLACK, "{limit:?}: {:?}", start.elapsed());
            }
        }
    }
}

#[test]
fn the_deadline_ends_with_the_connect() {
    let slow = Answer::Late(2 * LIMIT, Box::new(Answer::Rows(Rows::one("n", "7"))));
    for (script, build) in
        [(over_tls(), verified as fn(&ScriptedServer) -> _), (ServerScript::new(), plaintext)]
    {
        let server = ScriptedServer::start(script.on_query("SELECT slow", slow.clone()));
        let limit = Duration::from_secs(2);
        let mut connection = build(&server).connect_timeout(limit).connect().unwrap();
        std::thread::sleep(limit - LIMIT);
        assert_eq!(connection.query_first("SELECT slow").unwrap(), Some(7));
        std::thread::sleep(LIMIT);
        assert_eq!(connection.query_first("SELECT 1").unwrap(), Some(1));
        assert!(connection.close_reason().is_none());
    }
}

#[test]
fn a_greeting_in_drips_is_read() {
    let script = over_tls().start(Start::Drip(Duration::from_millis(1)));
    let server = ScriptedServer::start(script);
    drop(verified(&server).connect().unwrap());
}

#[test]
fn a_read_timeout_holds_after_the_connect() {
    for (script, build) in
        [(over_tls(), verified as fn(&ScriptedServer) -> _), (ServerScript::new(), plaintext)]
    {
        let server = ScriptedServer::start(script.on_query("SELECT never", Answer::Silence));
        let mut connection = build(&server).read_timeout(LIMIT).connect().unwrap();
        let start = Instant::now();
        connection.query_drop("SELECT never").unwrap_err();
        let took = start.elapsed();
        assert!(took >= LIMIT.mul_f32(0.9) && took < LIMIT + SLACK, "{took:?}");
    }
}

#[test]
fn nobody_there() {
    let nobody = RefusingPort::new();
    let port = nobody.number();
    for host in ["127.0.0.1", "localhost"] {
        let error = failure(account(host).port(port).connect(), host);
        let tried = format!("127.0.0.1:{port}");
        assert_says(&error, "connect.unreachable", &[&format!("{host}:{port}"), &tried]);
        let Error::Connect(facts) = &error else { panic!("{error:?}") };
        let attempt = facts.attempts().iter().find(|attempt| attempt.address() == tried).unwrap();
        assert!(attempt.reason().contains("refused"), "{}", attempt.reason());
        assert!(std::error::Error::source(&error).is_some());
    }
    let error = failure(account("x").socket("/nonexistent/mysqld.sock").connect(), "socket");
    assert_says(&error, "connect.unreachable", &["/nonexistent/mysqld.sock"]);
    let error = failure(account("does-not-exist.invalid").connect(), "no such name");
    // Where a resolver is configured that never answers, it is abandoned.
    let codes = ["connect.resolve", "timeout.resolve"];
    assert!(codes.contains(&error.code()), "{error}");
    assert!(error.to_string().contains("does-not-exist.invalid"), "{error}");
}

/// Connects to a name with three addresses, and tells which answered or what was tried.
#[cfg(target_os = "linux")]
pub(crate) fn three_addresses(fact: &dyn Fn(&str) -> String) {
    for port in ["LAST", "NOBODY"] {
        let builder = account("three.example.com").ssl_mode(mysql_tls::SslMode::Disabled);
        match builder.port(fact(port).parse().unwrap()).connect() {
            Ok(connection) => println!("answered: {}", connection.session().address()),
            Err(Error::Connect(error)) => {
                for attempt in error.attempts() {
                    println!("tried: {}", attempt.address());
                }
            }
            Err(error) => panic!("{error}"),
        }
    }
}

#[test]
#[cfg(target_os = "linux")]
fn every_address_of_a_name_is_tried() {
    use crate::process::{command, finish, spawn};
    // Both IP versions are before it, whether or not this machine has both.
    let last = ScriptedServer::start(ServerScript::new());
    let nobody = RefusingPort::new();
    let (good, port) = (last.port().to_string(), nobody.number());
    let facts = [("LAST", good.clone()), ("NOBODY", port.to_string())];
    let mut child = command(&std::env::current_exe().unwrap(), "three-addresses", &facts);
    crate::resolver::with_names(&mut child);
    let told = finish(spawn(child));
    let found: Vec<&str> = told
        .lines()
        .filter_map(|line| {
            let start = line.find("answered: ").or_else(|| line.find("tried: "))?;
            line.get(start..)
        })
        .collect();
    let expected = [
        format!("answered: 127.0.0.1:{good}"),
        format!("tried: 127.0.0.2:{port}"),
        format!("tried: [::1]:{port}"),
        format!("tried: 127.0.0.1:{port}"),
    ];
    assert_eq!(found, expected, "{told}");
}
