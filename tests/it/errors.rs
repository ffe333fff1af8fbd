//! The sentences that people need: each error's code and what it must say.

use mysql_tls::{ConnectionBuilder, Error, SslMode};

use crate::kit::*;
use crate::support::*;

fn connect_error(
    script: ServerScript,
    build: impl Fn(&ScriptedServer) -> ConnectionBuilder,
) -> Error {
    let server = ScriptedServer::start(script);
    failure(build(&server).connect(), "connect")
}

#[test]
fn unknown_issuers() {
    let dir = TestDir::new();
    let root = Authority::new("Root of the Shop");
    let middle = root.intermediate("Middle of the Shop");
    let bare = {
        let mut issued = middle.server("localhost").issue();
        issued.chain.truncate(1);
        issued
    };
    let other = dir.write("other-ca.pem", Authority::new("Some Other CA").pem());
    let only_middle =
        dir.write("middle.pem", Authority::new("X").intermediate("Not the One").pem());
    let public =
        |server: &ScriptedServer| builder("localhost", server).ssl_mode(SslMode::VerifyIdentity);
    let script = |issued: &Issued| ServerScript::new().tls(ServerTls::new(issued));
    let code = "certificate.unknown-issuer";

    let error = connect_error(script(good()), public);
    assert_says(&error, code, &["localhost", "\"CN=Right CA\"", "not a public CA", "set ssl-ca"]);
    let Error::Certificate(facts) = &error else { panic!("{error:?}") };
    assert_eq!((facts.issuer(), facts.anchors().len()), (Some("CN=Right CA"), 0));

    let error = connect_error(script(good()), |server| public(server).ssl_ca(&other));
    let fragments = ["\"CN=Right CA\"", "CN=Some Other CA", "other-ca.pem", "ssl-ca"];
    assert_says(&error, code, &fragments);
    assert!(!error.to_string().contains("public CAs vouch"), "{error}");
    let Error::Certificate(facts) = &error else { panic!("{error:?}") };
    assert_eq!(facts.anchors(), ["CN=Some Other CA"]);

    let error = connect_error(script(good()), |server| public(server).ssl_ca(&only_middle));
    assert_says(&error, code, &["CN=Not the One", "only intermediate", "add the root"]);

    // The server forgot its intermediate: its issuer is what is missing.
    let ca = dir.write("root.pem", root.pem());
    let error = connect_error(script(&bare), |server| public(server).ssl_ca(&ca));
    assert_says(&error, code, &["CN=Middle of the Shop", "CN=Root of the Shop"]);
}

#[test]
fn wrong_names_and_times() {
    let issue = |leaf: Leaf| ServerScript::new().tls(ServerTls::new(&leaf.issue()));
    let named = || ca().server("db.example.com").ip([10, 0, 0, 7].into());
    let error = connect_error(issue(named()), verified);
    let fragments = [
        "localhost",
        "db.example.com",
        "10.0.0.7",
        "ssl-mode=VERIFY_CA",
        "this CA issues for this server only",
    ];
    assert_says(&error, "certificate.wrong-name", &fragments);
    let Error::Certificate(facts) = &error else { panic!("{error:?}") };
    assert_eq!(facts.expected_name(), Some("localhost"));
    assert!(facts.presented_names().contains(&"DNS:db.example.com".to_owned()));

    let error = connect_error(issue(ca().server("localhost").expired()), verified);
    assert_says(&error, "certificate.expired", &["localhost", "valid until 20", "renew"]);
    let error = connect_error(issue(ca().server("localhost").not_yet_valid()), verified);
    assert_says(&error, "certificate.not-yet-valid", &["localhost", "valid from 20", "clock"]);
    let client_only = ca().client("localhost").dns("localhost");
    let error = connect_error(issue(client_only), verified);
    assert_says(&error, "certificate.wrong-purpose", &["localhost", "serverAuth"]);
}

#[test]
fn refused_client_certificates() {
    let dir = TestDir::new();
    let strange =
        Authority::new("Strange CA").client("strange app").issue().write_to(&dir, "client");
    for tls12 in [false, true] {
        let tls = ServerTls::new(good()).require_client_cert(ca());
        let tls = if tls12 { tls.only_tls12() } else { tls };
        let script = ServerScript::new().tls(tls).auth([AuthStep::denied(USER)]);
        let given = |server: &ScriptedServer| {
            verified(server).ssl_cert(&strange.cert).ssl_key(&strange.key)
        };
        let error = connect_error(script.clone(), given);
        let fragments = ["localhost", "CN=strange app", "client.pem", "unknown_ca"];
        assert_says(&error, "handshake.client-certificate-refused", &fragments);
        let Error::Handshake(facts) = &error else { panic!("{error:?}") };
        assert_eq!(facts.alert(), Some("unknown_ca"));
        let error = connect_error(script, verified);
        let fragments = ["demands a client certificate", "ssl-cert", "ssl-key"];
        assert_says(&error, "handshake.client-certificate-required", &fragments);
    }
    // Not required: the server goes on without, and the account is what asks for it.
    let tls = ServerTls::new(good()).ask_client_cert(ca());
    let script = ServerScript::new().tls(tls).auth([AuthStep::denied(USER)]);
    let error = connect_error(script, verified);
    assert_says(&error, "auth.access-denied", &["1045", "client certificate", "REQUIRE"]);
}

const CLOUD: &str = "Connections using insecure transport are prohibited. See https://example.com";

/// Number, SQLSTATE and text of the server, our code, what our sentence holds.
type Refusal = (u16, Option<&'static str>, &'static str, &'static str, &'static [&'static str]);

#[test]
fn refusals_of_the_login_keep_the_servers_number() {
    let state = Some("HY000");
    let cases: [Refusal; 10] = [
        (1045, Some("28000"), "Access denied", "auth.access-denied", &["check user, password"]),
        (1045, None, "Access denied", "auth.access-denied", &["1045"]),
        (3159, state, "insecure transport", "auth.secure-transport-required", &["ssl-mode="]),
        (1105, state, CLOUD, "auth.secure-transport-required", &["add ssl-mode=VERIFY_IDENTITY"]),
        (3118, state, "Access denied. Account is locked.", "auth.account-locked", &["locked"]),
        (1862, state, "Your password has expired", "auth.password-expired", &["expired"]),
        (1049, Some("42000"), "Unknown database 'x'", "auth.database", &["database"]),
        (1044, Some("42000"), "Access denied to database", "auth.database", &["privileges"]),
        (1040, Some("08004"), "Too many connections", "server.too-many-connections", &["max_conn"]),
        (4031, state, "something else", "auth.refused", &["something else"]),
    ];
    for (code, state, text, expected, fragments) in cases {
        let script = |script: ServerScript| script.auth([AuthStep::err(code, state, text)]);
        for in_tls in [false, true] {
            let error = if in_tls {
                connect_error(script(over_tls()), verified)
            } else {
                connect_error(script(ServerScript::new()), plaintext)
            };
            assert_says(&error, expected, fragments);
            assert_says(&error, expected, &[&code.to_string(), text, "localhost:"]);
            let reply = error.server_reply().unwrap();
            assert_eq!((reply.code(), reply.state(), reply.text()), (code, state, text));
            assert_eq!(reply.is_authenticated(), in_tls, "{error}");
        }
    }
    let script = ServerScript::new().require_secure_transport();
    let error = connect_error(script, plaintext);
    assert_says(&error, "auth.secure-transport-required", &["3159", "ssl-mode=VERIFY_IDENTITY"]);
}

#[test]
fn refusals_in_place_of_the_greeting() {
    let cases = [
        (1040, "Too many connections", "server.too-many-connections", "max_connections"),
        (1129, "Host 'x' is blocked", "server.host-blocked", "FLUSH HOSTS"),
        (1130, "Host 'x' is not allowed", "server.host-not-allowed", "account"),
        (1053, "Server shutdown in progress", "server.shutting-down", "shutting down"),
        (1, "whatever", "server.refused", "whatever"),
    ];
    for (code, text, expected, fragment) in cases {
        for state in [None, Some("08004")] {
            let start = Start::Err { code, state, message: text.into() };
            let error = connect_error(ServerScript::new().start(start), verified);
            let fragments =
                [fragment, text, &code.to_string(), "localhost:", "unauthenticated text"];
            assert_says(&error, expected, &fragments);
            let reply = error.server_reply().unwrap();
            assert_eq!((reply.code(), reply.state(), reply.text()), (code, state, text));
        }
    }
}

#[test]
fn broken_handshakes() {
    let script = |then| ServerScript::new().after_ssl_request(then);
    let cases = [
        (AfterSslRequest::tls11_only(), "handshake.no-common-version", "older than 1.2"),
        (AfterSslRequest::alert(40), "handshake.no-common-cipher", "handshake_failure"),
        (AfterSslRequest::alert(80), "handshake.alert", "internal_error"),
        (AfterSslRequest::Close, "handshake.closed", "closed the connection"),
        (AfterSslRequest::Reply(vec![0x16]), "handshake.closed", "closed the connection"),
        (AfterSslRequest::Reset, "handshake.closed", "localhost"),
    ];
    for (then, code, fragment) in cases {
        for mode in [SslMode::Preferred, SslMode::VerifyIdentity] {
            let build = |server: &ScriptedServer| verified(server).ssl_mode(mode);
            assert_says(&connect_error(script(then.clone()), build), code, &[fragment]);
        }
    }
    // TiDB sends its alert and then, in the clear, an ERR with the text of its TLS library.
    let AfterSslRequest::Reply(mut bytes) = AfterSslRequest::alert(40) else { panic!() };
    bytes.extend(wire::frame(&mut 2, &wire::err(1105, None, "tls: no cipher suite")));
    let error = connect_error(script(AfterSslRequest::Reply(bytes)), verified);
    assert_says(&error, "handshake.no-common-cipher", &["handshake_failure"]);
    // A certificate with the key of another one.
    let mut stolen = good().clone();
    stolen.chain = ca().server("localhost").issue().chain;
    for mode in [SslMode::Preferred, SslMode::Required, SslMode::VerifyIdentity] {
        for tls in [ServerTls::new(&stolen).only_tls12(), ServerTls::new(&stolen).only_tls13()] {
            let build = |server: &ScriptedServer| verified(server).ssl_mode(mode);
            let error = connect_error(ServerScript::new().tls(tls), build);
            assert_says(&error, "handshake.bad-signature", &["does not hold the private key"]);
        }
    }
}

/// Of a server that nobody has verified, an error shows a few names and no more.
#[test]
fn an_error_about_a_certificate_with_thousands_of_names_is_short() {
    const LIMIT: usize = 2048;
    let names =
        |leaf: Leaf| (0..4500).fold(leaf, |leaf, number| leaf.dns(&format!("a{number}.b.cc")));
    let many = names(ca().server("other.example")).issue();
    let cns: Vec<String> = (0..2000).map(|number| format!("cn{number}.b.cc")).collect();
    let cns: Vec<&str> = cns.iter().map(String::as_str).collect();
    let many_cns = ca().server("x").no_san().issue().reissued_by(ca(), |pieces| {
        pieces.common_names(&cns);
    });
    let long = ca().server(&format!("{}.example", "x".repeat(20_000))).issue();
    let long_serial = many.reissued_by(ca(), |pieces| pieces.serial = der(2, &[1; 4000]));
    let stranger = names(Authority::new("Stranger").server("localhost")).issue();
    let expired = names(ca().server("localhost").expired()).issue();
    // So many common names, as dNSNames once more, are longer than a certificate may be.
    let cases = [
        (&many, "certificate.wrong-name"),
        (&many_cns, "certificate.invalid"),
        (&long, "certificate.wrong-name"),
        (&long_serial, "certificate.wrong-name"),
        (&stranger, "certificate.unknown-issuer"),
        (&expired, "certificate.expired"),
    ];
    for (number, (issued, code)) in cases.into_iter().enumerate() {
        let error = connect_error(ServerScript::new().tls(ServerTls::new(issued)), verified);
        let shown = error.to_string();
        assert_eq!(error.code(), code, "{number}: {shown:.300}");
        assert!(shown.len() < LIMIT, "{number}: {} bytes", shown.len());
        let Error::Certificate(facts) = &error else { panic!("{number}") };
        assert!(facts.presented_names().len() <= 100, "{number}");
        let mut source = std::error::Error::source(&error);
        while let Some(cause) = source {
            assert!(cause.to_string().len() < LIMIT, "{number}: {} bytes", cause.to_string().len());
            source = cause.source();
        }
    }
}
