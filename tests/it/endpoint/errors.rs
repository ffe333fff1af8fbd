//! What went wrong reaches the driver in its own form: an ERR packet with a number and our sentence.

use mysql_tls::EndpointOptions;

use super::*;

#[test]
fn a_mode_that_may_end_in_plaintext_has_no_endpoint() {
    let server = ScriptedServer::start(over_tls());
    let base = || ConnectionBuilder::new("localhost").port(server.port());
    for (builder, mode) in [
        (base(), "PREFERRED"),
        (base().ssl_mode(SslMode::Preferred), "PREFERRED"),
        (base().ssl_mode(SslMode::Preferred).ssl_ca_pem(ca().pem()), "PREFERRED"),
        (base().ssl_mode(SslMode::Disabled), "DISABLED"),
    ] {
        let connector = builder.build().unwrap();
        let tcp = "127.0.0.1:0".parse().unwrap();
        for made in [connector.endpoint(), connector.endpoint_tcp(tcp)] {
            let mode = format!("ssl-mode={mode}");
            let error = failure(made.map(drop), &mode);
            assert_says(&error, "config.endpoint", &["endpoint", &mode, "VERIFY_IDENTITY"]);
        }
    }
    for builder in [
        base().ssl_mode(SslMode::Required),
        base().ssl_mode(SslMode::VerifyCa).ssl_ca_pem(ca().pem()),
        base().ssl_ca_pem(ca().pem()),
    ] {
        let endpoint = builder.build().unwrap().endpoint().unwrap();
        one(&mut connect(&endpoint).unwrap());
    }
}

/// One way to fail: the server, the connector's options, and what the driver shows.
struct Case {
    what: &'static str,
    script: ServerScript,
    build: fn(ConnectionBuilder) -> ConnectionBuilder,
    code: u16,
    fragments: &'static [&'static str],
}

fn as_it_is(builder: ConnectionBuilder) -> ConnectionBuilder {
    builder
}

fn cases() -> Vec<Case> {
    let other = Authority::new("Other CA");
    let wrong_name = ca().server("elsewhere.test").issue();
    let too_many = Start::Err { code: 1040, state: None, message: "Too many connections".into() };
    let blocked = Start::Err { code: 1129, state: None, message: "Host is blocked".into() };
    let tls = |issued: &Issued| ServerScript::new().tls(ServerTls::new(issued));
    vec![
        Case {
            what: "a server without TLS",
            script: ServerScript::new(),
            build: as_it_is,
            code: 2026,
            fragments: &["does not offer TLS"],
        },
        Case {
            what: "a removed offer of TLS",
            script: over_tls().without_ssl(),
            build: |builder| builder.ssl_mode(SslMode::Required),
            code: 2026,
            fragments: &["does not offer TLS"],
        },
        Case {
            what: "too many connections",
            script: ServerScript::new().start(too_many),
            build: as_it_is,
            code: 1040,
            fragments: &["Too many connections"],
        },
        Case {
            what: "a blocked host",
            script: ServerScript::new().start(blocked),
            build: as_it_is,
            code: 1129,
            fragments: &["Host is blocked"],
        },
        Case {
            what: "a server that is none",
            script: ServerScript::new().start(Start::Raw(b"HTTP/1.1 400 Bad Request\r\n".to_vec())),
            build: as_it_is,
            code: 2003,
            fragments: &["check host and port"],
        },
        Case {
            what: "a server that closes",
            script: ServerScript::new().start(Start::Close),
            build: as_it_is,
            code: 2003,
            fragments: &["closed the connection before its greeting"],
        },
        Case {
            what: "a silent server",
            script: ServerScript::new().start(Start::Silence),
            build: |builder| builder.connect_timeout(Duration::from_millis(300)),
            code: 2003,
            fragments: &["connect-timeout", "300ms"],
        },
        Case {
            what: "another CA",
            script: tls(&other.server("localhost").issue()),
            build: as_it_is,
            code: 2026,
            fragments: &["ssl-ca"],
        },
        Case {
            what: "another name",
            script: tls(&wrong_name),
            build: as_it_is,
            code: 2026,
            fragments: &["is not for that name", "elsewhere.test"],
        },
        Case {
            what: "an expired certificate",
            script: tls(&ca().server("localhost").expired().issue()),
            build: as_it_is,
            code: 2026,
            fragments: &["expired"],
        },
        Case {
            what: "a pin that does not fit",
            script: over_tls(),
            build: |builder| {
                builder.tls_pin("sha256//AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=")
            },
            code: 2026,
            fragments: &["pin"],
        },
        Case {
            what: "an alert",
            script: over_tls().after_ssl_request(AfterSslRequest::tls11_only()),
            build: as_it_is,
            code: 2026,
            fragments: &["older than 1.2"],
        },
        Case {
            what: "plaintext where TLS was due",
            script: over_tls().after_ssl_request(AfterSslRequest::err(1105, None, "no TLS here")),
            build: as_it_is,
            code: 2026,
            fragments: &["offers TLS and then answered in plaintext", "no TLS here"],
        },
        Case {
            what: "a server that is silent in the handshake",
            script: over_tls().after_ssl_request(AfterSslRequest::Silence),
            build: |builder| builder.connect_timeout(Duration::from_millis(300)),
            code: 2013,
            fragments: &["connect-timeout", "TLS"],
        },
        Case {
            what: "bytes in the greeting's segment",
            script: over_tls().start(Start::GreetingAnd(wire::frame(&mut 1, &wire::ok()))),
            build: as_it_is,
            code: 2013,
            fragments: &["more than its greeting"],
        },
    ]
}

#[test]
fn a_failure_before_the_login_is_shown_and_nothing_of_the_login_leaves() {
    for case in cases() {
        let server = ScriptedServer::start(case.script);
        let connector = (case.build)(builder_for(&server)).build().unwrap();
        let tcp = connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap();
        for endpoint in [connector.endpoint().unwrap(), tcp] {
            let number = server.connections();
            let (code, state, sentence) = shown(connect(&endpoint), case.what);
            assert_eq!((code, state.as_str()), (case.code, "HY000"), "{}: {sentence}", case.what);
            for fragment in case.fragments {
                assert!(sentence.contains(fragment), "{}: {sentence}", case.what);
            }
            assert!(sentence.contains("localhost"), "{}: {sentence}", case.what);
            let record = server.wait_record(number, PATIENCE);
            assert_no_login(&record, case.what);
            assert!(endpoint.sessions().is_empty(), "{}", case.what);
            assert!(endpoint.shutdown(PATIENCE), "{}", case.what);
        }
    }
}

/// Before the capabilities are agreed on an ERR packet has no SQLSTATE.
#[test]
fn an_error_in_place_of_the_greeting_to_the_byte() {
    let server = ScriptedServer::start(ServerScript::new());
    let endpoint = connector(&server).endpoint().unwrap();
    let packet = Raw::new(&endpoint).expect();
    assert_eq!(packet[..3], [0xff, 0xea, 0x07]);
    assert!(packet[3..].starts_with(b"localhost:"), "{}", packet.escape_ascii());
}

#[test]
fn an_unreachable_server() {
    let port = RefusingPort::new();
    let build = |host: &str| {
        let builder = ConnectionBuilder::new(host).port(port.number()).ssl_mode(SslMode::Required);
        builder.build().unwrap().endpoint().unwrap()
    };
    for (host, fragments) in [
        ("127.0.0.1", ["127.0.0.1", "refused"]),
        ("no-such-host.invalid", ["no-such-host.invalid", "has no address"]),
    ] {
        let (code, _, sentence) = shown(connect(&build(host)), host);
        assert_eq!(code, 2003, "{sentence}");
        assert!(fragments.iter().all(|fragment| sentence.contains(fragment)), "{sentence}");
    }
}

#[test]
fn a_refused_client_certificate() {
    let stranger = Authority::new("Another CA for clients").client("client").issue();
    for tls13 in [true, false] {
        let tls = ServerTls::new(good()).require_client_cert(ca());
        let tls = if tls13 { tls.only_tls13() } else { tls.only_tls12() };
        let server = ScriptedServer::start(ServerScript::new().tls(tls));
        let with = |builder: ConnectionBuilder| {
            builder.ssl_cert_pem(stranger.chain_pem()).ssl_key_pem(stranger.key_pem())
        };
        let builder = builder_for(&server);
        for (what, builder, start) in [
            (
                "none",
                builder.clone(),
                "localhost demands a client certificate and none was given (alert \
                 certificate_required); ",
            ),
            (
                "a stranger's",
                with(builder),
                "localhost refused the client certificate \"CN=client\" from the given PEM text \
                 (alert unknown_ca); ",
            ),
        ] {
            let what = format!("{what}, TLS 1.3: {tls13}");
            let endpoint = builder.build().unwrap().endpoint().unwrap();
            let number = server.connections();
            let (code, state, sentence) = shown(connect(&endpoint), &what);
            assert_eq!((code, state.as_str()), (2026, "HY000"), "{what}: {sentence}");
            assert!(sentence.starts_with(start), "{what}: {sentence}");
            let record = server.wait_record(number, PATIENCE);
            assert_nothing_in_the_clear(&record, &what);
            assert_eq!((record.inside_tls.len(), record.response), (0, None), "{what}");
        }
    }
}

#[test]
fn a_refused_login_keeps_number_and_state() {
    for (code, state, text) in [
        (1045, "28000", "Access denied for user 'wanda'"),
        (1049, "42000", "Unknown database 'shop'"),
        (3118, "HY000", "Account is locked"),
        (1040, "08004", "Too many connections"),
    ] {
        let server =
            ScriptedServer::start(over_tls().auth([AuthStep::err(code, Some(state), text)]));
        let endpoint = connector(&server).endpoint().unwrap();
        let told = shown(connect(&endpoint), text);
        assert_eq!((told.0, told.1.as_str()), (code, state), "{}", told.2);
        assert!(told.2.contains(text) && told.2.contains("localhost:"), "{}", told.2);
        let record = server.wait_record(0, PATIENCE);
        assert_nothing_in_the_clear(&record, text);
    }
}

#[test]
fn a_cleartext_password_is_given_only_if_the_connector_says_so() {
    for allowed in [false, true] {
        let steps = [AuthStep::switch("mysql_clear_password", b""), AuthStep::Ok];
        let server = ScriptedServer::start(over_tls().auth(steps));
        let connector = builder_for(&server).enable_cleartext_plugin(allowed).build().unwrap();
        let endpoint = connector.endpoint_with(EndpointOptions::new()).unwrap();
        let mut driver = Raw::new(&endpoint);
        driver.respond("caching_sha2_password", &[7; 32]);
        if allowed {
            assert_eq!(driver.expect(), wire::auth_switch("mysql_clear_password", b""));
            driver.send(b"token\0");
            assert_eq!(driver.expect()[0], 0);
            drop(driver);
            let record = server.wait_record(0, PATIENCE);
            assert_eq!(record.cleartext_password.as_deref(), Some(&b"token"[..]));
        } else {
            let (code, sentence) = driver.err_and_end();
            assert!(sentence.contains("enable-cleartext-plugin"), "{code} {sentence}");
            assert_eq!(code, 2026);
            assert!(server.wait_record(0, PATIENCE).auth_packets.is_empty());
        }
    }
}

/// The greeting comes before TLS, so anybody may have written it, and clients print its version.
#[test]
fn a_greeting_draws_on_nobodys_terminal() {
    let version = "8.0.36\x1b]0;owned\x07\r\nx";
    let script = over_tls().greeting(|greeting| greeting.version = version.into());
    let server = ScriptedServer::start(script);
    let endpoint = connector(&server).endpoint().unwrap();
    let mut driver = Raw::new(&endpoint);
    let payload = driver.expect();
    assert!(payload[1..].starts_with(b"8.0.36?]0;owned???x\0"), "{}", payload.escape_ascii());
    drop(driver);
    one(&mut connect(&endpoint).unwrap());
    // What the server claims is still told, escaped.
    let session = &endpoint.sessions();
    assert!(session.iter().all(|found| !found.session().to_string().contains('\x1b')));
}

/// 0 is success for clients, and 0xffff a report of progress.
#[test]
fn an_error_of_the_server_has_a_number_that_is_one() {
    for (code, told) in [(0, 2003), (u16::MAX, 2003), (1040, 1040), (1129, 1129)] {
        let start = Start::Err { code, state: None, message: "no".into() };
        let server = ScriptedServer::start(over_tls().start(start));
        let endpoint = connector(&server).endpoint().unwrap();
        let (shown, sentence) = Raw::new(&endpoint).err_and_end();
        assert_eq!(shown, told, "{code}: {sentence}");
    }
}

/// Before the login drivers get our sentence, with the server's text in it made harmless; afterwards
/// everything is the server's own.
#[test]
fn what_a_server_says_before_the_login_draws_on_nobodys_terminal() {
    let evil = "no\x1b]0;owned\x07 \u{202e}way";
    let instead = over_tls().start(Start::Err { code: 1040, state: None, message: evil.into() });
    let in_login = over_tls().auth([AuthStep::err(1045, Some("28000"), evil)]);
    for (script, code) in [(instead, 1040), (in_login, 1045)] {
        let server = ScriptedServer::start(script);
        let endpoint = connector(&server).endpoint().unwrap();
        let (told, _, sentence) = shown(connect(&endpoint), evil);
        assert_eq!(told, code, "{sentence}");
        assert!(sentence.contains("owned") && sentence.contains("way"), "{sentence}");
        assert!(!sentence.contains(['\x1b', '\x07', '\u{202e}']), "{sentence}");
    }
}

/// Neither an endpoint nor a pool shows the password that its connector or its driver has.
#[test]
fn no_debug_output_has_the_password() {
    let server = ScriptedServer::start(over_tls().auth([AuthStep::check(USER, PASSWORD)]));
    let builder = builder_for(&server).user(USER).password(PASSWORD).pool_min(1);
    let connector = builder.build().unwrap();
    let (endpoint, pool) = (connector.endpoint().unwrap(), connector.pool().unwrap());
    assert_eq!(pool.get_conn().unwrap().query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    let sessions = pool.endpoint().sessions();
    assert_eq!(sessions.len(), 1);
    for shown in [format!("{endpoint:?}"), format!("{pool:#?}"), format!("{sessions:#?}")] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
    assert!(!endpoint.url(mysql_tls::UrlStyle::Mysql).contains(PASSWORD));
}
