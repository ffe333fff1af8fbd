//! `cleartext-password=verified`: who gets the password itself, who a proof of it, who nothing.

use std::thread;
use std::time::Duration;

use mysql_tls::mysql::prelude::*;
use mysql_tls::mysql::{ChangeUserOpts, Conn, Opts};
use mysql_tls::{CleartextPassword, CloseReason, ConnectionBuilder, PasswordSent, SslMode};

use crate::kit::*;
use crate::options::{assert_refused, nowhere};
use crate::pins::pin;
use crate::support::*;

const REFUSED: &str = "auth.unverified-server";
const NONCE: &[u8; 20] = b"another-nonce-20-by.";

fn clear() -> AuthStep {
    AuthStep::switch("mysql_clear_password", b"")
}

/// The server's questions, and what each brings it.
fn questions() -> Vec<(&'static str, Vec<AuthStep>, PasswordSent)> {
    let switch = |plugin| AuthStep::switch(plugin, NONCE);
    vec![
        ("fast", vec![AuthStep::FastOk], PasswordSent::Scramble),
        ("OK at once", vec![AuthStep::Ok], PasswordSent::Scramble),
        ("native", vec![switch("mysql_native_password"), AuthStep::Ok], PasswordSent::Scramble),
        ("full", vec![AuthStep::full_auth(PASSWORD)], PasswordSent::Cleartext),
        (
            "full after a switch",
            vec![switch("caching_sha2_password"), AuthStep::full_auth(PASSWORD)],
            PasswordSent::Cleartext,
        ),
        ("clear", vec![clear(), AuthStep::Ok], PasswordSent::Cleartext),
    ]
}

/// Those of the account who allows every question, under each way to trust the server.
fn ways(server: &ScriptedServer) -> Vec<(&'static str, ConnectionBuilder, bool)> {
    let builder = || builder("localhost", server).enable_cleartext_plugin(true);
    let required = || builder().ssl_mode(SslMode::Required);
    vec![
        ("REQUIRED", required(), false),
        ("REQUIRED with a CA", required().ssl_ca_pem(ca().pem()), true),
        ("a pin", required().tls_pin(pin(good())), true),
        ("VERIFY_CA", builder().ssl_mode(SslMode::VerifyCa).ssl_ca_pem(ca().pem()), true),
        ("VERIFY_IDENTITY", verified(server).enable_cleartext_plugin(true), true),
    ]
}

#[test]
fn a_server_that_nobody_verified_gets_a_proof_or_nothing() {
    for tls12 in [false, true] {
        for (question, steps, sent) in questions() {
            let tls = ServerTls::new(good());
            let tls = if tls12 { tls.only_tls12() } else { tls };
            let server = ScriptedServer::start(ServerScript::new().tls(tls).auth(steps));
            for (way, builder, is_verified) in ways(&server) {
                for to in CleartextPassword::ALL {
                    let what = format!("{question}, {way}, {to}");
                    let builder = builder.clone().cleartext_password(*to);
                    let number = server.connections();
                    let keeps = *to == CleartextPassword::Verified && !is_verified;
                    if keeps && sent == PasswordSent::Cleartext {
                        let error = failure(builder.connect(), &what);
                        assert_says(&error, REFUSED, &["ssl-mode=VERIFY_IDENTITY"]);
                        let record = server.wait_record(number, PATIENCE);
                        assert_nothing_in_the_clear(&record, &what);
                        assert!(!record.saw_inside_tls(PASSWORD.as_bytes()), "{what}");
                        assert!(!record.logged_in, "{what}");
                    } else {
                        let connection =
                            builder.connect().unwrap_or_else(|error| panic!("{what}: {error}"));
                        assert_eq!(connection.session().password_sent(), sent, "{what}");
                        drop(connection);
                        let record = server.wait_record(number, PATIENCE);
                        let itself = record.saw_inside_tls(PASSWORD.as_bytes());
                        assert_eq!(itself, sent == PasswordSent::Cleartext, "{what}");
                    }
                }
            }
        }
    }
}

#[test]
fn the_default_is_that_of_the_official_client_and_the_key_says_otherwise() {
    let script = over_tls().auth([AuthStep::full_auth(PASSWORD)]);
    let server = ScriptedServer::start(script);
    for (key, code) in [(None, None), (Some("tls"), None), (Some("VERIFIED"), Some(REFUSED))] {
        let mut options = vec![("ssl-mode", "REQUIRED")];
        options.extend(key.map(|value| ("cleartext-password", value)));
        let connected = by_dsn("localhost", &server, &options).password(PASSWORD).connect();
        assert_eq!(connected.err().map(|error| error.code()), code, "{key:?}");
    }
}

#[test]
fn without_tls_nothing_changes_and_a_unix_socket_counts_as_verified() {
    let dir = TestDir::new();
    let path = dir.path().join("server.sock");
    let script = over_tls().auth([AuthStep::full_auth(PASSWORD)]);
    let _server = ScriptedServer::start_unix(&path, [script]);
    for mode in [SslMode::Disabled, SslMode::Required] {
        let builder = account("localhost").socket(&path).ssl_mode(mode);
        let connection = builder.cleartext_password(CleartextPassword::Verified).connect().unwrap();
        assert_eq!(connection.session().password_sent(), PasswordSent::Cleartext, "{mode}");
    }
    let plain = ScriptedServer::start(ServerScript::new().auth([AuthStep::full_auth(PASSWORD)]));
    let connected = plaintext(&plain).cleartext_password(CleartextPassword::Verified).connect();
    assert_eq!(failure(connected, "plaintext").code(), "auth.needs-secure-connection");

    // Whoever answers would be verified by nobody.
    let both =
        nowhere().get_server_public_key(true).cleartext_password(CleartextPassword::Verified);
    let fragments = ["get-server-public-key"];
    assert_refused(&both, "config.conflict", "cleartext-password", &fragments);
}

fn to_another() -> ChangeUserOpts {
    ChangeUserOpts::DEFAULT.with_user(Some("other".into())).with_pass(Some("another-secret".into()))
}

fn unverified(server: &ScriptedServer) -> ConnectionBuilder {
    builder("localhost", server)
        .ssl_mode(SslMode::Required)
        .cleartext_password(CleartextPassword::Verified)
}

/// COM_CHANGE_USER would be a login that nobody judges.
#[test]
fn the_user_of_such_a_connection_does_not_change() {
    const CHANGE_USER: u8 = 0x11;
    let server = ScriptedServer::start(over_tls());
    // At once, and once the connection has left the thread that made it.
    for pause in [Duration::ZERO, Duration::from_millis(150)] {
        let number = server.connections();
        let mut connection = unverified(&server).connect().unwrap();
        thread::sleep(pause);
        assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
        let large = format!("SELECT 1 /* {} */", "x".repeat(3 << 20));
        connection.query_drop(large).unwrap();
        let error = connection.change_user(to_another()).unwrap_err();
        let mysql_tls::mysql::Error::MySqlError(error) = error else { panic!("{error}") };
        assert_eq!(error.code, 2026, "{}", error.message);
        assert!(error.message.contains("cleartext-password=verified"), "{}", error.message);
        // That is its end.
        connection.query_drop("SELECT 1").unwrap_err();
        let Some(CloseReason::Failed(error)) = connection.close_reason() else { panic!() };
        assert_eq!(error.code(), REFUSED);
        let record = server.wait_record(number, PATIENCE);
        assert_eq!(record.ended, Some(Ended::CloseNotify));
        drop(connection);
        assert!(record.commands.iter().all(|command| command[0] != CHANGE_USER), "{record:#?}");
        for secret in ["another-secret", "other\0"] {
            assert!(!record.saw_inside_tls(secret.as_bytes()), "{secret}");
        }
    }
    // Where the server was verified, or the option says so, it passes.
    for builder in [
        verified(&server).cleartext_password(CleartextPassword::Verified),
        unverified(&server).cleartext_password(CleartextPassword::Tls),
    ] {
        let number = server.connections();
        let mut connection = builder.connect().unwrap();
        connection.change_user(to_another()).unwrap();
        let done = |record: &Record| record.commands.iter().any(|sent| sent[0] == CHANGE_USER);
        server.wait_until(number, PATIENCE, done);
    }
}

/// What a hostile server sends before it is asked is taken for the answer to what is asked next: here
/// for that to the change of user with which a pool, or the driver, begins anew.
#[test]
fn a_question_that_waits_for_the_change_of_user_gets_no_answer() {
    const RESET_CONNECTION: u8 = 0x1f;
    let refusal = wire::frame(&mut 1, &wire::err(1047, Some("08S01"), "Unknown command"));
    let full = [2, 0, 0, 1, 0x01, 0x04];
    let switch = |plugin| wire::frame(&mut 1, &wire::auth_switch(plugin, NONCE));
    let questions = [
        full.to_vec(),
        switch("mysql_clear_password"),
        [switch("caching_sha2_password"), vec![2, 0, 0, 3, 0x01, 0x04]].concat(),
    ];
    for question in questions {
        let answer = Answer::Wire([refusal.clone(), question].concat());
        let script = over_tls().on_command(RESET_CONNECTION, answer);
        for pooled in [false, true] {
            let server = ScriptedServer::start(script.clone());
            let builder = unverified(&server).enable_cleartext_plugin(true);
            let connector = builder.pool_min(1).pool_max(1).build().unwrap();
            if pooled {
                let pool = connector.pool().unwrap();
                drop(pool.get_conn().unwrap());
                drop(pool);
            } else {
                let mut connection = connector.connect().unwrap();
                connection.reset().unwrap_err();
                thread::sleep(Duration::from_millis(100));
            }
            let record = server.wait_record(0, PATIENCE);
            let reset = record.commands.iter().any(|command| command[0] == RESET_CONNECTION);
            assert!(reset, "{record:#?}");
            assert!(!record.saw_inside_tls(PASSWORD.as_bytes()), "{record:#?}");
        }
    }
}

#[test]
fn such_a_connection_is_not_compressed() {
    const COMPRESS: u32 = 1 << 5;
    let server = ScriptedServer::start(over_tls().with_capabilities(COMPRESS));
    let mut connection = unverified(&server).compression(6).connect().unwrap();
    assert_eq!(connection.query_first::<u8, _>("SELECT 1").unwrap(), Some(1));
    drop(connection);
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.response.as_ref().unwrap().capabilities & COMPRESS, 0);
    assert_eq!(record.ssl_request.as_ref().unwrap().capabilities & COMPRESS, 0);
}

#[test]
fn an_endpoint_obeys_it() {
    for (question, steps, sent) in questions() {
        let server = ScriptedServer::start(over_tls().auth(steps));
        let builder = ConnectionBuilder::new("localhost")
            .port(server.port())
            .enable_cleartext_plugin(true)
            .ssl_mode(SslMode::Required)
            .cleartext_password(CleartextPassword::Verified);
        let connector = builder.build().unwrap();
        for endpoint in [
            connector.endpoint().unwrap(),
            connector.endpoint_tcp("127.0.0.1:0".parse().unwrap()).unwrap(),
        ] {
            let number = server.connections();
            let opts: Opts = endpoint
                .opts()
                .user(Some(USER))
                .pass(Some(PASSWORD))
                .enable_cleartext_plugin(true)
                .into();
            let connected = Conn::new(opts);
            if sent == PasswordSent::Cleartext {
                let error = connected.unwrap_err().to_string();
                assert!(error.contains("cleartext-password=verified"), "{question}: {error}");
            } else {
                let mut conn = connected.unwrap_or_else(|error| panic!("{question}: {error}"));
                let error = conn.change_user(to_another()).unwrap_err().to_string();
                assert!(error.contains("cleartext-password=verified"), "{question}: {error}");
            }
            let record = server.wait_record(number, PATIENCE);
            for secret in [PASSWORD, "another-secret"] {
                assert!(!record.saw_inside_tls(secret.as_bytes()), "{question}");
            }
            assert!(record.commands.iter().all(|command| command[0] != 0x11), "{question}");
        }
    }
}
