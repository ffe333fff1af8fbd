//! The relay in use: it carries everything both ways, ends cleanly, and tells why it ended.

use std::thread;
use std::time::Duration;

use mysql_tls::mysql::Conn;
use mysql_tls::mysql::prelude::*;
use mysql_tls::{CloseReason, Connection, ConnectionBuilder, Session};

use crate::kit::*;
use crate::support::*;

pub(crate) type Build = fn(&ScriptedServer) -> ConnectionBuilder;

/// TLS and plaintext go through the same relay.
pub(crate) fn both() -> [(&'static str, ServerScript, Build); 2] {
    [("TLS", over_tls(), verified), ("plaintext", ServerScript::new(), plaintext)]
}

pub(crate) fn one(connection: &mut impl Queryable) -> u8 {
    connection.query_first("SELECT 1").unwrap().unwrap()
}

#[test]
fn a_dropped_connection_says_goodbye() {
    for (what, script, build) in both() {
        let server = ScriptedServer::start(script);
        let mut connection = build(&server).connect().unwrap();
        assert_eq!(one(&mut connection), 1);
        assert!(connection.close_reason().is_none(), "{what}");
        drop(connection);
        // The drop waits for it, so that a program may exit right after.
        let record = server.wait_record(0, PATIENCE);
        assert!(record.quit, "{what}: {record:#?}");
        let ended = if what == "TLS" { Ended::CloseNotify } else { Ended::Eof };
        assert_eq!(record.ended, Some(ended), "{what}");
    }
}

#[test]
fn the_drivers_connection_lives_without_ours() {
    type Take = fn(Connection) -> Conn;
    let takes: [Take; 3] = [
        |connection| {
            let (conn, session): (Conn, Session) = connection.into_parts();
            assert!(session.timings().setup() > Duration::ZERO);
            conn
        },
        Connection::into_inner,
        Conn::from,
    ];
    for (what, script, build) in both() {
        let server = ScriptedServer::start(script);
        for (number, take) in takes.into_iter().enumerate() {
            let connector = build(&server).build().unwrap();
            let connection = connector.connect().unwrap();
            drop(connector);
            let mut conn = take(connection);
            for _ in 0..3 {
                assert_eq!(one(&mut conn), 1, "{what}");
            }
            drop(conn);
            let record = server.wait_record(number, PATIENCE);
            let ended = if what == "TLS" { Ended::CloseNotify } else { Ended::Eof };
            assert_eq!((record.quit, record.ended), (true, Some(ended)), "{what}");
        }
    }
}

/// Waits for the reason, which is told as soon as the relay sees the end.
pub(crate) fn reason(connection: &Connection) -> CloseReason {
    for _ in 0..500 {
        if let Some(reason) = connection.close_reason() {
            return reason;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("no reason to close after five seconds");
}

#[test]
fn why_a_connection_ended_is_told() {
    for (what, script, build) in both() {
        let close = |script: ServerScript| script.on_query("BYE", Answer::Close);
        let in_order = ScriptedServer::start(close(script.clone()));
        let mut connection = build(&in_order).connect().unwrap();
        connection.query_drop("BYE").unwrap_err();
        assert!(matches!(reason(&connection), CloseReason::Server), "{what}");
        connection.query_drop("SELECT 1").unwrap_err();

        let abrupt = ScriptedServer::start(close(script.clone()).no_close_notify());
        let mut connection = build(&abrupt).connect().unwrap();
        connection.query_drop("BYE").unwrap_err();
        let truncated = matches!(reason(&connection), CloseReason::Truncated);
        assert_eq!(truncated, what == "TLS", "{what}: {:?}", connection.close_reason());

        // While nobody asks anything.
        let idle = ScriptedServer::start(script);
        let mut connection = build(&idle).connect().unwrap();
        assert_eq!(one(&mut connection), 1);
        drop(idle);
        let told = reason(&connection).to_string();
        let expected = if what == "TLS" { "without TLS close_notify" } else { "by the server" };
        assert!(told.contains(expected), "{what}: {told}");
        connection.query_drop("SELECT 1").unwrap_err();
    }
}

#[test]
fn large_packets_pass_both_ways() {
    // More than one frame of the protocol holds.
    let large = "x".repeat(17_000_000);
    for (what, script, build) in both() {
        let rows = Rows::one("large", large.clone());
        let server = ScriptedServer::start(script.on_query("SELECT large", Answer::Rows(rows)));
        let mut connection = build(&server).max_allowed_packet(64 << 20).connect().unwrap();
        let got: String = connection.query_first("SELECT large").unwrap().unwrap();
        assert!(got == large, "{what}: {} bytes came", got.len());
        connection.query_drop(format!("INSERT '{large}'")).unwrap();
        assert_eq!(one(&mut connection), 1);
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        let sent = record.commands.iter().map(Vec::len).max();
        assert_eq!(sent, Some(large.len() + "\x03INSERT ''".len()), "{what}");
    }
}

#[test]
fn a_slow_reader_gets_everything() {
    const ROWS: usize = 4000;
    let rows = (0..ROWS)
        .fold(Rows::new(["n", "text"]), |rows, n| rows.row([n.to_string(), "y".repeat(2000)]));
    for (what, script, build) in both() {
        let rows = Answer::Rows(rows.clone());
        let server = ScriptedServer::start(script.on_query("SELECT rows", rows));
        let mut connection = build(&server).connect().unwrap();
        let mut expected = 0;
        for row in connection.query_iter("SELECT rows").unwrap() {
            let (n, text): (usize, String) = mysql_tls::mysql::from_row(row.unwrap());
            assert_eq!((n, text.len()), (expected, 2000), "{what}");
            expected += 1;
            if n.is_multiple_of(1000) {
                thread::sleep(Duration::from_millis(50));
            }
        }
        assert_eq!(expected, ROWS, "{what}");
        assert_eq!(one(&mut connection), 1);
    }
}

#[test]
fn many_small_queries() {
    for (what, script, build) in both() {
        let script = script.respond(|sql| {
            let number = sql.strip_prefix("ECHO ")?;
            Some(Answer::Rows(Rows::one("n", number)))
        });
        let server = ScriptedServer::start(script);
        let mut connection = build(&server).connect().unwrap();
        for n in 0..500_u32 {
            let sql = format!("ECHO {n}");
            assert_eq!(connection.query_first(sql).unwrap(), Some(n), "{what}");
        }
    }
}

#[test]
fn many_threads_share_a_connector() {
    for (what, script, build) in both() {
        let script = script.auth([AuthStep::check(USER, PASSWORD)]);
        let server = ScriptedServer::start(script);
        let connector = build(&server).connect_timeout(Duration::from_secs(60)).build().unwrap();
        let ids: Vec<u32> = thread::scope(|scope| {
            let threads: Vec<_> = (0..32)
                .map(|_| {
                    let connector = connector.clone();
                    scope.spawn(move || {
                        [(); 2].map(|()| {
                            let mut connection = connector.connect().unwrap();
                            assert_eq!(one(&mut connection), 1);
                            connection.session().claimed().connection_id()
                        })
                    })
                })
                .collect();
            threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
        });
        let unique: std::collections::BTreeSet<_> = ids.iter().collect();
        assert_eq!((ids.len(), unique.len(), server.connections()), (64, 64, 64), "{what}");
    }
}

#[test]
fn first_statements_run_in_order() {
    for (what, script, build) in both() {
        let server = ScriptedServer::start(script);
        let connection = build(&server)
            .init_statement("SET @a = 1")
            .init_statement("SET @b = 2")
            .charset("latin1")
            .time_zone("+02:00")
            .database("shop")
            .connect_attribute("program", "tests")
            .connect()
            .unwrap();
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        let set: Vec<String> =
            record.queries().into_iter().filter(|sql| sql.starts_with("SET")).collect();
        let expected = ["SET NAMES latin1", "SET time_zone = '+02:00'", "SET @a = 1", "SET @b = 2"];
        assert_eq!(set, expected, "{what}");
        let response = record.response.unwrap();
        assert_eq!(response.database.as_deref(), Some("shop"), "{what}");
        let attribute = ("program".to_owned(), "tests".to_owned());
        assert!(response.attributes.contains(&attribute), "{what}: {:?}", response.attributes);
    }
}

#[test]
fn a_failing_first_statement_is_told() {
    for (what, script, build) in both() {
        let failing = Answer::err(1193, Some("HY000"), "Unknown system variable 'nope'");
        let server = ScriptedServer::start(script.on_query("SET nope = 1", failing));
        let builder = build(&server).init_statement("SET nope = 1");
        let error = failure(builder.connect(), what);
        let fragments = ["init", "1193", "HY000", "Unknown system variable 'nope'"];
        assert_says(&error, "server.statement", &fragments);
        let reply = error.server_reply().unwrap();
        assert_eq!((reply.code(), reply.is_authenticated()), (1193, what == "TLS"), "{what}");
    }
}

/// A program that the application starts must not hold our sockets open.
#[cfg(target_os = "linux")]
#[test]
fn nothing_is_inherited_by_a_program_that_is_started() {
    let before = inherited_sockets();
    let server = ScriptedServer::start(over_tls());
    let _tls = verified(&server).connect().unwrap();
    let _plain = plaintext(&server).connect().unwrap();
    assert_eq!(inherited_sockets(), before);
}
