//! Several hosts: which is tried next, which refusal ends it, what each of them saw.

use std::time::{Duration, Instant};

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{Conn, Opts};
use mysql_tls::{Connection, ConnectionBuilder, Error, LoadBalance, Result, SslMode};

use crate::kit::*;
use crate::support::*;

/// The account under VERIFY_IDENTITY at the ports of these, one after another.
fn hosts(ports: impl IntoIterator<Item = u16>) -> ConnectionBuilder {
    let mut ports = ports.into_iter();
    let first = account("localhost").port(ports.next().unwrap());
    let all = ports.fold(first, |builder, port| builder.add_host("localhost", port));
    all.ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca().pem())
}

fn port_of(connection: &Connection) -> u16 {
    connection.session().address().parse::<std::net::SocketAddr>().unwrap().port()
}

/// What a host does that lets the next one have a try.
fn down() -> Vec<(&'static str, ServerScript)> {
    let err = |code, message: &str| {
        let (state, message) = (None, message.to_owned());
        over_tls().start(Start::Err { code, state, message })
    };
    let at_login = |code, state, message| over_tls().auth([AuthStep::err(code, state, message)]);
    vec![
        ("timeout.greeting", over_tls().start(Start::Silence)),
        ("timeout.tls", over_tls().after_ssl_request(AfterSslRequest::Silence)),
        ("io.closed", over_tls().start(Start::Close)),
        ("server.too-many-connections", err(1040, "Too many connections")),
        ("server.shutting-down", err(1053, "Server shutdown in progress")),
        ("server.host-blocked", err(1129, "Host is blocked because of many connection errors")),
        ("server.refused", err(1105, "not now")),
        ("handshake.closed", over_tls().after_ssl_request(AfterSslRequest::Close)),
        ("handshake.closed", over_tls().after_ssl_request(AfterSslRequest::Reset)),
        ("io.closed", over_tls().auth([AuthStep::Close])),
        ("server.too-many-connections", at_login(1040, Some("08004"), "Too many connections")),
        ("server.shutting-down", at_login(1053, Some("08S01"), "Server shutdown in progress")),
    ]
}

/// What a host does that is the end.
fn refusing() -> Vec<(&'static str, ServerScript)> {
    let shows = |issued: &Issued| ServerScript::new().tls(ServerTls::new(issued));
    vec![
        ("tls.not-offered", ServerScript::new()),
        ("certificate.wrong-name", shows(&ca().server("other.example.com").issue())),
        ("certificate.expired", shows(&ca().server("localhost").expired().issue())),
        (
            "certificate.unknown-issuer",
            shows(&Authority::new("Other CA").server("localhost").issue()),
        ),
        (
            "handshake.no-common-version",
            over_tls().after_ssl_request(AfterSslRequest::tls11_only()),
        ),
        (
            "handshake.tls-absent",
            over_tls().after_ssl_request(AfterSslRequest::err(1105, None, "TLS is gone")),
        ),
        ("protocol.version", over_tls().start(Start::Raw(b"\x04\0\0\0\x09abc".to_vec()))),
        ("auth.access-denied", over_tls().auth([AuthStep::denied(USER)])),
        (
            "server.host-not-allowed",
            over_tls().start(Start::Err {
                code: 1130,
                state: None,
                message: "Host '127.0.0.1' is not allowed to connect".to_owned(),
            }),
        ),
    ]
}

#[test]
fn the_next_host_has_a_try_where_one_is_down() {
    for (code, script) in down() {
        let (first, second) = (ScriptedServer::start(script), ScriptedServer::start(over_tls()));
        let both = hosts([first.port(), second.port()]).connect_timeout(Duration::from_secs(6));
        let connector = both.build().unwrap();
        let start = Instant::now();
        let connection = connector.connect().unwrap_or_else(|error| panic!("{code}: {error}"));
        assert_eq!(port_of(&connection), second.port(), "{code}");
        assert_eq!(first.connections(), 1, "{code}");
        let verified = connection.session().tls().unwrap().verified();
        assert_eq!(verified.to_string(), "the chain, and the name localhost", "{code}");
        // Half of the time is the share of one that says nothing.
        let silent = code.starts_with("timeout.");
        assert_eq!(start.elapsed() >= Duration::from_millis(2900), silent, "{code}");

        // It is remembered.
        connector.connect().unwrap();
        assert_eq!((first.connections(), second.connections()), (1, 2), "{code}");

        // Alone it is the error of before.
        let limit = if silent { Duration::from_secs(1) } else { PATIENCE };
        let alone = hosts([first.port()]).connect_timeout(limit);
        assert_eq!(failure(alone.connect(), code).code(), code);
    }
}

#[test]
fn a_host_that_refuses_or_has_no_address_lets_the_next_have_a_try() {
    let server = ScriptedServer::start(over_tls());
    let nobody = RefusingPort::new();
    let connection = hosts([nobody.number(), server.port()]).connect().unwrap();
    assert_eq!(port_of(&connection), server.port());

    // RFC 6761: no resolver knows a name that ends with `.invalid`.
    let first = account("tidb-0.invalid").add_host("localhost", server.port());
    let connection =
        first.ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca().pem()).connect().unwrap();
    assert_eq!(port_of(&connection), server.port());
}

#[test]
fn what_the_policy_or_the_login_refuses_is_the_end() {
    for (code, script) in refusing() {
        let (first, second) = (ScriptedServer::start(script), ScriptedServer::start(over_tls()));
        let connector = hosts([first.port(), second.port()]).build().unwrap();
        for _ in 0..2 {
            let error = failure(connector.connect(), code);
            assert_eq!(error.code(), code, "{error}");
        }
        // No other was asked, and the host is not avoided: the error comes until it is mended.
        assert_eq!((first.connections(), second.connections()), (2, 0), "{code}");
        let record = first.wait_record(1, PATIENCE);
        if code != "auth.access-denied" {
            assert_no_login(&record, code);
        }
        assert_nothing_in_the_clear(&record, code);
    }
}

#[test]
fn a_refusal_ends_it_after_a_host_that_is_down_too() {
    let nobody = RefusingPort::new();
    let bad = ServerScript::new().tls(ServerTls::new(&ca().server("other.example.com").issue()));
    let (bad, good) = (ScriptedServer::start(bad), ScriptedServer::start(over_tls()));
    let all = hosts([nobody.number(), bad.port(), good.port()]);
    assert_eq!(failure(all.connect(), "three").code(), "certificate.wrong-name");
    assert_eq!(good.connections(), 0);
}

#[test]
fn each_host_is_verified_by_its_own_name() {
    let of_name = ScriptedServer::start(over_tls());
    let address = "127.0.0.1".parse().unwrap();
    let issued = ca().server("db.example.com").no_san().ip(address).issue();
    let of_address = ScriptedServer::start(ServerScript::new().tls(ServerTls::new(&issued)));
    let connect = |first: (&str, &ScriptedServer), second: (&str, &ScriptedServer)| {
        let nobody = RefusingPort::new();
        account("localhost")
            .port(nobody.number())
            .add_host(first.0, first.1.port())
            .add_host(second.0, second.1.port())
            .ssl_mode(SslMode::VerifyIdentity)
            .ssl_ca_pem(ca().pem())
            .connect()
    };
    let name = |connection: Result<Connection>| {
        connection.unwrap().session().tls().unwrap().verified().to_string()
    };
    let (named, addressed) = (("localhost", &of_name), ("127.0.0.1", &of_address));
    assert_eq!(name(connect(named, addressed)), "the chain, and the name localhost");
    assert_eq!(name(connect(addressed, named)), "the chain, and the name 127.0.0.1");
    assert_eq!(of_name.wait_record(0, PATIENCE).sni(), Some("localhost"));
    assert_eq!(of_address.wait_record(0, PATIENCE).sni(), None);
    // Each by the other's name.
    for (host, server) in [("localhost", &of_address), ("127.0.0.1", &of_name)] {
        let error = failure(connect((host, server), named), host);
        assert_says(&error, "certificate.wrong-name", &[host]);
    }
    // One name for all.
    let builder = hosts([RefusingPort::new().number(), of_address.port()]);
    let connection = builder.tls_server_name("127.0.0.1").connect();
    assert_eq!(name(connection), "the chain, and the name 127.0.0.1");
}

#[test]
fn none_could_be_used() {
    let closing = ScriptedServer::start(over_tls().start(Start::Close));
    let silent = ScriptedServer::start(over_tls().start(Start::Silence));
    let nobody = RefusingPort::new();
    let all = hosts([nobody.number(), silent.port(), closing.port()]);
    let start = Instant::now();
    let error = failure(all.connect_timeout(Duration::from_secs(3)).connect(), "three");
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let place = |port: u16| format!("localhost:{port}");
    let told = [
        format!("{} (connect.unreachable)", place(nobody.number())),
        format!("{} (timeout.greeting)", place(silent.port())),
        format!("{} (io.closed)", place(closing.port())),
        "closed the connection before its greeting".to_owned(),
    ];
    assert_says(&error, "connect.no-host", &told.each_ref().map(String::as_str));
    assert!(error.may_pass());
    let Error::Connect(error) = error else { panic!("{error}") };
    let tried: Vec<_> = error.attempts().iter().map(mysql_tls::Attempt::address).collect();
    assert_eq!(tried, [nobody.number(), silent.port(), closing.port()].map(place));
    let reason = error.attempts()[1].reason();
    assert!(reason.contains("its share of connect-timeout"), "{reason}");
    let cause = std::error::Error::source(&error).unwrap().downcast_ref::<Error>().unwrap();
    assert_eq!(cause.code(), "io.closed");
}

#[test]
fn all_are_silent() {
    let servers = [(); 2].map(|()| ScriptedServer::start(over_tls().start(Start::Silence)));
    let all = hosts(servers.each_ref().map(ScriptedServer::port));
    let start = Instant::now();
    let error = failure(all.connect_timeout(Duration::from_secs(1)).connect(), "two");
    assert!(start.elapsed() < PATIENCE);
    assert_says(&error, "connect.no-host", &["(timeout.greeting) and localhost:"]);
    let Error::Connect(error) = error else { panic!("{error}") };
    assert_eq!(error.attempts().len(), 2);
}

/// A statement that kills its connection is run once, not on every host.
#[test]
fn what_breaks_once_logged_in_is_the_end() {
    let script = over_tls().on_query("SELECT poison()", Answer::Close);
    let servers = [(); 2].map(|()| ScriptedServer::start(script.clone()));
    let all = hosts(servers.each_ref().map(ScriptedServer::port));
    let connector = all.init_statement("SELECT poison()").build().unwrap();
    for count in 1..=2 {
        let error = failure(connector.connect(), "poison");
        assert_eq!(error.code(), "io.closed", "{error}");
        assert_eq!(servers.each_ref().map(ScriptedServer::connections), [count, 0]);
    }
}

/// The certificate error says which of the hosts it is about.
#[test]
fn a_certificate_is_told_by_host_and_port() {
    let bad = ServerScript::new().tls(ServerTls::new(&ca().server("other.example.com").issue()));
    let (bad, good) = (ScriptedServer::start(bad), ScriptedServer::start(over_tls()));
    let error = failure(hosts([bad.port(), good.port()]).connect(), "two");
    assert_says(&error, "certificate.wrong-name", &[&format!("localhost:{}", bad.port())]);
}

#[test]
fn a_password_goes_to_nobody_who_did_not_pass() {
    // The first breaks off at every point of its handshake; what it got is nothing.
    for script in [
        over_tls().after_ssl_request(AfterSslRequest::Close),
        over_tls().after_ssl_request(AfterSslRequest::Reset),
        over_tls().start(Start::Close),
    ] {
        let (first, second) = (ScriptedServer::start(script), ScriptedServer::start(over_tls()));
        hosts([first.port(), second.port()]).connect().unwrap();
        assert_no_login(&first.wait_record(0, PATIENCE), "the first");
    }
}

#[test]
fn by_chance_all_are_used() {
    let servers = [(); 3].map(|()| ScriptedServer::start(over_tls()));
    let ports = servers.each_ref().map(ScriptedServer::port);
    let dsn = format!(
        "mysql://{USER}@localhost:{},localhost:{},localhost:{}/?load-balance=random&ssl-mode=REQUIRED",
        ports[0], ports[1], ports[2]
    );
    let builder: ConnectionBuilder = dsn.parse().unwrap();
    assert_eq!(builder.hosts().collect::<Vec<_>>(), ports.map(|port| ("localhost", port)));
    let connector = builder.build().unwrap();
    for _ in 0..60 {
        connector.connect().unwrap();
    }
    let counts = servers.each_ref().map(ScriptedServer::connections);
    assert_eq!(counts.iter().sum::<usize>(), 60, "one each time");
    // 20 are expected of each, with a standard deviation of 3.7.
    assert!(counts.iter().all(|count| *count >= 3), "{counts:?}");

    let connector = builder.load_balance(LoadBalance::Sequential).build().unwrap();
    (0..5).for_each(|_| drop(connector.connect().unwrap()));
    assert_eq!(servers[0].connections(), counts[0] + 5);
}

#[test]
fn an_endpoint_and_a_pool_over_it_have_the_hosts_too() {
    let nobody = RefusingPort::new();
    let server = ScriptedServer::start(over_tls());
    let connector = hosts([nobody.number(), server.port()]).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let opts: Opts = endpoint.opts().user(Some(USER)).pass(Some(PASSWORD)).into();
    let mut conn = Conn::new(opts).unwrap();
    assert_eq!(conn.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    let address = endpoint.sessions()[0].session().address().to_owned();
    assert!(address.ends_with(&format!(":{}", server.port())), "{address}");

    let pool = hosts([nobody.number(), server.port()]).pool_min(2).pool_max(2).build().unwrap();
    let pool = pool.pool().unwrap();
    assert_eq!(pool.get_conn().unwrap().query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    assert_eq!(pool.endpoint().sessions().len(), 2);
}

/// Nobody waits for what it asked for: no host is to blame, and none is dialed for it.
#[test]
fn a_driver_that_gives_up_at_an_endpoint_lets_no_host_be_avoided() {
    let silent = ScriptedServer::start(over_tls().start(Start::Silence));
    let good = ScriptedServer::start(over_tls());
    let connector = hosts([silent.port(), good.port()]).connect_timeout(PATIENCE).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    for count in 1..=3 {
        let driver = std::os::unix::net::UnixStream::connect(endpoint.path().unwrap()).unwrap();
        soon("it is dialed for", || silent.connections() == count);
        drop(driver);
        silent.wait_record(count - 1, PATIENCE);
    }
    assert_eq!(good.connections(), 0);
}

#[test]
fn a_host_that_fails_at_the_login_of_a_driver_is_avoided_by_the_next() {
    let full = over_tls().auth([AuthStep::err(1040, Some("08004"), "Too many connections")]);
    let (first, second) = (ScriptedServer::start(full), ScriptedServer::start(over_tls()));
    let connector = hosts([first.port(), second.port()]).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    let connect = || {
        let opts: Opts = endpoint.opts().user(Some(USER)).pass(Some(PASSWORD)).into();
        Conn::new(opts)
    };
    // Its greeting has been passed on, so that this driver cannot be brought to another.
    let error = connect().unwrap_err();
    assert!(error.to_string().contains("Too many connections"), "{error}");
    soon("it is known", || connect().is_ok());
    let seen = first.connections();
    connect().unwrap();
    assert_eq!(first.connections(), seen);

    // A refused login is no reason to avoid a host.
    let denied = over_tls().auth([AuthStep::denied(USER)]);
    let (first, second) = (ScriptedServer::start(denied), ScriptedServer::start(over_tls()));
    let connector = hosts([first.port(), second.port()]).build().unwrap();
    let endpoint = connector.endpoint().unwrap();
    for _ in 0..3 {
        let opts: Opts = endpoint.opts().user(Some(USER)).pass(Some(PASSWORD)).into();
        assert!(Conn::new(opts).unwrap_err().to_string().contains("Access denied"));
    }
    assert_eq!((first.connections(), second.connections()), (3, 0));
}

#[test]
fn a_probe_and_each_host_alone() {
    let nobody = RefusingPort::new();
    let server = ScriptedServer::start(over_tls());
    let builder = hosts([nobody.number(), server.port()]);
    let until = || Instant::now() + PATIENCE;
    let probe = builder.probe(until()).unwrap();
    assert!(probe.address().ends_with(&format!(":{}", server.port())), "{}", probe.address());
    let [first, second] = builder.each_host().try_into().unwrap();
    assert_eq!(failure(first.probe(until()), "the first").code(), "connect.unreachable");
    assert!(second.probe(until()).unwrap().handshake().unwrap().is_some());
    assert_eq!(second.hosts().collect::<Vec<_>>(), [("localhost", server.port())]);
    assert_eq!(second.each_host(), std::slice::from_ref(&second));
}

#[test]
fn what_does_not_go_together() {
    let several = account("a").add_host("b", 1);
    for (builder, code, option, fragments) in [
        (several.clone().socket("/s"), "config.conflict", "socket", &["several hosts"][..]),
        (
            account("a").socket("/s").load_balance(LoadBalance::Random),
            "config.conflict",
            "load-balance",
            &["socket"],
        ),
        (account("a").add_host("b", 0), "config.value", "port", &["0 is no port"]),
        (account("a").add_host("b:1", 1), "config.value", "host", &["\"b:1\" has a port in it"]),
        (account("a").add_host("", 1), "config.value", "host", &["neither a DNS name"]),
        (account("").add_host("b", 1), "config.value", "host", &["neither a DNS name"]),
        (account("a").add_host("b\0", 1), "config.value", "host", &["NUL"]),
        (
            account("::1").add_host("127.0.0.1", 1).bind_address("[::1]:0".parse().unwrap()),
            "config.conflict",
            "bind-address",
            &["different IP versions"],
        ),
    ] {
        let error = failure(builder.build(), option);
        assert_says(&error, code, fragments);
        let Error::Config(error) = error else { panic!("{error}") };
        assert_eq!(error.option(), option);
    }
    assert_eq!(several.hosts().collect::<Vec<_>>(), [("a", 3306), ("b", 1)]);
    assert_eq!(several.socket_path(), None);
    let local = ConnectionBuilder::new("localhost").socket("/s");
    assert_eq!((local.hosts().count(), local.socket_path()), (0, Some("/s".as_ref())));
}
