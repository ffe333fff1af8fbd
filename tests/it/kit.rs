//! What the tables of the integration tests share: one account, a builder that points at a
//! scripted server, and what no refused connection may have sent.

use std::fmt;
use std::path::Path;
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use mysql_tls::{Connection, ConnectionBuilder, Error, Result, SslMode, TlsSession};

use crate::support::*;

pub(crate) const USER: &str = "wanda_the_user";
pub(crate) const PASSWORD: &str = "correct horse 7 battery";

/// How long a busy machine may take for what is done in milliseconds.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// Waits for what happens soon, but not at once.
#[track_caller]
pub(crate) fn soon(what: &str, done: impl Fn() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < PATIENCE, "{what}: not within {PATIENCE:?}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// A connection of the account to a scripted server on 127.0.0.1.
pub(crate) fn builder(host: &str, server: &ScriptedServer) -> ConnectionBuilder {
    account(host).port(server.port())
}

/// The account, without a port.
pub(crate) fn account(host: &str) -> ConnectionBuilder {
    ConnectionBuilder::new(host).user(USER).password(PASSWORD)
}

static CA: LazyLock<Authority> = LazyLock::new(|| Authority::new("Right CA"));
static GOOD: LazyLock<Issued> = LazyLock::new(|| CA.server("localhost").issue());

/// The CA of [`good`].
pub(crate) fn ca() -> &'static Authority {
    &CA
}

/// A server certificate for `localhost`.
pub(crate) fn good() -> &'static Issued {
    &GOOD
}

/// A script with TLS and a certificate that is as it should be.
pub(crate) fn over_tls() -> ServerScript {
    ServerScript::new().tls(ServerTls::new(good()))
}

/// The account under VERIFY_IDENTITY with the right CA.
pub(crate) fn verified(server: &ScriptedServer) -> ConnectionBuilder {
    builder("localhost", server).ssl_mode(SslMode::VerifyIdentity).ssl_ca_pem(ca().pem())
}

/// The account under DISABLED.
pub(crate) fn plaintext(server: &ScriptedServer) -> ConnectionBuilder {
    builder("localhost", server).ssl_mode(SslMode::Disabled)
}

/// The error of something that must fail.
#[track_caller]
pub(crate) fn failure<T>(result: Result<T>, what: impl fmt::Display) -> Error {
    match result {
        Ok(_) => panic!("{what}: must fail and did not"),
        Err(error) => error,
    }
}

/// Connects over TLS and goes away again: what this side says of it, and what the server saw.
#[track_caller]
pub(crate) fn accepted(
    server: &ScriptedServer,
    connect: impl FnOnce() -> Result<Connection>,
    what: impl fmt::Display,
) -> (TlsSession, Record) {
    let before = server.connections();
    let connection = connect().unwrap_or_else(|error| panic!("{what}: {error}"));
    let tls = connection.session().tls().cloned();
    drop(connection);
    let record = server.wait_record(before, PATIENCE);
    assert_nothing_in_the_clear(&record, &what);
    assert!(record.logged_in && record.quit, "{what}: {record:#?}");
    (tls.unwrap_or_else(|| panic!("{what}: no TLS")), record)
}

/// Fails to connect with this error, without any login: what the server saw.
#[track_caller]
pub(crate) fn refused(
    server: &ScriptedServer,
    connect: impl FnOnce() -> Result<Connection>,
    code: &str,
    fragments: &[&str],
    what: impl fmt::Display,
) -> Record {
    let before = server.connections();
    let error = failure(connect(), &what);
    assert_eq!(error.code(), code, "{what}: {error}");
    assert_says(&error, code, fragments);
    let record = server.wait_record(before, PATIENCE);
    assert_no_login(&record, &what);
    record
}

/// The builder of a connection string with these options.
#[track_caller]
pub(crate) fn by_dsn(
    host: &str,
    server: &ScriptedServer,
    options: &[(&str, &str)],
) -> ConnectionBuilder {
    let options: Vec<String> =
        options.iter().map(|(key, value)| format!("{key}={}", percent_encoded(value))).collect();
    let dsn = format!("mysql://{USER}@{host}:{}/?{}", server.port(), options.join("&"));
    dsn.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn percent_encoded(text: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./;:,".contains(&byte);
    let encoded = text.bytes().map(|byte| {
        if plain(byte) { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    });
    encoded.collect()
}

/// A path as text.
pub(crate) fn text(path: &Path) -> &str {
    path.to_str().expect("the test's paths are ASCII")
}

/// Asserts that nothing of the login came outside TLS, and nothing at all after a refusal.
#[track_caller]
pub(crate) fn assert_nothing_in_the_clear(record: &Record, what: impl fmt::Display) {
    assert_eq!(record.clear_text().escape_ascii().to_string(), "", "{what}: {record:#?}");
    let scramble = caching_sha2_scramble(PASSWORD, &Greeting::default().nonce);
    for secret in [USER.as_bytes(), PASSWORD.as_bytes(), &scramble] {
        assert!(!record.saw_before_tls(secret), "{what}: {record:#?}");
    }
}

/// Asserts that a refused server learned nothing of the login, inside TLS or outside.
#[track_caller]
pub(crate) fn assert_no_login(record: &Record, what: impl fmt::Display) {
    assert_nothing_in_the_clear(record, &what);
    assert_eq!(record.response, None, "{what}: {record:#?}");
    assert!(!record.logged_in, "{what}: {record:#?}");
    assert_eq!(record.inside_tls.escape_ascii().to_string(), "", "{what}: {record:#?}");
}

/// Asserts that a sentence holds every fragment.
#[track_caller]
pub(crate) fn assert_says(error: &Error, code: &str, fragments: &[&str]) {
    let sentence = error.to_string();
    assert_eq!(error.code(), code, "{sentence}");
    for fragment in fragments {
        assert!(sentence.contains(fragment), "{fragment:?} is not in: {sentence}");
    }
    assert!(!sentence.contains('\n'), "one sentence: {sentence}");
    for shown in [&sentence, &format!("{error:?}")] {
        assert!(!shown.contains(PASSWORD), "{shown}");
    }
}

/// How many sockets a program that is started now inherits.
#[cfg(target_os = "linux")]
pub(crate) fn inherited_sockets() -> usize {
    let listed = std::process::Command::new("ls")
        .args(["-l", "/proc/self/fd"])
        .stdin(std::process::Stdio::null())
        .output()
        .unwrap();
    String::from_utf8(listed.stdout).unwrap().matches("socket:").count()
}
