//! Resumed sessions: that they are had, that they cannot cross policies, and that what was verified
//! is verified again.

use std::time::{Duration, SystemTime};

use mysql_tls::{ConnectionBuilder, Connector, SslMode, Verification};
use rustls::HandshakeKind;
use sha2::{Digest, Sha256};

use crate::kit::*;
use crate::support::*;

/// Extensions of the ClientHello (RFC 5077, section 3.2; RFC 8446, section 4.2).
const SESSION_TICKET: u16 = 35;
const PRE_SHARED_KEY: u16 = 41;
const SUPPORTED_VERSIONS: u16 = 43;

/// What a ClientHello says of an earlier session.
struct Hello {
    session_id: Vec<u8>,
    extensions: Vec<(u16, Vec<u8>)>,
}

impl Hello {
    /// Takes apart the ClientHello that follows the SSLRequest.
    fn of(record: &Record) -> Self {
        fn take<'a>(bytes: &mut &'a [u8], size: usize) -> &'a [u8] {
            let (taken, rest) = bytes.split_at(size);
            *bytes = rest;
            taken
        }
        fn number(bytes: &mut &[u8], size: usize) -> usize {
            take(bytes, size).iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte))
        }
        fn counted<'a>(bytes: &mut &'a [u8], size: usize) -> &'a [u8] {
            let length = number(bytes, size);
            take(bytes, length)
        }
        let request = record.ssl_request.as_ref().expect("an SSLRequest");
        let rest = &mut &record.raw[4 + request.bytes.len()..];
        // The headers of record and handshake, the version, the random.
        take(rest, 5 + 4 + 2 + 32);
        let session_id = counted(rest, 1).to_vec();
        // Suites and compression methods.
        counted(rest, 2);
        counted(rest, 1);
        let rest = &mut counted(rest, 2);
        let mut extensions = Vec::new();
        while !rest.is_empty() {
            extensions.push((number(rest, 2) as u16, counted(rest, 2).to_vec()));
        }
        Hello { session_id, extensions }
    }

    fn extension(&self, kind: u16) -> Option<&[u8]> {
        let found = self.extensions.iter().find(|(known, _)| *known == kind);
        found.map(|(_, content)| content.as_slice())
    }
}

/// Whether the client tried to resume a session: by a ticket, or by a session id. With TLS 1.3 on
/// offer a session id means nothing, as one that was made up is always sent.
fn tried_to_resume(record: &Record) -> bool {
    let hello = Hello::of(record);
    let offers_13 = hello
        .extension(SUPPORTED_VERSIONS)
        .is_some_and(|versions| versions[1..].chunks(2).any(|version| version == [3, 4]));
    hello.extension(PRE_SHARED_KEY).is_some()
        || hello.extension(SESSION_TICKET).is_some_and(|ticket| !ticket.is_empty())
        || !offers_13 && !hello.session_id.is_empty()
}

/// The TLS versions of the tables. The client offers the one alone, so that the server sees
/// whether it tried to resume.
const VERSIONS: [&str; 2] = ["TLSv1.3", "TLSv1.2"];

fn start(tls: ServerTls) -> ScriptedServer {
    ScriptedServer::start(ServerScript::new().tls(tls))
}

/// The account under VERIFY_IDENTITY with the right CA and one TLS version.
fn verified(server: &ScriptedServer, version: &str) -> ConnectionBuilder {
    crate::kit::verified(server).tls_version(version)
}

/// Connects once and tells whether a session was resumed; both ends must agree.
#[track_caller]
fn resumes(server: &ScriptedServer, connector: &Connector, what: &str) -> bool {
    let (tls, record) = accepted(server, || connector.connect(), what);
    let kind = record.tls.as_ref().unwrap().kind;
    assert_eq!(tls.is_resumed(), kind == HandshakeKind::Resumed, "{what}: {record:#?}");
    assert!(!tls.is_resumed() || tried_to_resume(&record), "{what}");
    tls.is_resumed()
}

#[test]
fn a_connector_resumes_and_a_clone_of_it() {
    for version in VERSIONS {
        let server = start(ServerTls::new(good()));
        let connector = verified(&server, version).build().unwrap();
        assert!(!resumes(&server, &connector, "first"));
        assert!(resumes(&server, &connector, "second"));
        assert!(resumes(&server, &connector.clone(), "a clone"));
        // Another one has tickets of its own, though its options are the same.
        let other = verified(&server, version).build().unwrap();
        assert!(!resumes(&server, &other, "another connector"));
        assert!(resumes(&server, &other, "another connector, again"));
    }
}

#[test]
fn without_resumption_every_handshake_is_a_full_one() {
    for version in VERSIONS {
        let server = start(ServerTls::new(good()));
        let text = ca().pem();
        let options =
            [("ssl-ca", text.as_str()), ("tls-resumption", "off"), ("tls-version", version)];
        for builder in [
            verified(&server, version).tls_resumption(false),
            by_dsn("localhost", &server, &options),
        ] {
            let connector = builder.build().unwrap();
            for what in ["first", "second", "third"] {
                let (tls, record) = accepted(&server, || connector.connect(), what);
                assert!(!tls.is_resumed(), "{what}");
                assert_eq!(record.tls.as_ref().unwrap().kind, HandshakeKind::Full, "{what}");
                assert!(!tried_to_resume(&record), "{what}");
            }
        }
    }
    // Nor where the server does not.
    let server = start(ServerTls::new(good()).no_resumption());
    let connector = crate::kit::verified(&server).build().unwrap();
    assert!(!resumes(&server, &connector, "first") && !resumes(&server, &connector, "second"));
}

/// libmysqlclient resumes under a stricter policy what a laxer one had, and verifies nothing then.
#[test]
fn no_ticket_crosses_policies() {
    let other_ca = Authority::new("Other CA").pem();
    let revoked_list = {
        let serial = 0x3001;
        (ca().server("localhost").serial(serial).issue(), ca().revocation_list(&[serial], |_| {}))
    };
    let (shown, list) = revoked_list;
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(good().der()));
    for version in VERSIONS {
        let server = start(ServerTls::new(&shown));
        let to = |host: &str, mode| builder(host, &server).ssl_mode(mode).tls_version(version);
        let right = |builder: ConnectionBuilder| builder.ssl_ca_pem(ca().pem());
        let (required, verify_ca, identity) =
            (SslMode::Required, SslMode::VerifyCa, SslMode::VerifyIdentity);
        let unknown = "certificate.unknown-issuer";
        // The laxer policy, the stricter one, and the error of that.
        let cases = [
            (to("localhost", required), to("localhost", verify_ca).ssl_ca_pem(&*other_ca), unknown),
            (to("localhost", required), to("localhost", identity), unknown),
            (to("localhost", required), to("localhost", required).ssl_ca_pem(&*other_ca), unknown),
            (
                right(to("localhost", verify_ca)),
                right(to("localhost", identity))
                    .tls_server_name("db.example.com")
                    .tls_sni_servername("localhost"),
                "certificate.wrong-name",
            ),
            (
                right(to("localhost", identity)),
                right(to("localhost", identity)).tls_peer_fingerprint(&hash),
                "certificate.pin-mismatch",
            ),
            (
                right(to("localhost", identity)),
                right(to("localhost", identity)).ssl_crl_pem(&*list),
                "certificate.revoked",
            ),
        ];
        for (lax, strict, code) in cases {
            let lax = lax.build().unwrap();
            resumes(&server, &lax, "a ticket");
            assert!(resumes(&server, &lax, "a ticket is there"));
            let strict = strict.build().unwrap();
            for _ in 0..2 {
                let record = refused(&server, || strict.connect(), code, &[], code);
                // It was verified in full: the server saw no ticket, and its handshake failed.
                assert!(!tried_to_resume(&record), "{code}: {record:#?}");
                assert_eq!(record.tls.map(|tls| tls.kind), None, "{code}");
                assert!(record.alert.is_some(), "{code}");
            }
            assert!(resumes(&server, &lax, "the laxer one goes on"));
        }
    }
}

#[test]
fn what_was_verified_is_told_of_a_resumed_session_too() {
    let list = ca().revocation_list(&[], |_| {});
    let hash = data_encoding::HEXLOWER.encode(&Sha256::digest(good().der()));
    for version in VERSIONS {
        let server = start(ServerTls::new(good()));
        let connector = verified(&server, version)
            .ssl_crl_pem(&*list)
            .tls_peer_fingerprint(&hash)
            .build()
            .unwrap();
        for resumed in [false, true, true] {
            let (tls, record) = accepted(&server, || connector.connect(), resumed);
            assert_eq!(tls.is_resumed(), resumed);
            assert_eq!(record.tls.unwrap().kind == HandshakeKind::Resumed, resumed);
            assert!(tls.is_pinned() && tls.is_revocation_checked(), "{resumed}");
            let name = Verification::ChainAndName("localhost".to_owned());
            assert_eq!(*tls.verified(), name, "{resumed}");
            assert_eq!(tls.peer()[0].fingerprint(), hash, "{resumed}");
        }
        let connector = builder("127.0.0.1", &server)
            .tls_peer_fingerprint(&hash)
            .tls_version(version)
            .build()
            .unwrap();
        for resumed in [false, true] {
            let (tls, _) = accepted(&server, || connector.connect(), resumed);
            assert_eq!((tls.is_resumed(), tls.is_pinned()), (resumed, true));
            assert_eq!(*tls.verified(), Verification::Pin);
        }
    }
}

/// What ends while the connector lives: the certificate's time, and that of the list.
#[test]
fn time_goes_on_between_a_session_and_its_resumption() {
    const LIFE: Duration = Duration::from_secs(6);
    let end = SystemTime::now() + LIFE;
    let short = ca().server("localhost").not_after(end).issue();
    let list = ca().revocation_list(&[], |list| list.next_update = end.into());
    let cases = [
        (&short, None, "certificate.expired", "valid until"),
        (good(), Some(list), "certificate.revocation-unknown", "nextUpdate"),
    ];
    let mut prepared = Vec::new();
    for (issued, list, code, word) in cases {
        for version in VERSIONS {
            let server = start(ServerTls::new(issued));
            let builder = verified(&server, version);
            let connector = match &list {
                Some(list) => builder.ssl_crl_pem(list.as_bytes()).build().unwrap(),
                None => builder.build().unwrap(),
            };
            assert!(!resumes(&server, &connector, code));
            assert!(resumes(&server, &connector, code));
            prepared.push((server, connector, code, word));
        }
    }
    while SystemTime::now() < end + Duration::from_secs(1) {
        std::thread::sleep(Duration::from_millis(100));
    }
    for (server, connector, code, word) in prepared {
        let before = server.connections();
        let error = failure(connector.connect(), code);
        assert_says(&error, code, &["localhost", word]);
        let record = server.wait_record(before, PATIENCE);
        // The session could be resumed, and no login came over it.
        assert!(tried_to_resume(&record), "{code}");
        assert_no_login(&record, code);
    }
}

#[test]
fn a_reload_ends_what_could_be_resumed() {
    let dir = TestDir::new();
    let file = dir.write("ca.pem", ca().pem());
    for version in VERSIONS {
        let server = start(ServerTls::new(good()));
        let connector = verified(&server, version).ssl_ca(&file).build().unwrap();
        resumes(&server, &connector, "a ticket");
        assert!(resumes(&server, &connector, "before"));
        connector.reload().unwrap();
        let (tls, record) = accepted(&server, || connector.connect(), "after");
        assert!(!tls.is_resumed() && !tried_to_resume(&record));
        assert!(resumes(&server, &connector, "after, again"));
        assert_eq!(connector.reload_state().reloads(), 1);
    }
}

#[test]
fn a_reload_forgets_a_server_that_is_trusted_no_more() {
    let dir = TestDir::new();
    let file = dir.write("ca.pem", ca().pem());
    let list = dir.write("ca.crl", ca().revocation_list(&[], |_| {}));
    let shown = ca().server("localhost").serial(0x3002).issue();
    for version in VERSIONS {
        let server = start(ServerTls::new(&shown));
        std::fs::write(&list, ca().revocation_list(&[], |_| {})).unwrap();
        let connector = verified(&server, version).ssl_ca(&file).ssl_crl(&list).build().unwrap();
        resumes(&server, &connector, "a ticket");
        assert!(resumes(&server, &connector, "before"));
        std::fs::write(&list, ca().revocation_list(&[0x3002], |_| {})).unwrap();
        connector.reload().unwrap();
        let record =
            refused(&server, || connector.connect(), "certificate.revoked", &[], "revoked");
        assert!(!tried_to_resume(&record));
    }
}
