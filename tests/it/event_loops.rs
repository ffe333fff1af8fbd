//! Connections that have been open for a while: they share threads, and behave as before.

use std::thread;
use std::time::Duration;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Params, Value};
use mysql_tls::{CloseReason, Connection, ConnectionBuilder};

use crate::kit::*;
use crate::process::{census, child, entries, finish};
use crate::relay::{both, one, reason};
use crate::support::*;

/// A connection that has left the thread which made it.
fn settled(builder: ConnectionBuilder) -> Connection {
    let connection = builder.connect().unwrap();
    thread::sleep(Duration::from_millis(150));
    connection
}

#[test]
fn everything_passes_and_the_end_is_told() {
    let text = "x".repeat(1000);
    let rows = (0..20_000).fold(Rows::new(["x"]), |rows, _| rows.row([text.clone()]));
    for (what, script, build) in both() {
        let script = script
            .on_query("SELECT large", Answer::Rows(rows.clone()))
            .on_query("BYE", Answer::Close);
        let server = ScriptedServer::start(script.clone());
        let mut connection = settled(build(&server));
        for _ in 0..100 {
            assert_eq!(one(&mut connection), 1, "{what}");
        }
        let large: Vec<String> = connection.query("SELECT large").unwrap();
        assert_eq!(large.len(), 20_000, "{what}");
        assert!(large.iter().all(|row| *row == text), "{what}");
        assert!(connection.close_reason().is_none(), "{what}");
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        let ended = if what == "TLS" { Ended::CloseNotify } else { Ended::Eof };
        assert_eq!((record.quit, record.ended), (true, Some(ended)), "{what}");

        let mut connection = settled(build(&server));
        connection.query_drop("BYE").unwrap_err();
        assert!(matches!(reason(&connection), CloseReason::Server), "{what}");

        let abrupt = ScriptedServer::start(script.no_close_notify());
        let mut connection = settled(build(&abrupt));
        connection.query_drop("BYE").unwrap_err();
        let truncated = matches!(reason(&connection), CloseReason::Truncated);
        assert_eq!(truncated, what == "TLS", "{what}: {:?}", connection.close_reason());
    }
}

/// The server takes nothing any more, and the driver is dropped with bytes unsent.
#[test]
fn a_stalled_upload_holds_up_neither_its_drop_nor_others() {
    for (what, script, build) in both() {
        let server = ScriptedServer::start(script.deaf_after_login());
        // Else the driver would ask for it, and get no answer.
        let stalled = settled(build(&server).max_allowed_packet(64 * 1024 * 1024));
        let uploading = thread::spawn(move || {
            let mut stalled = stalled;
            let large = Value::Bytes(vec![b'x'; 8 * 1024 * 1024]);
            // Nobody answers: it ends with the server.
            let _ = stalled.exec_drop("SELECT ?", Params::Positional(vec![large]));
        });
        let other =
            ScriptedServer::start(if what == "TLS" { over_tls() } else { ServerScript::new() });
        let mut connection = settled(build(&other));
        for _ in 0..20 {
            assert_eq!(one(&mut connection), 1, "{what}");
        }
        drop(server);
        uploading.join().unwrap();
    }
}

/// Opens many connections, and counts threads.
pub(crate) fn few_threads(fact: &dyn Fn(&str) -> String) {
    const MANY: usize = 60;
    let dir = TestDir::new();
    let connector = account("localhost")
        .port(fact("PORT").parse().unwrap())
        .ssl_mode(mysql_tls::SslMode::VerifyIdentity)
        .ssl_ca(fact("CA"))
        .runtime_dir(dir.path())
        .build()
        .unwrap();
    // What is made once and stays: the thread that looks names up among it.
    drop(connector.connect().unwrap());
    thread::sleep(Duration::from_millis(100));
    let before = census(dir.path());
    let mut connections: Vec<Connection> =
        (0..MANY).map(|_| connector.connect().unwrap()).collect();
    let task_names = || {
        let tasks = entries(std::path::Path::new("/proc/self/task"));
        let names = tasks.iter().filter_map(|task| std::fs::read_to_string(task.join("comm")).ok());
        names.filter(|name| name.starts_with("mysql-tls-")).count()
    };
    // Four loops at the most, eight idle workers, and a look-up.
    soon("few threads are left", || task_names() <= 13);
    for connection in &mut connections {
        assert_eq!(one(connection), 1);
    }
    drop(connections);
    // More workers than before may be idle: the descriptors of each are its socket alone.
    soon("the descriptors are given back", || census(dir.path()).1 <= before.1 + 8);
    drop(connector);
    soon("no thread outlasts connector and connections", || task_names() == 0);
}

#[test]
fn many_connections_have_few_threads() {
    let server = ScriptedServer::start(over_tls());
    let dir = TestDir::new();
    let ca = text(&dir.write("ca.pem", ca().pem())).to_owned();
    finish(child("few-threads", &[("PORT", server.port().to_string()), ("CA", ca)]));
}
