//! What an endpoint logs: one event a connection, and nothing that is secret.

use std::sync::Mutex;

use tracing::Level;

use super::*;
use crate::events::Listener;
use crate::process::{child, finish};

/// A good connection, one that the server refuses, and one without a server.
pub(super) fn log(fact: &dyn Fn(&str) -> String) {
    let one_at_a_time = Mutex::new(());
    let printer = Listener {
        wants: |metadata| metadata.target().starts_with("mysql_tls::endpoint"),
        hears: move |level: &Level, text: String| {
            let _printing = one_at_a_time.lock().unwrap();
            println!("event {level} {text}");
        },
    };
    tracing::subscriber::set_global_default(printer).unwrap();
    for (port, good) in [("GOOD", true), ("DENIED", false), ("NONE", false)] {
        let endpoint = ConnectionBuilder::new("localhost")
            .port(fact(port).parse().unwrap())
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca(fact("CA"))
            .build()
            .unwrap()
            .endpoint()
            .unwrap();
        match connect(&endpoint) {
            Ok(mut conn) => one(&mut conn),
            Err(error) => assert!(!good, "{error}"),
        }
        assert!(endpoint.shutdown(PATIENCE));
    }
}

#[test]
fn one_event_a_connection() {
    let good = ScriptedServer::start(over_tls().auth([AuthStep::full_auth(PASSWORD)]));
    let denied = ScriptedServer::start(over_tls().auth([AuthStep::denied(USER)]));
    let none = RefusingPort::new();
    let dir = TestDir::new();
    let facts = [
        ("GOOD", good.port().to_string()),
        ("DENIED", denied.port().to_string()),
        ("NONE", none.number().to_string()),
        ("CA", text(&dir.write("ca.pem", ca().pem())).to_owned()),
    ];
    let told = finish(child("endpoint-events", &facts));
    let events: Vec<&str> = told.lines().filter_map(|line| line.split("event ").nth(1)).collect();
    let peer = format!("peer=\"uid {}\"", rustix::process::geteuid().as_raw());
    let server = format!("server=\"127.0.0.1:{}\"", good.port());
    let denying = format!("server=\"127.0.0.1:{}\"", denied.port());
    let expected: [&[&str]; 3] = [
        &[
            "INFO ",
            &peer,
            &server,
            "version=\"TLSv1.3\"",
            "cipher=\"TLS_AES_128_GCM_SHA256\"",
            "verified=",
            "to_server=",
            "to_driver=",
            "milliseconds=",
            "closed by this side",
        ],
        &["WARN ", &peer, &denying, "version=\"-\"", "to_server=0", "refused the login", "1045"],
        &["WARN ", &peer, "no connection to localhost"],
    ];
    assert_eq!(events.len(), expected.len(), "{told}");
    for (event, fragments) in events.iter().zip(expected) {
        for fragment in fragments {
            assert!(event.contains(fragment), "{fragment}: {event}");
        }
        assert!(!event.contains(PASSWORD), "{event}");
    }
    assert!(!events[0].contains(USER), "{}", events[0]);
}
