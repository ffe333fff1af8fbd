//! Faults of the way to TLS and of TLS itself: what comes in its place, each alert, certificates, and
//! every byte of every record.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mysql_tls::{ConnectionBuilder, Connector};
use socket2::{Domain, SockAddr, Socket, Type};

use super::run::Job;
use super::stages::{LONG, SHORT, Way, builder, direct, reached, through_endpoint};
use super::tap::{Act, Tap};
use crate::kit::*;
use crate::support::*;

pub(super) const COLUMNS: [&str; 3] = ["TLS 1.3", "TLS 1.2", "endpoint"];

/// A column: by its version, directly or through an endpoint.
#[derive(Clone, Copy)]
struct Column {
    name: &'static str,
    way: Way,
    version: &'static str,
}

const PLACES: [Column; 3] = [
    Column { name: COLUMNS[0], way: Way::Tls, version: "TLSv1.3" },
    Column { name: COLUMNS[1], way: Way::Tls, version: "TLSv1.2" },
    Column { name: COLUMNS[2], way: Way::Endpoint, version: "TLSv1.3" },
];

impl Column {
    fn builder(self, port: u16, limit: Duration, dir: &Path) -> ConnectionBuilder {
        // What is silent after the login has no deadline but the driver's own.
        let builder = builder(port, self.way, limit, dir).read_timeout(limit + SHORT);
        builder.tls_version(self.version)
    }

    fn outcome(self, builder: &ConnectionBuilder, limit: Duration) -> String {
        let connector: Connector = builder.build().unwrap();
        if self.way == Way::Endpoint {
            through_endpoint(&connector, limit)
        } else {
            direct(&connector, limit)
        }
    }

    fn tls(self, issued: &Issued) -> ServerTls {
        let tls = ServerTls::new(issued);
        if self.version == "TLSv1.2" { tls.only_tls12() } else { tls.only_tls13() }
    }
}

type Change = fn(ConnectionBuilder) -> ConnectionBuilder;

/// Faults that a server can be told, by their names, with how long to wait for the outcome.
fn scripts(column: Column) -> Vec<(String, ServerScript, Change, Duration)> {
    let as_it_is: Change = |builder| builder;
    let mut all: Vec<(String, ServerScript, Change, Duration)> = Vec::new();
    let mut add = |name: &str, script: ServerScript, change: Change, limit: Duration| {
        all.push((name.to_owned(), script, change, limit));
    };
    add("the offer of TLS removed", over_tls().without_ssl(), as_it_is, LONG);
    let greeted = Start::GreetingAnd(wire::frame(&mut 1, &wire::ok()));
    add("a packet after the greeting", over_tls().start(greeted), as_it_is, LONG);
    let hello = |bytes: &[u8]| AfterSslRequest::Reply(bytes.to_vec());
    let replies = [
        ("silence", AfterSslRequest::Silence, SHORT),
        ("the beginning of a record", AfterSslRequest::Stall(vec![22, 3, 3]), SHORT),
        ("the end", AfterSslRequest::Close, LONG),
        ("a reset", AfterSslRequest::Reset, LONG),
        ("ERR", AfterSslRequest::err(1105, None, "no TLS here"), LONG),
        ("OK", hello(&wire::frame(&mut 2, &wire::ok())), LONG),
        ("an empty packet", hello(&[0, 0, 0, 2]), LONG),
        ("garbage", hello(&[0xa5; 300]), LONG),
        ("a record of garbage", hello(&[&[22, 3, 3, 1, 0][..], &[0xa5; 256]].concat()), LONG),
        ("a record of 0xffff", hello(&[22, 3, 3, 0xff, 0xff, 2, 0, 0, 0]), LONG),
        ("a record of nothing", hello(&[22, 3, 3, 0, 0]), LONG),
        ("application data", hello(&[23, 3, 3, 0, 1, 0]), LONG),
        ("a ServerHello of TLS 1.1", hello(&server_hello([3, 2], [0x00, 0x2f])), LONG),
        ("an unknown cipher suite", hello(&server_hello([3, 3], [0xfa, 0xfa])), LONG),
        ("a suite that was not offered", hello(&server_hello([3, 3], [0x00, 0x2f])), LONG),
    ];
    for (name, reply, limit) in replies {
        let script = ServerScript::new().after_ssl_request(reply);
        add(&format!("ServerHello: {name}"), script, as_it_is, limit);
    }
    for (number, name) in ALERTS {
        let script = ServerScript::new().after_ssl_request(AfterSslRequest::alert(number));
        add(&format!("alert {number} {name}"), script, as_it_is, LONG);
    }
    let with = |tls: ServerTls| ServerScript::new().tls(tls);
    let other = Authority::new("Other CA");
    let name = || ca().server("localhost");
    let certificates = [
        ("of another CA", other.server("localhost").issue()),
        (
            "of a CA that calls itself the same",
            Authority::new("Right CA").server("localhost").issue(),
        ),
        ("self-signed", self_signed("localhost").issue()),
        ("for another name", ca().server("elsewhere.test").issue()),
        ("expired", name().expired().issue()),
        ("not yet valid", name().not_yet_valid().issue()),
        ("for clients", ca().client("localhost").dns("localhost").issue()),
        ("without its key", good().with_key_of(&name().issue())),
        ("without its intermediate", {
            let mut below = ca().intermediate("Middle CA").server("localhost").issue();
            below.chain.truncate(1);
            below
        }),
    ];
    for (what, issued) in certificates {
        add(&format!("certificate {what}"), with(column.tls(&issued)), as_it_is, LONG);
    }
    let clients = |column: Column| with(column.tls(good()).require_client_cert(ca()));
    add("client certificate: none", clients(column), as_it_is, LONG);
    let strange: Change = |builder| {
        let strange = Authority::new("Strange CA").client("app").issue();
        builder.ssl_cert_pem(strange.chain_pem()).ssl_key_pem(strange.key_pem())
    };
    add("client certificate: of another CA", clients(column), strange, LONG);
    all
}

/// A ServerHello with this version and cipher suite, and nothing else.
fn server_hello(version: [u8; 2], suite: [u8; 2]) -> Vec<u8> {
    let body = [&version[..], &[7; 32], &[0], &suite, &[0], &[0, 0]].concat();
    let message = [&[2, 0, 0, body.len() as u8][..], &body].concat();
    [&[22, 3, 3, 0, message.len() as u8][..], &message].concat()
}

/// Those of RFC 8446, section 6, and of older versions, and one that nobody knows.
const ALERTS: [(u8, &str); 35] = [
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed"),
    (22, "record_overflow"),
    (30, "decompression_failure"),
    (40, "handshake_failure"),
    (41, "no_certificate"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (60, "export_restriction"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
    (255, "unknown"),
];

/// What is on the way: the name of each piece that the server sends until the result, and how long it is.
fn pieces(column: Column, server: u16, dir: &Path) -> Vec<(&'static str, usize)> {
    const APPLICATION_DATA: u8 = 23;
    let tap = Tap::new(server, 0, Act::Pass);
    let outcome = column.outcome(&column.builder(tap.port, LONG, dir), LONG);
    assert!(outcome.starts_with('1'), "{outcome}");
    // TLS 1.3 has all but the ServerHello in records of this type, and the tickets in one.
    let inside: &[&str] = match column.version {
        "TLSv1.3" => &["handshake", "ticket", "login", "result"],
        _ => &["login", "result"],
    };
    let mut inside = inside.iter();
    let pieces = tap.passed().pieces.into_iter().enumerate();
    let named = pieces.map_while(|(number, (kind, length))| match kind {
        _ if number == 0 => Some(("greeting", length)),
        APPLICATION_DATA => inside.next().map(|name| (*name, length)),
        _ => (inside.len() > 1).then_some(("handshake", length)),
    });
    let named: Vec<_> = named.collect();
    assert_eq!(named.last().map(|(name, _)| *name), Some("result"), "{named:?}");
    named
}

/// One connection through a tap.
fn tapped(
    column: Column,
    server: u16,
    piece: usize,
    act: Act,
    limit: Duration,
    dir: &Path,
) -> String {
    let tap = Tap::new(server, piece, act);
    let outcome = column.outcome(&column.builder(tap.port, limit, dir), limit);
    let sent = tap.passed().from_client;
    for secret in [USER, PASSWORD] {
        assert!(!sent.windows(secret.len()).any(|window| window == secret.as_bytes()), "{secret}");
    }
    reached(outcome)
}

/// A changed bit has many errors, which depend on where it is; but it has to have one, and from the
/// right place. In the greeting, which nothing vouches for, it may go through.
fn refused_or(piece: &str, outcome: String) -> String {
    let handshake = ["handshake.", "certificate.", "timeout.tls"];
    match piece {
        "greeting" if !outcome.contains("FAILED") => "as the greeting says".to_owned(),
        "handshake" if handshake.iter().any(|start| outcome.starts_with(start)) => {
            "handshake, certificate or timeout.tls".to_owned()
        }
        _ => outcome,
    }
}

pub(super) fn jobs(dir: &Path, servers: &[Arc<ScriptedServer>; 2]) -> Vec<Job> {
    let mut slow = Vec::new();
    let mut jobs = Vec::new();
    for column in PLACES {
        let server = &servers[usize::from(column.version == "TLSv1.2")];
        for (name, script, change, limit) in scripts(column) {
            let dir = dir.to_owned();
            jobs.push(Job::new(name, column.name, "", move || {
                let server = ScriptedServer::start(script);
                let builder = change(column.builder(server.port(), limit, &dir));
                let outcome = column.outcome(&builder, limit);
                let record = server.wait_record(0, PATIENCE);
                assert_eq!(server.connections(), 1, "no second try");
                assert_nothing_in_the_clear(&record, "");
                assert!(!record.saw_inside_tls(PASSWORD.as_bytes()), "{record:#?}");
                outcome
            }));
        }
        let refusing = RefusingPort::new();
        let dial_dir = dir.to_owned();
        jobs.push(Job::new("dial: refused", column.name, "", move || {
            column.outcome(&column.builder(refusing.number(), LONG, &dial_dir), LONG)
        }));
        let dial_dir = dir.to_owned();
        slow.push(Job::new("dial: silence", column.name, "", move || {
            let full = FullQueue::new();
            column.outcome(&column.builder(full.port, SHORT, &dial_dir), SHORT)
        }));
        let add = |jobs: &mut Vec<Job>, line: String, piece, name, act: Act, limit| {
            let (server, dir, what) =
                (Arc::clone(server), PathBuf::from(dir), format!("{piece} {act:?}"));
            jobs.push(Job::new(line, column.name, what, move || {
                let flips = matches!(act, Act::Flip(_));
                let outcome = tapped(column, server.port(), piece, act, limit, &dir);
                if flips { refused_or(name, outcome) } else { outcome }
            }));
        };
        for (number, (name, length)) in pieces(column, server.port(), dir).into_iter().enumerate() {
            // Through an endpoint it is the same TLS, so a sample will do.
            let step = if column.way == Way::Endpoint { 11 } else { 1 };
            for at in (0..length).step_by(step) {
                add(&mut jobs, format!("{name}: cut"), number, name, Act::Cut(at), LONG);
                // TLS 1.3 does not vouch for a record's type and version, which mean nothing there.
                let of_header = name != "greeting" && at < 3;
                if at % 3 == number % 3 && !of_header {
                    let line = format!("{name}: a bit changed");
                    add(&mut jobs, line, number, name, Act::Flip(at), SHORT);
                }
            }
            for stalled in [0, 1, length / 2, length - 1] {
                let line = format!("{name}: silence");
                add(&mut slow, line, number, name, Act::Stall(stalled), SHORT);
            }
            let injected = wire::frame(&mut 2, &wire::ok());
            let line = format!("{name}: plaintext before it");
            add(&mut jobs, line, number, name, Act::Insert(injected), LONG);
            if matches!(name, "greeting" | "handshake" | "login") {
                let line = format!("{name}: a byte a second");
                let drip = Act::Drip(Duration::from_secs(1));
                add(&mut slow, line, number, name, drip, Duration::from_secs(3));
            }
        }
    }
    slow.extend(jobs);
    slow
}

/// A port whose queue is full: Linux drops what else knocks.
struct FullQueue {
    port: u16,
    _sockets: Vec<Socket>,
}

impl FullQueue {
    fn new() -> Self {
        let new = || Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        let listener = new();
        let any: SockAddr = std::net::SocketAddr::from(([127, 0, 0, 1], 0)).into();
        listener.bind(&any).unwrap();
        listener.listen(0).unwrap();
        let address = listener.local_addr().unwrap();
        let mut sockets = vec![listener];
        for _ in 0..4 {
            let knock = new();
            knock.set_nonblocking(true).unwrap();
            let _ = knock.connect(&address);
            sockets.push(knock);
        }
        std::thread::sleep(Duration::from_millis(50));
        FullQueue { port: address.as_socket().unwrap().port(), _sockets: sockets }
    }
}

/// The servers that the taps lead to.
pub(super) fn servers() -> [Arc<ScriptedServer>; 2] {
    [PLACES[0], PLACES[1]].map(|column| {
        let script = ServerScript::new().tls(column.tls(good())).auth([AuthStep::FastOk]);
        Arc::new(ScriptedServer::start(script))
    })
}
