//! Packets during the login that no honest server sends, most of which the driver panics on, and
//! requests for the password that must not be answered.

use mysql_tls::{ConnectionBuilder, PasswordSent, SslMode};

use crate::kit::*;
use crate::support::*;

const NONCE: &[u8] = b"another-nonce-of-20b";
const CACHING: &str = "caching_sha2_password";

/// Connects, and asserts the error; the server must have got no password in any form.
fn refused(
    what: &str,
    script: ServerScript,
    build: impl Fn(&ScriptedServer) -> ConnectionBuilder,
    code: &str,
) {
    let server = ScriptedServer::start(script);
    let error = failure(build(&server).connect(), what);
    assert_eq!(error.code(), code, "{what}: {error}");
    assert!(!error.to_string().contains("panicked"), "{what}: {error}");
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(server.connections(), 1, "{what}");
    assert_eq!((&record.cleartext_password, &record.encrypted_password), (&None, &None), "{what}");
    assert!(!record.saw_before_tls(PASSWORD.as_bytes()), "{what}: {record:#?}");
    assert!(!record.saw_inside_tls(PASSWORD.as_bytes()), "{what}: {record:#?}");
}

fn steps(steps: impl IntoIterator<Item = AuthStep>) -> ServerScript {
    ServerScript::new().auth(steps)
}

#[test]
fn plaintext_answers_no_request_for_the_password() {
    let key = rsa_public_key_pem(7);
    let with_key = || AuthStep::full_auth_with_key(&key);
    let switch = |plugin| AuthStep::switch(plugin, NONCE);
    let cases = [
        ("01 04", vec![with_key()], "auth.needs-secure-connection"),
        ("clear", vec![switch("mysql_clear_password")], "auth.needs-secure-connection"),
        ("old", vec![switch("mysql_old_password")], "auth.old-password"),
        ("older", vec![AuthStep::Raw(vec![0xfe])], "auth.old-password"),
        (
            "old, without data",
            vec![AuthStep::Raw(b"\xfemysql_old_password".to_vec())],
            "auth.old-password",
        ),
        ("switch, 01 04", vec![switch(CACHING), with_key()], "auth.needs-secure-connection"),
        (
            "native, clear",
            vec![switch("mysql_native_password"), switch("mysql_clear_password")],
            "protocol.unexpected-packet",
        ),
        (
            "a key that nobody asked for",
            vec![AuthStep::Raw(wire::auth_more(key.as_bytes()))],
            "protocol.unexpected-packet",
        ),
        ("sha256", vec![switch("sha256_password"), with_key()], "auth.unsupported-plugin"),
        ("dialog", vec![switch("dialog")], "auth.unsupported-plugin"),
    ];
    for (what, auth, code) in cases {
        for mode in [SslMode::Disabled, SslMode::Preferred] {
            let build = |server: &ScriptedServer| plaintext(server).ssl_mode(mode);
            refused(&format!("{what}, {mode}"), steps(auth.clone()), build, code);
        }
    }
    // Asking for the key allows an answer to that one request, and to no other.
    let asking = |server: &ScriptedServer| plaintext(server).get_server_public_key(true);
    refused(
        "clear",
        steps([switch("mysql_clear_password")]),
        asking,
        "auth.needs-secure-connection",
    );
    refused("old", steps([switch("mysql_old_password")]), asking, "auth.old-password");
}

#[test]
fn an_rsa_key_is_used_only_when_asked_for() {
    let key = rsa_public_key_pem(7);
    let server = ScriptedServer::start(steps([AuthStep::full_auth_with_key(&key)]));
    let connection = plaintext(&server).get_server_public_key(true).connect().unwrap();
    assert_eq!(connection.session().password_sent(), PasswordSent::RsaEncrypted);
    drop(connection);
    let record = server.wait_record(0, PATIENCE);
    assert_eq!(record.auth_packets[0], [2], "it asked for the key");
    assert_eq!(record.encrypted_password.as_ref().map(Vec::len), Some(256));
    assert!(!record.saw_before_tls(PASSWORD.as_bytes()));

    // With the key at hand the server's is not asked for.
    let dir = TestDir::new();
    let path = dir.write("server-key.pem", rsa_public_key_pem(9));
    let connection = plaintext(&server).server_public_key_path(&path).connect().unwrap();
    assert_eq!(connection.session().password_sent(), PasswordSent::RsaEncrypted);
    drop(connection);
    let record = server.wait_record(1, PATIENCE);
    assert_eq!(record.auth_packets.len(), 1, "{record:#?}");
    assert_eq!(record.encrypted_password.as_ref().map(Vec::len), Some(256));

    for bad in ["", "junk", &key.replace("MIIB", "MIIC"), &format!("{key}{key}")] {
        let asking = |server: &ScriptedServer| plaintext(server).get_server_public_key(true);
        let code = if bad.is_empty() { "protocol.unexpected-packet" } else { "auth.server-key" };
        refused(bad, steps([AuthStep::full_auth_with_key(bad)]), asking, code);
        let path = dir.write("bad.pem", bad);
        let error = failure(plaintext(&server).server_public_key_path(path).build(), bad);
        assert_says(&error, "config.value", &["server-public-key-path", "bad.pem"]);
    }
}

/// What the holder of the private key reads is the password, masked with the nonce.
#[test]
fn the_key_of_the_path_encrypts_the_password() {
    let dir = TestDir::new();
    let run = |arguments: &[&str]| {
        let mut openssl = std::process::Command::new("openssl");
        let output = openssl.args(arguments).current_dir(dir.path()).output();
        output.ok().filter(|output| output.status.success()).map(|output| output.stdout)
    };
    let bits = "rsa_keygen_bits:2048";
    if run(&["genpkey", "-algorithm", "RSA", "-pkeyopt", bits, "-out", "key"]).is_none() {
        println!("skipped: no openssl command");
        return;
    }
    run(&["pkey", "-in", "key", "-pubout", "-out", "public"]).unwrap();
    let full = AuthStep::FullAuth { password: None, public_key_pem: None };
    let server = ScriptedServer::start(steps([full]));
    let path = dir.path().join("public");
    drop(plaintext(&server).server_public_key_path(path).connect().unwrap());
    let encrypted = server.wait_record(0, PATIENCE).encrypted_password.unwrap();
    dir.write("encrypted", encrypted);
    let padding = "rsa_padding_mode:oaep";
    let masked =
        run(&["pkeyutl", "-decrypt", "-inkey", "key", "-in", "encrypted", "-pkeyopt", padding]);
    let nonce = Greeting::default().nonce;
    let clear: Vec<u8> =
        masked.unwrap().iter().zip(nonce.iter().cycle()).map(|(a, b)| a ^ b).collect();
    assert_eq!(clear, [PASSWORD.as_bytes(), &[0]].concat());
}

#[test]
fn inside_tls_the_options_decide_what_crosses() {
    let clear = || AuthStep::switch("mysql_clear_password", b"");
    let script = |auth: Vec<AuthStep>| over_tls().auth(auth);
    refused("clear, not enabled", script(vec![clear()]), verified, "auth.cleartext-disabled");
    let old = AuthStep::switch("mysql_old_password", NONCE);
    refused("old", script(vec![old]), verified, "auth.old-password");
    let mysql_native = AuthStep::switch("mysql_native_password", NONCE);
    let cases = [
        ("fast", vec![AuthStep::FastOk], PasswordSent::Scramble, false),
        ("full", vec![AuthStep::full_auth(PASSWORD)], PasswordSent::Cleartext, true),
        ("native", vec![mysql_native, AuthStep::Ok], PasswordSent::Scramble, false),
        ("clear", vec![clear(), AuthStep::Ok], PasswordSent::Cleartext, true),
    ];
    for (what, auth, sent, cleartext) in cases {
        let server = ScriptedServer::start(script(auth));
        let connection = verified(&server).enable_cleartext_plugin(true).connect().unwrap();
        assert_eq!(connection.session().password_sent(), sent, "{what}");
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        let seen = record.cleartext_password.as_deref();
        assert_eq!(seen, cleartext.then_some(PASSWORD.as_bytes()), "{what}");
        assert_nothing_in_the_clear(&record, what);
    }
}

#[test]
fn packets_that_make_no_sense() {
    let raw = |bytes: &[u8]| vec![AuthStep::Raw(bytes.to_vec())];
    let on_wire = |bytes: &[u8]| vec![AuthStep::RawWire(bytes.to_vec())];
    let switch = |plugin, nonce: &[u8]| AuthStep::switch(plugin, nonce);
    let twice = vec![switch(CACHING, NONCE), switch(CACHING, NONCE)];
    let unexpected = "protocol.unexpected-packet";
    let cases = [
        ("an empty packet", raw(b""), unexpected),
        ("01 alone", raw(b"\x01"), unexpected),
        ("unknown data", raw(b"\x01\x07"), unexpected),
        ("a first byte of nothing", raw(b"\x41"), unexpected),
        ("LOCAL INFILE", raw(b"\xfb/etc/passwd"), unexpected),
        ("ERR without a number", raw(b"\xff\x15"), unexpected),
        ("a second factor", raw(b"\x02caching_sha2_password\0x"), "auth.unsupported-plugin"),
        ("AuthSwitch without a nonce", vec![switch(CACHING, b"")], unexpected),
        ("AuthSwitch cut after the name", raw(b"\xfecaching_sha2_password"), unexpected),
        ("AuthSwitch with a short nonce", vec![switch(CACHING, b"12345678")], unexpected),
        ("native without a nonce", vec![switch("mysql_native_password", b"")], unexpected),
        ("ed25519 without a nonce", vec![switch("client_ed25519", b"")], unexpected),
        ("a second AuthSwitch", twice, unexpected),
        ("an unknown plugin", vec![switch("\u{1b}[2Jx", NONCE)], "auth.unsupported-plugin"),
        ("no plugin", vec![switch("", NONCE)], "auth.unsupported-plugin"),
        ("endless 01 03", vec![AuthStep::Flood(vec![1, 3], 500)], unexpected),
        ("endless 01", vec![AuthStep::Flood(vec![1], 500)], unexpected),
        ("an id out of order", on_wire(b"\x07\0\0\x09\0\0\0\x02\0\0\0"), "protocol.sequence-id"),
        ("the length 0xffffff", on_wire(b"\xff\xff\xff\x02\0"), "protocol.packet-too-large"),
        ("more than 64 KiB", raw(&[1; 70_000]), "protocol.packet-too-large"),
        ("the end", vec![AuthStep::Close], "io.closed"),
    ];
    for (what, auth, code) in cases {
        let what = format!("{what}, plaintext");
        refused(&what, steps(auth.clone()), plaintext, code);
        let what = what.replace("plaintext", "TLS");
        // The ids count the SSLRequest.
        let auth = auth.into_iter().map(|step| match step {
            AuthStep::RawWire(mut bytes) => {
                bytes[3] += u8::from(bytes[3] == 2);
                AuthStep::RawWire(bytes)
            }
            other => other,
        });
        refused(&what, over_tls().auth(auth), verified, code);
    }
}

#[test]
fn greetings_that_make_no_sense() {
    let greeting = Greeting::default().encode();
    let framed = |payload: &[u8]| wire::frame(&mut 0, payload);
    let cases = [
        ("empty", framed(b""), "protocol.greeting"),
        ("cut short", framed(&greeting[..30]), "protocol.greeting"),
        ("protocol 9", framed(b"\x095.0\0abcdefgh"), "protocol.version"),
        ("SSH", b"SSH-2.0-OpenSSH_9.2\r\n".to_vec(), "protocol.packet-too-large"),
        ("HTTP", b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec(), "protocol.packet-too-large"),
        ("the length 0xffffff", b"\xff\xff\xff\0\x0a".to_vec(), "protocol.packet-too-large"),
        ("an id out of order", wire::frame(&mut 5, &greeting), "protocol.sequence-id"),
        ("an OK", framed(&wire::ok()), "protocol.version"),
    ];
    for (what, bytes, code) in cases {
        for mode in [SslMode::Disabled, SslMode::VerifyIdentity] {
            let script = ServerScript::new().start(Start::Raw(bytes.clone()));
            refused(what, script, |server| verified(server).ssl_mode(mode), code);
        }
    }
    let server = ScriptedServer::start(ServerScript::new().start(Start::Close));
    let error = failure(plaintext(&server).connect(), "closed");
    assert_says(&error, "io.closed", &["localhost:", "before its greeting"]);
}

/// The driver answers with a scramble of its default plugin; what is asked for comes as an
/// AuthSwitch, if at all, and is judged there.
#[test]
fn odd_plugins_and_nonces_in_the_greeting() {
    let plugins = ["mysql_clear_password", "mysql_old_password", "dialog", ""];
    let scripts = plugins.map(|plugin| ServerScript::new().plugin(plugin));
    for (script, what) in scripts.into_iter().zip(plugins) {
        let server = ScriptedServer::start(script);
        let connection = plaintext(&server).connect().unwrap();
        assert_eq!(connection.session().password_sent(), PasswordSent::Scramble, "{what}");
        drop(connection);
        let record = server.wait_record(0, PATIENCE);
        let response = record.response.as_ref().unwrap();
        assert_eq!(response.plugin.as_deref(), Some("mysql_native_password"), "{what}");
        assert!(!record.saw_before_tls(PASSWORD.as_bytes()), "{what}: {record:#?}");
    }
    // Without its nonce the greeting ends too early, or is another one.
    refused("no nonce", ServerScript::new().nonce(b""), plaintext, "protocol.version");
    refused("no nonce", over_tls().nonce(b""), verified, "protocol.version");
}
