//! `mysql-tls status`: what it prints.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::*;

#[cfg(feature = "aws-lc-rs")]
const GROUP: &str = "X25519MLKEM768";
#[cfg(not(feature = "aws-lc-rs"))]
const GROUP: &str = "X25519";

/// The suite that both sides like best.
const CIPHER: &str = "TLS_AES_128_GCM_SHA256";

fn lines(output: &str) -> Vec<(&str, &str)> {
    output.lines().map(|line| line.split_at_checked(20).unwrap_or((line, ""))).collect()
}

#[test]
fn a_person_reads_what_was_negotiated_and_verified() {
    let fixture = Fixture::open();
    let output = run(&["status", &fixture.dsn("app")]).end().succeeded();
    let lines: Vec<_> =
        lines(&output).into_iter().map(|(name, value)| (name.trim_end(), value)).collect();
    let names: Vec<&str> = lines.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "Server",
            "Address",
            "TLS",
            "Verified",
            "SNI",
            "Certificate",
            "  names",
            "  issuer",
            "  valid",
            "Client certificate",
            "Password",
            "Time",
            "Pin",
            "Fingerprint",
            "Server's view",
        ]
    );
    for expected in [
        ("Server", "TiDB 8.0.11-TiDB-v8.5.6, connection 42 (as it says)"),
        ("Address", &format!("127.0.0.1:{}", fixture.server.port())),
        ("TLS", &format!("TLSv1.3, {CIPHER}, {GROUP}, full handshake")),
        ("Verified", "the chain, and the name localhost"),
        ("Client certificate", "not asked for"),
        ("Password", "none sent"),
        ("Server's view", &format!("TLSv1.3, {CIPHER}, as on this side")),
    ] {
        assert!(lines.contains(&expected), "{expected:?} is not in\n{output}");
    }
    // What is printed can be copied.
    for (name, value) in lines.iter().filter(|(name, _)| ["Pin", "Fingerprint"].contains(name)) {
        let dsn =
            format!("{}&{}", fixture.dsn("app"), value.replace('=', "%3D").replacen("%3D", "=", 1));
        let again = run(&["status", &dsn]).end().succeeded();
        assert!(again.contains("the name localhost, and the pin\n"), "{name}: {again}");
    }
}

#[test]
fn tls_1_2_has_the_name_that_mysql_uses() {
    let ca = Authority::new("CA");
    let tls = ServerTls::new(&ca.server("localhost").issue()).only_tls12();
    let server = ScriptedServer::start(ServerScript::new().tls(tls));
    let dsn = format!("mysql://app@localhost:{}/?ssl-mode=REQUIRED", server.port());
    let output = run(&["status", &dsn]).end().succeeded();
    let value = |wanted: &str| {
        let lines = lines(&output);
        lines.iter().find(|(name, _)| name.trim_end() == wanted).unwrap().1.to_owned()
    };
    assert_eq!(value("Server's view"), "TLSv1.2, ECDHE-ECDSA-AES128-GCM-SHA256, as on this side");
    assert!(value("TLS").starts_with("TLSv1.2, ECDHE-ECDSA-AES128-GCM-SHA256, "), "{output}");
    assert_eq!(value("Verified"), "NOT VERIFIED");
    let json: Value =
        serde_json::from_str(&run(&["status", "--json", &dsn]).end().succeeded()).unwrap();
    assert_eq!(json["tls"]["cipher"], "TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256");
    assert_eq!(json["tls"]["cipher_openssl"], "ECDHE-ECDSA-AES128-GCM-SHA256");
    assert_eq!(json["tls"]["verified"], "nothing");
    assert_eq!(json["tls"].get("verified_name"), None);
}

#[test]
fn programs_read_one_json_object() {
    let ca = Authority::new("CLI CA");
    let leaf = ca.server("localhost").serial(0x1f2e).issue();
    let script = ServerScript::new()
        .tls(ServerTls::new(&leaf).require_client_cert(&ca))
        .version("8.0.11-TiDB-v8.5.6")
        .auth([AuthStep::full_auth(PASSWORD)]);
    let server = ScriptedServer::start(script);
    let dir = TestDir::new();
    let ca_file = dir.write("ca.pem", ca.pem());
    let client = ca.client("app").organization("Shop").issue().write_to(&dir, "client");
    let dsn = format!(
        "tidb://app:{PASSWORD}@localhost:{}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={}&ssl-cert={}",
        server.port(),
        ca_file.display(),
        client.both.display(),
    );
    let output = run(&["status", "--json"]).variables(&[("MYSQL_TLS_DSN", &dsn)]).end();
    let mut report: Value = serde_json::from_str(&output.succeeded()).unwrap();

    let timings = report["timings"].take();
    for step in ["dial_us", "greeting_us", "tls_us", "authentication_us", "setup_us"] {
        assert!(timings[step].is_u64(), "{step}: {timings}");
    }
    assert_eq!(timings.as_object().unwrap().len(), 5, "{timings}");
    let certificate = &mut report["tls"]["peer"][0];
    for time in ["not_before", "not_after"] {
        let text = certificate[time].take();
        let text = text.as_str().unwrap();
        assert!(text.starts_with("20") && text.len() == 20 && text.ends_with('Z'), "{text}");
    }
    let spki = certificate["spki_sha256"].take();
    assert_eq!(spki.as_str().unwrap().len(), 64, "{spki}");
    let pin = certificate["pin"].take();
    assert!(pin.as_str().unwrap().starts_with("sha256//"), "{pin}");
    let expiry = report["tls"]["client_certificate"]["not_after"].take();
    assert_eq!(expiry.as_str().unwrap().len(), 20, "{expiry}");
    let sha256: String =
        Sha256::digest(leaf.der()).iter().map(|byte| format!("{byte:02x}")).collect();
    let expected = json!({
        "transport": "tls",
        "claimed": {"product": "TiDB", "version": "8.0.11-TiDB-v8.5.6", "connection_id": 42},
        "address": format!("127.0.0.1:{}", server.port()),
        "tls": {
            "version": "TLSv1.3",
            "cipher": CIPHER,
            "cipher_openssl": CIPHER,
            "group": GROUP,
            "resumed": false,
            "hello_retry": false,
            "sni": "localhost",
            "peer": [{
                "subject": "CN=localhost",
                "issuer": "CN=CLI CA",
                "subject_alt_names": ["DNS:localhost"],
                "serial": "1f2e",
                "not_before": null,
                "not_after": null,
                "days_left": 29,
                "sha256": sha256,
                "spki_sha256": null,
                "pin": null,
                "version": 3,
                "key": "ECDSA P-256",
                "signature_algorithm": "ecdsa-with-SHA256",
                "ca": false,
                "key_usages": ["digitalSignature"],
                "purposes": ["serverAuth"],
            }],
            "verified": "chain-and-name",
            "verified_name": "localhost",
            "pinned": false,
            "revocation_checked": false,
            "client_certificate": {"requested": true, "presented": "CN=app, O=Shop", "not_after": null, "days_left": 29},
        },
        "password_sent": "cleartext",
        "timings": null,
        "server_status": {
            "version": "TLSv1.3",
            "cipher": CIPHER,
            "session_reused": null,
            "verify_mode": null,
            "server_not_before": null,
            "server_not_after": null,
            "variables": {"Ssl_cipher": CIPHER, "Ssl_version": "TLSv1.3"},
        },
    });
    assert_eq!(report, expected, "{report:#}");
}

#[test]
fn plaintext_is_said_and_warned_about() {
    let server = ScriptedServer::start(ServerScript::new());
    let port = server.port();
    let address = format!("127.0.0.1:{port}");
    let fallback = format!(
        "{address} offers no TLS: the connection is plaintext (ssl-mode=PREFERRED); add \
         ssl-mode=VERIFY_IDENTITY once it does"
    );
    let preferred = format!("mysql://app@{address}");
    let disabled = format!("mysql://app@{address}/?ssl-mode=DISABLED");

    let output = run(&["status", &preferred]).end().warned(&fallback);
    let expected = "PLAINTEXT, ssl-mode is PREFERRED and the server offered no TLS";
    assert!(output.contains(&format!("{:<20}none: {expected}\n", "TLS")), "{output}");
    assert!(output.ends_with(&format!("{:<20}no TLS, as on this side\n", "Server's view")));

    for (dsn, reason) in [(&preferred, "not-offered"), (&disabled, "disabled")] {
        let outcome = run(&["status", "--json", dsn]).end();
        assert_eq!(outcome.code, Some(0));
        let report: Value = serde_json::from_str(&outcome.stdout).unwrap();
        assert_eq!(report["transport"], "plaintext");
        assert_eq!(report["plaintext_reason"], reason);
        assert_eq!(report["tls"], Value::Null);
        assert_eq!(report["timings"]["tls_us"], Value::Null);
        assert_eq!(report["server_status"]["version"], Value::Null);
    }
}

#[test]
fn a_unix_socket_is_told_apart() {
    let dir = TestDir::new();
    let server = ScriptedServer::start_unix(dir.path().join("s"), [ServerScript::new()]);
    let path = server.path().display().to_string();
    let output = run(&["status", "--json", "-S", &path, "-u", "app"]).end().succeeded();
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(report["transport"], "unix-socket");
    assert_eq!(report["address"], path);
    assert_eq!(report["tls"], Value::Null);
}

#[test]
fn a_server_that_sees_another_session_is_told() {
    let view = Rows::new(["Variable_name", "Value"])
        .row(["Ssl_version", "TLSv1.2"])
        .row(["Ssl_cipher", "ECDHE-RSA-AES128-GCM-SHA256"]);
    let fixture = Fixture::with(|script| script.on_prefix("SHOW SESSION", Answer::Rows(view)));
    let output = run(&["status", &fixture.dsn("app")]).end().succeeded();
    let expected = "TLSv1.2, ECDHE-RSA-AES128-GCM-SHA256: NOT what this side has, so something in \
                    between ends the TLS connection\n";
    assert!(output.ends_with(expected), "{output}");
}

#[test]
fn a_server_that_tells_no_view_is_connected_all_the_same() {
    let refusal = Answer::err(1064, Some("42000"), "no such \u{1b}[2J statement");
    let fixture = Fixture::with(|script| script.on_prefix("SHOW SESSION", refusal));
    let warning = "the server did not tell its view of the session: MySqlError { ERROR 1064 \
                   (42000): no such \\u{1b}[2J statement }";
    let output = run(&["status", &fixture.dsn("app")]).end().warned(warning);
    assert!(output.lines().last().unwrap().starts_with("Fingerprint "), "{output}");
    let output = run(&["status", "--json", &fixture.dsn("app")]).end().warned(warning);
    let report: Value = serde_json::from_str(&output).unwrap();
    assert_eq!(report.get("server_status"), Some(&Value::Null));
}

#[test]
fn output_that_nobody_reads_or_that_has_no_room() {
    let fixture = Fixture::open();
    let mut piped = run(&["status", &fixture.dsn("app")]);
    let mut child = piped.0.spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), output.stderr.as_slice()), (Some(0), b"".as_slice()));

    #[cfg(target_os = "linux")]
    {
        let mut full = run(&["status", &fixture.dsn("app")]);
        full.0.stdout(std::fs::File::create("/dev/full").unwrap());
        let sentence = full.end().failed("io.output");
        assert_eq!(
            sentence,
            "the result could not be written: No space left on device (os error 28)"
        );
    }
}

#[test]
fn errors_have_their_code_and_exit_status_1() {
    let fixture = Fixture::locked();
    let plain = ScriptedServer::start(ServerScript::new());
    let other = Authority::new("Other CA");
    let other_ca = fixture.file("other.pem", &other.pem());
    let port = fixture.server.port();
    let ca = fixture.ca_file();
    let cases = [
        (format!("mysql://app@127.0.0.1:{}/?ssl-mode=REQUIRED", plain.port()), "tls.not-offered"),
        (fixture.dsn(&format!("app:{PASSWORD}-not")), "auth.access-denied"),
        (
            format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_CA&ssl-ca={other_ca}"),
            "certificate.unknown-issuer",
        ),
        (
            format!("mysql://app@127.0.0.1:{port}/?ssl-mode=VERIFY_IDENTITY&ssl-ca={ca}"),
            "certificate.wrong-name",
        ),
        (format!("mysql://app@localhost:{port}/?ssl-ca=/nonexistent.pem"), "config.file-missing"),
        (format!("mysql://app@localhost:{port}/?ssl-mode=VERIFY_CA"), "config.ca-required"),
        (
            format!("mysql://app:{PASSWORD}@localhost:{port}/?sslaccept=strict"),
            "dsn.foreign-tls-key",
        ),
        (format!("mysql://app:{PASSWORD}@localhost:{port}/?nonsense=1"), "dsn.unknown-key"),
    ];
    for (dsn, code) in cases {
        run(&["status"]).variables(&[("MYSQL_TLS_DSN", &dsn)]).end().failed(code);
    }
    assert_eq!(fixture.ca.pem(), std::fs::read_to_string(&ca).unwrap());
}

/// The program ends by itself and says goodbye to the server.
#[test]
fn the_server_is_left_properly() {
    let fixture = Fixture::open();
    run(&["status", &fixture.dsn("app")]).end().succeeded();
    let record = fixture.server.wait_record(0, Duration::from_secs(5));
    assert!(record.quit);
    assert_eq!(
        record.queries().last().map(String::as_str),
        Some("SHOW SESSION STATUS LIKE 'Ssl%'")
    );
}
