//! The name that is verified and the name that is sent: `tls-server-name`, `tls-sni-servername`,
//! `tls-sni`, seen from both ends.

use mysql_tls::{ConnectionBuilder, SslMode, Verification};

use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::support::*;

/// The options of names, as builder and as text.
#[derive(Clone, Copy, Default)]
struct Names {
    server: Option<&'static str>,
    sni: Option<&'static str>,
    off: bool,
}

impl Names {
    fn on(self, mut builder: ConnectionBuilder) -> ConnectionBuilder {
        if let Some(name) = self.server {
            builder = builder.tls_server_name(name);
        }
        if let Some(name) = self.sni {
            builder = builder.tls_sni_servername(name);
        }
        if self.off { builder.tls_sni(false) } else { builder }
    }

    fn by_dsn(self, host: &str, server: &ScriptedServer) -> ConnectionBuilder {
        let ca = ca().pem();
        let mut options = vec![("ssl-mode", "VERIFY_IDENTITY"), ("ssl-ca", ca.as_str())];
        options.extend(self.server.map(|name| ("tls-server-name", name)));
        options.extend(self.sni.map(|name| ("tls-sni-servername", name)));
        options.extend(self.off.then_some(("tls-sni", "off")));
        by_dsn(host, server, &options)
    }
}

const NONE: Names = Names { server: None, sni: None, off: false };
const OFF: Names = Names { off: true, ..NONE };

const fn server(name: &'static str) -> Names {
    Names { server: Some(name), ..NONE }
}

const fn sni(name: &'static str) -> Names {
    Names { sni: Some(name), ..NONE }
}

fn by_host(host: &str, server: &ScriptedServer) -> ConnectionBuilder {
    builder(host, server).ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca().pem())
}

/// The servers of the tables: one certificate each, TLS 1.3 and TLS 1.2.
fn servers(issued: &Issued) -> [ScriptedServer; 2] {
    let start = |tls: ServerTls| ScriptedServer::start(ServerScript::new().tls(tls));
    [start(ServerTls::new(issued)), start(ServerTls::new(issued).only_tls12())]
}

#[test]
fn what_is_verified_and_what_is_sent() {
    let issued = ca()
        .server("db.example.com")
        .dns("localhost")
        .dns("*.pool.example.com")
        .ip([127, 0, 0, 1].into())
        .ip([10, 1, 2, 3].into())
        .ip("2001:db8::7".parse().unwrap())
        .issue();
    let both = Names { server: Some("db.example.com"), sni: Some("front.example.net"), off: false };
    let quiet = Names { server: Some("db.example.com"), sni: None, off: true };
    // Host, options, the name verified, the name sent.
    let cases = [
        ("localhost", NONE, "localhost", Some("localhost")),
        ("LOCALHOST", NONE, "LOCALHOST", Some("LOCALHOST")),
        ("127.0.0.1", NONE, "127.0.0.1", None),
        ("localhost", OFF, "localhost", None),
        ("127.0.0.1", OFF, "127.0.0.1", None),
        ("127.0.0.1", server("db.example.com"), "db.example.com", Some("db.example.com")),
        ("localhost", server("db.example.com"), "db.example.com", Some("db.example.com")),
        (
            "localhost",
            server("a.pool.example.com"),
            "a.pool.example.com",
            Some("a.pool.example.com"),
        ),
        ("localhost", server("10.1.2.3"), "10.1.2.3", None),
        ("localhost", server("2001:db8::7"), "2001:db8::7", None),
        ("127.0.0.1", quiet, "db.example.com", None),
        ("localhost", sni("front.example.net"), "localhost", Some("front.example.net")),
        ("127.0.0.1", sni("front.example.net"), "127.0.0.1", Some("front.example.net")),
        ("127.0.0.1", both, "db.example.com", Some("front.example.net")),
    ];
    for server in servers(&issued) {
        for (host, names, verified_name, sent) in cases {
            let what = format!("{host}: {verified_name} {sent:?}");
            for builder in [names.on(by_host(host, &server)), names.by_dsn(host, &server)] {
                let (tls, record) = accepted(&server, || builder.connect(), &what);
                let expected = Verification::ChainAndName(verified_name.to_owned());
                assert_eq!(*tls.verified(), expected, "{what}");
                assert_eq!(tls.sni(), sent, "{what}");
                let seen = record.sni().map(str::to_ascii_lowercase);
                assert_eq!(seen, sent.map(str::to_ascii_lowercase), "{what}");
            }
        }
    }
}

#[test]
fn the_names_are_sent_where_nothing_is_verified() {
    let [server_13, server_12] = servers(&self_signed("anything").issue());
    for server in [&server_13, &server_12] {
        for (host, names, sent) in [
            ("localhost", NONE, Some("localhost")),
            ("127.0.0.1", NONE, None),
            ("127.0.0.1", sni("front.example.net"), Some("front.example.net")),
            ("127.0.0.1", self::server("db.example.com"), Some("db.example.com")),
            ("localhost", self::server("10.1.2.3"), None),
            ("localhost", OFF, None),
        ] {
            let builder = names.on(builder(host, server)).ssl_mode(SslMode::Required);
            let (tls, record) = accepted(server, || builder.connect(), host);
            assert_eq!(*tls.verified(), Verification::Nothing);
            assert_eq!((tls.sni(), record.sni()), (sent, sent), "{host}");
        }
    }
}

#[test]
fn no_ipv6_address_is_sent_either() {
    let issued = ca().server("::1").dns("db.example.com").issue();
    let script = ServerScript::new().tls(ServerTls::new(&issued));
    let Ok(server) = ScriptedServer::start_on("[::1]:0", [script]) else {
        println!("skipped: no_ipv6_address_is_sent_either (no IPv6 on this machine)");
        return;
    };
    for (host, names, name, sent) in [
        ("::1", NONE, "::1", None),
        ("[::1]", NONE, "::1", None),
        ("::1", OFF, "::1", None),
        ("::1", server_name(), "db.example.com", Some("db.example.com")),
        ("::1", sni("front.example.net"), "::1", Some("front.example.net")),
    ] {
        let builder = names.on(by_host(host, &server));
        let (tls, record) = accepted(&server, || builder.connect(), host);
        assert_eq!(*tls.verified(), Verification::ChainAndName(name.to_owned()));
        assert_eq!((tls.sni(), record.sni()), (sent, sent), "{host}");
    }
}

#[test]
fn on_a_unix_socket_the_name_is_localhost_unless_another_is_given() {
    let dir = TestDir::new();
    let issued = ca().server("localhost").dns("db.example.com").issue();
    let script = ServerScript::new().tls(ServerTls::new(&issued));
    let server = ScriptedServer::start_unix(dir.path().join("server.sock"), [script]);
    for (names, name, sent) in [
        (NONE, "localhost", Some("localhost")),
        (server_name(), "db.example.com", Some("db.example.com")),
        (sni("front.example.net"), "localhost", Some("front.example.net")),
        (OFF, "localhost", None),
    ] {
        let builder = names.on(account("elsewhere.example.com").socket(server.path()));
        let builder = builder.ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca().pem());
        let (tls, record) = accepted(&server, || builder.connect(), name);
        assert_eq!(*tls.verified(), Verification::ChainAndName(name.to_owned()));
        assert_eq!((tls.sni(), record.sni()), (sent, sent), "{name}");
    }
}

const fn server_name() -> Names {
    server("db.example.com")
}

#[test]
fn a_wrong_name_is_told_with_the_option_that_helps() {
    let issued = ca().server("db.example.com").issue();
    for server in servers(&issued) {
        // Host, options, the name that is missed.
        for (host, names, missed) in [
            ("localhost", NONE, "localhost"),
            ("127.0.0.1", NONE, "127.0.0.1"),
            ("localhost", self::server("other.example.com"), "other.example.com"),
            ("localhost", self::server("10.1.2.3"), "10.1.2.3"),
            // What is sent does not change what is verified.
            ("localhost", sni("db.example.com"), "localhost"),
            ("localhost", OFF, "localhost"),
        ] {
            let builder = names.on(by_host(host, &server));
            let fragments = [missed, "DNS:db.example.com", "tls-server-name"];
            let code = "certificate.wrong-name";
            let record = refused(&server, || builder.connect(), code, &fragments, missed);
            assert!(record.alert.is_some(), "{record:#?}");
            let error = failure(builder.connect(), missed);
            let mysql_tls::Error::Certificate(error) = error else { panic!("{error:?}") };
            assert_eq!(error.expected_name(), Some(missed));
        }
        // The remedy is one.
        let helped = self::server("db.example.com").on(by_host("localhost", &server));
        accepted(&server, || helped.connect(), "tls-server-name");
    }
}

#[test]
fn names_that_cannot_be_sent_or_verified() {
    let value = "config.value";
    for name in ["", "a b", "db.example.com:3306", "https://db.example.com", "[::1]", "a/b", "-"] {
        let builder = nowhere().tls_server_name(name);
        assert_refused(&builder, value, "tls-server-name", &["DNS name", "IP address"]);
        let builder = nowhere().tls_sni_servername(name);
        assert_refused(&builder, value, "tls-sni-servername", &["DNS name"]);
    }
    for address in ["10.1.2.3", "2001:db8::7"] {
        let builder = nowhere().tls_sni_servername(address);
        let fragments = ["SNI carries no IP address", "tls-server-name"];
        assert_refused(&builder, value, "tls-sni-servername", &fragments);
    }
    let both = nowhere().tls_sni(false).tls_sni_servername("db.example.com");
    assert_refused(&both, "config.conflict", "tls-sni-servername", &["tls-sni=off"]);
    let server = ScriptedServer::start(over_tls());
    let options = [("tls-sni", "off"), ("tls-sni-servername", "db.example.com")];
    let dsn = by_dsn("localhost", &server, &options);
    assert_refused(&dsn, "config.conflict", "tls-sni-servername", &["tls-sni=off"]);
    assert_eq!(server.connections(), 0);
}
