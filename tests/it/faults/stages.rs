//! Faults of the server's packets, from the greeting to the end of the connection.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, OptsBuilder};
use mysql_tls::{CloseReason, Connection, ConnectionBuilder, Connector, SslMode};

use super::run::Job;
use crate::kit::*;
use crate::support::*;

const NONCE: &[u8] = b"another-nonce-of-20b";
/// For faults that end a connection by themselves.
pub(super) const LONG: Duration = Duration::from_secs(8);
/// For those that only the deadline ends.
pub(super) const SHORT: Duration = Duration::from_millis(700);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(4);

/// How the client comes to the server.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Way {
    Tls,
    Plaintext,
    Endpoint,
}

pub(super) const COLUMNS: [&str; 3] = ["TLS", "plaintext", "endpoint"];
const WAYS: [(Way, &str); 3] =
    [(Way::Tls, COLUMNS[0]), (Way::Plaintext, COLUMNS[1]), (Way::Endpoint, COLUMNS[2])];

/// A packet of the server's, by its number in a dialogue.
struct Stage {
    name: &'static str,
    packet: usize,
    auth: fn() -> Vec<AuthStep>,
}

fn fast() -> Vec<AuthStep> {
    vec![AuthStep::switch("caching_sha2_password", NONCE), AuthStep::FastOk]
}

fn full() -> Vec<AuthStep> {
    vec![AuthStep::full_auth(PASSWORD)]
}

/// The first nine are a dialogue; in the other one the password is asked for.
const STAGES: [Stage; 12] = [
    Stage { name: "greeting", packet: 0, auth: fast },
    Stage { name: "AuthSwitch", packet: 1, auth: fast },
    Stage { name: "01 03", packet: 2, auth: fast },
    Stage { name: "OK", packet: 3, auth: fast },
    Stage { name: "01 04", packet: 1, auth: full },
    Stage { name: "columns", packet: 4, auth: fast },
    Stage { name: "column", packet: 5, auth: fast },
    Stage { name: "EOF", packet: 6, auth: fast },
    Stage { name: "row", packet: 7, auth: fast },
    Stage { name: "last EOF", packet: 8, auth: fast },
    Stage { name: "idle", packet: 9, auth: fast },
    Stage { name: "closing", packet: 9, auth: fast },
];

/// Faults by their names in the table.
fn faults(length: usize) -> Vec<(&'static str, Vec<Fault>)> {
    vec![
        ("silence", vec![Fault::Silence, Fault::Stalled(1), Fault::Stalled(length - 1)]),
        ("reset", vec![Fault::Reset]),
        ("end", vec![Fault::End]),
        ("cut", (0..length).map(Fault::Cut).collect()),
        ("ERR", vec![Fault::Err]),
        ("a byte after it", vec![Fault::Extra]),
        ("a byte more", vec![Fault::Longer]),
        ("garbage", vec![Fault::Garbage]),
        ("0xffffff", vec![Fault::Oversized]),
        ("empty", vec![Fault::Empty]),
        ("another id", vec![Fault::WrongId]),
    ]
}

/// One packet of each stage, header included: how long it is.
fn length(stage: &Stage) -> usize {
    let rows = Rows::one("1", "1").packets();
    let payload = match stage.name {
        "greeting" => Greeting::default().encode(),
        "AuthSwitch" => wire::auth_switch("caching_sha2_password", NONCE),
        "01 03" | "01 04" => wire::auth_more(&[3]),
        "columns" => rows[0].clone(),
        "column" => rows[1].clone(),
        "EOF" => rows[2].clone(),
        "row" => rows[3].clone(),
        "last EOF" => rows[4].clone(),
        _ => wire::ok(),
    };
    4 + payload.len()
}

/// The server of a cell. What comes while the connection is idle, or as it ends, is one packet more.
fn script(way: Way, stage: &Stage, fault: Option<Fault>) -> ServerScript {
    const QUIT: u8 = 1;
    let script = if way == Way::Plaintext { ServerScript::new() } else { over_tls() };
    let mut result = Rows::one("1", "1").packets();
    let more = vec![wire::ok()];
    let script = match stage.name {
        "idle" => {
            result.extend(more);
            script
        }
        "closing" => script.on_command(QUIT, Answer::Packets(more)),
        _ => script,
    };
    let script = script.auth((stage.auth)()).on_query("SELECT 1", Answer::Packets(result));
    fault.into_iter().fold(script, |script, fault| script.fault(stage.packet, fault))
}

pub(super) fn jobs(dir: &Path) -> Vec<Job> {
    let mut jobs = Vec::new();
    for stage in &STAGES {
        for (name, all) in faults(length(stage)) {
            for (way, column) in WAYS {
                // The password crosses inside TLS alone.
                if stage.name == "01 04" && way == Way::Plaintext {
                    continue;
                }
                for fault in all.clone() {
                    let (dir, what) = (dir.to_owned(), format!("{fault:?}"));
                    jobs.push(Job::new(
                        format!("{}: {name}", stage.name),
                        column,
                        what,
                        move || cell(way, stage, fault, &dir),
                    ));
                }
            }
        }
    }
    // The longest first.
    let slow = Duration::from_secs(1);
    for stage in STAGES.iter().take(5) {
        for (way, column) in WAYS {
            if stage.name == "01 04" && way == Way::Plaintext {
                continue;
            }
            let (dir, fault) = (dir.to_owned(), Fault::Drip(slow));
            let line = format!("{}: a byte a second", stage.name);
            jobs.push(Job::new(line, column, "drip", move || {
                played(way, stage, fault, Duration::from_secs(3), &dir)
            }));
        }
    }
    jobs.rotate_right(14);
    jobs
}

/// The account, to a server on a port of 127.0.0.1 that is called localhost.
pub(super) fn builder(port: u16, way: Way, limit: Duration, dir: &Path) -> ConnectionBuilder {
    let builder = account("127.0.0.1")
        .port(port)
        .max_allowed_packet(1 << 20)
        .connect_timeout(limit)
        .runtime_dir(dir);
    match way {
        Way::Plaintext => builder.ssl_mode(SslMode::Disabled),
        Way::Tls | Way::Endpoint => builder
            .ssl_mode(SslMode::VerifyIdentity)
            .tls_server_name("localhost")
            .ssl_ca_pem(ca().pem()),
    }
}

/// The outcome where the server was reached. Who waited in vain knows the step, and is waited for, but
/// only for a moment: on a machine that is busier than that the first step is told.
pub(super) fn reached(outcome: String) -> String {
    if outcome == "timeout.dial" { "timeout.greeting".to_owned() } else { outcome }
}

/// One connection of each kind.
pub(super) fn warm_up(dir: &Path) {
    for (way, _) in WAYS {
        let server = ScriptedServer::start(script(way, &STAGES[0], None));
        let connector = builder(server.port(), way, LONG, dir).build().unwrap();
        let outcome = match way {
            Way::Endpoint => through_endpoint(&connector, LONG),
            Way::Tls | Way::Plaintext => direct(&connector, LONG),
        };
        assert!(outcome.starts_with('1'), "{outcome}");
    }
}

fn cell(way: Way, stage: &Stage, fault: Fault, dir: &Path) -> String {
    let waits = matches!(fault, Fault::Silence | Fault::Stalled(_) | Fault::Longer | Fault::Empty)
        || matches!(fault, Fault::Extra | Fault::Garbage | Fault::Oversized | Fault::WrongId);
    played(way, stage, fault, if waits { SHORT } else { LONG }, dir)
}

/// Connects, asks something, goes away, and tells what came of it.
fn played(way: Way, stage: &Stage, fault: Fault, limit: Duration, dir: &Path) -> String {
    let server = ScriptedServer::start(script(way, stage, Some(fault)));
    // After the login there is no deadline but the driver's own, which must not end the login.
    let patience = if stage.packet > 3 { SHORT } else { limit + SHORT };
    let builder = builder(server.port(), way, limit, dir).read_timeout(patience);
    let outcome = match way {
        Way::Endpoint => through_endpoint(&builder.build().unwrap(), limit),
        Way::Tls | Way::Plaintext => direct(&builder.build().unwrap(), limit),
    };
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(server.connections(), 1, "no second try");
    if way == Way::Plaintext {
        assert!(!record.saw_before_tls(PASSWORD.as_bytes()), "{record:#?}");
    } else {
        assert_nothing_in_the_clear(&record, stage.name);
    }
    reached(outcome)
}

pub(super) fn direct(connector: &Connector, limit: Duration) -> String {
    let start = Instant::now();
    let connected = connector.connect();
    let took = start.elapsed();
    let mut connection = match connected {
        Ok(connection) => connection,
        Err(error) => {
            let late = error.code().starts_with("timeout.");
            let due = if late { limit } else { Duration::ZERO };
            assert!(took < due + SLACK, "{error} after {took:?}");
            assert!(!late || took >= limit.mul_f32(0.9), "{error} after {took:?}");
            assert_says(&error, error.code(), &[]);
            return error.code().to_owned();
        }
    };
    let said = asked(|| connection.query_first("SELECT 1"));
    let reason = reason(&connection);
    let start = Instant::now();
    drop(connection);
    assert!(start.elapsed() < SLACK, "the drop took {:?}", start.elapsed());
    format!("{said}, {reason}")
}

/// What comes of a query.
fn asked(ask: impl FnOnce() -> mysql_tls::mysql::Result<Option<u8>>) -> &'static str {
    let start = Instant::now();
    let said = match catch_unwind(AssertUnwindSafe(ask)) {
        Ok(Ok(Some(1))) => "1",
        Ok(Ok(_)) => "another result",
        Ok(Err(_)) => "error",
        Err(_) => "panic",
    };
    assert!(start.elapsed() < SLACK, "the query took {:?}", start.elapsed());
    said
}

/// Why the connection ended, as far as it has.
fn reason(connection: &Connection) -> String {
    let start = Instant::now();
    loop {
        match connection.close_reason() {
            Some(CloseReason::Server) => return "closed".to_owned(),
            Some(CloseReason::Truncated) => return "truncated".to_owned(),
            Some(CloseReason::Failed(error)) => return error.code().to_owned(),
            Some(other) => return format!("{other:?}"),
            None if start.elapsed() > Duration::from_millis(500) => return "open".to_owned(),
            None => std::thread::sleep(Duration::from_millis(5)),
        }
    }
}

/// A driver behind an endpoint: the number of its error.
pub(super) fn through_endpoint(connector: &Connector, limit: Duration) -> String {
    let endpoint = connector.endpoint().unwrap();
    let opts = OptsBuilder::from_opts(endpoint.opts().user(Some(USER)).pass(Some(PASSWORD)))
        .max_allowed_packet(Some(1 << 20))
        .read_timeout(Some(limit + SHORT));
    let start = Instant::now();
    let made = Conn::new(opts);
    assert!(start.elapsed() < limit + SLACK, "{:?}", start.elapsed());
    match made {
        Ok(mut conn) => asked(|| conn.query_first("SELECT 1")).to_owned(),
        Err(mysql_tls::mysql::Error::MySqlError(error)) => {
            assert!(!error.message.contains(PASSWORD), "{error}");
            error.code.to_string()
        }
        Err(other) => panic!("{other:?}"),
    }
}
