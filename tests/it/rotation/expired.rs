//! A client certificate that has expired, and files that may have been renewed since the last look.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use mysql_tls::{Error, Password};
use pkcs8::{EncryptedPrivateKeyInfo, PrivateKeyInfo, pkcs5::pbes2};
use rustls::pki_types::PrivateKeyDer;

use super::*;

const REFUSED: &str = "handshake.client-certificate-refused";

fn expired() -> Issued {
    ca().client("app").expired().issue()
}

fn versions() -> [(&'static str, ServerScript); 2] {
    let tls = ServerTls::new(good()).require_client_cert(ca());
    [
        ("TLS 1.2", ServerScript::new().tls(tls.clone().only_tls12())),
        ("TLS 1.3", ServerScript::new().tls(tls.only_tls13())),
    ]
}

/// What becomes of the files between `build()` and the connect.
enum Then {
    Renewed,
    HalfRenewed,
    ExpiredAgain,
    Touched,
    Nothing,
}

#[test]
fn files_that_were_renewed_since_the_last_look_are_read_once() {
    // Whether it is on, what becomes of the files, the outcome, connections, reloads.
    let cases = [
        (true, Then::Renewed, "ok", 2, 1),
        (true, Then::HalfRenewed, REFUSED, 1, 0),
        (true, Then::ExpiredAgain, REFUSED, 2, 1),
        (true, Then::Touched, REFUSED, 2, 1),
        (true, Then::Nothing, REFUSED, 1, 0),
        (false, Then::Renewed, REFUSED, 1, 0),
    ];
    for (version, script) in versions() {
        for (number, (on, then, outcome, connections, reloads)) in cases.iter().enumerate() {
            let what = format!("{version}, case {number}");
            let server = ScriptedServer::start(script.clone());
            let dir = TestDir::new();
            let files = expired().write_to(&dir, "client");
            let builder = with_identity(&server, &files.cert, &files.key).reload_certificates(*on);
            let connector = builder.build().unwrap();
            let newer = match then {
                Then::ExpiredAgain => expired(),
                _ => client(),
            };
            match then {
                Then::Renewed | Then::ExpiredAgain => drop(newer.write_to(&dir, "client")),
                Then::HalfRenewed => drop(dir.write("client.pem", newer.chain_pem())),
                Then::Touched => set_private(&files.cert),
                Then::Nothing => {}
            }
            let result = connector.connect();
            match &result {
                Ok(connection) => {
                    let told = connection.session().tls().unwrap().client_certificate();
                    assert_eq!(told.presented(), Some("CN=app"), "{what}");
                }
                Err(Error::Handshake(error)) => {
                    assert_eq!(error.alert(), Some("certificate_expired"), "{what}: {error}");
                }
                Err(other) => panic!("{what}: {other:?}"),
            }
            assert_eq!(result.as_ref().map_or_else(Error::code, |_| "ok"), *outcome, "{what}");
            drop(result);
            assert_eq!(server.connections(), *connections, "{what}");
            let last = server.wait_record(connections - 1, PATIENCE);
            let seen = last.client_certificate();
            assert_eq!(seen, (*outcome == "ok").then_some(&newer.der()), "{what}");
            let state = connector.reload_state();
            assert_eq!(state.reloads(), *reloads, "{what}");
            let mismatch = matches!(then, Then::HalfRenewed).then_some("config.key-mismatch");
            assert_eq!(state.failure().map(Error::code), mismatch, "{what}");
        }
    }
}

/// All of them fail with the expired certificate; one finds the files changed, and all go on with
/// what it read.
#[test]
fn connects_that_fail_together_are_all_tried_again() {
    const THREADS: usize = 6;
    for (version, script) in versions() {
        // So slow a greeting that all of them have begun before one is refused.
        let script = script.start(Start::Drip(Duration::from_millis(3)));
        let server = ScriptedServer::start(script);
        let dir = TestDir::new();
        let files = expired().write_to(&dir, "client");
        let connector = with_identity(&server, &files.cert, &files.key).build().unwrap();
        client().write_to(&dir, "client");
        thread::scope(|scope| {
            let connects: Vec<_> =
                (0..THREADS).map(|_| scope.spawn(|| connector.connect().map(drop))).collect();
            for connect in connects {
                connect.join().unwrap().unwrap_or_else(|error| panic!("{version}: {error}"));
            }
        });
        assert_eq!(connector.reload_state().reloads(), 1, "{version}");
        assert!((THREADS..=2 * THREADS).contains(&server.connections()), "{version}");
    }
}

/// The key as encrypted PKCS#8.
fn encrypted(issued: &Issued, password: &str) -> String {
    let PrivateKeyDer::Pkcs8(key) = issued.key_der() else { panic!("PKCS#8") };
    let parameters = pbes2::Parameters::pbkdf2_sha256_aes256cbc(1, b"any salt", &[7; 16]).unwrap();
    let encrypted = PrivateKeyInfo::try_from(key.secret_pkcs8_der())
        .unwrap()
        .encrypt_with_params(parameters, password)
        .unwrap();
    EncryptedPrivateKeyInfo::try_from(encrypted.as_bytes()).unwrap();
    pem("ENCRYPTED PRIVATE KEY", encrypted.as_bytes())
}

/// Reading the files took all of the time: the error is the one that says what is wrong.
#[test]
fn there_is_no_second_attempt_without_time_left() {
    const LIMIT: Duration = Duration::from_secs(2);
    let server = ScriptedServer::start(asks_for_a_certificate());
    let dir = TestDir::new();
    let (older, newer) = (expired(), client());
    let cert = dir.write("client.pem", older.chain_pem());
    let key = dir.write_secret("client-key.pem", encrypted(&older, PASSWORD));
    let asked = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&asked);
    let connector = with_identity(&server, &cert, &key)
        .connect_timeout(LIMIT)
        .ssl_key_password_with(move || {
            if count.fetch_add(1, Ordering::Relaxed) > 0 {
                thread::sleep(LIMIT);
            }
            Ok(Password::new(PASSWORD))
        })
        .build()
        .unwrap();
    rename_over(&cert, newer.chain_pem());
    rename_over(&key, encrypted(&newer, PASSWORD));
    let error = failure(connector.connect(), "no time left");
    assert_says(&error, REFUSED, &["certificate_expired"]);
    assert_eq!((server.connections(), asked.load(Ordering::Relaxed)), (1, 2));
    // The next connect has what was read.
    assert_eq!(seen(&server, &connector), (newer.der(), false));
    assert_eq!((connector.reload_state().reloads(), asked.load(Ordering::Relaxed)), (1, 2));
}
