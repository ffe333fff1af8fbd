//! Certificates that expire soon: the days left in a session, and the warning, on both sides.

use std::time::{Duration, SystemTime};

use mysql_tls::ConnectionBuilder;

use crate::events::warnings_of;
use crate::kit::*;
use crate::support::*;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A certificate of so many days before and after now.
fn with_life(leaf: Leaf, before: u32, after: u32) -> Issued {
    // A minute more, so that the days are whole while the test runs.
    let now = SystemTime::now();
    leaf.not_before(now - DAY * before).not_after(now + DAY * after + DAY / 1440).issue()
}

/// Days before and after now, and whether that is soon: less than a quarter of the lifetime, and at
/// most 30 days.
const LIVES: [(u32, u32, bool); 9] = [
    (100, 29, true),
    (100, 31, false),
    (365, 29, true),
    (3650, 29, true),
    (3650, 100, false),
    (60, 21, false), // a quarter of 81 days is 20.25
    (80, 21, true),
    (1, 0, true),
    (0, 1, false),
];

fn warnings(builder: &ConnectionBuilder, connects: usize) -> Vec<String> {
    warnings_of(|| {
        let connector = builder.build().unwrap();
        for _ in 0..connects {
            connector.connect().unwrap();
        }
    })
}

#[test]
fn the_servers_certificate() {
    for (before, after, soon) in LIVES {
        let what = format!("{before} days ago, {after} left");
        let issued = with_life(ca().server("localhost"), before, after);
        let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
        let (tls, _) = accepted(&server, || verified(&server).connect(), &what);
        assert_eq!(tls.peer()[0].days_left(), i64::from(after), "{what}");
        // In full and resumed, and once a connector.
        let told = warnings(&verified(&server), 3);
        assert_eq!(told.len(), usize::from(soon), "{what}: {told:?}");
        for told in told {
            let left = if after == 0 { "less than a day".into() } else { format!("{after} days") };
            for words in ["CN=localhost", "localhost:", &left, "renewed"] {
                assert!(told.contains(words), "{words}: {told}");
            }
            assert!(!told.contains("client certificate"), "{told}");
        }
    }
}

#[test]
fn the_clients_certificate() {
    let tls = ServerTls::new(good()).ask_client_cert(ca());
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let deaf = ScriptedServer::start(over_tls());
    for (before, after, soon) in LIVES {
        let what = format!("{before} days ago, {after} left");
        let issued = with_life(ca().client("app"), before, after);
        let with = |server: &ScriptedServer| {
            verified(server).ssl_cert_pem(issued.chain_pem()).ssl_key_pem(issued.key_pem())
        };
        let (tls, _) = accepted(&server, || with(&server).connect(), &what);
        assert_eq!(tls.client_certificate().days_left(), Some(i64::from(after)), "{what}");
        let told = warnings(&with(&server), 3);
        assert_eq!(told.len(), usize::from(soon), "{what}: {told:?}");
        for told in told {
            for words in ["client certificate", "CN=app", "renewed"] {
                assert!(told.contains(words), "{words}: {told}");
            }
        }
        // One that is not shown is not warned of.
        assert_eq!(warnings(&with(&deaf), 2), Vec::<String>::new(), "{what}");
    }
}

#[test]
fn once_for_each_certificate_and_connector() {
    let middle = ca().intermediate("Middle CA");
    let first = with_life(middle.server("localhost"), 100, 10);
    let renewed = with_life(middle.server("localhost"), 100, 11);
    let client = with_life(ca().client("app"), 100, 12);
    let script = |issued: &Issued| {
        let tls = ServerTls::new(issued).ask_client_cert(ca()).no_resumption();
        ServerScript::new().tls(tls)
    };
    let server = ScriptedServer::start(script(&first));
    let builder = verified(&server).ssl_cert_pem(client.chain_pem()).ssl_key_pem(client.key_pem());
    let told = warnings_of(|| {
        let (one, two) = (builder.build().unwrap(), builder.build().unwrap());
        for connector in [&one, &one, &two, &one.clone()] {
            connector.connect().unwrap();
        }
        server.set_script(script(&renewed));
        for connector in [&one, &one, &two] {
            connector.connect().unwrap();
        }
    });
    let count = |words: &str| told.iter().filter(|told| told.contains(words)).count();
    let counts = (count("10 days"), count("11 days"), count("12 days"), told.len());
    assert_eq!(counts, (2, 2, 2, 6), "{told:#?}");
}

/// Under REQUIRED it is not looked at, so that it can have expired long ago.
#[test]
fn what_has_expired_is_told_where_it_is_not_verified() {
    let now = SystemTime::now();
    let leaf = self_signed("localhost").not_before(now - DAY * 30);
    let issued = leaf.not_after(now - DAY * 3 - DAY / 2).issue();
    let server = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
    let builder = builder("localhost", &server).ssl_mode(mysql_tls::SslMode::Required);
    let (tls, _) = accepted(&server, || builder.connect(), "expired");
    assert_eq!(tls.peer()[0].days_left(), -4);
    let told = warnings(&builder, 2);
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains("expired") && told[0].contains("3 days"), "{told:?}");
}
