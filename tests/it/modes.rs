//! Every ssl-mode against every kind of server: the exact outcome on our side, and what the server
//! saw of it.

use std::net::ToSocketAddrs;

use mysql_tls::{Connection, PlaintextReason, Result, SslMode, Transport, Verification};

use crate::kit::*;
use crate::support::*;

/// What one mode against one server must come to.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Cell {
    /// Plaintext because the mode is DISABLED.
    Off,
    /// Plaintext because PREFERRED and TLS is not offered.
    Fallback,
    /// Plaintext over the server's Unix socket.
    Local,
    /// TLS, nothing verified.
    Nothing,
    /// TLS, the chain verified.
    Chain,
    /// TLS, chain and name verified.
    Name,
    /// An error of `connect()`.
    Fails(&'static str),
    /// `config.ca-required` of `build()`: no connection.
    Build,
}

use Cell::{Build, Chain, Fails, Fallback, Local, Name, Nothing, Off};

const ABSENT: Cell = Fails("tls.not-offered");
const UNKNOWN: Cell = Fails("certificate.unknown-issuer");
const OTHER_NAME: Cell = Fails("certificate.wrong-name");
const EXPIRED: Cell = Fails("certificate.expired");
const EARLY: Cell = Fails("certificate.not-yet-valid");
const CA_LEAF: Cell = Fails("certificate.ca-as-server");
const NO_CERT: Cell = Fails("handshake.client-certificate-required");
const BAD_CERT: Cell = Fails("handshake.client-certificate-refused");
const OLD_TLS: Cell = Fails("handshake.no-common-version");

/// One kind of server, with the five modes against it.
struct Row {
    what: &'static str,
    host: &'static str,
    unix: bool,
    script: ServerScript,
    ca: Option<String>,
    client: Option<Issued>,
    version: &'static str,
    /// DISABLED, PREFERRED, REQUIRED, VERIFY_CA, VERIFY_IDENTITY.
    cells: [Cell; 5],
}

fn script() -> ServerScript {
    ServerScript::new().auth([AuthStep::check(USER, PASSWORD)])
}

fn row(what: &'static str, script: ServerScript, ca: Option<String>, cells: [Cell; 5]) -> Row {
    let (host, version) = ("localhost", "TLSv1.3");
    Row { what, host, unix: false, script, ca, client: None, version, cells }
}

impl Row {
    fn host(mut self, host: &'static str) -> Self {
        self.host = host;
        self
    }

    fn unix(mut self) -> Self {
        self.unix = true;
        self
    }

    fn client(mut self, client: &Issued) -> Self {
        self.client = Some(client.clone());
        self
    }

    fn tls12(mut self) -> Self {
        self.version = "TLSv1.2";
        self
    }

    fn check(&self) {
        let dir = TestDir::new();
        let server = if self.unix {
            ScriptedServer::start_unix(dir.path().join("server.sock"), [self.script.clone()])
        } else {
            ScriptedServer::start(self.script.clone())
        };
        for (mode, cell) in SslMode::ALL.into_iter().zip(self.cells) {
            let what = format!("{}, ca: {}, {mode}", self.what, self.ca.is_some());
            let before = server.connections();
            let connected = self.connect(&server, mode);
            if cell == Build {
                assert_eq!(failure(connected, &what).code(), "config.ca-required", "{what}");
                assert_eq!(server.connections(), before, "{what}");
                continue;
            }
            self.check_our_side(connected, cell, &what);
            let record = server.wait_record(before, PATIENCE);
            assert_eq!(server.connections(), before + 1, "{what}: no second try");
            self.check_their_side(&record, cell, &what);
        }
    }

    fn connect(&self, server: &ScriptedServer, mode: SslMode) -> Result<Connection> {
        let mut builder = if self.unix {
            account(self.host).socket(server.path())
        } else {
            builder(self.host, server)
        };
        if let Some(ca) = &self.ca {
            builder = builder.ssl_ca_pem(ca.as_bytes());
        }
        if let Some(client) = &self.client {
            builder = builder.ssl_cert_pem(client.chain_pem()).ssl_key_pem(client.key_pem());
        }
        builder.ssl_mode(mode).connect()
    }

    fn check_our_side(&self, connected: Result<Connection>, cell: Cell, what: &str) {
        if let Fails(code) = cell {
            let error = failure(connected, what);
            assert_eq!(error.code(), code, "{what}: {error}");
            return;
        }
        let connection = connected.unwrap_or_else(|error| panic!("{what}: {error}"));
        let (transport, verified) = match cell {
            Off => (Transport::Plaintext(PlaintextReason::Disabled), None),
            Fallback => (Transport::Plaintext(PlaintextReason::NotOffered), None),
            Local => (Transport::UnixSocket, None),
            Nothing => (Transport::Tls, Some(Verification::Nothing)),
            Chain => (Transport::Tls, Some(Verification::Chain)),
            _ => (Transport::Tls, Some(Verification::ChainAndName(self.host.into()))),
        };
        let session = connection.session();
        assert_eq!(session.transport(), transport, "{what}");
        assert_eq!(session.tls().map(|tls| tls.verified().clone()), verified, "{what}");
        let Some(tls) = session.tls() else { return };
        assert_eq!(tls.version(), self.version, "{what}");
        assert!(!tls.is_resumed(), "{what}");
        let sni = (self.host != "127.0.0.1").then_some(self.host);
        assert_eq!(tls.sni(), sni, "{what}");
        let client = tls.client_certificate();
        assert_eq!(client.presented().is_some(), self.client.is_some(), "{what}");
    }

    fn check_their_side(&self, record: &Record, cell: Cell, what: &str) {
        match cell {
            Fails(_) => {
                assert_no_login(record, what);
                if cell == ABSENT {
                    assert_eq!(record.raw, b"", "{what}: not one byte");
                }
            }
            Off | Fallback | Local => {
                assert_eq!((&record.tls, &record.ssl_request), (&None, &None), "{what}");
                assert!(record.logged_in && record.quit, "{what}: {record:#?}");
                assert!(!record.saw_before_tls(PASSWORD.as_bytes()), "{what}: {record:#?}");
                assert_eq!(record.cleartext_password, None, "{what}");
            }
            _ => {
                assert_nothing_in_the_clear(record, what);
                assert!(record.logged_in && record.quit, "{what}: {record:#?}");
                assert!(record.hello_with_ssl_request, "{what}: in one write");
                assert_eq!(record.ended, Some(Ended::CloseNotify), "{what}");
                let version = record.tls.as_ref().map(|tls| tls.version.as_str());
                assert_eq!(version, Some(self.version), "{what}");
                let presented = record.client_certificate().cloned();
                assert_eq!(presented, self.client.as_ref().map(Issued::der), "{what}");
            }
        }
    }
}

fn check(rows: impl IntoIterator<Item = Row>) {
    rows.into_iter().for_each(|row| row.check());
}

fn with(issued: &Issued) -> ServerScript {
    script().tls(ServerTls::new(issued))
}

#[test]
fn no_tls() {
    let ca = Authority::new("Right CA").pem();
    check([
        row("no TLS", script(), None, [Off, Fallback, ABSENT, Build, ABSENT]),
        row("no TLS", script(), Some(ca), [Off, Fallback, ABSENT, ABSENT, ABSENT]),
    ]);
}

#[test]
fn a_good_certificate() {
    let right = Authority::new("Right CA");
    let other = Authority::new("Other CA").pem();
    let (good, ca) = (right.server("localhost").issue(), right.pem());
    let below = right.intermediate("Middle CA").server("localhost").issue();
    let tls12 = || script().tls(ServerTls::new(&good).only_tls12());
    check([
        row("good", with(&good), None, [Off, Nothing, Nothing, Build, UNKNOWN]),
        row("good", with(&good), Some(ca.clone()), [Off, Chain, Chain, Chain, Name]),
        row("unknown CA", with(&good), Some(other), [Off, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN]),
        row("TLS 1.2", tls12(), Some(ca.clone()), [Off, Chain, Chain, Chain, Name]).tls12(),
        row("TLS 1.2", tls12(), None, [Off, Nothing, Nothing, Build, UNKNOWN]).tls12(),
        row("with a chain", with(&below), Some(ca), [Off, Chain, Chain, Chain, Name]),
    ]);
}

#[test]
fn a_wrong_name() {
    let right = Authority::new("Right CA");
    let (wrong, ca) = (right.server("db.example.com").issue(), Some(right.pem()));
    let named = right.server("localhost").no_san().issue();
    check([
        row("wrong name", with(&wrong), ca.clone(), [Off, Chain, Chain, Chain, OTHER_NAME]),
        row("wrong name", with(&wrong), None, [Off, Nothing, Nothing, Build, UNKNOWN]),
        row("only a CN", with(&named), ca, [Off, Chain, Chain, Chain, Name]),
    ]);
}

#[test]
fn a_wrong_time() {
    let right = Authority::new("Right CA");
    let expired = right.server("localhost").expired().issue();
    let early = right.server("localhost").not_yet_valid().issue();
    let ca = Some(right.pem());
    check([
        row("expired", with(&expired), ca.clone(), [Off, EXPIRED, EXPIRED, EXPIRED, EXPIRED]),
        row("expired", with(&expired), None, [Off, Nothing, Nothing, Build, EXPIRED]),
        row("not yet valid", with(&early), ca, [Off, EARLY, EARLY, EARLY, EARLY]),
        row("not yet valid", with(&early), None, [Off, Nothing, Nothing, Build, EARLY]),
    ]);
}

#[test]
fn self_signed_certificates() {
    let plain = self_signed("localhost").issue();
    let as_ca = self_signed_ca("localhost").issue();
    let other = Some(Authority::new("Other CA").pem());
    let own = |issued: &Issued| Some(issued.cert_pem());
    let unknown = [Off, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN];
    check([
        row("self-signed", with(&plain), None, [Off, Nothing, Nothing, Build, UNKNOWN]),
        row("self-signed, other CA", with(&plain), other, unknown),
        row("self-signed, its own CA", with(&plain), own(&plain), [Off, Chain, Chain, Chain, Name]),
        row("self-signed CA", with(&as_ca), None, [Off, Nothing, Nothing, Build, CA_LEAF]),
        row(
            "self-signed CA, its own CA",
            with(&as_ca),
            own(&as_ca),
            [Off, Chain, Chain, Chain, Name],
        ),
    ]);
}

#[test]
fn an_address_in_the_certificate() {
    let right = Authority::new("Right CA");
    let (ip, ca) = (right.server("127.0.0.1").issue(), Some(right.pem()));
    let name = right.server("localhost").issue();
    let text = right.server("x").no_san().dns("127.0.0.1").issue();
    let address = "127.0.0.1";
    check([
        row("IP, by IP", with(&ip), ca.clone(), [Off, Chain, Chain, Chain, Name]).host(address),
        row("IP, by IP", with(&ip), None, [Off, Nothing, Nothing, Build, UNKNOWN]).host(address),
        row("IP, by name", with(&ip), ca.clone(), [Off, Chain, Chain, Chain, OTHER_NAME]),
        row("DNS, by IP", with(&name), ca.clone(), [Off, Chain, Chain, Chain, OTHER_NAME])
            .host(address),
        row("IP as dNSName, by IP", with(&text), ca, [Off, Chain, Chain, Chain, OTHER_NAME])
            .host(address),
    ]);
}

#[test]
fn a_wildcard() {
    let right = Authority::new("Right CA");
    let ca = Some(right.pem());
    for name in ["*.localhost", "*", "l*"] {
        let wild = right.server("x").no_san().dns(name).issue();
        let cells = [Off, Chain, Chain, Chain, OTHER_NAME];
        check([row("wildcard for the bare name", with(&wild), ca.clone(), cells)]);
    }
    let host = "db.localhost";
    let resolves = (host, 1).to_socket_addrs().is_ok_and(|mut all| all.any(|a| a.is_ipv4()));
    if !resolves {
        println!("skipped: {host} has no address on this machine");
        return;
    }
    let wild = right.server("x").no_san().dns("*.localhost").issue();
    check([row("wildcard", with(&wild), ca, [Off, Chain, Chain, Chain, Name]).host(host)]);
}

#[test]
fn a_client_certificate_is_demanded() {
    let right = Authority::new("Right CA");
    let clients = Authority::new("Client CA");
    let good = right.server("localhost").issue();
    let ours = clients.client("app").issue();
    let strange = Authority::new("Strange CA").client("app").issue();
    let ca = || Some(right.pem());
    for tls12 in [false, true] {
        let row = |what, ca, cells| {
            let tls = ServerTls::new(&good).require_client_cert(&clients);
            let tls = if tls12 { tls.only_tls12() } else { tls.only_tls13() };
            let row = row(what, script().tls(tls), ca, cells);
            if tls12 { row.tls12() } else { row }
        };
        check([
            row("given", ca(), [Off, Chain, Chain, Chain, Name]).client(&ours),
            row("given", None, [Off, Nothing, Nothing, Build, UNKNOWN]).client(&ours),
            row("not given", ca(), [Off, NO_CERT, NO_CERT, NO_CERT, NO_CERT]),
            row("not given", None, [Off, NO_CERT, NO_CERT, Build, UNKNOWN]),
            row("of another CA", ca(), [Off, BAD_CERT, BAD_CERT, BAD_CERT, BAD_CERT])
                .client(&strange),
            row("of another CA", None, [Off, BAD_CERT, BAD_CERT, Build, UNKNOWN]).client(&strange),
        ]);
    }
}

#[test]
fn tls_1_1_only() {
    let ca = Some(Authority::new("Right CA").pem());
    let old = || script().after_ssl_request(AfterSslRequest::tls11_only());
    check([
        row("TLS 1.1 only", old(), ca, [Off, OLD_TLS, OLD_TLS, OLD_TLS, OLD_TLS]),
        row("TLS 1.1 only", old(), None, [Off, OLD_TLS, OLD_TLS, Build, OLD_TLS]),
    ]);
}

#[test]
fn a_unix_socket_to_the_server() {
    let right = Authority::new("Right CA");
    let good = right.server("localhost").issue();
    let wrong = right.server("db.example.com").issue();
    let ca = || Some(right.pem());
    check([
        row("socket", with(&good), ca(), [Local, Local, Chain, Chain, Name]).unix(),
        row("socket", with(&good), None, [Local, Local, Nothing, Build, UNKNOWN]).unix(),
        row("socket, wrong name", with(&wrong), ca(), [Local, Local, Chain, Chain, OTHER_NAME])
            .unix(),
        row("socket, no TLS", script(), ca(), [Local, Local, ABSENT, ABSENT, ABSENT]).unix(),
    ]);
}
